package auditd

import (
	"bytes"
	"fmt"
	"unsafe"

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
	types   *typeNames
	done    int // of the joiner's chains, those handed out
	end     int // of the core of the last block, in its Data

	text     []byte // what the positions of records count in: the block, or carried
	carried  []byte // the records that JSON documents carry
	skim     skim
	problems []lineProblem // of the core's lines, in order
	records  []record      // of the event at hand
	lines    []line        // of the event at hand
	id       knownID       // of the last record whose header was read again
	parser   fastjson.Parser

	event         auditEvent
	summary       summary
	fields, names bag
	scratch       []byte // decoded values of the event at hand
	needs         *needs // nil if every event is wanted
	whole, sample int    // bytes: wholeBlock and sampleBytes
	calls         calls
	partial       *partial // nil if events are shown as a whole
	learned       learned
	again         again
	picker        picker
	starter       starter
	passed        int64
	source        string // of the block
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
	d := &Decoder{
		options: o, tables: loadTables(), writer: newWriter(), joiner: newJoiner(o.Window, o.MaxRecords), types: newTypeNames(),
		assumed: [1]string{"host.os.type"}, whole: wholeBlock, sample: sampleBytes, calls: calls{other: isNoConnect},
		starter: starter{calls: calls{other: isNoStart}},
	}
	d.skim.accept, d.picker.accept = d.accept, d.acceptPick
	return d
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
	d.passed, d.source = 0, source
	if d.needs != nil {
		d.needs.ask()
	}
	if !b.Follows {
		d.picker.on = d.mayPick(b)
	}
	if d.needs != nil && d.needs.starts != nil && !d.picker.on {
		d.needs.starts.Told(event.StartBlock{})
	}
	switch {
	case d.picker.on:
		return d.pickAll(b, &output{source: source, member: member, sink: sink, block: b})
	case b.Follows:
		d.follow(b)
	default:
		d.problems, d.done = d.problems[:0], 0
		d.joiner.reset()
		d.again.forget()
		d.learned.begin(b)
	}
	if b.Skipped != 0 {
		sink.Problem(event.Problem{Kind: event.TooLong, Source: source, Member: member, Line: b.Line + 1, Offset: b.Offset,
			Detail: fmt.Sprintf("a record of %d bytes is over the limit", b.Skipped)})
		return 1
	}
	known := len(d.joiner.chains)
	d.joiner.lines = !d.options.JSON
	if d.options.JSON {
		lines = d.findCarried(b)
	} else {
		lines = d.findRecords(b)
	}
	d.chooseSample(b, known)
	d.emitAll(&output{source: source, member: member, sink: sink, block: b, text: d.text, problems: d.problems})
	return lines
}

// follow makes what is left of the block before ready for one that follows it.
func (d *Decoder) follow(b *frame.Block) {
	delta := b.Start - d.end
	d.learned.start += delta
	d.done = d.joiner.slide(delta, d.end, d.done)
	for i := range d.problems {
		p := &d.problems[i]
		p.start, p.end, p.pos = p.start+delta, p.end+delta, p.pos+delta
	}
}

// emitAll hands out the events and problems of a block, but those of which the next block
// may have more.
func (d *Decoder) emitAll(o *output) {
	limit := len(o.block.Data) + 1
	if o.block.Open {
		limit = o.block.End - d.options.Window
	}
	for ; d.done < len(d.joiner.chains); d.done++ {
		c := &d.joiner.chains[d.done]
		if int(c.pos) >= limit {
			break
		}
		switch {
		case c.number == 0:
			d.learned.margin(d, c)
		case quiet[c.marks] && int(c.count) <= d.options.MaxRecords && len(o.problems) == 0: // as mostly
			d.passed++
		default:
			o.flush(int(c.pos), d.options.Window)
			d.learned.event(c, d.options.MaxRecords)
			d.emit(o, c)
		}
	}
	o.flush(limit-1, d.options.Window)
	d.problems = append(d.problems[:0], o.problems...)
	d.end = o.block.End
	o.block.Light = o.block.Open && d.isLight()
}

// output hands events and problems to the sink in the order of the log.
type output struct {
	source, member string
	sink           event.Sink
	block          *frame.Block
	text           []byte        // of the decoder
	problems       []lineProblem // not handed out yet
}

// lineProblem is what is wrong with one line of the core. There may be as many as lines:
// the words are found when it is handed out.
type lineProblem struct {
	start, end int // in Block.Data; of a late record, those of its id in the decoder's text
	pos        int // in Block.Data
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
	lateRecord
	lostRecords
)

// maxQuote bounds how many bytes of a line a problem repeats.
const maxQuote = 80

// flush hands out the problems of the lines that start at or before a position.
func (o *output) flush(pos, window int) {
	for len(o.problems) > 0 && o.problems[0].pos <= pos {
		p := o.problems[0]
		o.problems = o.problems[1:]
		var kind event.Kind
		var detail string
		if p.kind == lateRecord {
			kind, detail = event.Incomplete, fmt.Sprintf("a record of event %s comes more than %d bytes after the first: it is left out",
				o.text[p.start:p.end], window)
		} else {
			kind, detail = p.kind.words(o.block.Data[p.start:min(p.end, p.start+maxQuote)])
		}
		o.problem(kind, p.line, p.pos, detail)
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
	case lostRecords:
		return event.Dropped, fmt.Sprintf("audit records were lost before they were written: %q", line)
	case notCarrier:
		return event.Broken, "the document carries no audit record"
	}
	return event.Broken, fmt.Sprintf("not an audit record: %q", line)
}

// problem hands out a problem of the record at a position of Block.Data.
func (o *output) problem(k event.Kind, line int32, pos int, detail string) {
	o.sink.Problem(event.Problem{Kind: k, Source: o.source, Member: o.member, Line: int64(line), Offset: o.offset(pos), Detail: detail})
}

// offset is where a position of Block.Data is in the part.
func (o *output) offset(pos int) int64 { return o.block.Offset + int64(pos-o.block.Start) }

// emit hands out the event of a chain, and what is wrong with it. Unless it is wanted or
// of the sample it is not decoded.
func (d *Decoder) emit(o *output, c *chain) {
	sampled := c.marks&isSampled != 0
	wanted := sampled || c.marks&hasNeed != 0
	doubtful := int(c.count) > d.options.MaxRecords || c.marks.doubtful()
	if !wanted && !doubtful {
		if c.marks&hasContent != 0 {
			d.passed++
		}
		return
	}
	if wanted && !sampled && d.partial != nil && !doubtful && !d.isBehind(c) && d.show(o, c) {
		return
	}
	if d.isBehind(c) {
		d.emitAgain(o, c)
		return
	}
	d.gather(c)
	id := d.text[d.records[0].id:d.records[0].idEnd]
	if int(c.count) > d.options.MaxRecords {
		o.problem(event.TooMany, c.number, int(c.pos), fmt.Sprintf("event %s has %d records: those after the first %d are left out",
			id, c.count, d.options.MaxRecords))
	}
	if !d.merge() {
		return
	}
	if lack := d.lack(); lack != "" {
		o.problem(event.Incomplete, c.number, int(c.pos), fmt.Sprintf("event %s %s", id, lack))
	}
	if d.event.dropped > 0 {
		o.problem(event.TooMany, c.number, int(c.pos), fmt.Sprintf("event %s has more than %d fields: %d are left out", id, maxFields, d.event.dropped))
	}
	if !wanted {
		d.passed++
		return
	}
	d.summarize()
	d.out = event.Event{
		Doc:     d.document(),
		Assumed: d.assumed[:],
		Evidence: event.Evidence{
			Source: o.source, Member: o.member, Format: Format,
			Line: int64(c.number), Offset: o.offset(int(c.pos)), EventID: unsafe.String(&id[0], len(id)),
		},
		Picked: !sampled,
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
		if e.hasSockaddr && e.kind.typ != typeSyscall {
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

// isCut reports whether a record that has no newline shows that it lacks its end: a
// quote is open, or a key has no value.
func isCut(line []byte) bool {
	return bytes.Count(line, []byte(`"`))%2 != 0 || bytes.HasSuffix(line, []byte("=")) ||
		bytes.HasSuffix(line, []byte("):")) || bytes.HasSuffix(line, []byte("): "))
}

func (d *Decoder) note(f fault, start, end int, number int64) {
	d.problems = append(d.problems, lineProblem{start: start, end: end, pos: start, line: int32(number), kind: f})
}
