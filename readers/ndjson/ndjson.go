// Package ndjson decodes JSON documents: one a line, or cut out of an array or of a
// search response by frame.JSON. New gives the decoder; SniffLines and SniffJSON tell the
// two apart. It knows the shapes in which Elasticsearch and Beats export documents and
// takes the document out of each; nothing that parses is dropped.
package ndjson

import (
	"bytes"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/readers/frame"
)

// Names of the formats, as Evidence.Format has them.
const (
	Lines = "ndjson" // each line is a record
	JSON  = "json"   // records are found by their structure
)

const (
	// maxDetail is how many bytes of an error's text are kept: the parser quotes what it
	// could not read.
	maxDetail = 160
	// bigRecord is the length from which a record is looked at before it is parsed, as
	// parsing takes many times the memory of the text.
	bigRecord = 256 << 10
	// maxValues is how many values one document may have: a hundred times what any real
	// one has, and 20 MB of parser memory. More are reported and not examined.
	maxValues = 256 << 10
)

// Decoder makes events of blocks of JSON documents.
type Decoder struct {
	format string
	parser fastjson.Parser
	top    keys
	inner  keys
	names  names
	ev     event.Event

	source, member string
	sink           event.Sink
	block          *frame.Block
	invalid        bool // the core has bytes that are not UTF-8
	line           int64
	start, end     int // of the record in block.Data
	action         action
}

// New returns a decoder for one of the formats of this package.
func New(format string) *Decoder {
	d := &Decoder{format: format, names: names{}}
	d.top.init()
	d.inner.init()
	return d
}

// Decode gives the sink the events and problems of a block's core and returns its number
// of lines.
func (d *Decoder) Decode(source, member string, b *frame.Block, sink event.Sink) int64 {
	d.source, d.member, d.sink, d.block = source, member, sink, b
	d.line, d.start, d.end = 1, b.Start, b.Start
	d.action = action{}
	if b.Skipped != 0 {
		d.problem(event.TooLong, tooLong(b.Skipped))
		return 1
	}
	d.invalid = !utf8.Valid(b.Core())
	if d.format == JSON {
		return d.records(b)
	}
	d.action = d.before(b.Data[:b.Start])
	return d.lines(b)
}

// lines decodes a core whose lines are records.
func (d *Decoder) lines(b *frame.Block) int64 {
	for at := b.Start; at < b.End; d.line++ {
		next := b.End
		if i := bytes.IndexByte(b.Data[at:b.End], '\n'); i >= 0 {
			next = at + i + 1
		}
		d.record(at, next)
		at = next
	}
	return d.line - 1
}

// records decodes a core whose records are listed.
func (d *Decoder) records(b *frame.Block) int64 {
	at := b.Start
	for _, r := range b.Records {
		d.line += int64(bytes.Count(b.Data[at:r.Start], newline))
		at = r.Start
		d.record(r.Start, r.End)
	}
	d.line += int64(bytes.Count(b.Data[at:b.End], newline))
	if b.End > b.Start && b.Data[b.End-1] != '\n' {
		return d.line
	}
	return d.line - 1
}

var newline = []byte{'\n'}

// record decodes Data[start:end].
func (d *Decoder) record(start, end int) {
	for start < end && isSpace(d.block.Data[start]) {
		start++
	}
	for end > start && isSpace(d.block.Data[end-1]) {
		end--
	}
	if start == end {
		return
	}
	d.start, d.end = start, end
	text := d.block.Data[start:end]
	if len(text) > bigRecord {
		d.big(text)
		return
	}
	v, err := d.parser.ParseBytes(text)
	if err != nil {
		d.failed(err)
		return
	}
	d.parsed(v)
}

// parsed takes a record that parsed.
func (d *Decoder) parsed(v *fastjson.Value) {
	if d.invalid && !utf8.Valid(d.block.Data[d.start:d.end]) {
		d.problem(event.InvalidUTF8, "a record has bytes that are not UTF-8; it is examined all the same")
	}
	switch v.Type() {
	case fastjson.TypeObject:
		d.object(v)
	case fastjson.TypeArray:
		d.elements(v)
	default:
		d.problem(event.Broken, "a "+v.Type().String()+" where an object was expected")
	}
}

// elements takes an array that is one record.
func (d *Decoder) elements(v *fastjson.Value) {
	for _, element := range v.GetArray() {
		if element.Type() != fastjson.TypeObject {
			d.problem(event.Broken, "an array with a "+element.Type().String()+" where an object was expected")
			continue
		}
		d.object(element)
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// emit gives the sink one document.
func (d *Decoder) emit(doc, fields *fastjson.Value, index, id string) {
	d.ev = event.Event{
		Doc:    doc,
		Fields: fields,
		Index:  index,
		Evidence: event.Evidence{
			Source: d.source, Member: d.member, Format: d.format,
			Line: d.line, Offset: d.offset(), EventID: id,
		},
	}
	d.sink.Event(&d.ev)
}

// offset is where the record starts in the part.
func (d *Decoder) offset() int64 { return d.block.Offset + int64(d.start-d.block.Start) }

func (d *Decoder) problem(kind event.Kind, detail string) {
	d.sink.Problem(event.Problem{
		Kind: kind, Source: d.source, Member: d.member, Line: d.line, Offset: d.offset(), Detail: detail,
	})
}
