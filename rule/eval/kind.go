package eval

import (
	"encoding/binary"
	"maps"
	"slices"

	"kscan/readers/event"
)

// Kinds says what decides what a set's programs make of an event: the texts of some fields,
// and what the tests of the others come to. Events of one kind match alike, fail the same
// clauses and have the same shape.
//
// A Kinds is immutable and shared; it is made when all programs are compiled.
type Kinds struct {
	texts []int   // the slots of the fields whose values are compared as they are
	tests []*leaf // those that read another field
	has   []int   // the slots of the other fields
}

// maxKindBits is how many tests and fields a kind may hang on that are not compared: those
// are asked of each event.
const maxKindBits = 64

// kindTexts are the watched fields that tell kinds apart whether or not a program reads
// them: what stream an event is of, and which program it is about.
var kindTexts = [...]int{WatchHost, WatchDataset, WatchStream, WatchModule, WatchAgent, WatchName, WatchExecutable, WatchMessage, WatchCategory}

// Kinds returns the kinds of events for the programs compiled so far; nil if too much decides,
// or if the programs count what they did not look at, which hangs on each event.
func (t *Set) Kinds() *Kinds {
	k, compared := &Kinds{}, t.compared()
	for key, l := range t.leaves {
		if l.computed {
			return nil
		}
		if slices.ContainsFunc(key.slots(t), func(slot int) bool { return !compared[slot] }) {
			k.tests = append(k.tests, l)
		}
	}
	slices.SortFunc(k.tests, func(a, b *leaf) int { return a.number - b.number })
	for _, slot := range slices.Sorted(maps.Keys(compared)) {
		if compared[slot] {
			k.texts = append(k.texts, slot)
		} else {
			k.has = append(k.has, slot)
		}
	}
	if len(k.tests)+len(k.has) > maxKindBits {
		return nil
	}
	return k
}

// compared says of the slots of the fields that matter whether their values are compared.
func (t *Set) compared() map[int]bool {
	slots := map[int]bool{}
	for _, p := range t.programs {
		for _, slot := range p.slots {
			slots[slot] = false
		}
	}
	for _, c := range t.columns {
		slots[c.slot] = slots[c.slot] || isCompared(c.typ)
	}
	for _, field := range kindTexts {
		slots[t.watched[field]] = true
	}
	return slots
}

// isCompared reports whether the values of a type repeat, so that events are told apart by
// them as they are.
func isCompared(t event.Type) bool {
	switch t {
	case event.Keyword, event.Flattened, event.Version, event.Unknown, event.Boolean:
		return true
	}
	return false
}

// slots returns the slots of the fields that a leaf reads.
func (k leafKey) slots(t *Set) (slots []int) {
	for text := []byte(k.columns); len(text) > 0; {
		column, n := binary.Uvarint(text)
		slots, text = append(slots, t.columns[column].slot), text[n:]
	}
	return slots
}

// Bits returns what the tests of the other fields came to of the loaded event.
func (k *Kinds) Bits(s *Scratch) (bits uint64) {
	for i, l := range k.tests {
		if l.holds(s) {
			bits |= 1 << i
		}
	}
	for i, slot := range k.has {
		if len(s.found.Values(slot)) > 0 {
			bits |= 1 << (len(k.tests) + i)
		}
	}
	return bits
}
