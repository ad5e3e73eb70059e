package eval

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/rule/eql"
)

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
		varying := map[int]bool{}
		for slot := range set.finder.Len() {
			varying[slot] = seed%2 == 0 && m.r.IntN(2) == 0
		}
		of := set.kinds(varying)
		if of == nil {
			continue
		}
		kinds++
		x, shapes, s := set.Index(), set.Shapes(), NewScratch()
		table, base := NewKindTable[string](of), fields(m)
		for range 60 {
			doc := likeOthers(m, base)
			s.Load(set, document(t, doc))
			was, ok := table.Of(s)
			now := comesTo(x, shapes, programs, s)
			switch {
			case !ok:
				t.Fatalf("seed %d: the kinds were given up", seed)
			case was == nil:
				table.Put(now)
			case *was != now:
				t.Fatalf("seed %d: %s\ncomes to %s\nothers   %s", seed, doc, now, *was)
			default:
				again++
			}
		}
	}
	if again < 100 || kinds < 50 {
		t.Errorf("%d events of %d sets were of a kind that came before", again, kinds)
	}
}

// TestKindTable holds that a table with more kinds than places tells of each what was put in for
// it, and that it is given up where no event is like another.
func TestKindTable(t *testing.T) {
	set := NewSet()
	q, err := eql.Parse(`process where process.name == "x" and process.pid > 5`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := set.Compile(q, Options{}); err != nil {
		t.Fatal(err)
	}
	table, s, found := NewKindTable[string](set.Kinds()), NewScratch(), 0
	slot, _ := set.Finder().Slot("process.name")
	ask := func(name string) bool {
		f := new(event.Found)
		f.Reset(set.Finder())
		f.Put(slot, event.Scalar{Type: fastjson.TypeString, Text: []byte(name)})
		s.Load(set, &event.Event{Found: f})
		switch what, ok := table.Of(s); {
		case !ok:
			return false
		case what == nil:
			table.Put(name)
		case *what != name:
			t.Fatalf("%s is taken for %s", name, *what)
		default:
			found++
		}
		return true
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 50_000 {
		if !ask(fmt.Sprint("p", r.IntN(5000))) {
			t.Fatal("the table was given up")
		}
	}
	if found < 20_000 {
		t.Errorf("%d events were of a kind that was remembered", found)
	}
	if ask(strings.Repeat("x", 2*maxKindText)) {
		t.Error("a long text is remembered")
	}
	for n := range 2 * kindPatience {
		if !ask(fmt.Sprint("q", n)) {
			return
		}
	}
	t.Error("the table was not given up")
}

// TestKindTableRenews holds that a field of which each event has another value is compared no
// more, and that the one event that matches is told apart all the same.
func TestKindTableRenews(t *testing.T) {
	set := NewSet()
	q, err := eql.Parse(`process where process.name == "x" and user.name == "u40000"`)
	if err != nil {
		t.Fatal(err)
	}
	p, err := set.Compile(q, Options{})
	if err != nil {
		t.Fatal(err)
	}
	table, s, known, matches := NewKindTable[bool](set.Kinds()), NewScratch(), 0, 0
	for n := range 50_000 {
		s.Load(set, document(t, fmt.Sprintf(`{"event.category":"process","process.name":"x","user.name":"u%d"}`, n)))
		what, ok := table.Of(s)
		if !ok {
			t.Fatalf("the table was given up at %d", n)
		}
		if what == nil {
			what = table.Put(p.Matches(s))
		} else if known++; *what != p.Matches(s) {
			t.Fatalf("%d: %v", n, *what)
		}
		if *what {
			matches++
		}
	}
	if known < 20_000 || matches != 1 {
		t.Errorf("%d of kinds that were known, %d matches", known, matches)
	}
}
