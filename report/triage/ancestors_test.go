package triage

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
	"kscan/rule"
	"kscan/scan"
)

const followStep = `[[step.evidence]]
label = "l"
query = 'process where event.type == "start" and process.entity_id == {{?process.parent.entity_id}}'
follow = "parents"
telemetry = 'process where event.type == "start"'
telemetry_name = "starts"
before = "1h"
after = "5s"
show = ["process.args"]
max = 16
`

// begin is a process start in the log of a test: pid and parent pid, or ids where they are
// texts.
type begin struct {
	host        string
	second      int // of the minute; -1 for no time
	pid, parent any
}

func (b begin) line(n int) string {
	at := ""
	if b.second >= 0 {
		at = fmt.Sprintf(`"@timestamp":"2026-11-20T00:%02d:%02dZ",`, b.second/60, b.second%60)
	}
	id := func(v any) string {
		if text, ok := v.(string); ok {
			return fmt.Sprintf(`"entity_id":%q`, text)
		}
		return fmt.Sprintf(`"pid":%v`, v)
	}
	parent := ""
	if b.parent != nil {
		parent = `,"parent":{` + id(b.parent) + `}`
	}
	return fmt.Sprintf(`{%s"host":{"name":%q},"event":{"category":"process","type":"start"},"process":{%s,"args":["%d"]%s}}`+"\n",
		at, b.host, id(b.pid), n, parent)
}

func logOf(list []begin) string {
	var b strings.Builder
	for i, event := range list {
		b.WriteString(event.line(i))
	}
	return b.String()
}

// numbers returns which of the starts were found.
func numbers(l *Lookup) (list []int) {
	for _, e := range l.Events {
		list = append(list, int(e.Evidence.Line-1))
	}
	slices.Sort(list)
	return list
}

func TestParentsAreFollowed(t *testing.T) {
	tree := []begin{{"h", 1, 1, 0}, {"h", 2, 10, 1}, {"h", 3, 20, 10}, {"h", 4, 30, 20}, {"h", 5, 40, 30}}
	for _, test := range []struct {
		name string
		log  []begin
		hit  []any
		want []int
		note string
	}{
		{"to the first process", tree, []any{"process.pid", 40, "process.parent.pid", 30}, []int{0, 1, 2, 3}, ""},
		{"from the parent's pid alone", tree, []any{"process.pid", 41, "process.parent.pid", 30}, []int{0, 1, 2, 3}, ""},
		{"by what started it, not who took it over", tree, []any{"process.pid", 40, "process.parent.pid", 1}, []int{0, 1, 2, 3}, ""},
		{"of another host", []begin{{"h", 1, 20, 10}, {"g", 2, 20, 11}, {"g", 2, 10, 1}}, []any{"process.parent.pid", 20}, []int{0}, "pid 10"},
		{"the latest of a pid before it", []begin{{"h", 1, 20, 9}, {"h", 2, 20, 10}, {"h", 40, 20, 11}}, []any{"process.parent.pid", 20}, []int{1}, "pid 10"},
		{"none that started later", []begin{{"h", 5, 10, 7}, {"h", 4, 20, 10}, {"h", 40, 20, 1}}, []any{"process.parent.pid", 20}, []int{1}, "pid 10"},
		{"pids in a circle", []begin{{"h", 3, 20, 10}, {"h", 3, 10, 20}}, []any{"process.parent.pid", 20}, []int{0, 1}, "pid 20"},
		{"its own parent", []begin{{"h", 3, 20, 20}}, []any{"process.parent.pid", 20}, []int{0}, "pid 20"},
		{"by entity ids", []begin{{"h", 1, "a", nil}, {"h", 2, "b", "a"}, {"h", 3, "c", "b"}, {"g", 2, "b", "z"}}, []any{"process.entity_id", "c", "process.parent.entity_id", "b"}, []int{0, 1}, ""},
		{"nobody recorded it", []begin{{"h", 1, 5, 6}}, []any{"process.parent.pid", 20}, nil, ""},
	} {
		hit := append([]any{"host.name", "h"}, test.hit...)
		l := lookupsOf(investigate(t, logOf(test.log), 1, 0, finding(t, bookRule(t, followStep), "2026-11-20T00:00:30Z", hit...)))[0]
		note := ""
		if test.note != "" {
			note = "these logs do not have the start of their parent, " + test.note
		}
		if got := numbers(&l); !slices.Equal(got, test.want) || l.Count != int64(len(test.want)) || l.Note != note {
			t.Errorf("%s: %v (%d), %q; want %v, %q", test.name, got, l.Count, l.Note, test.want, note)
		}
	}
	if l := lookupsOf(investigate(t, logOf(tree), 1, 0, finding(t, bookRule(t, followStep), "", "host.name", "h", "process.parent.pid", 20)))[0]; l.Status != NotFound {
		t.Errorf("a hit without a time: %s", l.Status)
	}
	log := logOf([]begin{{"h", -1, "b", "a"}, {"h", 3, 7, 8}})
	if l := lookupsOf(investigate(t, log, 1, 0, finding(t, bookRule(t, followStep), "", "host.name", "h", "process.parent.pid", 7, "process.parent.entity_id", "b")))[0]; !slices.Equal(numbers(&l), []int{0}) {
		t.Errorf("without a time by entity ids alone: %v", numbers(&l))
	}
	if l := lookupsOf(investigate(t, logOf(tree), 1, 0, finding(t, bookRule(t, followStep), "2026-11-20T00:00:30Z", "host.name", "h")))[0]; l.Status != Unanswerable {
		t.Errorf("a hit without a process: %s", l.Status)
	}
}

// TestParentsAgreeWithLooking: for logs of a few pids that are used again and again, what
// is found is what looking through the whole log for each parent finds, however the log is
// cut and whoever reads it.
func TestParentsAgreeWithLooking(t *testing.T) {
	r := bookRule(t, followStep)
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 1))
		var log []begin
		for range 120 {
			log = append(log, begin{fmt.Sprintf("h%d", random.IntN(2)), random.IntN(600), 1 + random.IntN(12), random.IntN(13)})
		}
		var findings []*scan.Finding
		want := map[int]bool{}
		for range 3 {
			at, pid, parent := random.IntN(600), 1+random.IntN(12), 1+random.IntN(12)
			findings = append(findings, finding(t, r, fmt.Sprintf("2026-11-20T00:%02d:%02dZ", at/60, at%60), "host.name", "h1", "process.pid", pid, "process.parent.pid", parent))
			look(log, at, pid, parent, want)
		}
		var numbersWanted []int
		for n := range want {
			numbersWanted = append(numbersWanted, n)
		}
		slices.Sort(numbersWanted)
		for _, jobs := range []int{1, 4} {
			l := lookupsOf(investigate(t, logOf(log), jobs, []int{0, 700}[jobs/4], findings...))[0]
			if l.Count != int64(len(want)) {
				t.Fatalf("seed %d: %d parents, want %d", seed, l.Count, len(want))
			}
			if got := numbers(&l); len(want) <= 16 && !slices.Equal(got, numbersWanted) {
				t.Fatalf("seed %d, %d workers:\n%s", seed, jobs, cmp.Diff(numbersWanted, got))
			}
		}
	}
}

// look finds the parents of a process by looking through the log for each.
func look(log []begin, at, pid, parent int, found map[int]bool) {
	latest := func(pid, until int) int {
		best := -1
		for i, b := range log {
			if b.host == "h1" && b.pid == pid && b.second <= until && (best < 0 || b.second >= log[best].second) {
				best = i
			}
		}
		return best
	}
	seen := map[int]bool{}
	if own := latest(pid, at); own >= 0 {
		seen[own] = true
		parent, at = log[own].parent.(int), log[own].second
	}
	for range maxAncestors {
		n := latest(parent, at)
		if n < 0 || seen[n] {
			return
		}
		seen[n], found[n] = true, true
		parent, at = log[n].parent.(int), log[n].second
	}
}

func TestParentsHaveLimits(t *testing.T) {
	var deep []begin
	for i := range 40 {
		deep = append(deep, begin{"h", i, 100 + i, 99 + i})
	}
	l := lookupsOf(investigate(t, logOf(deep), 1, 0, finding(t, bookRule(t, followStep), "2026-11-20T00:00:50Z", "host.name", "h", "process.parent.pid", 139)))[0]
	if got := numbers(&l); len(got) != maxAncestors || got[0] != 40-maxAncestors || l.Note == "" {
		t.Errorf("of 40 generations: %v, %q", got, l.Note)
	}
	room := int64(2 * startSize)
	s := newStarts(&rule.Evidence{Follow: true}, &room)
	for i := range 5 {
		s.add([]start{{evidence: event.Evidence{Offset: int64(i)}}, {evidence: event.Evidence{Offset: int64(i)}}}, 0, 1)
	}
	if len(s.list) != 2 || s.beyond != 6 {
		t.Errorf("of 5 starts, told twice, %d are kept and %d counted", len(s.list), s.beyond)
	}
}

// TestLatestStart: of a pid that was used before, the process of the hit is the last one.
func TestLatestStart(t *testing.T) {
	const step = `[[step.evidence]]
label = "l"
query = 'process where event.type == "start" and process.pid == {{process.pid}}'
before = "1h"
after = "5s"
max = 4
last = 2
`
	hits := []*scan.Finding{
		finding(t, bookRule(t, step), "2026-11-20T00:00:30Z", "host.name", "h", "process.pid", 20),
		finding(t, bookRule(t, step), "2026-11-20T00:00:31Z", "host.name", "h", "process.pid", 30),
	}
	hits[1].Rule = hits[0].Rule
	log := []begin{{"h", 1, 20, 9}, {"h", 2, 20, 9}, {"h", 3, 20, 9}, {"h", 4, 30, 9}, {"h", 40, 20, 9}}
	l := lookupsOf(investigate(t, logOf(log), 1, 0, hits...))[0]
	if got := numbers(&l); !slices.Equal(got, []int{1, 2, 3}) || l.Count != 3 {
		t.Errorf("%v (%d)", got, l.Count)
	}
	for range 3 {
		log = append(log, begin{"h", 5, 20, 9})
	}
	l = lookupsOf(investigate(t, logOf(log), 1, 0, hits...))[0]
	if got := numbers(&l); !slices.Equal(got, []int{0, 1, 2, 3}) || l.Count != 7 {
		t.Errorf("of more than are kept: %v (%d)", got, l.Count)
	}
}
