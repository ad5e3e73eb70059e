package ndjson

import (
	"bytes"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
)

// Many values of a log are mostly the same: those of its agent, its system, its kind of
// events. From time to time a track is watched for a while, and where values hardly change,
// the steps over them become one, whose text has the values in it.

// Policies of watching. What does not fit a long step goes along the short ones.
const (
	watchFor   = 128     // documents
	watchEvery = 1 << 15 // documents
	// often is the share of the watched documents that a long step must have fitted.
	often = 0.9
)

// take is a value in the text of a step that is taken.
type take struct {
	start, end int // in the text
	node       *event.Node
	kind       fastjson.Type
}

// habit is what the values of a step were while it was watched.
type habit struct {
	last []byte
	all  int // values
	same int // those that were the same as the one before
}

func (h *habit) add(value []byte) {
	if h.all++; bytes.Equal(value, h.last) {
		h.same++
		return
	}
	if h.last = h.last[:0]; len(value) <= maxStepText {
		h.last = append(h.last, value...)
	}
}

// went counts a document that went along the track.
func (t *track) went() {
	if t.left--; t.left > 0 {
		return
	}
	t.watching, t.left = !t.watching, watchFor
	for at := range t.all {
		if t.watching {
			at.long = nil
			at.forget()
			continue
		}
		at.long = at.join()
		t.left = watchEvery
	}
}

// all gives all stops.
func (t *track) all(yield func(*stop) bool) {
	if !yield(&t.start) {
		return
	}
	for _, at := range t.stops {
		if !yield(at) {
			return
		}
	}
}

// forget forgets what was watched.
func (at *stop) forget() {
	for s := at.first; s != nil; s = s.other {
		s.seen.all, s.seen.same = 0, 0
	}
}

// join returns a step from a stop over values that hardly change, nil if there is none.
func (at *stop) join() *step {
	var long step
	var text []byte
	for n, share := 0, 1.0; ; n++ {
		s, of := at.main()
		if s == nil {
			return nil
		}
		if s.resets {
			long.resets, long.takes = true, nil
		}
		text = append(text, s.text...)
		share *= of * float64(s.seen.same) / float64(s.seen.all)
		if s.kind == finish || share < often || len(text)+len(s.seen.last) > maxStepText || !s.spans(&long, len(text)) {
			if n == 0 {
				return nil
			}
			long.literal, long.size = newLiteral(string(text)), len(text)
			long.kind, long.node, long.next = s.kind, s.node, s.next
			return &long
		}
		text = append(text, s.seen.last...)
		at = s.next
	}
}

// main returns the step that was mostly gone from a stop, and how often; nil if none was.
func (at *stop) main() (*step, float64) {
	var main *step
	all := 0
	for s := at.first; s != nil; s = s.other {
		if all += s.seen.all; s.seen.all > 0 && (main == nil || s.seen.all > main.seen.all) {
			main = s
		}
	}
	if main == nil {
		return nil, 0
	}
	return main, float64(main.seen.all) / float64(all)
}

// spans makes the last value of a step one of a long step, in whose text it begins at a
// place. It reports false if to compare the value is not enough to know what it is.
func (s *step) spans(long *step, at int) bool {
	value, end, kind := s.seen.last, at+len(s.seen.last), fastjson.TypeString
	switch {
	case len(value) == 0 || bytes.IndexByte(value, '\\') >= 0:
		return false
	case s.kind == quoted:
		end-- // the quote
	case s.kind == container:
		return isWellFormed(append([]byte{s.text[len(s.text)-1]}, value...))
	case s.kind == plain:
		if !isWellFormed(value) {
			return false
		}
		kind = wordType(value)
	}
	if s.node != nil {
		long.takes = append(long.takes, take{at, end, s.node, kind})
	}
	return true
}

// wordType returns the type of a value that is not in quotes.
func wordType(value []byte) fastjson.Type {
	switch value[0] {
	case 't':
		return fastjson.TypeTrue
	case 'f':
		return fastjson.TypeFalse
	case 'n':
		return fastjson.TypeNull
	}
	return fastjson.TypeNumber
}
