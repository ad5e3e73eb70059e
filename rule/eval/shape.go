package eval

import (
	"slices"

	"kscan/rule/eql"
)

// Shapes gives events a shape: which of the fields that the programs of a set read an
// event has, and what kind of event it is. Events of one shape can be looked at as one
// when the question is whether a program could have matched. The shapes of a log are
// few, so that the cost of the question does not grow with the number of programs.
//
// A Shapes is immutable and shared; it is made when all programs are compiled.
type Shapes struct {
	leaves  []*leaf
	leafBit map[*leaf]int
	slots   []int
	slotBit map[int]int
}

// Shapes returns the shapes for the programs compiled so far.
func (t *Set) Shapes() *Shapes {
	x := &Shapes{leafBit: make(map[*leaf]int), slotBit: make(map[int]int)}
	for _, p := range t.programs {
		for i := range p.terms {
			x.addLeaf(p.terms[i].category)
			x.add(&p.terms[i].outline)
		}
		for _, slot := range p.slots {
			x.addSlot(slot)
		}
	}
	return x
}

func (x *Shapes) add(o *outline) {
	x.addLeaf(o.leaf)
	for _, slot := range o.slots {
		x.addSlot(slot)
	}
	for i := range o.sides {
		x.add(&o.sides[i])
	}
}

func (x *Shapes) addLeaf(l *leaf) {
	if _, known := x.leafBit[l]; l != nil && !known {
		x.leafBit[l] = len(x.leaves)
		x.leaves = append(x.leaves, l)
	}
}

func (x *Shapes) addSlot(slot int) {
	if _, known := x.slotBit[slot]; !known {
		x.slotBit[slot] = len(x.slots)
		x.slots = append(x.slots, slot)
	}
}

// Append appends the shape of the loaded event to dst.
func (x *Shapes) Append(dst []byte, s *Scratch) []byte {
	var bits byte
	n := 0
	put := func(set bool) {
		if set {
			bits |= 1 << (n % 8)
		}
		if n++; n%8 == 0 {
			dst = append(dst, bits)
			bits = 0
		}
	}
	for _, l := range x.leaves {
		put(l.holds(s))
	}
	for _, slot := range x.slots {
		put(len(s.found.Values(slot)) > 0)
	}
	return append(dst, bits)
}

func bit(shape string, n int) bool { return shape[n/8]&(1<<(n%8)) != 0 }

func (x *Shapes) holds(l *leaf, shape string) bool { return bit(shape, x.leafBit[l]) }

func (x *Shapes) has(slot int, shape string) bool { return bit(shape, len(x.leaves)+x.slotBit[slot]) }

func (x *Shapes) could(o *outline, shape string) bool {
	switch o.op {
	case outlineNever:
		return false
	case outlineAll, outlineAny:
		for i := range o.sides {
			if x.could(&o.sides[i], shape) != (o.op == outlineAll) {
				return o.op == outlineAny
			}
		}
		return o.op == outlineAll
	case outlineKind:
		return x.holds(o.leaf, shape) == o.want
	case outlineHas:
		return !slices.ContainsFunc(o.slots, func(slot int) bool { return !x.has(slot, shape) })
	case outlineSome:
		return slices.ContainsFunc(o.slots, func(slot int) bool { return x.has(slot, shape) })
	case outlineLacks:
		return !slices.ContainsFunc(o.slots, func(slot int) bool { return x.has(slot, shape) })
	}
	return true
}

// Reach says how far events of some shapes got in a program. All are numbers of events.
type Reach struct {
	InCategory int64   // in the category of any term
	WithField  []int64 // of these, those that have each of the program's Fields
	// Could counts the events that could have matched: with the same fields, and of the
	// same kind, some values would have. Of a sequence or sample it is the least of its
	// terms, since each needs an event.
	Could int64
	// Clauses counts, for each of the program's Clauses, the events in the category of
	// which it could have been true.
	Clauses []int64
	Terms   []TermReach
}

// TermReach is Reach for one term of a sequence or sample, or for an event query.
type TermReach struct {
	Category   string // "" takes all
	Missing    bool   // the event must not be there, "![…]" or until
	InCategory int64
	Could      int64
}

// Reach looks at a program with shapes and the number of events of each.
func (x *Shapes) Reach(p *Program, events map[string]int64) Reach {
	r := Reach{WithField: make([]int64, len(p.slots)), Clauses: make([]int64, len(p.clauses))}
	for i := range p.terms {
		t := &p.terms[i]
		r.Terms = append(r.Terms, TermReach{Category: p.categoryOf(i), Missing: t.missing || i == p.until})
	}
	for shape, n := range events {
		x.reach(&r, p, shape, n)
	}
	first := true
	for _, t := range r.Terms {
		if !t.Missing && (first || t.Could < r.Could) {
			r.Could, first = t.Could, false
		}
	}
	return r
}

func (x *Shapes) reach(r *Reach, p *Program, shape string, n int64) {
	in := false
	for i := range p.terms {
		t := &p.terms[i]
		if t.category != nil && !x.holds(t.category, shape) {
			continue
		}
		in = true
		r.Terms[i].InCategory += n
		if x.could(&t.outline, shape) {
			r.Terms[i].Could += n
		}
	}
	if !in {
		return
	}
	r.InCategory += n
	for i, slot := range p.slots {
		if x.has(slot, shape) {
			r.WithField[i] += n
		}
	}
	for i := range p.clauses {
		if x.could(&p.clauses[i].outline, shape) {
			r.Clauses[i] += n
		}
	}
}

// Fields returns the fields that the clause reads, in the order of the source.
func (c *Clause) Fields() []string { return c.fields }

// IsKind reports whether the clause asks for a kind of event and nothing else.
func (c *Clause) IsKind() bool {
	return !slices.ContainsFunc(c.fields, func(f string) bool { return !isKind(f) })
}

// Missing reports whether the loaded event has none of the fields that the clause reads.
func (c *Clause) Missing(s *Scratch) bool {
	return !slices.ContainsFunc(c.slots, func(slot int) bool { return len(s.found.Values(slot)) > 0 })
}

// CategoryName returns the category that all events of the program's matches have, ""
// if it takes any or its terms differ.
func (p *Program) CategoryName() string {
	name := p.categoryOf(0)
	for i := range p.terms {
		if p.categoryOf(i) != name {
			return ""
		}
	}
	return name
}

// categoryOf returns the category of a term, "" if it takes any.
func (p *Program) categoryOf(i int) string {
	f := p.filters()[i]
	if f.Any {
		return ""
	}
	return f.Category
}

// filters are those of the program's terms, in their order.
func (p *Program) filters() (filters []*eql.Filter) {
	switch q := p.query.(type) {
	case *eql.EventQuery:
		filters = append(filters, &q.Filter)
	case *eql.Sequence:
		for j := range q.Terms {
			filters = append(filters, &q.Terms[j].Filter)
		}
		if q.Until != nil {
			filters = append(filters, &q.Until.Filter)
		}
	case *eql.Sample:
		for j := range q.Terms {
			filters = append(filters, &q.Terms[j].Filter)
		}
	}
	return filters
}
