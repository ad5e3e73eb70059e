// Package ndjson decodes JSON documents: one a line, or cut out of an array or of a
// search response by frame.JSON. New gives the decoder; SniffLines and SniffJSON tell the
// two apart. It knows the shapes in which Elasticsearch and Beats export documents and
// takes the document out of each; nothing that parses is dropped.
package ndjson

import (
	"bytes"
	"math"
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
)

// Decoder makes events of blocks of JSON documents.
type Decoder struct {
	// Pass, if set, names documents that somebody else decodes.
	Pass func(*fastjson.Value) bool

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
	at, next       int // how far the block is decoded: a position, an index of Records
	start, end     int // of the record in block.Data
	action         action
	filter         *filter // nil when every record is decoded
	needs          []event.Need
	active         []bool     // which of needs the filter looks for, once that was asked
	now            []bool     // which of needs matter now
	filters        [2]*filter // for the active needs: by their keys, and with gates
	gating         gating
	picker         *picker // nil when every record is decoded as a whole
	picked         bool    // the record is decoded because it may match
	only           bool    // nobody asks for a sample, nor how many records were passed over
	counted        int64   // lines of the block, if a filter went over it
	passed         int64   // records of the block that were passed over
	emitted        int64   // events of the block
	wanted         int64   // events that came again, whole
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
	d.Begin(source, member, b, sink)
	if d.counted = 0; d.filter != nil && b.Skipped == 0 {
		d.counted = d.sift(b)
		return d.counted
	}
	return d.Until(math.MaxInt64)
}

// Facts returns what is known of the block that was decoded last, if it was one of many bytes.
func (d *Decoder) Facts() *frame.Facts {
	if d.counted == 0 || len(d.block.Core()) <= wholeBlock {
		return nil
	}
	return &frame.Facts{Lines: d.counted, Bytes: len(d.block.Core())}
}

// Begin prepares for a block whose records Until decodes bit by bit.
func (d *Decoder) Begin(source, member string, b *frame.Block, sink event.Sink) {
	d.source, d.member, d.sink, d.block = source, member, sink, b
	d.line, d.at, d.next = 1, b.Start, 0
	d.start, d.end = b.Start, b.Start
	d.action = action{}
	d.passed, d.emitted, d.wanted, d.picked = 0, 0, 0, false
	if b.Skipped != 0 {
		return
	}
	// With a filter, sift looks at the bytes anyway.
	d.invalid = d.filter == nil && !utf8.Valid(b.Core())
	if d.format == Lines {
		d.action = d.before(b.Data[:b.Start], action{})
	}
}

// Until decodes the records that start at an offset in the part or before it, and returns
// the number of lines up to there.
func (d *Decoder) Until(offset int64) int64 {
	b := d.block
	if b.Skipped != 0 {
		if d.line == 1 && b.Offset <= offset {
			d.problem(event.TooLong, tooLong(b.Skipped))
			d.line++
		}
		return d.line - 1
	}
	limit := int(min(offset-b.Offset, int64(b.End-b.Start))) + b.Start
	if d.format == JSON {
		return d.records(b, limit)
	}
	return d.lines(b, limit)
}

// lines decodes lines of a core up to a position.
func (d *Decoder) lines(b *frame.Block, limit int) int64 {
	for ; d.at < b.End && d.at <= limit; d.line++ {
		next := b.End
		if i := bytes.IndexByte(b.Data[d.at:b.End], '\n'); i >= 0 {
			next = d.at + i + 1
		}
		if !d.shows(d.at, next) {
			d.record(d.at, next)
		}
		d.at = next
	}
	return d.line - 1
}

// records decodes listed records of a core up to a position.
func (d *Decoder) records(b *frame.Block, limit int) int64 {
	for d.next < len(b.Records) && b.Records[d.next].Start <= min(limit, b.End-1) {
		r := b.Records[d.next]
		d.next++
		if r.Start < b.Start {
			continue
		}
		d.line += int64(bytes.Count(b.Data[d.at:r.Start], newline))
		d.at = r.Start
		d.record(r.Start, r.End)
	}
	lines := d.line - 1
	if d.next == len(b.Records) || b.Records[d.next].Start >= b.End {
		lines += int64(bytes.Count(b.Data[d.at:b.End], newline))
	}
	return lines
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
	if text[0] == 0 || text[len(text)-1] == 0 {
		if text = d.nuls(text); len(text) == 0 {
			d.action = action{}
			return
		}
	}
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
		d.action = action{}
	default:
		d.action = action{}
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
	if d.Pass != nil && d.Pass(doc) {
		return
	}
	d.emitted++
	d.ev = event.Event{
		Picked:   d.picked,
		Doc:      doc,
		Fields:   fields,
		Index:    index,
		Evidence: d.evidence(id),
	}
	d.sink.Event(&d.ev)
}

// evidence is the place of the record.
func (d *Decoder) evidence(id string) event.Evidence {
	return event.Evidence{
		Source: d.source, Member: d.member, Format: d.format,
		Line: d.line, Offset: d.offset(), EventID: id,
	}
}

// offset is where the record starts in the part.
func (d *Decoder) offset() int64 { return d.block.Offset + int64(d.start-d.block.Start) }

func (d *Decoder) problem(kind event.Kind, detail string) {
	d.sink.Problem(event.Problem{
		Kind: kind, Source: d.source, Member: d.member, Line: d.line, Offset: d.offset(), Detail: detail,
	})
}
