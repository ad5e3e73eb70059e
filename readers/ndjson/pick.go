package ndjson

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/readers/prefilter"
)

// picker finds the fields that rules read in a document without parsing the rest. What it
// finds is what a Finder finds in the parsed document. Unless it is strict, whether the rest
// is well-formed is not checked beyond strings and brackets.
type picker struct {
	found   event.Found
	finder  *event.Finder
	text    []byte
	marks   []prefilter.Mark
	strict  bool            // what is stepped over is checked
	slashes bool            // there are backslashes
	parser  fastjson.Parser // of single values
	track   track
	reader  reader
}

// Limits of picking.
const (
	// maxPick is the length of the longest document that is picked from, in bytes: longer
	// ones are rare, and their marks would be kept for nothing.
	maxPick = 64 << 10
	// maxPickDepth bounds the arrays and objects inside each other that are looked into;
	// ECS has six. What is deeper is left to the parser.
	maxPickDepth = 32
)

// newPicker returns a picker of the finder's fields, nil if there is no finder.
func newPicker(f *event.Finder) *picker {
	if f == nil {
		return nil
	}
	p := &picker{finder: f, reader: reader{top: level{node: f.Root(), top: true}}}
	p.track.start.room = maxStopSteps
	return p
}

// pick puts the fields of a document into found; of a search hit those of its _source. It
// returns false when the text has something that it leaves to the parser: an escaped key,
// another wrapper of exports, or what is not JSON. What is found is valid as long as the
// text, and until the next call. With strict it leaves to the parser also what the parser
// may refuse in the rest.
func (p *picker) pick(text []byte, strict bool) bool {
	if len(text) > maxPick {
		return false
	}
	p.strict = strict
	p.found.Reset(p.finder)
	p.text = text
	p.marks, p.slashes = prefilter.Marks(p.marks, text)
	p.marks = append(p.marks, prefilter.Mark{}, prefilter.Mark{}) // for within
	return p.follow()
}

// take takes the value of a node that a text is.
func (p *picker) take(n *event.Node, start, end int) bool {
	v, ok := p.scalar(p.text[start:end])
	if ok {
		p.found.Add(n, v)
	}
	return ok
}

// scalar returns the value that a text is, as the parser reads it; false if it is none.
func (p *picker) scalar(text []byte) (event.Scalar, bool) {
	switch {
	case text[0] == '"':
		if !p.slashes || bytes.IndexByte(text, '\\') < 0 {
			return event.Scalar{Type: fastjson.TypeString, Text: text[1 : len(text)-1]}, true
		}
	case isNumber(text):
		return event.Scalar{Type: fastjson.TypeNumber, Text: text}, true
	case string(text) == "true":
		return event.Scalar{Type: fastjson.TypeTrue, Text: text}, true
	case string(text) == "false":
		return event.Scalar{Type: fastjson.TypeFalse, Text: text}, true
	case string(text) == "null":
		return event.Scalar{Type: fastjson.TypeNull, Text: text}, true
	}
	v, err := p.parser.ParseBytes(text)
	if err != nil {
		return event.Scalar{}, false
	}
	s := event.ScalarOf(v)
	s.Text = p.found.Keep(s.Text)
	return s, true
}

// isNumber reports whether the parser takes a text for a number, NaN and infinity apart.
func isNumber(text []byte) bool {
	for _, c := range text {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return false
		}
	}
	return true
}

// at returns the byte at i, 0 past the end.
func (p *picker) at(i int) byte {
	if i < len(p.text) {
		return p.text[i]
	}
	return 0
}

// space returns the place of the first byte from i on that is no space.
func (p *picker) space(i int) int {
	if i < len(p.text) && p.text[i] > ' ' {
		return i
	}
	return p.spaces(i)
}

func (p *picker) spaces(i int) int {
	for i < len(p.text) && isSpace(p.text[i]) {
		i++
	}
	return i
}

// quote returns the place of the first quote from i on that is not escaped, or the end.
func (p *picker) quote(i int) int {
	if here := within(p.marks, i); here != 0 { // as mostly
		return i + bits.TrailingZeros64(here)
	}
	return p.farQuote(i)
}

// within returns the quotes among the 64 bytes from i on.
func within(marks []prefilter.Mark, i int) uint64 {
	// Not to ask where words end saves a branch that cannot be predicted.
	w, shift := i>>6, i&63
	return marks[w].Quotes>>shift | marks[w+1].Quotes<<1<<(shift^63)
}

// farQuote is quote for any distance.
func (p *picker) farQuote(i int) int {
	from := ^uint64(0) << (i % 64)
	for w := i / 64; w < len(p.marks); w++ {
		if word := p.marks[w].Quotes & from; word != 0 {
			return w*64 + bits.TrailingZeros64(word)
		}
		from = ^uint64(0)
	}
	return len(p.text)
}

// skip returns where the value at i ends.
func (p *picker) skip(i int) (int, bool) {
	switch p.at(i) {
	case '"':
		end := p.quote(i + 1)
		return min(end+1, len(p.text)), end < len(p.text)
	}
	if p.strict {
		c := checker{text: p.text, marks: p.marks}
		end := c.value(i, 0)
		return end, end >= 0
	}
	switch p.at(i) {
	case '{', '[':
		return p.container(i)
	}
	end := bare(p.text, i)
	return end, end > i
}

// bare returns where the number, true, false or null at i ends.
func bare(text []byte, i int) int {
	if i+8 <= len(text) { // most are numbers, and short
		if n := digits(text[i:]); n < 8 && ends[text[i+n]] {
			return i + n
		}
	}
	for i < len(text) && !ends[text[i]] {
		i++
	}
	return i
}

// digits returns how many of the first 8 bytes of a text are digits, before others.
func digits(text []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	v := binary.LittleEndian.Uint64(text) ^ '0'*ones // digits are below 10
	others := (v&^highs + (0x80-10)*ones | v) & highs
	return bits.TrailingZeros64(others) / 8
}

// ends are the bytes that no number, true, false or null has.
var ends = [256]bool{',': true, '}': true, ']': true, ' ': true, '\t': true, '\r': true, '\n': true, '"': true, '{': true, '[': true, ':': true}

// container returns where the object or array at i ends.
func (p *picker) container(i int) (int, bool) {
	if end := closing(p.marks, i); end >= 0 {
		return end, true
	}
	return len(p.text), false
}

// closing returns where the object or array at i ends, by the brackets of its text, -1 if
// it does not.
func closing(marks []prefilter.Mark, i int) int {
	// Words are looked at from i on: how many there are then hangs on the length of the
	// value, which is mostly that of the one before, and not on where it begins.
	depth, inside := 0, uint64(0)
	for ; i/64 < len(marks); i += 64 {
		var opens, closes uint64
		opens, closes, inside = prefilter.MarkAt(marks, i).Outside(inside)
		if depth > bits.OnesCount64(closes) {
			depth += bits.OnesCount64(opens) - bits.OnesCount64(closes)
			continue
		}
		for all := opens | closes; all != 0; all &= all - 1 {
			if opens&all&-all != 0 {
				depth++
			} else if depth--; depth == 0 {
				return i + bits.TrailingZeros64(all) + 1
			}
		}
	}
	return -1
}
