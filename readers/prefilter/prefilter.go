// Package prefilter finds, at the speed of memory, the places of a block where any of a
// few literals may begin. New compiles the literals; Scan marks candidates and newlines
// of a block in bitmaps; Match settles a candidate. A candidate that is none costs a
// comparison; a place that is not marked holds no literal.
//
// The search is Teddy, the one of Hyperscan and of ripgrep's literal matcher: four bytes
// of each literal are looked up in tables by half bytes, 32 places at a time. Literals that
// differ little are compared with three of their bytes. The plain form (scanWord, markWord)
// says the same byte by byte; tests hold them together.
package prefilter

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"slices"
	"strings"
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

// Literal is a text to look for; with Fold, in any case of its ASCII letters.
type Literal struct {
	Text string
	Fold bool
}

// Finder looks for a set of literals. It is immutable and may be shared.
type Finder struct {
	literals []Literal
	offsets  []int // of the window in each literal
	starts   []word
	// fits gives, for each byte at each place of a window, the literals that it fits, a bit
	// for each: a quick look before whole literals are compared.
	fits [window][256]uint64
	// known has the answers of Fits for the windows that the literals have as they are
	// written, which are most of those that Scan marks.
	known [knownWindows]knownWindow
	// tables[2*j] and tables[2*j+1] give, for the low and the high half of the byte at
	// place j of a window, the buckets that it fits.
	tables [2 * window][16]byte
	// sharp is used in place of the tables if it can be.
	sharp   sharp
	isSharp bool
}

// New returns a Finder for the literals. It returns nil if there are none, too many of
// them, or one that is empty.
func New(literals []Literal) *Finder { return NewFor(literals, nil) }

// NewFor is New for texts like a sample: in these, fewer places are marked that hold no literal.
func NewFor(literals []Literal, sample []byte) *Finder { return newFinder(literals, newTexts(sample)) }

// NewQuickly is NewFor in a tenth of the time: it chooses what to look for by the sample, but
// not what to look for together.
func NewQuickly(literals []Literal, sample []byte) *Finder {
	return newFinder(literals, &texts{shares: shares(), counts: countsOf(sample)})
}

func newFinder(literals []Literal, texts *texts) *Finder {
	if len(literals) == 0 || len(literals) > MaxLiterals {
		return nil
	}
	f := &Finder{literals: slices.Clone(literals)}
	slices.SortFunc(f.literals, func(a, b Literal) int { return strings.Compare(a.Text, b.Text) })
	f.literals = slices.Compact(f.literals)
	var shapes []shape
	var windows []Literal
	for i, literal := range f.literals {
		if literal.Text == "" {
			return nil
		}
		offset := texts.rarest(literal)
		f.offsets, f.starts = append(f.offsets, offset), append(f.starts, startOf(literal))
		f.addFits(i, literal.Text[offset:], literal.Fold)
		shapes = append(shapes, shapeOf(literal.Text[offset:], literal.Fold))
		windows = append(windows, Literal{literal.Text[offset:], literal.Fold})
	}
	f.sharp, f.isSharp = newSharp(windows)
	for i, bucket := range bucketsOf(shapes, texts) {
		f.add(bucket, &shapes[i])
	}
	f.know()
	return f
}

// knownWindow is a window and the literals that it fits.
type knownWindow struct {
	window uint32
	set    uint64
}

// knownWindows is how many there is room for, by their hashes: several times MaxLiterals.
const knownWindows = 256

func hashWindow(window uint32) uint32 { return window * 0x9E3779B1 >> 24 }

// know fills known. Behind a literal that is shorter than a window a colon is likely, as
// behind a key.
func (f *Finder) know() {
	f.known[hashWindow(0)].set = f.slowFits(0)
	for i, literal := range f.literals {
		at := [window]byte{':', ':', ':', ':'}
		copy(at[:], literal.Text[f.offsets[i]:])
		w := binary.LittleEndian.Uint32(at[:])
		f.known[hashWindow(w)] = knownWindow{w, f.slowFits(w)}
	}
}

// Literals returns the literals, in the order by which Match numbers them.
func (f *Finder) Literals() []Literal { return f.literals }

// addFits notes which bytes fit the window of literal k. Places past its end fit any.
func (f *Finder) addFits(k int, text string, fold bool) {
	for j := range window {
		for c := range 256 {
			fits := j >= len(text) || text[j] == byte(c)
			if lower := byte(c) | 0x20; !fits && fold && lower >= 'a' && lower <= 'z' {
				fits = text[j]|0x20 == lower
			}
			if fits {
				f.fits[j][c] |= 1 << k
			}
		}
	}
}

// add puts the window of a literal into a bucket.
func (f *Finder) add(bucket int, s *shape) {
	bit := byte(1) << bucket
	for j := range window {
		for k := range 16 {
			f.tables[2*j][k] |= bit * byte(s[j][0]>>k&1)
			f.tables[2*j+1][k] |= bit * byte(s[j][1]>>k&1)
		}
	}
}

// rarest returns the offset of the window of the literal that logs have least.
func rarest(literal string) int {
	if text, err := hex.DecodeString(literal); err == nil && len(text) >= leastHex {
		return rarestPair(text)
	}
	best, offset := 0, 0
	for i := 0; i+window <= len(literal); i++ {
		score := 0
		for j := range window {
			score += rarity(literal[i+j])
		}
		if score > best {
			best, offset = score, i
		}
	}
	return offset
}

// leastHex is how many bytes a text has at least that is taken for one written in hex: that
// is what audit logs do to those with spaces, and to each process title.
const leastHex = 6

// rarestPair returns the offset in the hex of a text of the two bytes, a window, that the
// hex of other texts has least.
func rarestPair(text []byte) int {
	best, offset := 0, 0
	for i := range len(text) - 1 {
		if score := rarity(text[i]) + rarity(text[i+1]); score > best {
			best, offset = score, 2*i
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
// Scan overwrites. It reports whether all of data is ASCII, and nothing of it NUL.
func (f *Finder) Scan(data []byte, newlines, hits []uint64) (plain bool) {
	if !hasVector {
		for w := range newlines {
			newlines[w], hits[w] = f.scanWord(data, w*64)
		}
		return isPlain(data)
	}
	// The vector code reads window-1 bytes past what it marks. The rest of the data, which
	// may be most of a small file, gets the room behind it.
	whole := max(len(data)-(window-1), 0) / 64
	odd := 0
	if whole > 0 {
		odd = f.vector(&data[0], whole, &newlines[0], &hits[0])
	}
	if rest := data[whole*64:]; len(rest) > 0 {
		padded := padding
		copy(padded[:], rest)
		odd |= f.vector(&padded[0], Words(len(rest)), &newlines[whole], &hits[whole])
		last := Words(len(data)) - 1
		hits[last] &= ^uint64(0) >> (-len(data) & 63)
	}
	return odd == 0
}

// vector marks words*64 places from data on; it reads window-1 bytes more. It returns 0 if
// all of those in the words are ASCII and none is NUL.
func (f *Finder) vector(data *byte, words int, newlines, hits *uint64) (odd int) {
	if f.isSharp {
		return sharpVector(data, words, &f.sharp, newlines, hits)
	}
	return scanVector(data, words, &f.tables, newlines, hits)
}

// beyond is the byte that stands for those past the end.
const beyond = 1

// padding has room for the end of a text, behind which everything is beyond.
var padding = [2*64 + window - 1]byte(bytes.Repeat([]byte{beyond}, 2*64+window-1))

func isPlain(data []byte) bool {
	high := byte(0)
	for _, c := range data {
		high |= c
	}
	return high < 0x80 && bytes.IndexByte(data, 0) < 0
}

// Tail is how many bytes of data ScanWords needs behind those that it marks.
const Tail = window - 1

// ScanWords is Scan for the first 64*words bytes of data.
func (f *Finder) ScanWords(data []byte, words int, newlines, hits []uint64) (plain bool) {
	if words == 0 {
		return true
	}
	_, _, _ = data[words*64+Tail-1], newlines[words-1], hits[words-1]
	if hasVector {
		return f.vector(&data[0], words, &newlines[0], &hits[0]) == 0
	}
	for w := range words {
		newlines[w], hits[w] = f.scanWord(data, w*64)
	}
	return isPlain(data[:words*64])
}

// Fits returns the literals whose window fits data[i:], a bit for each: few that Match
// does not find there.
func (f *Finder) Fits(data []byte, i int) uint64 {
	var here [window]byte // zero past the end: whole literals are compared after it
	if len(data)-i >= window {
		here = [window]byte(data[i:])
	} else {
		copy(here[:], data[i:])
	}
	at := binary.LittleEndian.Uint32(here[:])
	if set, known := f.Known(at); known {
		return set
	}
	return f.slowFits(at)
}

// Known returns what Fits does for a window, the first byte lowest, or false if that takes
// longer to tell.
func (f *Finder) Known(window uint32) (set uint64, known bool) {
	k := &f.known[hashWindow(window)]
	return k.set, k.window == window
}

func (f *Finder) slowFits(at uint32) uint64 {
	return f.fits[0][byte(at)] & f.fits[1][byte(at>>8)] & f.fits[2][byte(at>>16)] & f.fits[3][byte(at>>24)]
}

// End returns how far behind its window a literal ends.
func (f *Finder) End(literal int) int { return len(f.literals[literal].Text) - f.offsets[literal] }

// Offset returns where in the literal its window begins.
func (f *Finder) Offset(literal int) int { return f.offsets[literal] }

// Match reports whether a literal that accept wants really stands where Scan marked
// data[i]. It calls accept with the number of each that does and with where it begins.
func (f *Finder) Match(data []byte, i int, accept func(literal, at int) bool) bool {
	for set := f.Fits(data, i); set != 0; set &= set - 1 {
		k := bits.TrailingZeros64(set)
		if f.stands(k, data, i-f.offsets[k]) && accept(k, i-f.offsets[k]) {
			return true
		}
	}
	return false
}

// Stands reports whether one literal stands where Scan marked data[i].
func (f *Finder) Stands(literal int, data []byte, i int) bool {
	return f.fits[0][data[i]]>>literal&1 != 0 && f.stands(literal, data, i-f.offsets[literal])
}

// stands reports whether a literal is at a place of data.
func (f *Finder) stands(k int, data []byte, at int) bool {
	literal := &f.literals[k]
	if at < 0 || len(data)-at < len(literal.Text) {
		return false
	}
	if len(data)-at >= 8 && !f.starts[k].begins(data[at:]) {
		return false
	}
	text := data[at : at+len(literal.Text)]
	return string(text) == literal.Text || literal.Fold && equalFold(text, literal.Text)
}

// word is what a literal begins with, so that one comparison turns most others down.
type word struct{ value, mask uint64 }

func startOf(literal Literal) (w word) {
	if literal.Fold {
		return w // any
	}
	for i := range min(8, len(literal.Text)) {
		w.value |= uint64(literal.Text[i]) << (8 * i)
		w.mask |= 0xFF << (8 * i)
	}
	return w
}

// begins reports whether a text of 8 bytes or more begins with the word.
func (w *word) begins(text []byte) bool { return binary.LittleEndian.Uint64(text)&w.mask == w.value }

// equalFold reports whether texts of one length are equal but for the case of ASCII letters.
func equalFold(a []byte, b string) bool {
	for i, c := range a {
		d := b[i]
		if c == d {
			continue
		}
		if lower := c | 0x20; lower != d|0x20 || lower < 'a' || lower > 'z' {
			return false
		}
	}
	return true
}

// scanWord is the plain form of the search: the bits of the 64 places from start on.
func (f *Finder) scanWord(data []byte, start int) (newlines, hits uint64) {
	for i := start; i < min(start+64, len(data)); i++ {
		if data[i] == '\n' {
			newlines |= 1 << (i - start)
		}
		text := [window]byte{beyond, beyond, beyond, beyond} // only short literals stand there: any byte fits them
		copy(text[:], data[i:])
		if f.isSharp && f.sharp.at(&text) || !f.isSharp && f.inTables(&text) {
			hits |= 1 << (i - start)
		}
	}
	return newlines, hits
}

// inTables reports whether the tables have a bucket that a window fits.
func (f *Finder) inTables(text *[window]byte) bool {
	fits := byte(255)
	for j, c := range text {
		fits &= f.tables[2*j][c&15] & f.tables[2*j+1][c>>4]
	}
	return fits != 0
}
