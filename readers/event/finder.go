package event

import (
	"bytes"
	"maps"
	"slices"
	"strings"
)

// Finder looks up many fields in one walk over the document, so that the cost does not
// grow with their number. Its answers are those of a Path for each name. A decoder may
// do the walk itself, over the bytes of the log, from Root.
//
// Names are added before the first Find; after that a Finder is immutable and shared.
type Finder struct {
	root  Node
	slots map[string]int
	nodes []*Node // by the number of the name that ends there
}

// Node is a place in the names of a Finder, cut at their dots: a trie.
type Node struct {
	// children by the length of their segment, which most keys of a document miss.
	children [][]child
	initials [4]uint64 // the first bytes of the children's segments, which most keys miss
	slot     int       // the number of the name that ends here, -1 if none does
	nulls    bool      // null is a value of it
}

type child struct {
	segment string
	node    *Node
}

// timeFields are the fields that Event.Time reads; they have the first numbers of every
// Finder.
var timeFields = [...]string{slotTimestamp: "@timestamp", slotRequestTime: "requestReceivedTimestamp", slotVersion: "apiVersion"}

const (
	slotTimestamp = iota
	slotRequestTime
	slotVersion
)

// NewFinder returns a Finder of no names but those that Event.Time reads.
func NewFinder() *Finder {
	f := &Finder{root: Node{slot: -1}, slots: make(map[string]int)}
	for _, name := range timeFields {
		f.Add(name)
	}
	return f
}

// Union returns a Finder of all names of some; nil for none, and if one is nil: who has no
// Finder may ask for any name.
func Union(finders ...*Finder) *Finder {
	if len(finders) == 0 || slices.Contains(finders, nil) {
		return nil
	}
	if len(finders) == 1 {
		return finders[0]
	}
	all := NewFinder()
	for _, f := range finders {
		for _, name := range f.Names() {
			slot := all.Add(name)
			all.nodes[slot].nulls = all.nodes[slot].nulls || f.nodes[f.slots[name]].nulls
		}
	}
	return all
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
	f.nodes = append(f.nodes, n)
	f.root.link(name, n)
	return slot
}

// AddNulls adds a name for which null is a value like any other.
func (f *Finder) AddNulls(name string) int {
	slot := f.Add(name)
	f.nodes[slot].nulls = true
	return slot
}

// Slot returns the number of a name, and whether it was added.
func (f *Finder) Slot(name string) (int, bool) {
	slot, ok := f.slots[name]
	return slot, ok
}

// Names returns the names, sorted.
func (f *Finder) Names() []string { return slices.Sorted(maps.Keys(f.slots)) }

// Len returns the number of names.
func (f *Finder) Len() int { return len(f.slots) }

// Root returns the node of a document's top.
func (f *Finder) Root() *Node { return &f.root }

// Child returns the node below n for a key, which may be dotted; nil if no name goes on
// with it.
func (n *Node) Child(key []byte) *Node {
	for {
		if len(key) > 0 && n.initials[key[0]/64]>>(key[0]%64)&1 == 0 {
			return nil
		}
		if next := n.child(key); next != nil {
			return next
		}
		dot := bytes.IndexByte(key, '.')
		if dot < 0 {
			return nil
		}
		if n = n.child(key[:dot]); n == nil {
			return nil
		}
		key = key[dot+1:]
	}
}

// IsName reports whether a name ends at the node: then a value there is one of the field.
func (n *Node) IsName() bool { return n.slot >= 0 }

// HasBelow reports whether names go on below the node: then objects there are of interest.
func (n *Node) HasBelow() bool { return len(n.children) > 0 }

func (n *Node) add(segment string) *Node {
	for len(n.children) <= len(segment) {
		n.children = append(n.children, nil)
	}
	for _, c := range n.children[len(segment)] {
		if c.segment == segment {
			return c.node
		}
	}
	initial := byte('.') // as a key with an empty segment begins, if it is not empty
	if segment != "" {
		initial = segment[0]
	}
	n.initials[initial/64] |= 1 << (initial % 64)
	next := &Node{slot: -1}
	n.children[len(segment)] = append(n.children[len(segment)], child{segment, next})
	return next
}

// link makes a node below n a child of it under its dotted name too, which saves the steps
// to it where keys are whole names.
func (n *Node) link(name string, to *Node) {
	for len(n.children) <= len(name) {
		n.children = append(n.children, nil)
	}
	if n.child([]byte(name)) == nil {
		n.children[len(name)] = append(n.children[len(name)], child{name, to})
	}
}

func (n *Node) child(segment []byte) *Node {
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

// Find looks all names up in the event.
func (f *Finder) Find(e *Event, r *Found) {
	r.Reset(f)
	r.walk(&f.root, e.Doc, 0)
	if e.Fields == nil {
		return
	}
	for _, slot := range r.touched {
		r.filled[slot] = true
	}
	r.walk(&f.root, e.Fields, 0)
}
