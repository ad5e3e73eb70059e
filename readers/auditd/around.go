package auditd

import (
	"bytes"
	"slices"

	"kscan/readers/frame"
)

// likeness is what the records of an event have in common.
type likeness struct {
	record          // the one that it was taken from
	isRecord bool   // it is one
	prefix   []byte // "node=NAME " or nothing, where the header is of the usual form
	usual    knownID
}

// sameAs returns what to know the other records of the event by of which text[start:end] is
// one.
func (d *Decoder) sameAs(start, end int) (e likeness) {
	e.isRecord = d.tables.parseHeader(&e.record, d.text, start, end) == isRecord
	r := &e.record
	if !e.isRecord || string(d.text[r.nameEnd:r.id]) != idToken {
		return e
	}
	if r.node < r.nodeEnd {
		if r.node != start+len(nodeToken) || r.name != r.nodeEnd+1+len(typeToken) {
			return e
		}
		e.prefix = d.text[start : r.nodeEnd+1]
	} else if r.name != start+len(typeToken) {
		return e
	}
	e.usual.set(d.text, r.nameEnd, r.idEnd+1, r.stamp)
	return e
}

// inEvent reports whether text[start:end] is a record of the event.
func (d *Decoder) inEvent(e *likeness, start, end int) (l line, same bool) {
	l = line{start: start, end: end}
	if bytes.HasPrefix(d.text[start:end], e.prefix) {
		if n, at := d.nameAt(start+len(e.prefix), end); n != nil && e.usual.isAt(d.text, at, end) {
			l.typ, l.body = n.typ, skipGap(d.text[:end], at+e.usual.size)
			return l, true
		}
	}
	var r record
	if !e.isRecord || d.tables.parseHeader(&r, d.text, start, end) != isRecord || r.stamp != e.stamp || r.serial != e.serial ||
		!bytes.Equal(d.text[r.node:r.nodeEnd], d.text[e.node:e.nodeEnd]) {
		return l, false
	}
	l.typ, l.body = r.typ, r.body
	return l, true
}

// gathering is what came of looking for the records around a line.
type gathering uint8

const (
	isOthers gathering = iota // the event of another unit, or none
	isOurs
	isOpen // the next block may have more
)

// gatherAround makes a chain of the records of the event that a line is of.
func (d *Decoder) gatherAround(at place, b *frame.Block) (c chain, is gathering) {
	p, j := &d.picker, &d.joiner
	end := lineEnd(d.text, at.start)
	e := d.sameAs(at.start, end)
	if !e.isRecord {
		return c, isOthers
	}
	number := d.gatherBefore(&e, at)
	p.members = append(p.members, line{start: at.start, end: end, body: e.body, typ: e.typ})
	if open := d.gatherBehind(&e, at.start, end+1); open && b.Open {
		return c, isOpen
	}
	first := p.members[0].start
	if first < p.start || first >= b.End && !b.Open {
		return c, isOthers
	}
	c = chain{
		key:  key{stamp: e.stamp, serial: e.serial, host: j.host(d.text[e.node:e.nodeEnd])},
		node: int32(e.node), nodeEnd: int32(e.nodeEnd),
		pos: int32(first), head: none, tail: none, number: number,
	}
	for i := range p.members {
		l := &p.members[i]
		if j.push(&c, l.typ, l.start, l.end, l.start) == isMember {
			c.marks |= d.marksOf(l.typ, l.body, l.end, c.marks)
		}
	}
	return c, isOurs
}

// gatherBefore makes p.members the records of an event in front of a line, and returns the
// number of the first.
func (d *Decoder) gatherBefore(e *likeness, at place) (number int32) {
	p := &d.picker
	p.members = p.members[:0]
	number = at.number
	adjacent, lines := true, int32(0)
	for end := at.start - 1; end >= 0 && (adjacent || end >= at.start-p.spread); lines++ {
		start := bytes.LastIndexByte(d.text[:end], '\n') + 1
		l, same := d.inEvent(e, start, end)
		if adjacent = adjacent && same; same {
			p.members = append(p.members, l)
			number = at.number - lines - 1
		}
		end = start - 1
	}
	slices.Reverse(p.members)
	return number
}

// gatherBehind adds the records of an event behind a line that starts at a place and ends
// before another. It reports whether there may be more behind the text.
func (d *Decoder) gatherBehind(e *likeness, start, next int) (open bool) {
	p := &d.picker
	adjacent, late := true, p.members[0].start+d.options.Window
	for at := next; (adjacent || at <= start+p.spread) && at <= late; {
		if at >= len(d.text) {
			return true
		}
		end := lineEnd(d.text, at)
		l, same := d.inEvent(e, at, end)
		if adjacent = adjacent && same; same {
			p.members = append(p.members, l)
		}
		at = end + 1
	}
	return false
}
