package scan_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fastjson"

	"kscan/readers"
	"kscan/readers/event"
	"kscan/rule"
	"kscan/rule/eval"
	"kscan/scan"
)

// lateQueries are of every form that needs all events.
var lateQueries = []string{
	`any where true`,
	`process where pid > 5`,
	`process where true | head 7`,
	`any where true | tail 9 | head 3`,
	`sequence by host [process where true] [network where true]`,
	`sequence by host, ?user with maxspan=2s [process where pid > 3] [network where true] [process where true]`,
	`sequence [process where pid == 1] [network where true] until [file where true] | tail 4`,
	`sequence by host with maxspan=3s [process where true] ![file where true] [network where true]`,
	`sequence by host [process where true] with runs=3`,
	`sequence by host with maxspan=1s ![file where true] [process where true]`,
	`sample by host [process where pid > 2] [file where true]`,
	`sample by user, host [process where true] [network where true] [file where true]`,
}

// lateLog returns events whose times are in no order, some without one.
func lateLog(r *rand.Rand, events int) string {
	var out strings.Builder
	for range events {
		category := []string{"process", "network", "file"}[r.IntN(3)]
		fmt.Fprintf(&out, `{"event":{"category":["%s"]},"host":"h%d","pid":%d`, category, r.IntN(4), r.IntN(10))
		if r.IntN(4) > 0 {
			fmt.Fprintf(&out, `,"user":["u%d","u%d"]`, r.IntN(3), r.IntN(3))
		}
		if r.IntN(10) > 0 {
			fmt.Fprintf(&out, `,"@timestamp":"2026-11-20T10:00:%02d.%dZ"`, r.IntN(30), r.IntN(3))
		}
		out.WriteString("}\n")
	}
	return out.String()
}

func query(t *testing.T, text string) *rule.Rule {
	t.Helper()
	r, _, err := rule.Query(text, rule.QueryOptions{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r
}

// expected runs a query on the lines of logs as the engine alone would.
func expected(t *testing.T, r *rule.Rule, logs ...string) []string {
	t.Helper()
	var points []eval.Point
	var lines []string
	s := eval.NewScratch()
	for line := range strings.Lines(strings.Join(logs, "")) {
		line = strings.TrimSuffix(line, "\n")
		s.Load(r.Program.Set(), &event.Event{Doc: fastjson.MustParse(line)})
		if p, ok := r.Program.Point(s); ok {
			p.Handle = len(lines)
			points = append(points, p)
		}
		lines = append(lines, line)
	}
	var out []string
	for _, m := range r.Program.Run(points, eval.RunOptions{}).Matches {
		keys := ""
		if m.Key != nil {
			keys = string(m.Key.AppendJSON(nil))
		}
		for _, handle := range m.Handles {
			if handle < 0 {
				out = append(out, keys+" missing")
			} else {
				out = append(out, keys+" "+lines[handle])
			}
		}
	}
	return out
}

// matches runs a query on files and returns what expected does.
func matches(t *testing.T, o scan.Options, r *rule.Rule, dir string) ([]string, *scan.Summary) {
	t.Helper()
	o.InTimeOrder = true
	var out []string
	s, err := scan.Run(context.Background(), o, []string{dir}, []*rule.Rule{r}, sinkFunc(func(f *scan.Finding) error {
		for i := range f.Hits {
			text := " missing"
			if len(f.Hits[i].JSON) > 0 {
				text = " " + string(f.Hits[i].JSON)
			}
			out = append(out, string(f.JoinKeys)+text)
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	return out, s
}

// TestLateMatches holds what a run over files finds to what the engine finds in all
// events at once, for any number of workers and cuts.
func TestLateMatches(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	a, b, c := lateLog(random, 120), lateLog(random, 120), lateLog(random, 60)
	dir := t.TempDir()
	write(t, dir, "a.ndjson", []byte(a))
	write(t, dir, "b.ndjson.gz", zipped(t, []byte(b)))
	write(t, dir, "c.ndjson", []byte(c))
	for _, text := range lateQueries {
		r := query(t, text)
		want := expected(t, r, a, b, c)
		if len(want) == 0 {
			t.Errorf("%s: nothing to find", text)
		}
		for _, o := range []scan.Options{
			{Jobs: 1}, {Jobs: 8, Readers: readers.Options{BlockSize: 500}}, {Jobs: 2, Readers: readers.Options{BlockSize: 3000}},
		} {
			got, s := matches(t, o, r, dir)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %d jobs, blocks of %d (-want +got):\n%s", text, o.Jobs, o.Readers.BlockSize, diff)
			}
			if s.Counts.Lost > 0 || s.Rules[0].Findings == 0 {
				t.Errorf("%s: %d lost, %d findings", text, s.Counts.Lost, s.Rules[0].Findings)
			}
		}
	}
}

// TestLateEvidence looks every event of a match up again.
func TestLateEvidence(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	text := lateLog(random, 200)
	lines := strings.SplitAfter(text, "\n")
	dir := t.TempDir()
	write(t, dir, "a.ndjson", []byte(text))
	r := query(t, lateQueries[4])
	found := 0
	check := sinkFunc(func(f *scan.Finding) error {
		for _, h := range f.Hits {
			found++
			if line := strings.TrimSuffix(lines[h.Evidence.Line-1], "\n"); line != string(h.JSON) {
				t.Errorf("line %d is %s, want %s", h.Evidence.Line, line, h.JSON)
			}
			if !strings.HasPrefix(text[h.Evidence.Offset:], string(h.JSON)) || h.Evidence.Format != "ndjson" || h.Time.IsZero() {
				t.Errorf("evidence %+v, time %v", h.Evidence, h.Time)
			}
		}
		return nil
	})
	o := scan.Options{Jobs: 3, Readers: readers.Options{BlockSize: 700}}
	s, err := scan.Run(context.Background(), o, []string{dir}, []*rule.Rule{r}, check)
	if err != nil {
		t.Fatal(err)
	}
	if found == 0 || s.Parts[0].Findings != s.Rules[0].Findings {
		t.Errorf("%d events, %d findings in the part, %d of the rule", found, s.Parts[0].Findings, s.Rules[0].Findings)
	}
	if s.Counts.Notices != 1 || s.Problems[0].Kind != event.Undated || s.Problems[0].Line == 0 {
		t.Errorf("problems %+v, want one of events without a time", s.Problems)
	}
}

// TestHeldLimit demands that no limit changes a result in silence.
func TestHeldLimit(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	text := lateLog(random, 2000)
	dir := t.TempDir()
	write(t, dir, "a.ndjson", []byte(text))
	for _, source := range lateQueries {
		r := query(t, source)
		want := expected(t, r, text)
		var first []string
		for _, jobs := range []int{1, 4} {
			o := scan.Options{Jobs: jobs, MaxHeld: 20_000, Readers: readers.Options{BlockSize: 2000}}
			got, s := matches(t, o, r, dir)
			kind := event.Kind("")
			for _, p := range s.Problems {
				if p.Kind != event.Undated {
					kind = p.Kind
				}
			}
			switch {
			case strings.HasPrefix(source, "s"):
				if kind != event.TooMany || !s.Incomplete() {
					t.Errorf("%s: problems %+v, want one of the limit", source, s.Problems)
				}
			case strings.Contains(source, "|"):
				if diff := cmp.Diff(want, got); diff != "" || kind != "" {
					t.Errorf("%s: %q (-want +got):\n%s", source, kind, diff)
				}
			default:
				if kind != event.Unsorted || s.Incomplete() || !slices.Equal(sorted(want), sorted(got)) {
					t.Errorf("%s: %q, %d matches, want %d", source, kind, len(got), len(want))
				}
			}
			if jobs == 1 {
				first = got
			} else if diff := cmp.Diff(first, got); diff != "" {
				t.Errorf("%s (-1 worker +%d):\n%s", source, jobs, diff)
			}
		}
	}
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// TestLateRules runs sequences beside event rules, as a scan with a pack does.
func TestLateRules(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	var text bytes.Buffer
	text.WriteString(lateLog(random, 300))
	dir := t.TempDir()
	write(t, dir, "a.ndjson", text.Bytes())
	sequence, plain := query(t, lateQueries[4]), query(t, lateQueries[1])
	var order []*rule.Rule
	s, err := scan.Run(context.Background(), scan.Options{}, []string{dir}, []*rule.Rule{sequence, plain},
		sinkFunc(func(f *scan.Finding) error {
			order = append(order, f.Rule)
			return nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	split := slices.Index(order, sequence)
	if split < 1 || slices.Contains(order[:split], sequence) || slices.Contains(order[split:], plain) {
		t.Errorf("sequences do not come after events: the first of %d is at %d", len(order), split)
	}
	if int64(split) != s.Rules[1].Findings || int64(len(order)-split) != s.Rules[0].Findings {
		t.Errorf("%d findings from %d on, but the rules have %d and %d", len(order), split, s.Rules[1].Findings, s.Rules[0].Findings)
	}
}
