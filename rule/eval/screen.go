package eval

import (
	"slices"

	"kscan/rule/eql"
)

// Screen tells of events of which some fields are not known that no program matches them,
// whatever those fields are.
type Screen struct {
	terms [][]func(*Scratch) bool // for each term of the programs, what it needs of the known fields
}

// side is an operand of the "and" at the top of a filter.
type side struct {
	test  func(*Scratch) bool
	slots []int // of the fields that it reads
	// computed is as in cond: it is left to the filter as a whole.
	computed bool
}

func (c *compiler) side(e eql.Expr, x cond) side {
	_, slots := c.slotsOf(e)
	return side{x.test, slots, x.computed}
}

// Screen returns a screen for the programs compiled so far and events of which the values of
// some fields of documents are not known; nil if some program needs nothing of the others.
func (t *Set) Screen(unknown []string) *Screen {
	var slots []int
	for _, name := range unknown {
		if slot, ok := t.finder.Slot(name); ok {
			slots = append(slots, slot)
		}
	}
	var out Screen
	for _, p := range t.programs {
		for i := range p.terms {
			tests := p.terms[i].without(slots)
			if len(tests) == 0 {
				return nil
			}
			out.terms = append(out.terms, tests)
		}
	}
	return &out
}

// without returns the tests that the filter needs to hold and that read none of some slots.
func (f *filter) without(slots []int) (tests []func(*Scratch) bool) {
	for _, s := range f.sides {
		if !s.computed && !slices.ContainsFunc(s.slots, func(slot int) bool { return slices.Contains(slots, slot) }) {
			tests = append(tests, s.test)
		}
	}
	return tests
}

// Rejects reports whether no program matches the loaded event, whatever the fields are that
// are not known.
func (x *Screen) Rejects(s *Scratch) bool {
	for _, tests := range x.terms {
		if !slices.ContainsFunc(tests, func(test func(*Scratch) bool) bool { return !test(s) }) {
			return false
		}
	}
	return true
}
