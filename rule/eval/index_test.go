package eval

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/rule/eql"
)

// pack compiles random queries of all forms into one set.
func pack(t testing.TB, m *maker, n int) (*Set, []*Program) {
	set := NewSet()
	var programs []*Program
	for range n {
		filter := func() eql.Filter {
			cond := m.cond(2)
			for range m.r.IntN(3) {
				common := m.pick(`host.os.type == "linux"`, `process.pid == 1`, `process.name : "a*"`)
				e, err := eql.ParseExpr(common)
				if err != nil {
					t.Fatal(err)
				}
				cond = &eql.Binary{Op: eql.And, X: e, Y: cond}
			}
			return eql.Filter{Any: m.r.IntN(3) == 0, Category: m.pick("process", "file"), Cond: cond}
		}
		var q eql.Query = &eql.EventQuery{Filter: filter()}
		if m.r.IntN(4) == 0 {
			q = &eql.Sequence{Terms: []eql.Term{{Filter: filter(), Runs: 1}, {Filter: filter(), Runs: 1}}}
		}
		p, err := set.Compile(q, Options{})
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, p)
	}
	return set, programs
}

// TestIndexAndCoverageAgreeWithAskingEach holds the shared ways to the plain ones.
func TestIndexAndCoverageAgreeWithAskingEach(t *testing.T) {
	for seed := range uint64(20) {
		m := &maker{rand.New(rand.NewPCG(seed, 5))}
		set, programs := pack(t, m, 60)
		index, s := set.Index(), NewScratch()
		coverage, other := set.NewCoverage(), set.NewCoverage()
		inCategory := make([]int64, len(programs))
		withField := make([][]int64, len(programs))
		for i := range 40 {
			doc := m.document()
			if c := m.r.IntN(3); c > 0 {
				doc = fmt.Sprintf(`{"event.category":["%s"],%s`, []string{"", "process", "file"}[c], doc[1:])
			}
			e := document(t, doc)
			s.Load(set, e)
			var want []Hit
			for j, p := range programs {
				for k := range p.terms {
					if p.terms[k].inCategory(s) && p.terms[k].holds(s) {
						want = append(want, Hit{p, k})
					}
				}
				withField[j] = append(withField[j], make([]int64, len(p.Fields())-len(withField[j]))...)
				if p.Category(s) {
					inCategory[j]++
					for k := range p.Fields() {
						if p.Has(s, k) {
							withField[j][k]++
						}
					}
				}
			}
			s.Load(set, e)
			got := index.Hits(s, nil)
			if len(got) != len(want) {
				t.Fatalf("seed %d: %d hits, want %d", seed, len(got), len(want))
			}
			for j := range got {
				if got[j] != want[j] {
					t.Fatalf("seed %d: hit %d differs", seed, j)
				}
			}
			[]*Coverage{coverage, other}[i%2].Add(s)
		}
		coverage.Merge(other)
		for j, p := range programs {
			events, fields := coverage.Of(p)
			if events != inCategory[j] {
				t.Errorf("seed %d: %d events in category, want %d", seed, events, inCategory[j])
			}
			if diff := cmp.Diff(withField[j], fields); diff != "" {
				t.Errorf("seed %d: %s", seed, diff)
			}
		}
	}
}

// BenchmarkPack is a thousand rules of the usual shape on an event that none matches.
func BenchmarkPack(b *testing.B) {
	set := NewSet()
	for i := range 1000 {
		source := fmt.Sprintf(`%s where host.os.type == "%s" and event.type == "%s" and process.name : ("p%d.exe", "q%d*") and
			process.args : ("-x%d", "*secret*") and not process.parent.executable : ("?:\\Program Files\\*\\a%d.exe", "C:\\Windows\\*")`,
			[]string{"process", "process", "file", "network"}[i%4], []string{"windows", "windows", "linux", "macos"}[i/4%4],
			[]string{"start", "end", "change"}[i/16%3], i, i, i, i)
		q, err := eql.Parse(source)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := set.Compile(q, Options{}); err != nil {
			b.Fatal(err)
		}
	}
	index, s := set.Index(), NewScratch()
	e := document(b, `{"@timestamp":"2026-11-20T00:00:00.002Z","event":{"category":["process"],"type":["start"],"action":"exec"},"host":{"os":{"type":"windows"}},
		"process":{"name":"cmd.exe","args":["cmd.exe","/c","dir"],"pid":7,"executable":"C:\\Windows\\System32\\cmd.exe","parent":{"executable":"C:\\Windows\\explorer.exe"}}}`)
	var hits []Hit
	b.ReportAllocs()
	for b.Loop() {
		s.Load(set, e)
		hits = index.Hits(s, hits[:0])
	}
}
