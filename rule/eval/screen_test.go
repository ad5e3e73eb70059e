package eval

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"kscan/readers/event"
)

// masked returns an event with what another has of all fields but some.
func masked(t *Set, e *event.Event, unknown []string) *event.Event {
	var all event.Found
	t.finder.Find(e, &all)
	out := new(event.Found)
	out.Reset(t.finder)
	for _, name := range t.finder.Names() {
		if slot, _ := t.finder.Slot(name); !slices.Contains(unknown, name) {
			for _, v := range all.Values(slot) {
				out.Put(slot, v)
			}
		}
	}
	return &event.Event{Found: out}
}

// TestScreenRejectsNoMatch holds that no program matches an event that a screen rejects by
// some of its fields, and that it rejects one that needs no other.
func TestScreenRejectsNoMatch(t *testing.T) {
	rejected, matched := 0, 0
	for seed := range uint64(600) {
		m := &maker{rand.New(rand.NewPCG(seed, 6))}
		set, programs := pack(t, m, 1+m.r.IntN(3))
		names := set.Finder().Names()
		unknown := slices.DeleteFunc(slices.Clone(names), func(string) bool { return m.r.IntN(3) > 0 })
		screen, s := set.Screen(unknown), NewScratch()
		if screen == nil {
			continue
		}
		for range 20 {
			doc := m.document()
			if c := m.r.IntN(3); c > 0 {
				doc = fmt.Sprintf(`{"event.category":["%s"],%s`, []string{"", "process", "file"}[c], doc[1:])
			}
			e := document(t, doc)
			s.Load(set, e)
			matches := slices.ContainsFunc(programs, func(p *Program) bool { return p.Matches(s) })
			s.Load(set, masked(set, e, unknown))
			rejects := screen.Rejects(s)
			if rejects && matches {
				t.Fatalf("seed %d: %s is rejected without %v", seed, doc, unknown)
			}
			if rejects {
				rejected++
			}
			if matches {
				matched++
			}
		}
	}
	if rejected < 1000 || matched < 300 {
		t.Errorf("%d events were rejected, %d match", rejected, matched)
	}
}
