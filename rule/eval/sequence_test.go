package eval

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
	"kscan/rule/eql"
)

// log makes the events of a compact text: "A1@5" is an event of type A with key 1 at
// second 5, "A@5" one without key, "A1@5#2" one with tiebreaker 2, "A1,2@5" one with
// two keys, "AB1@5" one that is of types A and B, "A1@" one without a time.
func log(t testing.TB, text string) []*event.Event {
	var out []*event.Event
	for i, word := range strings.Fields(text) {
		word, tie, _ := strings.Cut(word, "#")
		head, at, _ := strings.Cut(word, "@")
		types := strings.TrimRight(head, "0123456789,")
		doc := fmt.Sprintf(`"n":%d,"type":["%s"]`, i, strings.Join(strings.Split(types, ""), `","`))
		if keys := head[len(types):]; keys != "" {
			doc += `,"key":[` + keys + `],"user.id":"u` + keys[:1] + `"`
		}
		if at != "" {
			seconds, err := time.ParseDuration(at + "s")
			if err != nil {
				t.Fatal(err)
			}
			doc += fmt.Sprintf(`,"@timestamp":%d`, 1_700_000_000_000+seconds.Milliseconds())
		}
		if tie != "" {
			doc += `,"tie":` + tie
		}
		out = append(out, document(t, "{"+doc+"}"))
	}
	return out
}

// points returns what the events are to a program; the handle is the event's index.
func points(p *Program, events []*event.Event) []Point {
	var out []Point
	s := NewScratch()
	for i, e := range events {
		s.Load(p.Set(), e)
		if pt, ok := p.Point(s); ok {
			pt.Handle = i
			out = append(out, pt)
		}
	}
	return out
}

func show(r Result) string {
	var out []string
	for _, m := range r.Matches {
		out = append(out, strings.Trim(fmt.Sprint(m.Handles), "[]"))
	}
	return strings.Join(out, "; ")
}

func TestSequences(t *testing.T) {
	tests := []struct{ source, log, want string }{
		{`sequence [A] [B]`, "A@1 B@2", "0 1"},
		{`sequence [A] [B]`, "B@2 A@1", "1 0"},
		{`sequence [A] [B]`, "B@1 A@2", ""},
		{`sequence [A] [B]`, "A@1 A@2 B@3", "1 2"},     // the latest A
		{`sequence [A] [B]`, "A@1 A@2 B@3 B@4", "1 2"}, // the older A is gone
		{`sequence [A] [B]`, "A@1 B@2 A@3 B@4", "0 1; 2 3"},
		{`sequence [A] [B]`, "A@1 B@1", "0 1"}, // of one moment: the order of the input
		{`sequence [A] [B]`, "B@1 A@1", ""},
		{`sequence [A] [B]`, "A@1#1 B@1#1", "0 1"},
		{`sequence [A] [B]`, "A@1#1 B@1#2", "0 1"},
		{`sequence [A] [B]`, "A@1#2 B@1#1", ""},
		{`sequence [A] [B]`, "A@1#2 B@1", "0 1"}, // no tiebreaker comes last
		{`sequence [A] [B]`, "A@1 A@2 B@2 B@3", "1 2"},
		{`sequence [A] [B]`, "A@1 B@2 A@2 B@3", "0 1; 2 3"},
		{`sequence [A] [B]`, "A@ B@2", ""},
		{`sequence [A] [B] [C]`, "A@1 B@2 C@3", "0 1 2"},
		{`sequence [A] [B] [C]`, "A@1 B@2 B@3 C@4 C@5", "0 1 3"},
		{`sequence [A] [A]`, "A@1 A@2 A@3", "0 1; 1 2"},
		{`sequence [A] [B]`, "AB@1 AB@2 AB@3", "0 1; 1 2"},
		{`sequence [A] [B] [A]`, "AB@1 AB@2 AB@3 AB@4", "0 1 2; 1 2 3"},

		{`sequence with maxspan=2s [A] [B]`, "A@1 B@3", "0 1"},
		{`sequence with maxspan=2s [A] [B]`, "A@1 B@3.001", ""},
		{`sequence with maxspan=2s [A] [B] [C]`, "A@1 B@2 C@4 C@5", ""},
		{`sequence with maxspan=2s [A] [B]`, "A@1 B@4 B@4.5", ""}, // discarded, not tried again
		{`sequence with maxspan=500ms [A] [B]`, "A@1 B@1.5", "0 1"},

		{`sequence by key [A] [B]`, "A1@1 A2@2 B1@3 B2@4", "0 2; 1 3"},
		{`sequence by key [A] [B]`, "A1@1 B2@2 B@3", ""},
		{`sequence by key [A] [B]`, "A@1 B@2", ""},
		{`sequence by ?key [A] [B]`, "A@1 A1@2 B@3 B1@4", "0 2; 1 3"},
		{`sequence by key [A] [B]`, "A1,2@1 B2@2 B1@3", "0 1; 0 2"},
		{`sequence by key [A] [B]`, "A1,1@1 B1,1@2", "0 1"},
		{`sequence [A] by key [B] by key`, "A1@1 B1@2", "0 1"},
		{`sequence by user.id [A] by key [B] by key`, "A1@1 B1@2 A2@3 B1@4", "0 1"},

		{`sequence [A] [B] until [U]`, "A@1 U@2 B@3", ""},
		{`sequence [A] [B] until [U]`, "A@1 B@2 U@3", "0 1"},
		{`sequence [A] [B] until [U]`, "U@1 A@2 B@3", "1 2"},
		{`sequence [A] [B] until [U]`, "A@1 UB@2", "0 1"}, // the completing event does not kill
		{`sequence [A] [B] until [U]`, "UA@1 B@2", ""},    // at the last event does
		{`sequence [A] [B] until [U]`, "A@1 U@2 UB@3", ""},
		{`sequence [A] [B] until [U]`, "A@1 B@2 U@2", "0 1"}, // not before the hit
		{`sequence [A] [B] until [U]`, "A@1 U@2 B@2", ""},
		{`sequence [A] [B] until [U]`, "A@1 U@2 A@3 B@4", "2 3"},
		{`sequence by key [A] [B] until [U]`, "A1@1 U2@2 B1@3", "0 2"},

		{`sequence [A] with runs=3`, "A@1 A@2 A@3 A@4", "0 1 2; 1 2 3"},
		{`sequence [A] with runs=2 [B]`, "A@1 A@2 B@3", "0 1 2"},
		{`sequence by key [A] with runs=2 [B]`, "A1@1 A2@2 B1@3", ""},

		{`sequence with maxspan=5s [A] ![B] with runs=2 [C]`, "A@1 C@3", "0 -1 -1 1"},
		{`sequence with maxspan=5s [A] ![B] with runs=2 [C]`, "A@1 B@2 C@3", ""},
		{`sequence with maxspan=5s [A] ![B] [C]`, "A@1 C@3", "0 -1 1"},
		{`sequence with maxspan=5s [A] ![B] [C]`, "A@1 B@2 C@3", ""},
		{`sequence with maxspan=5s [A] ![B] [C]`, "A@1 B@1 B@3 C@3", "0 -1 3"},
		{`sequence by key with maxspan=5s [A] ![B] [C]`, "A1@1 B2@2 C1@3", "0 -1 2"},
		{`sequence with maxspan=5s ![B] [A] [C]`, "A@1 C@2", "-1 0 1"},
		{`sequence with maxspan=5s ![B] [A] [C]`, "B@1 A@2 C@3", ""},
		{`sequence with maxspan=5s ![B] [A] [C]`, "B@1 A@5 C@7", "-1 1 2"},
		{`sequence with maxspan=5s ![B] [A] [C]`, "B@2 A@5 C@7", ""},
		{`sequence with maxspan=5s [A] [C] ![B]`, "A@1 C@2", "0 1 -1"},
		{`sequence with maxspan=5s [A] [C] ![B]`, "A@1 C@2 B@6", ""},
		{`sequence with maxspan=5s [A] [C] ![B]`, "A@1 C@2 B@6.001", "0 1 -1"},
		{`sequence with maxspan=5s [A] [C] ![B]`, "B@1 A@2 C@3 B@3", "1 2 -1"},
		{`sequence with maxspan=5s ![X] [A] [C] ![Y]`, "X@1 A@2 C@3", "-1 1 2 -1"},
		{`sequence with maxspan=5s ![X] [A] [C] ![Y]`, "A@2 C@3 Y@4", "-1 0 1 -1"},
		{`sequence with maxspan=5s ![X] [A] [C] ![Y]`, "X@1 A@2 C@3 Y@6", ""},
		{`sequence with maxspan=5s ![X] [A] [C] ![Y]`, "X@1 A@2 C@3 Y@6.001", "-1 1 2 -1"},
		{`sequence with maxspan=5s [A] ![B]`, "A@1 A@3 B@7", "0 -1"},

		// Results are in the order of their last events.
		{`sequence by key [A] [B]`, "A1@1 A2@2 B2@3 B1@4", "1 2; 0 3"},
		{`sequence by key [A] [B] | head 1`, "A1@1 A2@2 B2@3 B1@4", "1 2"},
		{`sequence by key [A] [B] | tail 1`, "A1@1 A2@2 B2@3 B1@4", "0 3"},
		{`sequence [A] [A] | head 4 | tail 2`, "A@1 A@2 A@3 A@4 A@5 A@6", "2 3; 3 4"},

		{`sample by key [A] [B]`, "B1@1 A1@2 A2@3", "1 0"},
		{`sample by key [A] [B]`, "A1@ B1@", "0 1"},
		{`sample by key [A] [B]`, "A2@1 B2@1 A1@1 B1@1", "2 3; 0 1"},
		{`sample by key [A] [B]`, "AB1@1", ""},
		{`sample by key [A] [B]`, "AB1@1 A1@2", "1 0"},
		{`sample by key [A] [B]`, "AB1@1 AB1@2", "0 1"},
		{`sample by key [A] [A] [A]`, "A1@1 A1@2", ""},
		{`sample by ?key [A] [B]`, "A1@1 B1@1 A@1 B@1", "2 3; 0 1"},
		{`sample by key [A] [B]`, "A9@1 B9@1 A10@1 B10@1", "0 1; 2 3"},

		{`any where type == "A" | head 2`, "A@3 A@1 B@1 A@2", "1; 3"},
		{`any where type == "A" | tail 2`, "A@3 A@1 A@ A@2", "3; 0"},
		{`any where type == "A" | head 2`, "A@3 A@1 A@ A@2", "2; 1"},
	}
	expand := func(source string) string {
		for _, name := range []string{"A", "B", "C", "U", "X", "Y"} {
			source = strings.ReplaceAll(source, "["+name+"]", `[any where type == "`+name+`"]`)
		}
		return source
	}
	for _, test := range tests {
		p := compile(t, expand(test.source), Options{TiebreakerField: "tie"})
		if !p.NeedsRun() {
			t.Errorf("%s needs no run", test.source)
		}
		if got := show(p.Run(points(p, log(t, test.log)), RunOptions{})); got != test.want {
			t.Errorf("%s on %s: got %q, want %q", test.source, test.log, got, test.want)
		}
	}
}

func TestRunReportsWhatItLeavesOut(t *testing.T) {
	p := compile(t, `sequence by key [any where type == "A"] [any where type == "B"]`, Options{})
	r := p.Run(points(p, log(t, "A1@1 A2@2 A3@3 B1@4 B3@5 B1@")), RunOptions{MaxKeys: 2})
	if r.Undated != 1 || r.Dropped != 1 || show(r) != "0 3" {
		t.Errorf("undated %d, dropped %d, matches %s", r.Undated, r.Dropped, show(r))
	}
	if text := string(r.Matches[0].Key.AppendJSON(nil)); text != "[1]" {
		t.Errorf("join keys %s", text)
	}
	p = compile(t, `sequence by key with maxspan=1s [any where type == "A"] [any where type == "B"]`, Options{})
	r = p.Run(points(p, log(t, "A1@1 A2@2 A3@5 B3@5.5 A4@9 B4@9.1")), RunOptions{MaxKeys: 2})
	if r.Dropped != 0 || show(r) != "2 3; 4 5" {
		t.Errorf("with expired keys: dropped %d, matches %s", r.Dropped, show(r))
	}
	source := `sample by key ` + strings.Repeat(`[any where type == "A"] `, 12)
	p = compile(t, source, Options{})
	if r = p.Run(points(p, log(t, strings.Repeat("A1@1 ", 11))), RunOptions{}); r.GivenUp != 1 || len(r.Matches) != 0 {
		t.Errorf("given up %d, matches %d", r.GivenUp, len(r.Matches))
	}
}

func TestKeysAreBounded(t *testing.T) {
	p := compile(t, `sequence by a, b [any where true] [any where true]`, Options{})
	s := NewScratch()
	list := strings.TrimSuffix(strings.Repeat("%d,", 200), ",")
	numbers := make([]any, 200)
	for i := range numbers {
		numbers[i] = i
	}
	list = fmt.Sprintf(list, numbers...)
	s.Load(p.Set(), document(t, fmt.Sprintf(`{"a":[%s],"b":[%s]}`, list, list)))
	pt, ok := p.Point(s)
	if !ok || len(pt.Entries) != 2*maxTuples || s.Cut != 2 {
		t.Errorf("%d entries, cut %d", len(pt.Entries), s.Cut)
	}
	s.Load(p.Set(), document(t, fmt.Sprintf(`{"a":%q,"b":"x"}`, strings.Repeat("x", maxKeyText+1))))
	if _, ok := p.Point(s); ok || s.Cut != 4 {
		t.Errorf("a long key: %v, cut %d", ok, s.Cut)
	}
}

func TestSamplesPerKey(t *testing.T) {
	p := compile(t, `sample by key [any where type == "A"] [any where type == "B"]`, Options{})
	r := p.Run(points(p, log(t, "A1@1 AB1@1 B1@1")), RunOptions{MaxSamplesPerKey: 2})
	if got := show(r); got != "0 1; 0 2" {
		t.Errorf("got %s", got)
	}
}

// naiveSequences is Elasticsearch's algorithm as it is written there: step by step over
// all events, with lists of all partial matches.
func naiveSequences(stages [][]Point, until []Point, span int64) []string {
	type match struct {
		events []Point
	}
	var groups []match
	for _, pt := range stages[0] {
		groups = append(groups, match{[]Point{pt}})
	}
	for _, hits := range stages[1:] {
		var next []match
		for _, hit := range hits {
			at := -1
			for i, g := range groups {
				if comparePoints(&g.events[len(g.events)-1], &hit) < 0 {
					at = i
				}
			}
			if at < 0 {
				continue
			}
			g := groups[at]
			groups = groups[at+1:]
			if span >= 0 && hit.Time-g.events[0].Time > span {
				continue
			}
			killed := false
			var nearest *Point
			for i := range until {
				if comparePoints(&until[i], &hit) < 0 {
					nearest = &until[i]
				}
			}
			killed = nearest != nil && comparePoints(nearest, &g.events[len(g.events)-1]) >= 0
			if !killed {
				next = append(next, match{append(slices.Clone(g.events), hit)})
			}
		}
		groups = next
	}
	var out []string
	for _, g := range groups {
		text := ""
		for _, pt := range g.events {
			text += fmt.Sprint(" ", pt.Handle)
		}
		out = append(out, text[1:])
	}
	return out
}

func TestSequencesAgreeWithTheAlgorithm(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 3))
		names := []string{"A", "B", "C"}[:2+r.IntN(2)]
		source, span := "sequence ", int64(-1)
		if r.IntN(2) == 0 {
			span = int64(1+r.IntN(6)) * 1000
			source += fmt.Sprintf("with maxspan=%ds ", span/1000)
		}
		var stages []string
		for _, name := range names {
			runs := 1 + r.IntN(4)/3
			source += fmt.Sprintf(`[any where type == "%s"] `, name)
			if runs > 1 {
				source += fmt.Sprintf("with runs=%d ", runs)
			}
			stages = append(stages, slices.Repeat([]string{name}, runs)...)
		}
		if r.IntN(2) == 0 {
			source += `until [any where type == "U"]`
		}
		text := ""
		for range 2 + r.IntN(14) {
			letters := []string{"A", "B", "C", "U", "AB", "BC", "AC", "BU", "AU"}[r.IntN(9)]
			text += fmt.Sprintf("%s@%d", letters, r.IntN(12))
			if r.IntN(3) == 0 {
				text += fmt.Sprintf("#%d", r.IntN(3))
			}
			text += " "
		}
		p := compile(t, source, Options{TiebreakerField: "tie"})
		events := log(t, text)
		all := points(p, events)
		SortPoints(all)
		of := func(name string) (out []Point) {
			for _, pt := range all {
				for _, e := range pt.Entries {
					want := slices.Index(names, name)
					if name == "U" {
						want = p.until
					}
					if e.Term == want {
						out = append(out, pt)
					}
				}
			}
			return out
		}
		var hits [][]Point
		for _, name := range stages {
			hits = append(hits, of(name))
		}
		var until []Point
		if p.until >= 0 {
			until = of("U")
		}
		want := strings.Join(naiveSequences(hits, until, span), "; ")
		if got := show(p.Run(all, RunOptions{})); got != want {
			t.Fatalf("seed %d: %s on %s: got %q, want %q", seed, source, text, got, want)
		}
	}
}

func TestKeys(t *testing.T) {
	key := func(values ...event.Value) *Key { return newKey(values) }
	long := func(n int64) event.Value { return event.Value{Type: event.Long, Int: n} }
	text := func(s string) event.Value { return textValue([]byte(s)) }
	ip := func(s string) event.Value { return event.Value{Type: event.IP, IP: netip.MustParseAddr(s)} }
	date := func(n int64, t event.Type) event.Value { return event.Value{Type: t, Int: n} }
	version := func(s string) event.Value { return event.Value{Type: event.Version, Text: []byte(s)} }
	if key(long(5)).ID != key(text("5")).ID || key(text("a"), text("b")).ID == key(text("ab"), text("")).ID || key(event.Value{}).ID == key(text("")).ID {
		t.Error("wrong keys are the same")
	}
	sorted := []*Key{key(event.Value{}), key(long(-1)), key(long(9)), key(long(10)), key(text("")), key(text("B")), key(text("a")),
		key(ip("::1")), key(ip("9.0.0.1")), key(ip("10.0.0.2")), key(ip("10.0.0.10")), key(ip("2001::")),
		key(date(5, event.Date)), key(date(40, event.Date)), key(version("1.9.0")), key(version("1.10.0")),
		key(date(5, event.DateNanos)), key(date(40, event.DateNanos))}
	for i := range sorted {
		for j := range sorted {
			if got := compareKeys(sorted[i], sorted[j]); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("keys %d and %d compare as %d", i, j, got)
			}
		}
	}
}

func TestSequenceFieldsAndCategory(t *testing.T) {
	p := compile(t, `sequence by host.id [process where a == 1] by b [file where c == 2] by d until [network where e == 3] by f`, Options{})
	want := []string{"a", "b", "c", "d", "e", "event.category", "f", "host.id"}
	if diff := cmp.Diff(want, p.Fields()); diff != "" {
		t.Error(diff)
	}
	s := NewScratch()
	for doc, want := range map[string]bool{`{"event.category":"file"}`: true, `{"event.category":"web"}`: false} {
		if got := p.InCategory(document(t, doc), s); got != want {
			t.Errorf("InCategory(%s) = %v", doc, got)
		}
	}
	if _, ok := p.Query().(*eql.Sequence); !ok {
		t.Error("the query is not what was compiled")
	}
}
