package eval

import (
	"encoding/binary"
	"slices"
)

// Coverage counts, for the programs of a set, the events that are in their category and
// the fields that those events have. Programs of the same categories are counted
// together, so that the cost of an event does not grow with their number. A Coverage
// belongs to one worker; Merge adds them up.
type Coverage struct {
	classes []class
	of      map[*Program]int
}

// class is the programs whose terms have the same categories.
type class struct {
	categories []*leaf // any of these; nil takes all events
	events     int64
	slots      []int
	counts     []int64 // for each of slots, the events of the class that have the field
}

// NewCoverage returns an empty count for the programs compiled so far.
func (t *Set) NewCoverage() *Coverage {
	c := &Coverage{of: make(map[*Program]int)}
	known := make(map[string]int)
	for _, p := range t.programs {
		categories := p.categories()
		var key []byte
		for _, l := range categories {
			key = binary.AppendUvarint(key, uint64(l.number))
		}
		i, ok := known[string(key)]
		if !ok {
			i = len(c.classes)
			known[string(key)] = i
			c.classes = append(c.classes, class{categories: categories})
		}
		c.of[p] = i
		c.classes[i].slots = append(c.classes[i].slots, p.slots...)
	}
	for i := range c.classes {
		k := &c.classes[i]
		slices.Sort(k.slots)
		k.slots = slices.Compact(k.slots)
		k.counts = make([]int64, len(k.slots))
	}
	return c
}

// Empty returns an empty count for the same programs.
func (c *Coverage) Empty() *Coverage {
	out := &Coverage{classes: slices.Clone(c.classes), of: c.of}
	for i := range out.classes {
		k := &out.classes[i]
		k.events, k.counts = 0, make([]int64, len(k.slots))
	}
	return out
}

// categories returns the categories of the program's terms, nil if one takes all.
func (p *Program) categories() []*leaf {
	var out []*leaf
	for i := range p.terms {
		if p.terms[i].category == nil {
			return nil
		}
		out = append(out, p.terms[i].category)
	}
	slices.SortFunc(out, func(a, b *leaf) int { return a.number - b.number })
	return slices.Compact(out)
}

// Add counts the loaded event.
func (c *Coverage) Add(s *Scratch) {
	for i := range c.classes {
		k := &c.classes[i]
		in := k.categories == nil
		for _, l := range k.categories {
			in = in || l.holds(s)
		}
		if !in {
			continue
		}
		k.events++
		for j, slot := range k.slots {
			if len(s.found.Values(slot)) > 0 {
				k.counts[j]++
			}
		}
	}
}

// Merge adds the counts of another Coverage of the same set.
func (c *Coverage) Merge(other *Coverage) {
	for i := range c.classes {
		k, o := &c.classes[i], &other.classes[i]
		k.events += o.events
		for j := range k.counts {
			k.counts[j] += o.counts[j]
		}
	}
}

// Of returns the number of events in the program's category (in that of any term), and
// how many of them have each of its Fields.
func (c *Coverage) Of(p *Program) (inCategory int64, withField []int64) {
	k := &c.classes[c.of[p]]
	for _, slot := range p.slots {
		j, _ := slices.BinarySearch(k.slots, slot)
		withField = append(withField, k.counts[j])
	}
	return k.events, withField
}
