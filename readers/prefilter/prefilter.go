// Package prefilter finds, at the speed of memory, the places of a block where any of a
// few literals may begin. New compiles the literals; Scan marks candidates and newlines
// of a block in bitmaps; Match settles a candidate. A candidate that is none costs a
// comparison; a place that is not marked holds no literal.
//
// The search is Teddy, the one of Hyperscan and of ripgrep's literal matcher: four bytes
// of each literal are looked up in tables by half bytes, 32 places at a time. The Go
// version in scan.go says the same byte by byte; tests hold them together.
package prefilter

import (
	"bytes"
	"slices"
)

const (
	// window is how many bytes of a literal the tables know.
	window = 4
	// buckets is how many groups of literals the tables tell apart: one for each bit of
	// a byte. More literals share buckets, which makes candidates that are none.
	buckets = 8
	// MaxLiterals is how many literals are worth looking for together; with more, nearly
	// every line is a candidate and the long way is faster.
	MaxLiterals = 64
)

// Finder looks for a set of literals. It is immutable and may be shared.
type Finder struct {
	literals [][]byte
	offsets  []int // of the window in each literal
	// tables[2*j] and tables[2*j+1] give, for the low and the high half of the byte at
	// place j of a window, the buckets that it fits.
	tables [2 * window][16]byte
}

// New returns a Finder for the literals, none of which may be empty. It returns nil if
// there are none or too many of them.
func New(literals [][]byte) *Finder {
	if len(literals) == 0 || len(literals) > MaxLiterals {
		return nil
	}
	f := &Finder{literals: slices.Clone(literals)}
	// Neighbours share a bucket: alike literals blur a bucket least.
	slices.SortFunc(f.literals, bytes.Compare)
	f.literals = slices.CompactFunc(f.literals, bytes.Equal)
	for i, literal := range f.literals {
		if len(literal) == 0 {
			return nil
		}
		offset := rarest(literal)
		f.offsets = append(f.offsets, offset)
		f.add(i*buckets/max(len(f.literals), buckets), literal[offset:])
	}
	return f
}

// add puts the window of a literal into a bucket. Places past its end fit every byte.
func (f *Finder) add(bucket int, literal []byte) {
	bit := byte(1) << bucket
	for j := range window {
		low, high := &f.tables[2*j], &f.tables[2*j+1]
		if j < len(literal) {
			low[literal[j]&15] |= bit
			high[literal[j]>>4] |= bit
			continue
		}
		for k := range 16 {
			low[k] |= bit
			high[k] |= bit
		}
	}
}

// rarest returns the offset of the window of the literal that logs have least.
func rarest(literal []byte) int {
	best, offset := 0, 0
	for i := 0; i+window <= len(literal); i++ {
		score := 0
		for _, c := range literal[i : i+window] {
			score += rarity(c)
		}
		if score > best {
			best, offset = score, i
		}
	}
	return offset
}

// rarity is a rough order of how seldom a byte is in logs.
func rarity(c byte) int {
	switch {
	case c == '"' || c == ':' || c == ',' || c == ' ' || c == '.' || c == '=' || c == '/':
		return 0
	case c == '0' || c == '1' || c == '2' || c == 'e' || c == 't' || c == 's' || c == 'a' || c == 'n' || c == 'o' || c == 'r' || c == 'i':
		return 1
	case c >= '3' && c <= '9' || c >= 'a' && c <= 'z':
		return 2
	}
	return 3
}

// Words is the length of the bitmaps for a block of n bytes.
func Words(n int) int { return (n + 63) / 64 }

// Scan sets bit i%64 of hits[i/64] where the window of a literal may stand at data[i], and
// the same bit of newlines where data[i] is '\n'. Both have Words(len(data)) words, which
// Scan overwrites.
func (f *Finder) Scan(data []byte, newlines, hits []uint64) {
	// The vector code reads window-1 bytes past what it marks.
	whole := max(len(data)-(window-1), 0) / 64
	if whole > 0 && hasVector {
		scanVector(&data[0], whole, &f.tables, &newlines[0], &hits[0])
	} else {
		whole = 0
	}
	for w := whole; w < Words(len(data)); w++ {
		newlines[w], hits[w] = f.scanWord(data, w*64)
	}
}

// Match reports whether a literal really stands where Scan marked data[i].
func (f *Finder) Match(data []byte, i int) bool {
	for k, literal := range f.literals {
		if at := i - f.offsets[k]; at >= 0 && bytes.HasPrefix(data[at:], literal) {
			return true
		}
	}
	return false
}

// scanWord is the plain form of the search: the bits of the 64 places from start on.
func (f *Finder) scanWord(data []byte, start int) (newlines, hits uint64) {
	for i := start; i < min(start+64, len(data)); i++ {
		if data[i] == '\n' {
			newlines |= 1 << (i - start)
		}
		fits := byte(255)
		for j := range window {
			// Past the end only short literals fit: the byte there is any byte.
			if i+j < len(data) {
				fits &= f.tables[2*j][data[i+j]&15] & f.tables[2*j+1][data[i+j]>>4]
			}
		}
		if fits != 0 {
			hits |= 1 << (i - start)
		}
	}
	return newlines, hits
}
