package scan_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kscan/readers"
	"kscan/readers/event"
	"kscan/rule"
	"kscan/scan"
)

// nearLog writes events that miss the built-in rule by one condition, among padding that
// misses it by more and hits. It returns how many of each there are.
func nearLog(r *rand.Rand, n int) (log string, want map[string]int64) {
	want = map[string]int64{}
	var b strings.Builder
	for i := range n {
		line := strings.Replace(ecs(i, true), `"pid"`, `"executable":"/usr/bin/curl","pid"`, 1)
		change := func(kind, from, to string) {
			want[kind]++
			line = strings.Replace(line, from, to, 1)
		}
		switch r.IntN(12) {
		case 0:
			change("direction", `"network":{"direction":"egress"},`, "")
		case 1:
			change("os", `"os":{"type":"linux"}`, `"name2":"x"`)
		case 2:
			change("public", "10.0.0.7", fmt.Sprintf("8.8.8.%d", i%20))
		case 3:
			change("comm", `"name":"curl","executable":"/usr/bin/curl"`, `"name":"worker-1","executable":"/usr/bin/python3.12"`)
		case 4:
			change("program", `"name":"curl","executable":"/usr/bin/curl"`, `"name":"kubelet","executable":"/usr/bin/kubelet"`)
		case 5:
			change("hit", "x", "x")
		default: // two conditions fail: the port, or another, and the address
			line = strings.Replace(ecs(i, r.IntN(2) == 0), "10.0.0.7", "8.8.8.8", 1)
			line = strings.Replace(line, "egress", "ingress", 1)
		}
		b.WriteString(line)
	}
	return b.String(), want
}

func TestNearMisses(t *testing.T) {
	log, want := nearLog(rand.New(rand.NewPCG(1, 1)), 3000)
	dir := t.TempDir()
	write(t, dir, "a.ndjson", []byte(log))
	_, s := runScan(t, scan.Options{}, dir)
	near := s.Rules[0].Near
	got := map[string]int64{"hit": s.Rules[0].Findings}
	for _, c := range near.Clauses {
		switch {
		case strings.HasPrefix(c.Text, "network.direction"):
			got["direction"] += c.Missing
		case strings.HasPrefix(c.Text, "host.os.type"):
			got["os"] += c.Missing
		case strings.HasPrefix(c.Text, "cidrMatch"):
			got["public"] += c.ByAddress
		case strings.HasPrefix(c.Text, "process.name"):
			got["comm"] += c.ByName
			got["program"] += c.Events - c.ByName
		}
		if c.NotCounted != strings.HasPrefix(c.Text, "destination.port") {
			t.Errorf("%s: not counted is %v", c.Text, c.NotCounted)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("near misses (-want +got):\n%s", diff)
	}
	lines := strings.SplitAfter(log, "\n")
	listed := map[scan.NearReason]int{}
	for _, m := range near.Listed {
		listed[m.Reason]++
		if line := lines[m.Evidence.Line-1]; !strings.Contains(line, `"id":"`+m.Evidence.EventID+`"`) || !strings.Contains(line, m.Host) {
			t.Errorf("line %d is not that of %s", m.Evidence.Line, m.Evidence.EventID)
		}
	}
	// There are 7 hosts, and with 20 addresses more than are listed.
	if diff := cmp.Diff(map[scan.NearReason]int{scan.NearMissing: 10, scan.NearName: 7, scan.NearAddress: 10}, listed); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
}

// TestNearMissesWithAndWithoutPrefilter: passing over events that cannot match loses no
// near miss that is counted, wherever blocks are cut.
func TestNearMissesWithAndWithoutPrefilter(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	log, _ := nearLog(r, 4000)
	dir := t.TempDir()
	write(t, dir, "a.ndjson", []byte(log))
	var records strings.Builder
	for i := range 4000 {
		text := strings.Join(audit(i, r.IntN(3) > 0), "")
		switch r.IntN(4) {
		case 0:
			text = strings.Replace(text, "0A000007", "08080808", 1)
		case 1:
			text = strings.Replace(text, `comm="curl" exe="/usr/bin/curl"`, `comm="main" exe="/usr/bin/python3"`, 1)
		case 2:
			text = strings.Replace(text, `comm="curl" exe="/usr/bin/curl"`, `comm="kubelet" exe="/usr/bin/kubelet"`, 1)
		}
		records.WriteString(text)
	}
	write(t, dir, "audit.log", []byte(records.String()))
	_, plain := runScan(t, scan.Options{NoPrefilter: true, Jobs: 1}, dir)
	passed := false
	for _, o := range []scan.Options{
		{}, {Jobs: 3}, {Readers: readers.Options{BlockSize: 200_000}}, {Readers: readers.Options{BlockSize: 70_000}},
	} {
		_, s := runScan(t, o, dir)
		passed = passed || s.Counts.Passed > 0
		if diff := cmp.Diff(plain.Rules[0].Near, s.Rules[0].Near, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%+v (-all decoded +this):\n%s", o, diff)
		}
	}
	if !passed {
		t.Error("the prefilter passed over nothing: the test shows nothing")
	}
}

// TestNoAccount: without an account the findings are the same, and nothing is said of the rest.
func TestNoAccount(t *testing.T) {
	log, _ := nearLog(rand.New(rand.NewPCG(3, 3)), 2000)
	dir := t.TempDir()
	write(t, dir, "a.ndjson", []byte(log))
	want, _ := runScan(t, scan.Options{}, dir)
	got, s := runScan(t, scan.Options{NoAccount: true}, dir)
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf("findings (-with +without):\n%s", diff)
	}
	if s.Streams != nil || s.Rules[0].Near != nil {
		t.Errorf("there is an account: %+v", s.Streams)
	}
}

func TestNoNearMissesWithManyRules(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.ndjson", []byte(ecs(1, true)))
	rules := builtin(t)
	for len(rules) <= scan.MaxNearRules {
		rules = append(rules, builtin(t)...)
	}
	s, err := scan.Run(context.Background(), scan.Options{}, []string{dir}, rules, &recorder{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Rules {
		if r.Near != nil || r.Reach.Could != 1 {
			t.Errorf("near misses %v, reach %+v", r.Near, r.Reach)
		}
	}
}

// TestNearSequences: what is told of a sequence that was not completed is what asking for it
// without its last step finds, under the keys that the whole has no match for.
func TestNearSequences(t *testing.T) {
	for _, test := range []struct{ whole, short string }{
		{`sequence by host [process where pid > 2] [network where pid > 4] [file where pid == 9]`, `sequence by host [process where pid > 2] [network where pid > 4]`},
		{`sequence by user with maxspan=2s [process where pid > 5] [network where pid < 3] [file where pid == 1]`, `sequence by user with maxspan=2s [process where pid > 5] [network where pid < 3]`},
		{`sequence by host with maxspan=5s [process where pid > 2] [file where pid > 2] [network where pid == 9] until [file where pid == 3]`,
			`sequence by host with maxspan=5s [process where pid > 2] [file where pid > 2] until [file where pid == 3]`},
		{`sequence by user [process where pid < 4] with runs=5`, `sequence by user [process where pid < 4] with runs=4`},
		{`sequence [process where pid > 7] [network where pid > 7] [file where pid == 20]`, `sequence [process where pid > 7] [network where pid > 7]`},
	} {
		found := 0
		for seed := range uint64(12) {
			dir := t.TempDir()
			write(t, dir, "a.ndjson", []byte(lateLog(rand.New(rand.NewPCG(seed, 5)), 25)))
			want := keysOf(t, test.short, dir)
			for key := range keysOf(t, test.whole, dir) {
				delete(want, key)
			}
			for _, jobs := range []int{1, 3} {
				o := scan.Options{Jobs: jobs, Readers: readers.Options{BlockSize: 200}}
				s, err := scan.Run(context.Background(), o, []string{dir}, []*rule.Rule{query(t, test.whole)}, sinkFunc(func(*scan.Finding) error { return nil }))
				if err != nil {
					t.Fatal(err)
				}
				near := s.Rules[0].NearSequences
				if near.Count != int64(len(want)) || near.Unknown != "" {
					t.Fatalf("%s, seed %d: %d near misses, want %d", test.whole, seed, near.Count, len(want))
				}
				for _, n := range near.Listed {
					if events, ok := want[string(n.Keys)]; !ok || fmt.Sprint(placesOf(n.Evidence)) != events {
						t.Errorf("%s, seed %d: %s of %v, want %s", test.whole, seed, n.Keys, placesOf(n.Evidence), events)
					}
				}
			}
			found += len(want)
		}
		if found == 0 {
			t.Errorf("%s: nothing to find", test.whole)
		}
	}
}

// keysOf returns the keys of the matches of a query, each with the lines of the last one.
func keysOf(t *testing.T, text, dir string) map[string]string {
	t.Helper()
	keys := map[string]string{}
	sink := sinkFunc(func(f *scan.Finding) error {
		var places []event.Evidence
		for _, hit := range f.Hits {
			places = append(places, hit.Evidence)
		}
		keys[string(f.JoinKeys)] = fmt.Sprint(placesOf(places))
		return nil
	})
	if _, err := scan.Run(context.Background(), scan.Options{}, []string{dir}, []*rule.Rule{query(t, text)}, sink); err != nil {
		t.Fatal(err)
	}
	return keys
}

func placesOf(list []event.Evidence) (lines []int64) {
	for _, e := range list {
		lines = append(lines, e.Line)
	}
	return lines
}

func TestNearSequencesThatAreNotKnown(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.ndjson", []byte(lateLog(rand.New(rand.NewPCG(1, 5)), 25)))
	for _, text := range []string{`sequence by host with maxspan=3s [process where true] ![file where true] [network where true]`, `sequence by host [process where true]`} {
		r, _, err := rule.Query(text, rule.QueryOptions{})
		if err != nil {
			continue // one step alone
		}
		s, err := scan.Run(context.Background(), scan.Options{}, []string{dir}, []*rule.Rule{r}, sinkFunc(func(*scan.Finding) error { return nil }))
		if err != nil {
			t.Fatal(err)
		}
		if near := s.Rules[0].NearSequences; near.Unknown == "" || near.Count != 0 {
			t.Errorf("%s: %+v", text, near)
		}
	}
}
