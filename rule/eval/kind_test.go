package eval

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// kindKey is what tells the loaded event's kind.
func kindKey(k *Kinds, s *Scratch) string {
	key := fmt.Sprint(k.Bits(s))
	for _, slot := range k.Texts() {
		for _, v := range s.Found().Values(slot) {
			key += fmt.Sprintf(" %d %d %q", slot, v.Type, v.Text)
		}
	}
	return key
}

// comesTo is all that an account says of the loaded event but what is its own.
func comesTo(x *Index, shapes *Shapes, programs []*Program, s *Scratch) string {
	out := fmt.Sprintf("%x", shapes.Append(nil, s))
	for _, h := range x.Hits(s, nil) {
		out += fmt.Sprintf(" hit %d.%d", h.Program.number, h.Term)
	}
	for _, p := range programs {
		clause, near := p.Near(s, p.NeedClause())
		out += fmt.Sprint(" ", p.Category(s), clause, near)
		for i := range p.Clauses() {
			c := &p.Clauses()[i]
			out += fmt.Sprint(" ", c.Missing(s), c.Holds(s), p.HoldsWith(s, i, "process.name", "a"))
		}
	}
	return out
}

// fields returns the fields of some document.
func fields(m *maker) map[string]any {
	doc := map[string]any{}
	if err := json.Unmarshal([]byte(m.document()), &doc); err != nil {
		panic(err)
	}
	if m.r.IntN(2) == 0 {
		doc["event.category"] = "process"
	}
	return doc
}

// likeOthers returns a document that differs from base in few fields.
func likeOthers(m *maker, base map[string]any) string {
	doc, other := maps.Clone(base), fields(m)
	names := slices.Sorted(maps.Keys(doc))
	for range m.r.IntN(4) {
		name := m.pick(names...)
		doc[name] = other[name]
	}
	text, err := json.Marshal(doc)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// TestEventsOfAKindAreAlike holds that events of one kind match the same, fail the same
// clauses and have the same shape.
func TestEventsOfAKindAreAlike(t *testing.T) {
	again, kinds := 0, 0
	for seed := range uint64(400) {
		m := &maker{rand.New(rand.NewPCG(seed, 16))}
		set, programs := pack(t, m, 1+m.r.IntN(4))
		of := set.Kinds()
		if of == nil {
			continue
		}
		kinds++
		x, shapes, s := set.Index(), set.Shapes(), NewScratch()
		known, base := map[string]string{}, fields(m)
		for range 60 {
			doc := likeOthers(m, base)
			s.Load(set, document(t, doc))
			key := kindKey(of, s)
			now := comesTo(x, shapes, programs, s)
			if was, ok := known[key]; ok && was != now {
				t.Fatalf("seed %d: %s\nof kind %s\ncomes to %s\nothers   %s", seed, doc, key, now, was)
			} else if ok {
				again++
			}
			known[key] = now
		}
	}
	if again < 100 || kinds < 50 {
		t.Errorf("%d events of %d sets were of a kind that came before", again, kinds)
	}
}
