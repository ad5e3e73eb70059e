package ndjson

import (
	"bytes"
	"math/bits"

	"kscan/readers/prefilter"
)

const (
	// maxChecked is the longest line in bytes that checker looks at: its marks have room on
	// the stack. Longer ones are parsed.
	maxChecked = 4 << 10
	// maxCheckedDepth is how deep it follows what is nested.
	maxCheckedDepth = 64
)

// isWellFormed reports whether a text is JSON by the letter of RFC 8259. It says no also of
// what is not worth its while: control characters, even between values, and what is longer
// or deeper than its limits. For other texts it takes a third of the time of a parser.
func isWellFormed(text []byte) bool {
	if len(text) > maxChecked || hasControl(text) {
		return false
	}
	var room [maxChecked / 64]prefilter.Mark
	c := checker{text: text}
	c.marks, _ = prefilter.Marks(room[:0], text)
	return c.escapes() && c.value(0, 0) == len(text)
}

// Resembles reports whether a stream that starts with head looks like lines with a document
// each, and like nothing else: the first line does, its brackets are closed where it ends,
// its members are not those of a response or an action, and there is no audit record.
func Resembles(head []byte) bool {
	end := bytes.IndexByte(head, '\n')
	if end < 0 || end > maxChecked || !isDocument(head[:end]) || Carries(head) {
		return false
	}
	line := bytes.TrimRight(head[:end], "\r")
	var room [maxChecked/64 + 1]prefilter.Mark
	c := checker{text: line, flat: true}
	c.marks, _ = prefilter.Marks(room[:0], line)
	return c.container(0, '{', 1) == len(line)
}

// hasControl reports whether a text has bytes below a space, eight at a time.
func hasControl(text []byte) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	var any uint64
	for ; len(text) >= 8; text = text[8:] {
		v := uint64(text[0]) | uint64(text[1])<<8 | uint64(text[2])<<16 | uint64(text[3])<<24 |
			uint64(text[4])<<32 | uint64(text[5])<<40 | uint64(text[6])<<48 | uint64(text[7])<<56
		any |= (v - 0x20*ones) &^ v & highs
	}
	for _, b := range text {
		if b < 0x20 {
			return true
		}
	}
	return any != 0
}

// checker checks a text by its marks. Its methods return where what they check ends, -1 if
// it is not what it should be.
type checker struct {
	text  []byte
	marks []prefilter.Mark
	flat  bool // what is nested is stepped over, and the keys are to be those of a document
}

func (c *checker) at(i int) byte {
	if i < len(c.text) {
		return c.text[i]
	}
	return 0
}

func (c *checker) space(i int) int {
	for c.at(i) == ' ' {
		i++
	}
	return i
}

func (c *checker) value(i, depth int) int {
	switch b := c.at(i); b {
	case '"':
		return c.quoted(i)
	case '{', '[':
		switch {
		case c.flat:
			return closing(c.marks, i)
		case depth == maxCheckedDepth:
			return -1
		}
		return c.container(i, b, depth+1)
	case 't':
		return c.word(i, "true")
	case 'f':
		return c.word(i, "false")
	case 'n':
		return c.word(i, "null")
	}
	return c.number(i)
}

// container checks the object or array at i, which opens with a bracket.
func (c *checker) container(i int, open byte, depth int) int {
	shut := open + 2 // in ASCII
	if i = c.space(i + 1); c.at(i) == shut {
		return i + 1
	}
	for {
		if open == '{' {
			if i = c.key(i); i < 0 {
				return -1
			}
		}
		if i = c.value(i, depth); i < 0 {
			return -1
		}
		switch i = c.space(i); c.at(i) {
		case shut:
			return i + 1
		case ',':
			i = c.space(i + 1)
		default:
			return -1
		}
	}
}

// isWrapper reports whether a member at the top may make its object another thing than a
// document: a search response or an action. A key that is escaped is not told.
func isWrapper(key []byte) bool {
	switch string(key) {
	case "hits", "response", "responses", "rawResponse", "index", "create", "update", "delete":
		return true
	}
	return bytes.IndexByte(key, '\\') >= 0
}

// key checks a key and the colon behind it and returns where the value begins.
func (c *checker) key(i int) int {
	if c.at(i) != '"' {
		return -1
	}
	start := i + 1
	if i = c.quoted(i); i < 0 || c.flat && isWrapper(c.text[start:i-1]) {
		return -1
	}
	if i = c.space(i); c.at(i) != ':' {
		return -1
	}
	return c.space(i + 1)
}

// quoted returns where the string at i ends.
func (c *checker) quoted(i int) int {
	i++
	w := i / 64
	if w >= len(c.marks) {
		return -1
	}
	word := c.marks[w].Quotes &^ (1<<(i%64) - 1)
	for word == 0 {
		if w++; w == len(c.marks) {
			return -1
		}
		word = c.marks[w].Quotes
	}
	return w*64 + bits.TrailingZeros64(word) + 1
}

func (c *checker) word(i int, word string) int {
	if len(c.text)-i < len(word) || string(c.text[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

func (c *checker) digits(i int) int {
	for b := c.at(i); b >= '0' && b <= '9'; b = c.at(i) {
		i++
	}
	return i
}

func (c *checker) number(i int) int {
	if c.at(i) == '-' {
		i++
	}
	end := c.digits(i)
	if end == i || c.text[i] == '0' && end > i+1 {
		return -1
	}
	if c.at(end) == '.' {
		if i = end + 1; c.digits(i) == i {
			return -1
		}
		end = c.digits(i)
	}
	if c.at(end)|0x20 == 'e' {
		if i = end + 1; c.at(i) == '+' || c.at(i) == '-' {
			i++
		}
		if end = c.digits(i); end == i {
			return -1
		}
	}
	return end
}

// escapes checks what stands behind backslashes, wherever they are.
func (c *checker) escapes() bool {
	next := 0
	for w := range c.marks {
		for word := c.marks[w].Slashes; word != 0; word &= word - 1 {
			i := w*64 + bits.TrailingZeros64(word)
			if i < next {
				continue // it is escaped itself
			}
			if next = c.escape(i + 1); next < 0 {
				return false
			}
		}
	}
	return true
}

// escape checks the rest of an escape.
func (c *checker) escape(i int) int {
	switch c.at(i) {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		for range 4 {
			i++
			if b := c.at(i); !(b >= '0' && b <= '9') && !(b|0x20 >= 'a' && b|0x20 <= 'f') {
				return -1
			}
		}
		return i + 1
	}
	return -1
}
