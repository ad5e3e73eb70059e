package auditd

import (
	"bytes"
	"math"
	"math/bits"
	"unicode/utf8"

	"kscan/readers/frame"
	"kscan/readers/prefilter"
)

// skimChunk is how many bytes are searched before their lines are looked at: they are
// still in the first cache then. A multiple of 64.
const skimChunk = 16 << 10

// overlap is how many bytes past a chunk a search of the chunk may look at.
const overlap = 4

// skim is the state of going over the lines of a block.
type skim struct {
	newlines, hits [skimChunk/64 + 1]uint64
	block          *frame.Block
	core, after    bool  // the lines are of the core, or of the margin behind it
	look           bool  // those with a need are looked for
	number         int32 // of the last line of the core
	start          int   // of the line at hand
	finds          finds // in it
	odd            bool  // it may have bytes that are not ASCII, or NUL
	known          known
	accept         func(literal, at int) bool // (*Decoder).accept, made once
}

// finds are the literals that stand in a line.
type finds struct {
	need            bool
	program         bool
	archs, syscalls int
}

// known is what the next line is likely to have in common with the last one.
type known struct {
	chain  int32  // none if the rest means nothing
	node   []byte // "node=NAME ", or empty
	id     []byte // "seconds.milliseconds:serial)"
	fields key    // of the node alone
}

// nobodys is the chain of the events that begin behind the core.
const nobodys = int32(-2)

// plain finds newlines, and bytes that are not ASCII; its literal is in no text.
var plain = prefilter.New([]prefilter.Literal{{Text: "\x00\x01\x02\x00"}})

// findRecords finds the records of a block whose records are lines, margins included,
// and the problems of the core's lines.
func (d *Decoder) findRecords(b *frame.Block) (lines int64) {
	d.text = b.Data
	s := &d.skim
	s.block, s.number, s.known = b, 0, known{chain: none}
	s.core, s.after, s.look = false, false, false
	d.skimPart(0, b.Start)
	s.core, s.look = true, d.needs != nil
	d.skimPart(b.Start, b.End)
	s.core, s.after = false, true
	d.skimPart(b.End, len(b.Data))
	s.block = nil
	return int64(s.number)
}

// accept notes a literal. It wants all of them.
func (d *Decoder) accept(literal, _ int) bool {
	s := &d.skim.finds
	f := d.needs.finds[literal]
	s.need = s.need || f&foundNeed != 0
	s.program = s.program || f&foundProgram != 0
	if f&foundArch != 0 {
		s.archs++
	}
	if f&foundSyscall != 0 {
		s.syscalls++
	}
	return false
}

// skimPart takes the lines of text[from:to], which is a margin or the core.
func (d *Decoder) skimPart(from, to int) {
	s := &d.skim
	finder := plain
	if s.look {
		finder = d.needs.finder
	}
	s.start, s.finds, s.odd = from, finds{need: s.look && d.needs.blind}, false
	first := s.finds
	for at := from; at < to; at += skimChunk {
		end := min(at+skimChunk, to)
		high := !finder.Scan(d.text[at:min(end+overlap, to)], s.newlines[:], s.hits[:]) ||
			s.core && bytes.IndexByte(d.text[at:end], 0) >= 0
		s.odd = s.odd || high
		for w := range (end - at + 63) / 64 {
			newlines, hits := s.newlines[w], s.hits[w]
			if finder == plain {
				hits = 0
			}
			base := at + w*64
			for ; newlines != 0; newlines &= newlines - 1 {
				i := bits.TrailingZeros64(newlines)
				if below := hits & (1<<i - 1); below != 0 {
					d.look(finder, base, below)
					hits &^= below
				}
				d.skimLine(base + i)
				s.start, s.finds, s.odd = base+i+1, first, high
			}
			if hits != 0 {
				d.look(finder, base, hits)
			}
		}
	}
	if s.start < to {
		d.skimLine(to)
	}
}

// look notes the literals that stand at places after base.
func (d *Decoder) look(finder *prefilter.Finder, base int, places uint64) {
	for ; places != 0; places &= places - 1 {
		finder.Match(d.text, base+bits.TrailingZeros64(places), d.skim.accept)
	}
}

// skimLine takes the line from s.start to end.
func (d *Decoder) skimLine(end int) {
	s := &d.skim
	start, number := s.start, int32(0)
	if s.core {
		s.number++
		number = s.number
	}
	l, c := d.header(start, end, number)
	if c == none {
		l, c = d.slowHeader(start, end, number)
	}
	if c < 0 {
		return
	}
	if s.core && (s.odd || end == s.block.End) {
		d.checkText(start, end, number)
	}
	if !d.join(c, l, start, number) || !s.look || !s.finds.need {
		return
	}
	if ch := &d.joiner.chains[c]; ch.marks&hasNeed == 0 && d.needs.in(d.text[start:end]) {
		ch.marks |= hasNeed
	}
}

// header finds the chain of the record in text[start:end] if its header is like that of
// the last one, but for the id; none if it is not.
func (d *Decoder) header(start, end int, number int32) (l line, c int32) {
	k := &d.skim.known
	text := d.text[start:end]
	if k.chain == none || !bytes.HasPrefix(text, k.node) {
		return l, none
	}
	rest := text[len(k.node):]
	typ, id := d.tables.quickType(rest)
	if id == 0 {
		return l, none
	}
	body := id + len(k.id)
	if c = k.chain; len(rest) >= body && string(rest[id:body]) == string(k.id) && (c == nobodys || start-int(d.joiner.chains[c].last) <= d.joiner.window) {
		body = skipGap(rest, body)
	} else if body, c = d.newID(rest, id, start, number); body == 0 {
		return l, none
	}
	l = line{start: int32(start), end: int32(end), typ: typ}
	if body += len(k.node); body <= math.MaxUint8 {
		l.body = uint8(body)
	}
	return l, c
}

// newID reads an id other than the last one at line[at:] and makes it known. It returns
// where the body starts, 0 if there is no id.
func (d *Decoder) newID(line []byte, at, start int, number int32) (body int, c int32) {
	var r record
	if body = r.parseID(line, at); body == 0 {
		return 0, none
	}
	k := &d.skim.known
	k.id = line[r.id : r.idEnd+1]
	if k.chain = nobodys; !d.skim.after || r.serial <= d.joiner.newest {
		key := k.fields
		key.stamp, key.serial = r.stamp, r.serial
		k.chain = d.joiner.place(d.text, &key, start, number)
	}
	return body, k.chain
}

// slowHeader is header for a line that may begin in any way. It notes one that is none.
func (d *Decoder) slowHeader(start, end int, number int32) (l line, c int32) {
	var r record
	k := &d.skim.known
	k.chain = none
	switch d.tables.parseHeader(&r, d.text, start, end) {
	case isRecord:
		key := d.keyOf(&r)
		c = d.joiner.place(d.text, &key, start, number)
		d.remember(&r, &key, start, c)
		return newLine(&r, start), c
	case isForeign:
		if number > 0 && tellsLoss(d.text[start:end]) {
			d.note(lostRecords, start, end, int64(number))
		}
	case isBroken:
		switch {
		case number == 0:
		case end == d.skim.block.End:
			d.note(cutRecord, start, end, int64(number))
		default:
			d.note(notRecord, start, end, int64(number))
		}
	}
	return line{}, none
}

// remember makes the header of a record known, if its line begins with type= or node=.
func (d *Decoder) remember(r *record, key *key, start int, c int32) {
	k := &d.skim.known
	k.node = nil
	if r.node < r.nodeEnd {
		if r.node != start+len(nodeToken) || r.name != r.nodeEnd+1+len(typeToken) {
			return
		}
		k.node = d.text[start : r.nodeEnd+1]
	} else if r.name != start+len(typeToken) {
		return
	}
	k.chain, k.id, k.fields = c, d.text[r.id:r.idEnd+1], *key
}

func (d *Decoder) keyOf(r *record) key {
	return key{
		stamp: r.stamp, serial: r.serial, node: int32(r.node), nodeEnd: int32(r.nodeEnd),
		nodeHash: d.joiner.hash(d.text[r.node:r.nodeEnd]),
	}
}

// newLine is the line of a record that starts at a position of the text.
func newLine(r *record, start int) line {
	l := line{start: int32(start), end: int32(r.end), typ: r.typ}
	if body := r.body - start; body <= math.MaxUint8 {
		l.body = uint8(body)
	}
	return l
}

// join puts a line into a chain and reports whether it is a member. pos is where the line,
// or the document that carries it, starts in the block.
func (d *Decoder) join(c int32, l line, pos int, number int32) bool {
	ch := &d.joiner.chains[c]
	switch d.joiner.push(c, l, pos) {
	case isMember:
		if d.needs != nil && ch.number != 0 {
			ch.marks |= d.marksOf(&l, ch.marks)
		}
		return true
	case isLate:
		if number > 0 {
			d.noteLate(l, pos, number)
		}
	}
	return false
}

// noteLate notes a record that comes too late for its event.
func (d *Decoder) noteLate(l line, pos int, number int32) {
	r := d.record(&l)
	d.problems = append(d.problems, lineProblem{start: r.id, end: r.idEnd, pos: pos, line: number, kind: lateRecord})
}

// record reads the header of a line again.
func (d *Decoder) record(l *line) (r record) {
	d.tables.parseHeader(&r, d.text, int(l.start), int(l.end))
	return r
}

// gather makes d.records the records of a chain.
func (d *Decoder) gather(c *chain) {
	d.records = d.records[:0]
	for i := c.head; i != none; i = d.joiner.lines[i].next {
		l := &d.joiner.lines[i]
		r := d.record(l)
		r.node, r.nodeEnd = int(c.node), int(c.nodeEnd)
		d.records = append(d.records, r)
	}
}

// checkText notes a record that is not UTF-8 or has NUL bytes, or that the end of the part
// cuts off.
func (d *Decoder) checkText(start, end int, number int32) {
	text := d.text[start:end]
	if d.skim.odd && !utf8.Valid(text) {
		d.note(notUTF8, start, end, int64(number))
	}
	if d.skim.odd && bytes.IndexByte(text, 0) >= 0 { // no record has one: a crash left them
		d.note(hasNUL, start, end, int64(number))
	}
	if end == d.skim.block.End && isCut(text) {
		d.note(cutRecord, start, end, int64(number))
	}
}
