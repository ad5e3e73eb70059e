package ndjson

import (
	"encoding/binary"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
)

// The lines of a log are much alike: between one value that the picker takes or steps over
// and the next mostly stands a text that stood there in some line before. The track has these
// texts, so that keys and brackets need not be read, but are compared, all at once. Where a
// document goes another way, picker.read finds the next value, and the track has one text
// more.

// track is what the picker remembers of the documents that it went through.
type track struct {
	start stop
	stops []*stop // the others
	steps int     // of all stops

	step  step // one that is not remembered
	spare stop

	watching bool // values are compared with those of the document before
	left     int  // documents until that changes
}

// stop is where the picker is behind a value, or at the start of a document. Behind two values
// with the same stop, the same text means the same.
type stop struct {
	open   string  // brackets, from the outer to the inner
	member *member // of the value, or of the array that it is in; nil at the start
	state  state

	long  *step // one that has values in its text, nil if there is none
	first *step
	room  int   // for more steps
	other *stop // of the same member
}

// step leads from a stop to a value, and over it to the next stop.
type step struct {
	literal
	size   int // of the text
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
	quoted    kind = iota // a string; its first quote is of the text before it
	plain                 // a number, true, false or null
	container             // an object or array that is stepped over; its first bracket is of the text before it
	finish                // none: the document ends
)

// Limits on what a track remembers: a log may have any number of shapes. What is not
// remembered is read key by key.
const (
	maxSteps     = 2048 // of a track, each of some 200 bytes
	maxStops     = 2048
	maxStopSteps = 8   // from a stop, which are tried one after another
	maxStepText  = 512 // bytes
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

// follow picks from the document, step by step. It returns false if it has something that is
// left to the parser.
func (p *picker) follow() bool {
	text := p.text
	for at, i := &p.track.start, 0; at != nil; {
		s := at.way(text, i)
		if s == nil {
			if s = p.read(at, i); s == nil {
				return false
			}
		}
		if s.resets {
			p.found.Reset(p.finder)
		}
		for k := range s.takes {
			t := &s.takes[k]
			p.found.Add(t.node, event.Scalar{Type: t.kind, Text: text[i+t.start : i+t.end]})
		}
		i += s.size
		end, ok := p.over(s, i)
		if !ok {
			return false
		}
		if p.track.watching {
			s.seen.add(text[i:end])
		}
		at, i = s.next, end
	}
	p.track.went()
	return true
}

// over returns where the value at i ends that a step leads to, and takes it if it is wanted.
func (p *picker) over(s *step, i int) (end int, ok bool) {
	switch s.kind {
	case quoted:
		if end = p.quote(i); end == len(p.text) {
			return end, false
		}
		return end + 1, s.node == nil || p.takeQuoted(s.node, i, end)
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
	if p.slashes {
		return p.take(n, start-1, end+1)
	}
	p.found.Add(n, event.Scalar{Type: fastjson.TypeString, Text: p.text[start:end]})
	return true
}

// add adds a step with a text to a stop, if there is room and the text may come again, and
// returns it.
func (t *track) add(at *stop, s *step, text []byte, known bool) *step {
	if !known || at.room == 0 || t.steps == maxSteps || len(text) > maxStepText {
		return s
	}
	kept := new(step)
	*kept = *s
	kept.literal, kept.seen, kept.other = newLiteral(string(text)), habit{}, at.first
	at.first = kept
	at.room--
	t.steps++
	return kept
}

// stop returns the stop where a reader is.
func (t *track) stop(r *reader) *stop {
	m := r.member
	if !r.known && m.below == nil {
		m = m.in.other()
	}
	for s := m.stops; s != nil; s = s.other {
		if s.open == string(r.open) && s.state == r.state {
			return s
		}
	}
	if len(t.stops) == maxStops {
		t.spare = stop{open: string(r.open), member: m, state: r.state}
		return &t.spare
	}
	s := &stop{open: string(r.open), member: m, state: r.state, room: maxStopSteps, other: m.stops}
	m.stops = s
	t.stops = append(t.stops, s)
	return s
}
