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
	set   *Set
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
func (t *Set) Kinds() *Kinds { return t.kinds(nil) }

// kinds is Kinds, where some fields are not to be compared if that can be helped.
func (t *Set) kinds(varying map[int]bool) *Kinds {
	k, compared := &Kinds{set: t}, t.compared(varying)
	for key, l := range t.leaves {
		if l.computed {
			return nil
		}
		if slices.ContainsFunc(key.numbers(), func(column int) bool { return !compared[t.columns[column].slot] }) {
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

// compared says of the slots of the fields that matter whether their values are compared: those
// that tests read. Of a join key it matters whether there is one.
func (t *Set) compared(varying map[int]bool) map[int]bool {
	slots := map[int]bool{}
	for _, p := range t.programs {
		for _, slot := range p.slots {
			slots[slot] = false
		}
	}
	for key := range t.leaves {
		for _, column := range key.numbers() {
			c := &t.columns[column]
			slots[c.slot] = slots[c.slot] || isCompared(c.typ) && !varying[c.slot]
		}
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

// numbers returns the numbers of the columns that a leaf reads.
func (k leafKey) numbers() (columns []int) {
	for text := []byte(k.columns); len(text) > 0; {
		column, n := binary.Uvarint(text)
		columns, text = append(columns, int(column)), text[n:]
	}
	return columns
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
