package event

import (
	"time"

	"github.com/valyala/fastjson"
)

// Found holds the values that one event has of the names of a Finder. It is reused from
// event to event and belongs to one goroutine.
type Found struct {
	finder  *Finder
	values  [][]Scalar // by the number of the name
	touched []int      // the numbers of names that have values
	// filled says which names had values when the walk of Event.Fields began: only the
	// others are looked up there.
	filled []bool
	buf    []byte    // texts of numbers
	at     time.Time // what @timestamp says, if dated is set
	dated  bool
	slots  map[finders][]int
	fixed  int // how many of touched have values that stay
}

// finders are two of which one's numbers are looked up by the other's.
type finders struct{ from, to *Finder }

// maxKept is how many bytes or values a buffer keeps from event to event: one huge
// record must not cost its memory for the rest of the run.
const maxKept = 1 << 16

// Finder returns the Finder whose names these are, nil before the first Reset.
func (r *Found) Finder() *Finder { return r.finder }

// Values returns the values of a name, as Path.Append does, and its nulls if they were
// asked for; valid until the next Reset.
func (r *Found) Values(slot int) []Scalar { return r.values[slot] }

// Reset forgets all values and makes r ready for those of an event, by the names of a
// Finder.
func (r *Found) Reset(f *Finder) {
	r.finder, r.dated, r.fixed = f, false, 0
	for len(r.values) < len(f.slots) {
		r.values = append(r.values, nil)
		r.filled = append(r.filled, false)
	}
	for _, slot := range r.touched {
		r.filled[slot] = false
		if r.values[slot] = r.values[slot][:0]; cap(r.values[slot]) > maxKept {
			r.values[slot] = nil
		}
	}
	r.touched = r.touched[:0]
	if r.buf = r.buf[:0]; cap(r.buf) > maxKept {
		r.buf = nil
	}
}

// Fix makes the values so far stay until the next Reset, with copies of their texts.
func (r *Found) Fix() {
	r.fixed = len(r.touched)
	for _, slot := range r.touched {
		for i := range r.values[slot] {
			r.values[slot][i].Text = r.Keep(r.values[slot][i].Text)
		}
	}
}

// Again forgets the values of those names that had none when Fix was called, for another event
// that has the others as well.
func (r *Found) Again() {
	r.dated = false
	for _, slot := range r.touched[r.fixed:] {
		if r.values[slot] = r.values[slot][:0]; cap(r.values[slot]) > maxKept {
			r.values[slot] = nil
		}
	}
	r.touched = r.touched[:r.fixed]
}

// Add adds a value at a node of the Finder, unless no name ends there or it is a null that
// was not asked for. Its text must stay as it is until the next Reset.
func (r *Found) Add(n *Node, v Scalar) {
	if n.slot < 0 || v.Type == fastjson.TypeNull && !n.nulls {
		return
	}
	r.Put(n.slot, v)
}

// Put adds a value of the name with a number; it is no null.
func (r *Found) Put(slot int, v Scalar) {
	if len(r.values[slot]) == 0 {
		r.touched = append(r.touched, slot)
	}
	r.values[slot] = append(r.values[slot], v)
}

// SetTime says what time the value of @timestamp is, so that it need not be parsed.
func (r *Found) SetTime(t time.Time) { r.at, r.dated = t, true }

// Keep returns a copy of a text that stays until the next Reset.
func (r *Found) Keep(text []byte) []byte {
	n := len(r.buf)
	r.buf = append(r.buf, text...)
	return r.buf[n:len(r.buf):len(r.buf)]
}

// Walk adds the values of a document, or of a part of one that is at a node.
func (r *Found) Walk(n *Node, v *fastjson.Value) { r.walk(n, v, 0) }

// From makes r hold, for the names of a Finder, what another Found has of them. The texts
// are those of the other one.
func (r *Found) From(f *Finder, other *Found) {
	r.Reset(f)
	slots := r.slotsOf(other.finder)
	for _, slot := range other.touched {
		if slots[slot] < 0 {
			continue
		}
		for _, v := range other.values[slot] {
			r.Add(f.nodes[slots[slot]], v)
		}
	}
}

// slotsOf returns the numbers that the names of another Finder have in that of r, -1 for
// those that it does not have.
func (r *Found) slotsOf(other *Finder) []int {
	key := finders{other, r.finder}
	if slots := r.slots[key]; slots != nil {
		return slots
	}
	slots := make([]int, len(other.slots))
	for name, slot := range other.slots {
		to, ok := r.finder.slots[name]
		if !ok {
			to = -1
		}
		slots[slot] = to
	}
	if r.slots == nil {
		r.slots = make(map[finders][]int)
	}
	r.slots[key] = slots
	return slots
}

func (r *Found) walk(n *Node, v *fastjson.Value, level int) {
	if v == nil || level > maxDepth {
		return
	}
	switch v.Type() {
	case fastjson.TypeArray:
		for _, element := range v.GetArray() {
			r.walk(n, element, level+1)
		}
	case fastjson.TypeObject:
		if len(n.children) > 0 {
			r.object(n, v.GetObject(), level)
		}
	default:
		if n.slot >= 0 && !r.filled[n.slot] {
			var s Scalar
			s, r.buf = appendScalar(r.buf, v)
			r.Add(n, s)
		}
	}
}

func (r *Found) object(n *Node, o *fastjson.Object, level int) {
	o.Visit(func(key []byte, v *fastjson.Value) {
		if next := n.Child(key); next != nil {
			r.walk(next, v, level+1)
		}
	})
}
