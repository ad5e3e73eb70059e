package eval

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/rule/eql"
)

// TestWhatMatchesCouldMatch is what shapes promise: a program that matches an event is
// never said to be out of reach of its shape, nor a clause that holds.
func TestWhatMatchesCouldMatch(t *testing.T) {
	matches := 0
	for seed := range uint64(40) {
		m := &maker{rand.New(rand.NewPCG(seed, 21))}
		set, programs := pack(t, m, 40)
		shapes, s := set.Shapes(), NewScratch()
		for range 40 {
			doc := m.document()
			if c := m.r.IntN(3); c > 0 {
				doc = fmt.Sprintf(`{"event.category":["%s"],%s`, []string{"", "process", "file"}[c], doc[1:])
			}
			s.Load(set, document(t, doc))
			shape := map[string]int64{string(shapes.Append(nil, s)): 1}
			for _, p := range programs {
				r := shapes.Reach(p, shape)
				for i := range p.terms {
					if p.terms[i].inCategory(s) != (r.Terms[i].InCategory == 1) {
						t.Fatalf("seed %d: %s: category of term %d in %s", seed, p.query, i, doc)
					}
					if p.terms[i].inCategory(s) && p.terms[i].holds(s) {
						matches++
						if r.Terms[i].Could == 0 {
							t.Fatalf("seed %d: %s matches %s and is said to be out of reach", seed, p.query, doc)
						}
					}
				}
				for i := range p.clauses {
					if p.Category(s) && p.clauses[i].Holds(s) && r.Clauses[i] == 0 {
						t.Fatalf("seed %d: %s holds of %s and is said to be out of reach", seed, p.clauses[i].Expr, doc)
					}
				}
			}
		}
	}
	if matches < 100 {
		t.Errorf("only %d matches were tried", matches)
	}
}

func TestReach(t *testing.T) {
	const full = `{"event":{"category":["network"],"type":["start"]},"host":{"os":{"type":"linux"}},"process":{"name":"x"},"destination":{"port":1}}`
	for _, tt := range []struct {
		query, doc string
		could      bool
	}{
		{`network where process.name == "curl"`, full, true},
		{`network where process.executable == "curl"`, full, false},
		{`network where process.executable == "curl" or process.name == "curl"`, full, true},
		{`network where process.executable == "curl" and process.name == "curl"`, full, false},
		{`network where not process.executable == "curl"`, full, true},
		{`network where process.executable != "curl"`, full, true},
		{`network where not (process.executable : "a" and process.name : "b")`, full, true},
		{`network where event.type == "start"`, full, true},
		{`network where event.type == "end"`, full, false},
		{`network where not event.type == "start"`, full, false},
		{`network where host.os.type == "windows" and destination.port == 2`, full, false},
		{`process where process.name == "x"`, full, false},
		{`any where process.executable == null`, full, true},
		{`any where process.executable != null`, full, false},
		{`any where process.name == null`, full, false},
		{`any where startsWith(process.executable, process.name)`, full, true}, // not told apart
		{`any where length(process.executable) > 3`, full, false},
		{`any where process.executable in ("a", null)`, full, false},
		{`any where false`, full, false},
		{`any where true`, full, true},
	} {
		q, err := eql.Parse(tt.query)
		if err != nil {
			t.Fatalf("%s: %v", tt.query, err)
		}
		set := NewSet()
		p, err := set.Compile(q, Options{})
		if err != nil {
			t.Fatalf("%s: %v", tt.query, err)
		}
		s, shapes := NewScratch(), set.Shapes()
		s.Load(set, document(t, tt.doc))
		r := shapes.Reach(p, map[string]int64{string(shapes.Append(nil, s)): 7})
		if (r.Could == 7) != tt.could || !tt.could && r.Could != 0 {
			t.Errorf("%s: %d events could match, want %v", tt.query, r.Could, tt.could)
		}
	}
}

func TestReachOfSequence(t *testing.T) {
	q, err := eql.Parse(`sequence by host.id with maxspan=1m [process where process.name == "a"] ![file where true] [network where process.executable == "b"]`)
	if err != nil {
		t.Fatal(err)
	}
	set := NewSet()
	p, err := set.Compile(q, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, shapes := NewScratch(), set.Shapes()
	events := map[string]int64{}
	for _, doc := range []string{
		`{"event.category":"process","process.name":"x"}`, `{"event.category":"network","process.name":"x"}`,
		`{"event.category":"network","process.name":"x","process.executable":"/x"}`,
	} {
		s.Load(set, document(t, doc))
		events[string(shapes.Append(nil, s))] += 5
	}
	want := Reach{InCategory: 15, WithField: []int64{15, 0, 5, 15}, Could: 5, Clauses: []int64{}, Terms: []TermReach{
		{Category: "process", InCategory: 5, Could: 5}, {Category: "file", Missing: true}, {Category: "network", InCategory: 10, Could: 5},
	}}
	if diff := cmp.Diff(want, shapes.Reach(p, events)); diff != "" {
		t.Errorf("fields %v (-want +got):\n%s", p.Fields(), diff)
	}
	if name := p.CategoryName(); name != "" {
		t.Errorf("category is %q", name)
	}
}

// TestNear holds Near to the count of clauses that fail.
func TestNear(t *testing.T) {
	found := 0
	for seed := range uint64(20) {
		m := &maker{rand.New(rand.NewPCG(seed, 22))}
		set, programs := pack(t, m, 40)
		s := NewScratch()
		for range 40 {
			s.Load(set, document(t, m.document()))
			for _, p := range programs {
				for _, skip := range []int{-1, 0} {
					var fail []int
					for i := range p.clauses {
						if !p.clauses[i].Holds(s) {
							fail = append(fail, i)
						}
					}
					clause, near := p.Near(s, skip)
					if want := len(fail) == 1 && fail[0] != skip; near != want || near && clause != fail[0] {
						t.Fatalf("seed %d: %s: clause %d, near %v; %v fail", seed, p.query, clause, near, fail)
					}
					if near {
						found++
					}
				}
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d near misses were tried", found)
	}
}

func TestHoldsWith(t *testing.T) {
	q, err := eql.Parse(`any where process.pid == 1 and (process.name in ("curl") or process.name like "python*" or process.executable : "/tmp/*")`)
	if err != nil {
		t.Fatal(err)
	}
	set := NewSet()
	p, err := set.Compile(q, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := NewScratch()
	s.Load(set, document(t, `{"process":{"pid":1,"name":["thread-1","thread-2"],"executable":"/usr/bin/python3"}}`))
	for _, tt := range []struct {
		name string
		want bool
	}{{"python3", true}, {"curl", true}, {"java", false}} {
		if got := p.HoldsWith(s, 1, "process.name", tt.name); got != tt.want {
			t.Errorf("with the name %s: %v", tt.name, got)
		}
		if p.Clauses()[1].Holds(s) || !p.Clauses()[0].Holds(s) {
			t.Errorf("after %s the event is not what it was", tt.name)
		}
	}
	if p.HoldsWith(s, 1, "user.name", "curl") {
		t.Error("a field that the clause does not read makes it hold")
	}
}

func TestNeedClause(t *testing.T) {
	for query, want := range map[string]int{
		`any where event.type == "start" and destination.port == 10250 and process.name : "a*"`: 1,
		`any where destination.port in (10250, 10255)`:                                          0,
		`any where process.name : "a*" and process.name != "ab"`:                                -1,
	} {
		q, err := eql.Parse(query)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Compile(q, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.NeedClause(); got != want {
			t.Errorf("%s: clause %d, want %d", query, got, want)
		}
		if want >= 0 {
			needs := needer{types: event.TypeOf, nulls: func(string) *fastjson.Value { return nil }}.of(p.clauses[want].Expr)
			if diff := cmp.Diff(p.Needs(), needs); diff != "" {
				t.Errorf("%s: %s", query, diff)
			}
		}
	}
}
