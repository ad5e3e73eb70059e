package auditd

import (
	"bytes"
	"math/bits"
	"slices"
	"unicode/utf8"
	"unsafe"

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
	newlines, hits [skimChunk/64 + eight]uint64
	ends           [skimChunk + 2]int32 // of the lines of a chunk, counted from its start
	needs          []int32              // places of needs in a chunk
	block          *frame.Block
	core, after    bool                       // the lines are of the core, or of the margin behind it
	look           bool                       // those with a need are looked for
	number, step   int32                      // of the last line of the core; 1 in the core, else 0
	start          int                        // of the line at hand
	need, always   bool                       // it may hold a need; each may
	odd            bool                       // it may have bytes that are not ASCII, or NUL
	accept         func(literal, at int) bool // (*Decoder).accept, made once
	known          known
	run            runArgs
	// fieldLines and fieldHits are for what is looked for in one record.
	fieldLines, fieldHits [maxPartial/64 + 3]uint64
}

// nobodys is the chain of the events that begin behind the core.
const nobodys = int32(-2)

// plain finds newlines, bytes that are not ASCII, and NUL: its literal stands in no record.
var plain = prefilter.New([]prefilter.Literal{{Text: "\x00\x00\x00\x00"}})

// findRecords finds the records of a block whose records are lines, margins included,
// and the problems of the core's lines.
func (d *Decoder) findRecords(b *frame.Block) (lines int64) {
	d.text = b.Data
	s := &d.skim
	s.block, s.number, s.known = b, int32(b.Line), known{chain: none}
	s.core, s.after, s.look, s.step = false, false, false, 0
	s.run = runArgs{text: unsafe.SliceData(d.text), ends: &s.ends[0], names: &d.types.names, known: &s.known, room: len(d.text) - addressRoom}
	if d.needs != nil && len(d.needs.kinds) > 0 {
		s.known.asks = asksMarks
	}
	if !b.Follows {
		d.skimPart(0, b.Start)
	}
	s.core, s.look, s.step = true, d.needs != nil, 1
	d.skimPart(b.Start, b.End)
	s.core, s.after, s.step = false, true, 0
	if !b.Open {
		d.skimPart(b.End, len(b.Data))
	}
	s.block = nil
	return int64(s.number) - b.Line
}

// skimPart takes the lines of text[from:to], which is a margin or the core.
func (d *Decoder) skimPart(from, to int) {
	s := &d.skim
	finder := plain
	if s.look && d.needs.finder != nil {
		finder = d.needs.finder
	}
	s.always = s.look && d.needs.finder == nil
	s.start, s.need, s.odd = from, s.always, false
	s.known.until = -1
	for at := from; at < to; at += skimChunk {
		end := min(at+skimChunk, to)
		words := prefilter.Words(end - at)
		n, isPlain := finder.ScanLines(d.text[at:min(end+overlap, to)], words, s.ends[:], s.newlines[:], s.hits[:])
		s.odd = s.odd || !isPlain
		d.skimLines(n, d.look(finder, at, words), at, !isPlain)
	}
	if s.start < to {
		d.skimLine(to)
	}
}

// skimLines takes the n lines that end in a chunk, which starts at a place, and notes those with
// a need.
func (d *Decoder) skimLines(n int, needs []int32, at int, odd bool) {
	s := &d.skim
	s.run.base = at
	for i := 0; ; i++ {
		free := n // up to where no line has a need
		if len(needs) > 0 {
			k, _ := slices.BinarySearch(s.ends[i:n], needs[0])
			free = i + k
		}
		if !s.odd && !s.need {
			i = d.takeRuns(i, free)
		}
		if i == n {
			break
		}
		if i == free {
			s.need = true
			for len(needs) > 0 && needs[0] < s.ends[i] {
				needs = needs[1:]
			}
		}
		d.skimLine(s.end(i))
		s.odd = odd
	}
	s.need = s.need || len(needs) > 0
}

// end returns where the i-th line ends.
func (s *skim) end(i int) int { return s.run.base + int(s.ends[i]) }

// look makes a list of the places, counted from at, at which a literal shows a need.
func (d *Decoder) look(finder *prefilter.Finder, at, words int) []int32 {
	s := &d.skim
	s.needs = s.needs[:0]
	if !s.look {
		return nil
	}
	clear(s.hits[words : words+eight-1])
	for w := 0; w < words; w++ {
		if w%eight == 0 && (*hitWords)(s.hits[w:]).none() {
			w += eight - 1
			continue
		}
		for hits := s.hits[w]; hits != 0; hits &= hits - 1 {
			place := w*64 + bits.TrailingZeros64(hits)
			if finder.Match(d.text, at+place, s.accept) {
				s.needs = append(s.needs, int32(place))
			}
		}
	}
	return s.needs
}

// eight is how many words of hits are looked at together: mostly there is none.
const eight = 8

type hitWords [eight]uint64

func (h *hitWords) none() bool { return h[0]|h[1]|h[2]|h[3]|h[4]|h[5]|h[6]|h[7] == 0 }

// accept reports whether a literal shows something of its record.
func (d *Decoder) accept(literal, at int) bool {
	return literal != d.needs.id || d.needs.idAt(d.text, at)
}

// skimLine takes the line from s.start to end.
func (d *Decoder) skimLine(end int) {
	s := &d.skim
	start, need := s.start, s.need
	s.start, s.need = end+1, s.always
	s.number += s.step
	c := d.takeLine(start, end)
	if !need || c == none {
		return
	}
	if ch := &d.joiner.chains[c]; ch.marks&hasNeed == 0 && d.needs.in(d.text[start:end]) {
		ch.marks |= hasNeed
	}
}

// takeLine takes a line of any kind and returns the chain that it is a member of, or none.
func (d *Decoder) takeLine(start, end int) (c int32) {
	s := &d.skim
	number := int32(0)
	if s.core {
		number = s.number
	}
	s.known.until = -1
	typ, body, c := d.header(start, end, number)
	if c == none {
		typ, body, c = d.slowHeader(start, end, number)
	}
	if c < 0 {
		return none
	}
	if s.core && (s.odd || end == s.block.End) {
		d.checkText(start, end, number)
	}
	l := line{start: start, end: end, body: body, typ: typ}
	if !d.join(c, &l, start, number) {
		return none
	}
	if c == s.known.chain {
		d.mayRun(end)
	}
	return c
}

// slowHeader is header for a line that may begin in any way. It notes one that is none.
func (d *Decoder) slowHeader(start, end int, number int32) (typ uint16, body int, c int32) {
	var r record
	k := &d.skim.known
	k.chain = none
	switch d.tables.parseHeader(&r, d.text, start, end) {
	case isRecord:
		key := d.keyOf(&r)
		c = d.joiner.place(&key, start, number)
		d.setNode(c, &r)
		d.remember(&r, &key, start, c)
		return r.typ, r.body, c
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
	return 0, 0, none
}

func (d *Decoder) keyOf(r *record) key {
	d.learned.bare = d.learned.bare || r.node == r.nodeEnd
	return key{stamp: r.stamp, serial: r.serial, host: d.joiner.host(d.text[r.node:r.nodeEnd])}
}

// setNode notes where a chain's first record has the name of its node.
func (d *Decoder) setNode(c int32, r *record) {
	if ch := &d.joiner.chains[c]; ch.node == ch.nodeEnd {
		ch.node, ch.nodeEnd = int32(r.node), int32(r.nodeEnd)
	}
}

// line is one record.
type line struct {
	start, end int // in the decoder's text, without the newline
	body       int // where the text after the header starts
	typ        uint16
}

// join puts a line into a chain and reports whether it is a member. pos is where the line,
// or the document that carries it, starts in the block.
func (d *Decoder) join(c int32, l *line, pos int, number int32) bool {
	ch := &d.joiner.chains[c]
	switch d.joiner.push(ch, l.typ, l.start, l.end, pos) {
	case isMember:
		if d.needs != nil && ch.number != 0 {
			d.mark(ch, l)
		}
		return true
	case isLate:
		d.learned.odd = true
		if number > 0 {
			r := d.record(l)
			d.problems = append(d.problems, lineProblem{start: r.id, end: r.idEnd, pos: pos, line: number, kind: lateRecord})
		}
	}
	return false
}

// record reads the header of a line again.
func (d *Decoder) record(l *line) (r record) {
	d.tables.parseHeader(&r, d.text, l.start, l.end)
	return r
}

// gather makes d.records the records of a chain.
func (d *Decoder) gather(c *chain) {
	d.records = d.records[:0]
	for _, l := range d.members(c) {
		r := d.record(&l)
		r.node, r.nodeEnd = int(c.node), int(c.nodeEnd)
		d.records = append(d.records, r)
	}
}

// members returns the records of a chain, valid until the next call. An end of event is
// left out where others come before it.
func (d *Decoder) members(c *chain) []line {
	d.lines = d.lines[:0]
	for i := c.head; i != none; i = d.joiner.runs[i].next {
		r := &d.joiner.runs[i]
		for start := int(r.start); start <= int(r.end); {
			l := line{start: start, end: int(r.end)}
			if n := bytes.IndexByte(d.text[start:r.end], '\n'); n >= 0 {
				l.end = start + n
			}
			d.readHeader(&l)
			if l.typ != typeEOE || len(d.lines) == 0 {
				d.lines = append(d.lines, l)
			}
			start = l.end + 1
		}
	}
	return d.lines
}

// readHeader sets the type of a record and where its body starts. The id is likely to be
// that of the record before, or of the same second.
func (d *Decoder) readHeader(l *line) {
	id := &d.id
	at := l.start
	if at < l.end && d.text[at] == nodeToken[0] && bytes.HasPrefix(d.text[at:l.end], []byte(nodeToken)) {
		at += bytes.IndexByte(d.text[at:l.end], ' ') + 1
	}
	if n, after := d.nameAt(at, l.end); n != nil {
		ok := id.isAt(d.text, after, l.end)
		if !ok {
			_, _, ok = id.read(d.text, after, l.end)
		}
		if ok {
			l.typ, l.body = n.typ, skipGap(d.text[:l.end], after+id.size)
			return
		}
	}
	r := d.record(l)
	l.typ, l.body = r.typ, r.body
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
