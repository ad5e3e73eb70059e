package ndjson

import (
	"bytes"
	"fmt"
	"io"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/readers/frame"
)

const (
	// bigRecord is the length from which a record is looked at before it is parsed, as
	// parsing takes many times the memory of the text.
	bigRecord = 256 << 10
	// maxValues is how many values one document may have: a hundred times what any real
	// one has, and 20 MB of parser memory. More are reported and not examined.
	maxValues = 256 << 10
)

// big decodes a record that is large enough to be expensive. If it is a response or an
// array, its documents are parsed one by one.
func (d *Decoder) big(text []byte) {
	defer func() { d.parser = fastjson.Parser{} }() // it keeps the memory of its largest document
	if fault := badWord(text); fault >= 0 {
		d.failed(fmt.Errorf("unexpected value found: %.20q", text[fault:]))
		return
	}
	for _, r := range documents(text) {
		d.piece(text[r.Start:r.End])
	}
}

// documents returns where the documents of a record are: all of it, if it is broken.
func documents(text []byte) []frame.Record {
	all := []frame.Record{{Start: 0, End: len(text)}}
	j := frame.NewJSON(bytes.NewReader(text), frame.Layout{Size: len(text) + 1})
	b, err := j.Next(nil)
	if err != nil || len(b.Records) == 0 {
		return all
	}
	if _, err := j.Next(nil); err != io.EOF {
		return all // something is not closed: the parser says what
	}
	return b.Records
}

func (d *Decoder) piece(text []byte) {
	if countValues(text) > maxValues {
		d.problem(event.TooMany, fmt.Sprintf("a document with over %d values (of %d bytes) was not examined", maxValues, len(text)))
		return
	}
	v, err := d.parser.ParseBytes(text)
	if err != nil {
		d.failed(err)
		return
	}
	d.parsed(v)
}

// countValues returns at least as many values as parsing text makes.
func countValues(text []byte) int {
	n := 1
	for _, c := range []byte{',', '[', '{'} {
		n += bytes.Count(text, []byte{c})
	}
	return n
}

// words are the values of JSON, and of the parser, that are no strings, numbers or
// brackets, by their first letter.
var words = [...]string{"true", "false", "null", "nan", "NaN"}

// badWord returns where text has a word that is none of these outside of strings, -1 if
// nowhere. The parser would repeat all text behind it once for each level of nesting.
func badWord(text []byte) int {
	for p := 0; p < len(text); p++ {
		switch text[p] {
		case '"':
			p += stringLen(text[p:]) - 1
		case 't', 'f', 'n':
			n := wordLen(text[p:])
			if n == 0 {
				return p
			}
			p += n - 1
		}
	}
	return -1
}

func wordLen(text []byte) int {
	for _, word := range words {
		if bytes.HasPrefix(text, []byte(word)) {
			return len(word)
		}
	}
	return 0
}

// stringLen returns the length of the string that text starts with, quotes included.
func stringLen(text []byte) int {
	for p := 1; p < len(text); p++ {
		i := bytes.IndexByte(text[p:], '"')
		if i < 0 {
			break
		}
		p += i
		slashes := p
		for text[slashes-1] == '\\' {
			slashes--
		}
		if (p-slashes)%2 == 0 {
			return p + 1
		}
	}
	return len(text)
}
