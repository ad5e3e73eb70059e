package ndjson

import (
	"encoding/binary"
	"math/bits"
	"net/netip"

	"kscan/readers/event"
	"kscan/readers/prefilter"
)

// glance is a first look at a place that the window of a literal fits. It takes a few steps,
// and tells of most places that they make no candidate of their line. What it does not refuse
// is looked at in full.
type glance struct {
	kind glanceKind
	// first and last are the first and the last bytes of a literal, and how far in front of
	// the window they begin.
	first, last     masked
	toFirst, toLast int
	// key is how far behind the place a key ends, and value how far behind that the part of
	// the value that is looked at; of that the bits in mask.
	key, value int
	mask       uint64
	marks      *marks
	below      []marksBelow // for each object that the key may be in; none if there is no telling
	tests      *keyTests
}

// marksBelow are the marks for the values of a key in an object.
type marksBelow struct {
	parent string // the last segment of the object's key
	marks  *marks
}

// glanceKind says what a glance looks at.
type glanceKind int

const (
	atNothing glanceKind = iota // there is no telling
	atLiteral                   // whether the literal stands there, as the others do too
	atText                      // a part of the value that each wanted one has in the same place
	atNumber                    // the digits of the value
	atAddress                   // the value, if it may be an IPv4 address
)

const (
	// glanceRoom is how many bytes to each side of a place a glance may look at.
	glanceRoom = 128
	wordSize   = 8 // bytes
	// What mostly stands between a key and its value, if that is a text or an array.
	textBehind  = ':' | '"'<<8
	arrayBehind = ':' | '['<<8
)

// refuses reports whether the literal whose window fits at a place surely does not make its
// line a candidate. The place must be glanceRoom away from the ends of the data.
func (g *glance) refuses(data []byte, i int) bool {
	text := data[i+g.key : i+glanceRoom]
	refused := false
	switch g.kind {
	case atText:
		word := loadWord(text[g.value:]) & g.mask
		refused = binary.LittleEndian.Uint16(text) == textBehind && (!g.marks.has(word) || g.refusesBelow(data, i-g.toFirst, word))
	case atNumber:
		word, ok := numberOf(text[1:])
		refused = ok && text[0] == ':' && (!g.marks.has(word) || g.refusesBelow(data, i-g.toFirst, word))
	case atAddress:
		switch binary.LittleEndian.Uint16(text) {
		case textBehind:
			refused = g.refusesAddress(data, i)
		case arrayBehind:
			refused = g.tests.rejects(data[i+g.key+1 : min(i+g.key+1+maxTested, len(data))])
		}
	case atNothing:
		return false
	}
	return refused || !g.first.fits(loadWord(data[i-g.toFirst:])) || !g.last.fits(loadWord(data[i-g.toLast:]))
}

// keep appends the places that are not refused, of some where the window fits, which are
// counted from start.
func (g *glance) keep(kept []int32, data []byte, start int, places []uint16) []int32 {
	switch g.kind {
	case atText:
		return g.keepTexts(kept, data, start, places)
	case atAddress:
		return g.keepAddresses(kept, data, start, places)
	}
	for _, place := range places {
		if i := start + int(place); !g.refuses(data, i) {
			kept = append(kept, int32(i))
		}
	}
	return kept
}

// keepTexts is keep for texts. At nearly all places the marks tell.
func (g *glance) keepTexts(kept []int32, data []byte, start int, places []uint16) []int32 {
	marks, value, mask := g.marks, g.value, g.mask
	for _, place := range places {
		i := start + int(place)
		text := data[i+g.key : i+glanceRoom]
		if binary.LittleEndian.Uint16(text) == textBehind && !marks.has(loadWord(text[value:])&mask) {
			continue
		}
		if !g.refuses(data, i) {
			kept = append(kept, int32(i))
		}
	}
	return kept
}

// keepAddresses is keep for addresses: of many it takes little to tell that they are not wanted.
func (g *glance) keepAddresses(kept []int32, data []byte, start int, places []uint16) []int32 {
	for _, place := range places {
		i := start + int(place)
		text := data[i+g.key : i+glanceRoom]
		switch binary.LittleEndian.Uint16(text) {
		case textBehind:
			if g.refusesAddress(data, i) {
				continue
			}
		case arrayBehind:
			if g.tests.rejectsArray(data[i+g.key+1 : min(i+g.key+1+maxTested, len(data))]) {
				continue
			}
		}
		if !g.refuses(data, i) {
			kept = append(kept, int32(i))
		}
	}
	return kept
}

// refusesBelow reports whether a value that some test wants is surely not that of the object
// around its key, which begins at a place: as mostly if it is the object's first.
func (g *glance) refusesBelow(data []byte, at int, word uint64) bool {
	if len(g.below) == 0 || data[at-1] != '"' || data[at-2] != '{' {
		return false
	}
	end, ok := endOfKey(data, at-2)
	if !ok {
		return false
	}
	for i := range g.below {
		if b := &g.below[i]; isSegment(data, end, b.parent) {
			return !b.marks.has(word)
		}
	}
	return true
}

// numberOf returns the digits of the whole number that text begins with, if there are fewer
// than wordSize.
func numberOf(text []byte) (word uint64, ok bool) {
	word = loadWord(text)
	digits := word ^ '0'*lowBits
	n := bits.TrailingZeros64((digits+(0x80-10)*lowBits|digits)&highBits) / 8
	if n == 0 || n == wordSize || text[0] == '0' {
		return 0, false
	}
	switch text[n] {
	case ',', '}', ']', ' ', '\t', '\r', '\n':
		return word & (1<<(8*n) - 1), true
	}
	return 0, false
}

// refusesAddress reports whether the text behind the key of a place is nothing but digits, dots
// and slashes, and none of the wanted. If that is an address, it is one of IPv4 in its only form.
func (g *glance) refusesAddress(data []byte, i int) bool {
	text := data[i+g.key+len(`:"`) : i+glanceRoom]
	first, second := loadWord(text), loadWord(text[wordSize:])
	n := plainBytes(first)
	first &= 1<<(8*n) - 1
	if n == wordSize {
		n += plainBytes(second)
		second &= 1<<(8*(n-wordSize)) - 1
	} else {
		second = 0
	}
	if n == 2*wordSize || text[n] != '"' {
		return false
	}
	word := first + second*mixer
	return !g.marks.has(word) || g.refusesBelow(data, i-g.toFirst, word)
}

// plainBytes returns how many bytes at the start of a word are digits, dots or slashes.
func plainBytes(word uint64) int {
	above, below := word+(0x7f-'9')*lowBits, (word|highBits)-'.'*lowBits
	return bits.TrailingZeros64((above|^below|word)&highBits) / 8
}

// newGlance returns the glance of a literal.
func newGlance(f *prefilter.Finder, literal int, a *acceptance) glance {
	g := glance{key: f.End(literal), tests: &a.tests}
	l := f.Literals()[literal]
	if len(l.Text)+len(`:"`)+2*wordSize > glanceRoom {
		return g
	}
	back := max(0, len(l.Text)-wordSize)
	g.toFirst, g.toLast = f.Offset(literal), f.Offset(literal)-back
	g.first, g.last = maskedOf(l.Text, l.Fold), maskedOf(l.Text[back:], l.Fold)
	g.kind = atLiteral
	switch all := a.tests.all; {
	case a.always || a.number || all == nil:
	case a.tests.tests[0].long:
		g.numbers(all)
	case all.HasAddresses():
		g.addresses(all)
	default:
		g.texts(all)
	}
	return g
}

// numbers makes it a glance for numbers in their digits.
func (g *glance) numbers(all *event.Set) {
	g.kind = atNumber
	g.mark(all, wordOf)
}

// mark makes the marks for values of which word gives what is looked at.
func (g *glance) mark(all *event.Set, word func(string) uint64) {
	g.marks = marksOf(all, word)
	of := map[string]*marks{}
	for i := range g.tests.tests {
		t := &g.tests.tests[i]
		if t.parent == "" {
			g.below = nil
			return
		}
		if of[t.parent] == nil {
			of[t.parent] = new(marks)
			g.below = append(g.below, marksBelow{t.parent, of[t.parent]})
		}
		of[t.parent].merge(marksOf(t.values.(*event.Set), word))
	}
}

// addresses makes it a glance for addresses, if each value is one.
func (g *glance) addresses(all *event.Set) {
	for value := range all.All() {
		if _, err := netip.ParseAddr(value); err != nil {
			return
		}
	}
	g.kind = atAddress
	g.mark(all, func(value string) uint64 { return wordOf(value) + wordOf(value[min(wordSize, len(value)):])*mixer })
}

// texts makes it a glance for texts, if JSON writes all of them in one way, \u00 escapes apart,
// which make a line a candidate anyway. With their quotes behind them, it looks at that part of
// the size of a word, or of the shortest of them, in which they differ most.
func (g *glance) texts(all *event.Set) {
	shortest := glanceRoom - g.key - len(`:"`)
	for value := range all.All() {
		if !isPlainKey(value) {
			return
		}
		shortest = min(shortest, len(value)+1)
	}
	size := min(shortest, wordSize)
	at := mostTelling(all, shortest, size)
	g.kind, g.value, g.mask = atText, len(`:"`)+at, 1<<(8*size)-1
	g.mark(all, func(value string) uint64 { return wordOf((value + `"`)[at:]) & g.mask })
}

// mostTelling returns where in the first bytes of texts that part of some size begins which
// has most different values, the last such part.
func mostTelling(all *event.Set, shortest, size int) (best int) {
	most := 0
	parts := map[string]bool{}
	for at := 0; at+size <= shortest; at++ {
		clear(parts)
		for value := range all.All() {
			parts[(value + `"`)[at:at+size]] = true
		}
		if len(parts) >= most {
			best, most = at, len(parts)
		}
	}
	return best
}

// masked are some bytes of which some bits count.
type masked struct{ bytes, mask uint64 }

// maskedOf returns the first bytes of a text; with fold, in any case of its ASCII letters.
func maskedOf(text string, fold bool) masked {
	m := masked{bytes: wordOf(text)}
	for i := range min(len(text), wordSize) {
		bits := uint64(0xff)
		if lower := text[i] | 0x20; fold && lower >= 'a' && lower <= 'z' {
			bits &^= 0x20
		}
		m.mask |= bits << (8 * i)
	}
	return m
}

func (m *masked) fits(word uint64) bool { return (word^m.bytes)&m.mask == 0 }

// markBits is how many bits of a hash tell marks apart: with 200 of them, of a hundred others
// one is taken for one, and the marks of a few keys fit the fastest cache.
const markBits = 14

// marks has a bit set for the hash of each of some words.
type marks [1 << markBits / 64]uint64

func marksOf(values *event.Set, word func(string) uint64) *marks {
	m := new(marks)
	for value := range values.All() {
		m.add(word(value))
	}
	return m
}

func (m *marks) merge(with *marks) {
	for i := range m {
		m[i] |= with[i]
	}
}

func (m *marks) add(word uint64) {
	h := hash(word)
	m[h/64] |= 1 << (h % 64)
}

func (m *marks) has(word uint64) bool {
	h := hash(word)
	return m[h/64]>>(h%64)&1 != 0
}

const mixer = 0x9E3779B97F4A7C15

func hash(word uint64) uint64 { return word * mixer >> (64 - markBits) }

func loadWord(text []byte) uint64 { return binary.LittleEndian.Uint64(text) }

// wordOf returns the first bytes of a text, and zeros behind its end.
func wordOf(text string) uint64 {
	var room [wordSize]byte
	copy(room[:], text)
	return loadWord(room[:])
}
