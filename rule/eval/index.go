package eval

import (
	"cmp"
	"slices"
)

// Index finds the programs of a set that match an event without asking each. It is a
// tree: below a node are the terms that need the node's leaf to hold, so that one
// answer, such as that the event is of another category or system, settles them all.
type Index struct {
	root indexNode
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
			terms = append(terms, indexTerm{Hit{p, i}, test, f.leaves})
		}
	}
	return &Index{newNode(nil, terms)}
}

// newNode puts the terms that need the most wanted leaf into a child, and so on until
// no leaf is wanted by more than a few.
func newNode(of *leaf, terms []indexTerm) indexNode {
	n := indexNode{leaf: of}
	for {
		best := mostWanted(terms)
		if best == nil {
			n.terms = terms
			return n
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
	n := len(dst)
	dst = x.root.hits(s, dst)
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
		if n.terms[i].test(s) {
			dst = append(dst, n.terms[i].hit)
		}
	}
	return dst
}
