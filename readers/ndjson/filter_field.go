package ndjson

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"kscan/readers/event"
)

// fieldTest is a test of the values of a field.
type fieldTest struct {
	parent string       // the segment of the field's name before the last, "" if there is none
	values event.Values // nil if any will do
	long   bool
	open   func(value []byte) bool // nil if it always is
	and    []lineTest
}

// keyTests are the tests of fields whose names end alike.
type keyTests struct {
	key   string // how their keys end, a quote included
	tests []fieldTest
	all   *event.Set // the values of all of them; nil if not known
	block *uint32    // the number of the block at hand
	// refused are arrays that came before and hold no value that is wanted: a host's addresses
	// stand in each of its events. They are found by a hash, with room for two of one.
	refused   []refusal
	forgotten int // how many of them made room for others
}

// lineTest is a test of a whole line: of a field, or for a text.
type lineTest struct {
	keys keyTests
	text string
}

func (k *keyTests) add(t fieldTest) {
	set, known := t.values.(*event.Set)
	switch {
	case !known || len(k.tests) > 0 && (k.all == nil || k.tests[0].long != t.long):
		k.all = nil
	default:
		if len(k.tests) == 0 {
			k.all = event.NewSet()
		}
		for v := range set.All() {
			k.all.Add(v)
		}
	}
	k.tests = append(k.tests, t)
}

// isKey reports whether a text that begins at a place may be the last segment of a key.
func isKey(data []byte, at int) bool {
	return at > 0 && (data[at-1] == '"' || data[at-1] == '.')
}

// and reports whether the line that a place is in may pass all tests.
func (f *filter) and(tests []lineTest, at int) bool {
	if len(tests) == 0 {
		return true
	}
	line := f.data[f.startOf(at):f.endOf(at)]
	for i := range tests {
		if !tests[i].hold(line) {
			return false
		}
	}
	return true
}

func (t *lineTest) hold(line []byte) bool {
	if t.text != "" {
		return bytes.Contains(line, []byte(t.text))
	}
	all := func([]lineTest, int) bool { return true }
	for from := 0; ; {
		i := bytes.Index(line[from:], []byte(t.keys.key))
		if i < 0 {
			return false
		}
		at := from + i
		if from = at + len(t.keys.key); t.keys.hold(line, at, from, all) {
			return true
		}
	}
}

// startOf and endOf return where the line begins and ends that a place is in.
func (f *filter) startOf(at int) int {
	w := at / 64
	for word := f.newlines[w] & (1<<(at%64) - 1); ; word = f.newlines[w] {
		if word != 0 {
			return w*64 + bits.Len64(word)
		}
		if w--; w < 0 {
			return 0
		}
	}
}

func (f *filter) endOf(at int) int {
	w := at / 64
	for word := f.newlines[w] &^ (1<<(at%64) - 1); ; word = f.newlines[w] {
		if word != 0 {
			return w*64 + bits.TrailingZeros64(word)
		}
		if w++; w == len(f.newlines) {
			return len(f.data)
		}
	}
}

// valueAt returns where the value begins of the member whose key ends in front of a place, 0
// if it is surely no member with one.
func valueAt(data []byte, end int) (value int, sure bool) {
	i := end
	if i >= len(data) || data[i] != ':' { // as mostly
		if i = skipSpace(data, i); byteAt(data, i) != ':' {
			return 0, true
		}
	}
	if i++; i < len(data) && data[i] > ' ' {
		return i, true
	}
	if i = skipSpace(data, i); i == len(data) {
		return 0, false
	}
	return i, true
}

// maxTested is how many bytes of a value, and in front of a key, are looked at: more are
// left to the parser.
const maxTested = 4 << 10

// hold reports whether the member whose key ends in data[at:end] may pass one of the tests
// and what that needs of its line.
func (k *keyTests) hold(data []byte, at, end int, and func([]lineTest, int) bool) bool {
	if !isKey(data, at) {
		return false
	}
	start, sure := valueAt(data, end)
	if start == 0 {
		return !sure
	}
	text := data[start:min(start+maxTested, len(data))]
	if text[0] != '[' {
		value, n := k.one(text)
		return n == 0 || k.pass(value, data, at, and)
	}
	i := skipSpace(text, 1)
	if byteAt(text, i) == ']' {
		return false
	}
	for {
		value, n := k.one(text[i:])
		if n == 0 || k.pass(value, data, at, and) {
			return true
		}
		switch i = skipSpace(text, i+n); byteAt(text, i) {
		case ',':
			i = skipSpace(text, i+1)
		case ']':
			return false
		default:
			return true
		}
	}
}

// one returns the value that text begins with, as event.Values has it, and the length of
// what was read: 0 if it takes a parser to tell. A nil value is none.
func (k *keyTests) one(text []byte) (value []byte, n int) {
	switch c := byteAt(text, 0); {
	case c == '"':
		if n = plainString(text[1:]); n < 0 {
			return nil, 0
		}
		value = text[1 : 1+n]
		if k.tests[0].long && !isCanonical(value) {
			if n > 0 {
				return nil, 0
			}
			value = nil // it stands for no number
		}
		return value, n + 2
	case isDigit(c):
		for n = 1; isDigit(byteAt(text, n)); n++ {
		}
		if d := byteAt(text, n); d != ',' && d != '}' && d != ']' && !isSpace(d) || !k.tests[0].long || !isCanonical(text[:n]) {
			return nil, 0
		}
		return text[:n], n
	case bytes.HasPrefix(text, []byte("null")):
		return nil, len("null")
	}
	return nil, 0
}

// pass reports whether one value of the member whose key's last segment begins at a place
// passes a test.
func (k *keyTests) pass(value, data []byte, at int, and func([]lineTest, int) bool) bool {
	if value == nil {
		return false
	}
	for i := range k.tests {
		t := &k.tests[i]
		if (t.values == nil || t.values.Has(value)) && (t.open == nil || t.open(value)) && t.below(data, at) && and(t.and, at) {
			return true
		}
	}
	return false
}

// plainString returns the length of the text up to a quote, -1 if there is a backslash
// before it, or none.
func plainString(text []byte) int {
	i := 0
	for ; i+8 <= len(text); i += 8 {
		word := binary.LittleEndian.Uint64(text[i:])
		if found := zeroBytes(word^quotes) | zeroBytes(word^slashes); found != 0 {
			i += bits.TrailingZeros64(found) / 8
			if text[i] == '"' {
				return i
			}
			return -1
		}
	}
	for ; i < len(text); i++ {
		switch text[i] {
		case '"':
			return i
		case '\\':
			return -1
		}
	}
	return -1
}

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
	quotes   = lowBits * '"'
	slashes  = lowBits * '\\'
)

// zeroBytes has the high bit set of the first byte of word that is zero; those behind it
// mean nothing.
func zeroBytes(word uint64) uint64 { return (word - lowBits) &^ word & highBits }

// isCanonical reports whether a text is a whole number as its digits are mostly written.
func isCanonical(text []byte) bool {
	const safe = 18 // digits of any int64
	if len(text) == 0 || len(text) > safe || text[0] == '0' && len(text) > 1 {
		return false
	}
	for _, c := range text {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

// below reports whether the key whose last segment begins at a place may be of the test's
// field: the segment before it must be the parent.
func (t *fieldTest) below(data []byte, at int) bool {
	if t.parent == "" {
		return true
	}
	if data[at-1] == '.' {
		return isSegment(data, at-1, t.parent)
	}
	end, ok := enclosing(data, at-1)
	return !ok || isSegment(data, end, t.parent)
}

// isSegment reports whether the segment of a key that ends in front of a place has a name.
func isSegment(data []byte, end int, name string) bool {
	start := end - len(name)
	return start > 0 && string(data[start:end]) == name && isKey(data, start)
}

// enclosing returns where the key ends of the object that a member is in, whose key begins
// with the quote at a place. It returns false if that takes a parser to tell.
func enclosing(data []byte, at int) (end int, ok bool) {
	depth, inside := 0, false
	for i := at - 1; i > max(at-maxTested, 2); i-- {
		switch c := data[i]; {
		case c == '\\' || c == '\n':
			return 0, false
		case c == '"':
			inside = !inside
		case inside:
		case c == '}' || c == ']':
			depth++
		case c == '[' && depth == 0:
			return 0, false
		case c == '[':
			depth--
		case c == '{' && depth == 0:
			return endOfKey(data, i)
		case c == '{':
			depth--
		}
	}
	return 0, false
}

// endOfKey returns where the key ends whose object opens at a place.
func endOfKey(data []byte, at int) (end int, ok bool) {
	i := at - 1
	for i > 0 && isSpace(data[i]) {
		i--
	}
	if data[i] != ':' {
		return 0, false
	}
	for i--; i > 0 && isSpace(data[i]); i-- {
	}
	return i, i > 1 && data[i] == '"' && data[i-1] != '\\'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func skipSpace(text []byte, i int) int {
	for i < len(text) && isSpace(text[i]) {
		i++
	}
	return i
}

// byteAt returns the byte at i, 0 past the end.
func byteAt(text []byte, i int) byte {
	if i < len(text) {
		return text[i]
	}
	return 0
}
