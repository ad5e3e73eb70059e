package ndjson

import (
	"encoding/binary"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/readers/prefilter"
)

// The lines of a log are much alike: between one value that the picker takes or steps over
// and the next mostly stands a text that stood there in some line before. The track has these
// texts, so that keys and brackets need not be read, but are compared, all at once. A
// document that goes another way is left to picker.object, and what it finds there is added.

// track is what the picker remembers of the documents that it went through.
type track struct {
	start  stop
	stops  map[position]*stop
	steps  int    // of all stops
	leaves []leaf // of the document that is read
	open   []byte // room for the brackets of a position

	watching bool // values are compared with those of the document before
	left     int  // documents until that changes
}

// stop is where the picker is behind a value, or at the start of a document.
type stop struct {
	long  *step // one that has values in its text, nil if there is none
	first *step
	steps int
}

// position tells stops apart: behind two values of the same position, the same text means
// the same.
type position struct {
	open   string  // brackets, from the outer to the inner
	member *member // of the value, or of the array that it is in
	state  state
}

// step leads from a stop to a value, and over it to the next stop.
type step struct {
	literal
	kind   kind
	resets bool        // the text has the start of a _source: what was found before is the wrapper's
	takes  []take      // of values in the text
	node   *event.Node // where the value is taken, nil if it is stepped over
	next   *stop       // nil at the end
	other  *step       // from the same stop
	seen   habit
}

// kind is what the value is that a step leads to.
type kind uint8

const (
	quoted    kind = iota // a string; its quotes are of the texts before and behind it
	plain                 // a number, true, false or null
	container             // an object or array that is stepped over; its first bracket is of the text before it
	finish                // none: the document ends
)

// leaf is a value that picker.object took or stepped over.
type leaf struct {
	start, end int
	member     *member
	node       *event.Node // as in step
	state      state
}

// Limits on what a track remembers: a log may have any number of shapes. Where a document goes
// a way that is not remembered, it is read key by key.
const (
	maxSteps     = 2048 // of a track, each of some 200 bytes
	maxStopSteps = 16   // from a stop, which are tried one after another
	maxStepText  = 512  // bytes
)

// literal is a text to compare with. Most are shorter than 16 bytes, so that their first and
// last eight are all.
type literal struct {
	text       string
	head, tail uint64
}

func newLiteral(text string) literal {
	l := literal{text: text}
	if b := []byte(text); len(b) >= 8 {
		l.head, l.tail = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[len(b)-8:])
	}
	return l
}

// stands reports whether the literal stands at i in a text.
func (l *literal) stands(text []byte, i int) bool {
	n := len(l.text)
	if i+n > len(text) {
		return false
	}
	here := text[i : i+n]
	if n < 8 {
		return string(here) == l.text
	}
	if binary.LittleEndian.Uint64(here) != l.head || binary.LittleEndian.Uint64(here[n-8:]) != l.tail {
		return false
	}
	return n <= 16 || string(here) == l.text
}

// fits reports whether the step goes on from i.
func (s *step) fits(text []byte, i int) bool {
	if !s.stands(text, i) {
		return false
	}
	i += len(s.text)
	switch s.kind {
	case plain:
		return i < len(text) && !ends[text[i]]
	case finish:
		return i == len(text)
	}
	return true
}

// way returns the step that goes on from i, nil if none does.
func (at *stop) way(text []byte, i int) *step {
	if at.long != nil && at.long.fits(text, i) {
		return at.long
	}
	s := at.first
	for s != nil && !s.fits(text, i) {
		s = s.other
	}
	return s
}

// follow picks from a document that goes along the track and returns nil. If it does not, it
// returns the stop from where it goes another way, and what was found is not to be used.
func (p *picker) follow() *stop {
	text := p.text
	for at, i := &p.track.start, 0; at != nil; {
		s := at.way(text, i)
		if s == nil {
			return at
		}
		if s.resets {
			p.found.Reset(p.finder)
		}
		for k := range s.takes {
			t := &s.takes[k]
			p.found.Add(t.node, event.Scalar{Type: t.kind, Text: text[i+t.start : i+t.end]})
		}
		i += len(s.text)
		end, ok := p.over(s, i)
		if !ok {
			return at
		}
		if p.track.watching {
			s.seen.add(text[i:end])
		}
		at, i = s.next, end
	}
	p.track.went()
	return nil
}

// over returns where the value at i ends that a step leads to, and takes it if it is wanted.
func (p *picker) over(s *step, i int) (end int, ok bool) {
	switch s.kind {
	case quoted:
		end = p.quote(i)
		if s.node == nil {
			return end, true
		}
		return end, p.takeQuoted(s.node, i, end)
	case plain:
		end, ok = p.skip(i)
		return end, ok && (s.node == nil || p.take(s.node, i, end))
	case container:
		return p.skip(i - 1)
	}
	return i, true
}

// takeQuoted takes the value of a node that is a string, between its quotes.
func (p *picker) takeQuoted(n *event.Node, start, end int) bool {
	if p.slashes || end == len(p.text) {
		return end < len(p.text) && p.take(n, start-1, end+1)
	}
	p.found.Add(n, event.Scalar{Type: fastjson.TypeString, Text: p.text[start:end]})
	return true
}

// begin prepares for a document that went another way from a stop, and reports whether its
// leaves are wanted.
func (t *track) begin(at *stop) bool {
	t.leaves = t.leaves[:0]
	return at.steps < maxStopSteps && t.steps < maxSteps
}

// note notes a value that was taken at a node, or stepped over, for learn.
func (p *picker) note(start, end int, m *member, n *event.Node) {
	p.track.leaves = append(p.track.leaves, leaf{start, end, m, n, p.state})
}

// learn adds the document whose leaves were noted to the track.
func (p *picker) learn() {
	t := &p.track
	t.leaves = append(t.leaves, leaf{start: len(p.text), end: len(p.text), state: p.state})
	t.open = t.open[:0]
	at, from, before := &t.start, 0, leaf{}
	for i := range t.leaves {
		l := &t.leaves[i]
		t.openUpTo(p.text, p.marks, before.end, l.start)
		kind, end := p.kindOf(l.start), l.start
		if kind == quoted || kind == container {
			end++
		}
		s := at.leads(p.text[from:end], kind)
		if s == nil {
			if at.steps >= maxStopSteps || t.steps >= maxSteps || end-from > maxStepText {
				return
			}
			s = &step{literal: newLiteral(string(p.text[from:end])), kind: kind, node: l.node, resets: l.state.wrapped && !before.state.wrapped}
			if kind != finish {
				s.next = t.stop(position{string(t.open), l.member, l.state})
			}
			s.other, at.first = at.first, s
			at.steps++
			t.steps++
		}
		at, from, before = s.next, l.end, *l
		if kind == quoted {
			from--
		}
	}
}

// kindOf returns what begins at i.
func (p *picker) kindOf(i int) kind {
	if i == len(p.text) {
		return finish
	}
	switch p.text[i] {
	case '"':
		return quoted
	case '{', '[':
		return container
	}
	return plain
}

// openUpTo brings the open brackets from one place of a text to another. Both are outside of
// strings.
func (t *track) openUpTo(text []byte, marks []prefilter.Mark, from, to int) {
	inside := false
	for i := from; i < to; i++ {
		m, bit := &marks[i/64], uint64(1)<<(i%64)
		switch {
		case m.Quotes&bit != 0:
			inside = !inside
		case inside:
		case m.Opens&bit != 0:
			t.open = append(t.open, text[i])
		case m.Closes&bit != 0:
			t.open = t.open[:len(t.open)-1]
		}
	}
}

// leads returns the step with a text to a value of a kind, nil if there is none.
func (at *stop) leads(text []byte, k kind) *step {
	for s := at.first; s != nil; s = s.other {
		if s.kind == k && s.text == string(text) {
			return s
		}
	}
	return nil
}

// stop returns the stop at a position.
func (t *track) stop(at position) *stop {
	s := t.stops[at]
	if s == nil {
		if t.stops == nil {
			t.stops = make(map[position]*stop)
		}
		s = &stop{}
		t.stops[at] = s
	}
	return s
}
