package eval

import (
	"cmp"
	"slices"
)

// Index finds the programs of a set that match an event without asking each. It is a
// tree: below a node are the terms that need the node's leaf to hold, so that one
// answer, such as that the event is of another category or system, settles them all.
// Terms that need a field to have one of some texts are not in the tree but found by
// the event's texts, whatever their number.
type Index struct {
	root   indexNode // of the terms without a gate
	tables []gateTable
	terms  int
}

// Hit is a program and the term that the event matches; 0 for an event query.
type Hit struct {
	Program *Program
	Term    int
}

type indexNode struct {
	leaf     *leaf // nil at the root
	children []indexNode
	terms    []indexTerm // not below any child
}

type indexTerm struct {
	hit    Hit
	test   func(*Scratch) bool
	leaves []*leaf
	gate   gate
	number int // in the order of the index
}

// fewTerms is how many terms are asked one by one rather than put below a leaf.
const fewTerms = 2

// Index returns the index of the programs compiled so far.
func (t *Set) Index() *Index {
	var terms []indexTerm
	for _, p := range t.programs {
		for i := range p.terms {
			f := &p.terms[i].filter
			test := func(s *Scratch) bool { return f.inCategory(s) && f.holds(s) }
			terms = append(terms, indexTerm{Hit{p, i}, test, f.leaves, f.gate, len(terms)})
		}
	}
	x := &Index{terms: len(terms)}
	var plain []indexTerm
	x.tables, plain = newGateTables(t, terms)
	x.root = newNode(nil, plain)
	return x
}

// newNode puts the terms that need the most wanted leaf into a child, and so on until
// no leaf is wanted by more than a few.
func newNode(of *leaf, terms []indexTerm) indexNode {
	n := indexNode{leaf: of}
	for len(terms) > fewTerms {
		best := mostWanted(terms)
		if best == nil {
			break
		}
		var below, others []indexTerm
		for _, t := range terms {
			if !slices.Contains(t.leaves, best) {
				others = append(others, t)
				continue
			}
			t.leaves = slices.DeleteFunc(slices.Clone(t.leaves), func(l *leaf) bool { return l == best })
			below = append(below, t)
		}
		n.children = append(n.children, newNode(best, below))
		terms = others
	}
	n.terms = terms
	return n
}

// mostWanted returns the leaf that most terms need, of equals the cheapest and then the
// first; nil if only a few terms need it.
func mostWanted(terms []indexTerm) *leaf {
	wanted := make(map[*leaf]int)
	for _, t := range terms {
		for _, l := range t.leaves {
			wanted[l]++
		}
	}
	var best *leaf
	for l, n := range wanted {
		if n <= fewTerms {
			continue
		}
		if best == nil || cmp.Or(cmp.Compare(wanted[best], n), cmp.Compare(l.cost, best.cost), cmp.Compare(l.number, best.number)) < 0 {
			best = l
		}
	}
	return best
}

// Hits appends what the loaded event matches to dst, in the order of the programs in
// their set, and returns it.
func (x *Index) Hits(s *Scratch, dst []Hit) []Hit {
	for len(s.asked) < x.terms {
		s.asked = append(s.asked, 0)
	}
	s.asking++
	n := len(dst)
	dst = x.root.hits(s, dst)
	for i := range x.tables {
		dst = x.tables[i].hits(s, dst)
	}
	slices.SortFunc(dst[n:], func(a, b Hit) int {
		return cmp.Or(cmp.Compare(a.Program.number, b.Program.number), cmp.Compare(a.Term, b.Term))
	})
	return dst
}

func (n *indexNode) hits(s *Scratch, dst []Hit) []Hit {
	for i := range n.children {
		if n.children[i].leaf.holds(s) {
			dst = n.children[i].hits(s, dst)
		}
	}
	for i := range n.terms {
		t := &n.terms[i]
		if s.asked[t.number] != s.asking {
			s.asked[t.number] = s.asking
			if t.test(s) {
				dst = append(dst, t.hit)
			}
		}
	}
	return dst
}
