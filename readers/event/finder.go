package event

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/valyala/fastjson"
)

// Finder looks up many fields in one walk over the document, so that the cost does not
// grow with their number. Its answers are those of a Path for each name.
//
// Names are added before the first Find; after that a Finder is immutable and shared.
type Finder struct {
	root  node
	slots map[string]int
}

// node is one segment of the names: a trie.
type node struct {
	// children by the length of their segment, which most keys of a document miss.
	children [][]child
	slot     int  // the number of the name that ends here, -1 if none does
	nulls    bool // null is a value of it
}

type child struct {
	segment string
	node    *node
}

// NewFinder returns a Finder without names.
func NewFinder() *Finder {
	return &Finder{root: node{slot: -1}, slots: make(map[string]int)}
}

// Add adds a dotted field name and returns its number, counted from 0; a name that was
// added before keeps its number.
func (f *Finder) Add(name string) int {
	if slot, ok := f.slots[name]; ok {
		return slot
	}
	slot := len(f.slots)
	f.slots[name] = slot
	n := &f.root
	for _, segment := range strings.Split(name, ".") {
		n = n.add(segment)
	}
	n.slot = slot
	f.root.link(name, n)
	return slot
}

// AddNulls adds a name for which null is a value like any other.
func (f *Finder) AddNulls(name string) int {
	slot := f.Add(name)
	n := &f.root
	for _, segment := range strings.Split(name, ".") {
		n = n.child([]byte(segment))
	}
	n.nulls = true
	return slot
}

// Names returns the names, sorted.
func (f *Finder) Names() []string { return slices.Sorted(maps.Keys(f.slots)) }

// Len returns the number of names.
func (f *Finder) Len() int { return len(f.slots) }

func (n *node) add(segment string) *node {
	for len(n.children) <= len(segment) {
		n.children = append(n.children, nil)
	}
	for _, c := range n.children[len(segment)] {
		if c.segment == segment {
			return c.node
		}
	}
	next := &node{slot: -1}
	n.children[len(segment)] = append(n.children[len(segment)], child{segment, next})
	return next
}

// link makes a node below n a child of it under its dotted name too, which saves the steps
// to it where keys are whole names.
func (n *node) link(name string, to *node) {
	for len(n.children) <= len(name) {
		n.children = append(n.children, nil)
	}
	if n.child([]byte(name)) == nil {
		n.children[len(name)] = append(n.children[len(name)], child{name, to})
	}
}

func (n *node) child(segment []byte) *node {
	if len(segment) >= len(n.children) {
		return nil
	}
	for _, c := range n.children[len(segment)] {
		if string(segment) == c.segment {
			return c.node
		}
	}
	return nil
}

// Found holds the values that a Finder found in one event, by the number of the field.
// It is reused from event to event and belongs to one goroutine.
type Found struct {
	values [][]*fastjson.Value
	// filled says which fields had values when the walk of Event.Fields began: only
	// the others are looked up there.
	filled []bool
}

// Values returns the values of a field, as Path.Append does, and its nulls if they were
// asked for; valid until the next Find.
func (r *Found) Values(slot int) []*fastjson.Value { return r.values[slot] }

// maxKept is how many bytes or values a buffer keeps from event to event: one huge
// record must not cost its memory for the rest of the run.
const maxKept = 1 << 16

// Find looks all names up in the event.
func (f *Finder) Find(e *Event, r *Found) {
	for len(r.values) < len(f.slots) {
		r.values = append(r.values, nil)
		r.filled = append(r.filled, false)
	}
	for i := range r.values {
		if r.values[i] = r.values[i][:0]; cap(r.values[i]) > maxKept {
			r.values[i] = nil
		}
		r.filled[i] = false
	}
	r.walk(&f.root, e.Doc, 0)
	if e.Fields == nil {
		return
	}
	for i := range r.values {
		r.filled[i] = len(r.values[i]) > 0
	}
	r.walk(&f.root, e.Fields, 0)
}

func (r *Found) walk(n *node, v *fastjson.Value, level int) {
	if v == nil || level > maxDepth {
		return
	}
	switch v.Type() {
	case fastjson.TypeNull:
		if n.nulls {
			r.add(n, v)
		}
	case fastjson.TypeArray:
		for _, element := range v.GetArray() {
			r.walk(n, element, level+1)
		}
	case fastjson.TypeObject:
		if len(n.children) > 0 {
			r.object(n, v.GetObject(), level)
		}
	default:
		r.add(n, v)
	}
}

func (r *Found) add(n *node, v *fastjson.Value) {
	if n.slot >= 0 && !r.filled[n.slot] {
		r.values[n.slot] = append(r.values[n.slot], v)
	}
}

func (r *Found) object(n *node, o *fastjson.Object, level int) {
	o.Visit(func(key []byte, v *fastjson.Value) {
		if next := n.child(key); next != nil {
			r.walk(next, v, level+1)
			return
		}
		next := n
		for rest := key; next != nil; {
			dot := bytes.IndexByte(rest, '.')
			if dot < 0 {
				if next = next.child(rest); next != nil {
					r.walk(next, v, level+1)
				}
				return
			}
			next, rest = next.child(rest[:dot]), rest[dot+1:]
		}
	})
}
