package auditd

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/readers/frame"
)

// Format is the name of the format in evidence.
const Format = "auditd"

// Options are the limits of joining, and in what records come. The zero value of each
// number means its default.
type Options struct {
	Window     int // bytes between records of an event; JoinWindow
	MaxRecords int // records of an event; MaxEventRecords
	// JSON says that the records of a block are JSON documents that carry audit records
	// (see Carries), one document or more to an event.
	JSON bool
	// Others says that documents which carry none are somebody else's, and are passed
	// over. Without it they are problems.
	Others bool
}

// Decoder makes ECS events of audit records. It keeps buffers between calls and is used
// by one goroutine at a time.
type Decoder struct {
	options Options
	tables  *tables
	writer  *writer
	joiner  joiner

	text     []byte // what the positions of records count in: the block, or carried
	carried  []byte // the records that JSON documents carry
	records  []record
	problems []lineProblem // of the core's lines, in order
	parser   fastjson.Parser

	event         auditEvent
	summary       summary
	fields, names bag
	scratch       []byte   // decoded values of the event at hand
	lines         [][]byte // its records, for needs
	needs         *needs   // nil if every event is wanted
	start         int      // of the block's core
	passed        int64
	nul           bool // the core has NUL bytes
	out           event.Event
	assumed       [1]string
}

// New returns a decoder.
func New(o Options) *Decoder {
	if o.Window <= 0 {
		o.Window = JoinWindow
	}
	if o.MaxRecords <= 0 {
		o.MaxRecords = MaxEventRecords
	}
	return &Decoder{
		options: o, tables: loadTables(), writer: newWriter(), joiner: newJoiner(),
		assumed: [1]string{"host.os.type"},
	}
}

// Decode gives the sink the events whose first record is in the core of the block, in
// the order of their first records, and the problems of the core's lines, each before
// the events that begin after it. Line counts from the start of the core (1-based),
// Offset in the part. It returns the number of lines in the core.
//
// The block needs a margin of the window on both sides where the log goes on. A log so
// made that a record is farther from the first of its event than the window, though
// never that far from the one before, has that record reported and left out; for the
// report to be certain the margin must be twice the window.
func (d *Decoder) Decode(source, member string, b *frame.Block, sink event.Sink) (lines int64) {
	d.records, d.problems = d.records[:0], d.problems[:0]
	d.start, d.passed = b.Start, 0
	if b.Skipped != 0 {
		sink.Problem(event.Problem{Kind: event.TooLong, Source: source, Member: member, Line: 1, Offset: b.Offset,
			Detail: fmt.Sprintf("a record of %d bytes is over the limit", b.Skipped)})
		return 1
	}
	if d.options.JSON {
		lines = d.findCarried(b)
	} else {
		lines = d.findRecords(b)
	}
	d.joiner.link(d.text, d.records, d.options.Window, d.options.MaxRecords)
	o := output{source: source, member: member, sink: sink, block: b, problems: d.problems}
	for i := range d.records {
		r := &d.records[i]
		if r.line == 0 {
			continue
		}
		offset := b.Offset + int64(r.pos-b.Start)
		switch r.head {
		case int32(i):
			o.flush(r.pos)
			d.emit(&o, int32(i), offset)
		case lateHead:
			o.flush(r.pos)
			o.problem(event.Incomplete, r, offset, "a record of event %s comes more than %d bytes after the first: it is left out",
				d.text[r.id:r.idEnd], d.options.Window)
		}
	}
	o.flush(len(b.Data))
	return lines
}

// output hands events and problems to the sink in the order of the log.
type output struct {
	source, member string
	sink           event.Sink
	block          *frame.Block
	problems       []lineProblem // not handed out yet
}

// lineProblem is what is wrong with one line of the core. There may be as many as lines:
// the words are found when it is handed out.
type lineProblem struct {
	start, end int // in Block.Data
	line       int32
	kind       fault
}

// fault is a kind of lineProblem.
type fault uint8

const (
	notRecord fault = iota
	cutRecord
	notUTF8
	hasNUL
	notJSON
	notCarrier
)

// maxQuote bounds how many bytes of a line a problem repeats.
const maxQuote = 80

// flush hands out the problems of the lines that start at or before a position.
func (o *output) flush(pos int) {
	for len(o.problems) > 0 && o.problems[0].start <= pos {
		p := o.problems[0]
		o.problems = o.problems[1:]
		kind, detail := p.kind.words(o.block.Data[p.start:min(p.end, p.start+maxQuote)])
		o.sink.Problem(event.Problem{
			Kind: kind, Source: o.source, Member: o.member, Line: int64(p.line),
			Offset: o.block.Offset + int64(p.start-o.block.Start), Detail: detail,
		})
	}
}

// words says what a fault is called; line is the beginning of the line that has it.
func (f fault) words(line []byte) (event.Kind, string) {
	switch f {
	case cutRecord:
		return event.Truncated, "the log ends inside a record"
	case notUTF8:
		return event.InvalidUTF8, "a record has bytes that are not UTF-8"
	case hasNUL:
		return event.Broken, "NUL bytes in place of what was written: what is left of the record is examined"
	case notJSON:
		return event.Broken, fmt.Sprintf("not a JSON document: %q", line)
	case notCarrier:
		return event.Broken, "the document carries no audit record"
	}
	return event.Broken, fmt.Sprintf("not an audit record: %q", line)
}

func (o *output) problem(k event.Kind, r *record, offset int64, format string, args ...any) {
	o.sink.Problem(event.Problem{Kind: k, Source: o.source, Member: o.member, Line: int64(r.line), Offset: offset,
		Detail: fmt.Sprintf(format, args...)})
}

// emit decodes the event that begins with record head and hands it out.
func (d *Decoder) emit(o *output, head int32, offset int64) {
	r := &d.records[head]
	if int(r.count) > d.options.MaxRecords {
		o.problem(event.TooMany, r, offset, "event %s has %d records: those after the first %d are left out",
			d.text[r.id:r.idEnd], r.count, d.options.MaxRecords)
	}
	wanted, incomplete := d.keep(head)
	if !wanted && !incomplete || !d.merge(head) {
		return
	}
	if lack := d.lack(); lack != "" {
		o.problem(event.Incomplete, r, offset, "event %s %s", d.text[r.id:r.idEnd], lack)
	}
	if d.event.dropped > 0 {
		o.problem(event.TooMany, r, offset, "event %s has more than %d fields: %d are left out", d.text[r.id:r.idEnd], maxFields, d.event.dropped)
	}
	if !wanted {
		return
	}
	d.summarize()
	d.out = event.Event{
		Doc:     d.document(),
		Assumed: d.assumed[:],
		Evidence: event.Evidence{
			Source: o.source, Member: o.member, Format: Format,
			Line: int64(r.line), Offset: offset, EventID: string(d.text[r.id:r.idEnd]),
		},
	}
	o.sink.Event(&d.out)
}

// Errors with which connect(2) returns before the kernel has read the address, so that
// no SOCKADDR is written: a bad descriptor, pointer or length, or not a socket.
const (
	errBadDescriptor = -9
	errFault         = -14
	errInvalid       = -22
	errNotSocket     = -88
)

// lack says what record of d.event is missing, "" if none is.
func (d *Decoder) lack() string {
	e := &d.event
	if e.noSyscall {
		if e.socket.present && e.kind.typ != typeSyscall {
			return "has a SOCKADDR record but no SYSCALL"
		}
		return ""
	}
	if d.tables.syscalls[e.call].name != "connect" {
		return ""
	}
	if e.hasExit {
		switch e.exit {
		case errBadDescriptor, errFault, errInvalid, errNotSocket:
			return ""
		}
	}
	switch {
	case !e.socket.present:
		return "is a connect without a SOCKADDR record"
	case e.socket.short():
		return "is a connect whose address is cut short"
	case e.kind.typ == typeSyscall && e.data.ofKind(kindComm) == nil && e.data.ofKind(kindExe) == nil:
		return "is a connect whose SYSCALL record names no program: it is cut short"
	}
	return ""
}

// findRecords finds the records of a block whose records are lines, margins included,
// and the problems of the core's lines.
func (d *Decoder) findRecords(b *frame.Block) (lines int64) {
	d.text = b.Data
	d.nul = bytes.IndexByte(b.Core(), 0) >= 0
	for start := 0; start < len(b.Data); {
		end := len(b.Data)
		next := end
		if i := bytes.IndexByte(b.Data[start:], '\n'); i >= 0 {
			end = start + i
			next = end + 1
		}
		line := int64(0)
		if start >= b.Start && start < b.End {
			lines++
			line = lines
			if next > b.End { // the part ends without a newline, and the margin goes on
				end, next = b.End, b.End
			}
		} else if start < b.Start && next > b.Start {
			end, next = b.Start, b.Start
		}
		d.addLine(b, start, end, line)
		start = next
	}
	return lines
}

// addLine takes the line b.Data[start:end]; number is 0 in a margin.
func (d *Decoder) addLine(b *frame.Block, start, end int, number int64) {
	var r record
	switch d.tables.parseHeader(&r, b.Data, start, end) {
	case isRecord:
		r.pos, r.line = start, int32(number)
		if r.node < r.nodeEnd {
			r.nodeHash = d.joiner.hash(b.Data[r.node:r.nodeEnd])
		}
		d.records = append(d.records, r)
		if number > 0 {
			d.checkText(b, start, end, number)
		}
	case isBroken:
		switch {
		case number == 0:
		case end == b.End:
			d.note(cutRecord, start, end, number)
		default:
			d.note(notRecord, start, end, number)
		}
	}
}

// checkText notes a record that is not UTF-8, or that the end of the part cuts off.
func (d *Decoder) checkText(b *frame.Block, start, end int, number int64) {
	line := b.Data[start:end]
	if !utf8.Valid(line) {
		d.note(notUTF8, start, end, number)
	}
	if d.nul && bytes.IndexByte(line, 0) >= 0 { // no record has one: a crash left them
		d.note(hasNUL, start, end, number)
	}
	if end == b.End && isCut(line) {
		d.note(cutRecord, start, end, number)
	}
}

// isCut reports whether a record that has no newline shows that it lacks its end: a
// quote is open, or a key has no value.
func isCut(line []byte) bool {
	return bytes.Count(line, []byte(`"`))%2 != 0 || bytes.HasSuffix(line, []byte("=")) ||
		bytes.HasSuffix(line, []byte("):")) || bytes.HasSuffix(line, []byte("): "))
}

func (d *Decoder) note(f fault, start, end int, number int64) {
	d.problems = append(d.problems, lineProblem{start: start, end: end, line: int32(number), kind: f})
}
