package eval

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/rule/eql"
)

func compile(t testing.TB, source string, o Options) *Program {
	t.Helper()
	q, err := eql.Parse(source)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	p, err := Compile(q, o)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return p
}

func document(t testing.TB, s string) *event.Event {
	t.Helper()
	v, err := new(fastjson.Parser).Parse(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return &event.Event{Doc: v}
}

// TestConformance is the table of testdata/conformance.txt: a condition, then under it
// events that it must match ("+") and must not ("-").
func TestConformance(t *testing.T) {
	data, err := os.ReadFile("testdata/conformance.txt")
	if err != nil {
		t.Fatal(err)
	}
	var p *Program
	var source string
	s, count := NewScratch(), 0
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "+ "), strings.HasPrefix(line, "- "):
			count++
			if got := p.Match(document(t, line[2:]), s); got != (line[0] == '+') {
				t.Errorf("line %d: %s\n%s: got %v", i+1, source, line, got)
			}
		default:
			source = line
			if !strings.Contains(line, " where ") {
				source = "any where " + line
			}
			p = compile(t, source, Options{})
		}
	}
	if count < 200 {
		t.Errorf("only %d cases", count)
	}
}

// TestTruthTables holds three-valued logic on constants, and two-valued on fields.
func TestTruthTables(t *testing.T) {
	values := []tri{null, no, yes}
	names := map[tri]string{null: "null", no: "false", yes: "true"}
	s := NewScratch()
	e := document(t, `{}`)
	holds := func(source string) tri {
		// A condition is null if neither it nor its negation holds.
		switch {
		case compile(t, "any where "+source, Options{}).Match(e, s):
			return yes
		case compile(t, "any where not ("+source+")", Options{}).Match(e, s):
			return no
		}
		return null
	}
	for _, a := range values {
		if got := holds("not " + names[a]); got != a.not() {
			t.Errorf("not %s = %s", names[a], names[got])
		}
		for _, b := range values {
			and, or := min3(a, b), min3(a.not(), b.not()).not()
			if got := holds(names[a] + " and " + names[b]); got != and {
				t.Errorf("%s and %s = %s", names[a], names[b], names[got])
			}
			if got := holds(names[a] + " or " + names[b]); got != or {
				t.Errorf("%s or %s = %s", names[a], names[b], names[got])
			}
		}
	}
	for _, predicate := range []string{
		`x.y == "a"`, `x.y == 1`, `x.y > 1`, `x.y : "a*"`, `x.y like "*"`, `x.y regex ".*"`, `x.y in ("a")`, `x.y in~ ("a")`,
		`length(x.y) > 0`, `startsWith(x.y, "a")`, `cidrMatch(destination.ip, "0.0.0.0/0")`, `process.pid + 1 > 0`, `x.y`, `x.y != null`,
	} {
		if got := holds(predicate); got != no {
			t.Errorf("%s with the field missing = %s, want false so that its negation matches", predicate, names[got])
		}
	}
}

func TestCategory(t *testing.T) {
	tests := []struct {
		source, field, doc string
		want               bool
	}{
		{"process where true", "", `{"event":{"category":"process"}}`, true},
		{"process where true", "", `{"event":{"category":["network","process"]}}`, true},
		{"process where true", "", `{"event.category":["network"]}`, false},
		{"process where true", "", `{"event.category":"Process"}`, false},
		{"process where true", "", `{}`, false},
		{"any where true", "", `{}`, true},
		{`"a b" where true`, "event.type", `{"event":{"type":"a b","category":"x"}}`, true},
	}
	for _, test := range tests {
		p, s := compile(t, test.source, Options{CategoryField: test.field}), NewScratch()
		e := document(t, test.doc)
		if got := p.InCategory(e, s); got != test.want {
			t.Errorf("%s: InCategory(%s) = %v", test.source, test.doc, got)
		}
		if got := p.Match(e, s); got != test.want {
			t.Errorf("%s: Match(%s) = %v", test.source, test.doc, got)
		}
	}
}

func TestFieldsAndClauses(t *testing.T) {
	p := compile(t, `network where b.c == 1 and (a : "x" or ?d != null) and not startsWith(e, f)`, Options{})
	if diff := cmp.Diff([]string{"a", "b.c", "d", "e", "event.category", "f"}, p.Fields()); diff != "" {
		t.Error(diff)
	}
	s := NewScratch()
	s.Load(p.Set(), document(t, `{"event.category":"network","b.c":"1","a":"y"}`))
	var got []string
	for _, c := range p.Clauses() {
		got = append(got, fmt.Sprint(c.Expr, " ", c.Holds(s)))
	}
	want := []string{"b.c == 1 true", `a : "x" or ?d != null false`, "not startsWith(e, f) true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTypesOption(t *testing.T) {
	types := func(name string) (event.Type, bool) {
		return map[string]event.Type{"v": event.Version, "n": event.Keyword, "d": event.Date}[name], name != "other"
	}
	s := NewScratch()
	for source, want := range map[string]bool{
		`v > "1.9.0"`: true, `v == "1.10.0"`: true, `v < "1.10.0-rc1"`: false,
		`n == 5`: true, `n > 10`: true, `n == "5"`: true, `d > "2026-01-01"`: true, `d == 1795132800000`: true, `other == 1`: true,
	} {
		p := compile(t, "any where "+source, Options{Types: types})
		if got := p.Match(document(t, `{"v":"1.10.0","n":5,"d":"2026-11-20","other":"1"}`), s); got != want {
			t.Errorf("%s = %v", source, got)
		}
	}
}

func TestMappingOptions(t *testing.T) {
	format, err := event.NewDateFormat("yyyy-MM-dd HH:mm:ss||epoch_second")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		TimestampField: "when",
		Types: func(name string) (event.Type, bool) {
			return map[string]event.Type{"when": event.Date, "port": event.Long}[name], true
		},
		Path: func(name string) string {
			if name == "port" {
				return "destination.port"
			}
			return name
		},
		Dates: func(string) *event.DateFormat { return format },
	}
	s := NewScratch()
	e := document(t, `{"destination.port":"80","when":"2026-11-20 00:00:01"}`)
	for source, want := range map[string]bool{
		`port == 80`: true, `when == "2026-11-20 00:00:01"`: true, `when == 1795132801`: true, `when in ("2026-11-20 00:00:01")`: true,
		`when > "2026-11-20 00:00:01"`: false, `when > "2026-11-20T00:00:00Z"`: true, `destination.port == 81`: false,
	} {
		p := compile(t, "any where "+source, o)
		if got := p.Match(e, s); got != want {
			t.Errorf("%s = %v", source, got)
		}
		if pt, ok := p.Point(s); ok != want || ok && (!pt.Dated || pt.Time != 1795132801000) {
			t.Errorf("%s: point %+v, %v", source, pt, ok)
		}
		if source[:4] == "port" && (!p.Has(s, 0) || p.Fields()[0] != "port") {
			t.Error("the alias has no value")
		}
	}
}

func TestCompileErrors(t *testing.T) {
	for _, cond := range []eql.Expr{
		call("cidrMatch", false, field("destination.ip"), &eql.String{Value: "10.0.0.0/40", At: eql.Span{Start: 3, End: 5}}),
		&eql.Match{Op: eql.Regex, X: field("a"), Patterns: []eql.Expr{&eql.String{Value: "("}}, At: eql.Span{Start: 3, End: 5}},
		call("no such", false), call("length", false), call("startsWith", false, field("a")),
	} {
		_, err := Compile(&eql.EventQuery{Filter: eql.Filter{Any: true, Cond: cond}}, Options{})
		var at *Error
		if !errors.As(err, &at) || at.At != cond.Span() && at.At.Start != 3 {
			t.Errorf("%s: error %v, want an *Error with the place", cond, err)
		}
	}
}

// busyRule has something of everything that is meant not to allocate.
const busyRule = `network where host.os.type == "linux" and event.action in ("connected-to", "b") and not process.name : ("x*", "*Y") and
	destination.port == 10250 and cidrMatch(destination.ip, "10.0.0.0/8") and process.name like ("cu*", "*/.*") and
	length(process.executable) > 3 and substring(process.name, -2) == "rl" and startsWith~(process.executable, "/USR") and
	concat(process.name, ":", process.pid) == "curl:7" and process.executable regex "/usr/.*" and process.pid + 1 > 2 and
	stringContains~(process.executable, process.name) and @timestamp > "2020-01-01"`

const busyEvent = `{"@timestamp":"2026-11-20T00:00:00.002Z","event":{"category":["network"],"action":"connected-to"},"host":{"os":{"type":"linux"}},
	"process":{"name":"curl","pid":"7","executable":"/usr/bin/curl"},"destination":{"ip":"10.1.2.3","port":"10250"}}`

func TestMatchDoesNotAllocate(t *testing.T) {
	p, s, e := compile(t, busyRule, Options{}), NewScratch(), document(t, busyEvent)
	if !p.Match(e, s) {
		t.Fatal("no match")
	}
	if n := testing.AllocsPerRun(100, func() { p.Match(e, s) }); n != 0 {
		t.Errorf("%v allocations per event, want none", n)
	}
}

func TestWorkersShareASet(t *testing.T) {
	set := NewSet()
	var programs []*Program
	for i := range 50 {
		q, err := eql.Parse(fmt.Sprintf(`any where process.name : "p%d" and host.os.type == "linux" or process.pid == %d`, i%7, i))
		if err != nil {
			t.Fatal(err)
		}
		p, err := set.Compile(q, Options{})
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, p)
	}
	run := func() (hits []string) {
		s := NewScratch()
		for i := range 40 {
			e := document(t, fmt.Sprintf(`{"process":{"name":"P%d","pid":"%d"},"host":{"os":{"type":%q}}}`, i%9, i, []string{"linux", "macos"}[i%2]))
			s.Load(set, e)
			for j, p := range programs {
				if p.Matches(s) {
					hits = append(hits, fmt.Sprint(i, " ", j))
				}
			}
		}
		return hits
	}
	want := run()
	if len(want) < 40 {
		t.Fatalf("only %d matches", len(want))
	}
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			if got := run(); !slices.Equal(got, want) {
				t.Error("a worker found something else")
			}
		})
	}
	workers.Wait()
}

func TestCombinationsAreBoundedAndCounted(t *testing.T) {
	p, s := compile(t, `any where startsWith(a, b)`, Options{}), NewScratch()
	list := strings.TrimSuffix(strings.Repeat(`"x",`, 1100), ",")
	e := document(t, fmt.Sprintf(`{"a":[%s],"b":[%s]}`, list, strings.ReplaceAll(list, "x", "y")))
	if p.Match(e, s) || s.Cut != 1 {
		t.Errorf("cut %d times, want once", s.Cut)
	}
	long := strings.Repeat("x", 1<<20)
	p, s = compile(t, `any where startsWith~(a, b)`, Options{}), NewScratch()
	e = document(t, fmt.Sprintf(`{"a":[%q,%q],"b":[%s]}`, long, long, strings.ReplaceAll(list, "x", "y")))
	if p.Match(e, s) || s.Cut != 1 {
		t.Errorf("with long texts: cut %d times, want once", s.Cut)
	}
	e = document(t, `{"a":["x","y"],"b":"z"}`)
	if p.Match(e, s) || s.Cut != 1 {
		t.Error("a small event is cut")
	}
}

func TestUncoercibleValuesAreCounted(t *testing.T) {
	p, s := compile(t, `any where destination.port == 1`, Options{}), NewScratch()
	if p.Match(document(t, `{"destination":{"port":["x",2,"1"]}}`), s); s.Uncoercible() != 1 {
		t.Errorf("%d values do not fit, want 1", s.Uncoercible())
	}
}

func BenchmarkMatch(b *testing.B) {
	p, s, e := compile(b, busyRule, Options{}), NewScratch(), document(b, busyEvent)
	b.ReportAllocs()
	for b.Loop() {
		p.Match(e, s)
	}
}
