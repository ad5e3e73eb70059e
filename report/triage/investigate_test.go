package triage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/rule"
	"kscan/scan"
)

// bookRule is a rule with a playbook of one step.
func bookRule(t testing.TB, step string) *rule.Rule {
	t.Helper()
	book, problems := rule.ParsePlaybook("test", []byte("rule_id = \"r1\"\n[[step]]\ntitle = \"t\"\n"+step))
	if book == nil {
		t.Fatal(problems)
	}
	r := testRule()
	r.Playbook = book
	return r
}

// investigate looks the rule's playbook up in log for the findings, with small blocks and
// many workers, and returns the case.
func investigate(t testing.TB, log string, jobs, block int, findings ...*scan.Finding) *Case {
	t.Helper()
	o := scan.Options{Jobs: jobs}
	o.Readers.BlockSize = block
	return investigateWith(t, log, o, findings...)
}

func investigateWith(t testing.TB, log string, o scan.Options, findings ...*scan.Finding) *Case {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.ndjson")
	if err := os.WriteFile(path, []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	c := NewCollector()
	for _, f := range findings {
		if err := c.Finding(f); err != nil {
			t.Fatal(err)
		}
	}
	probe := c.Probe()
	if probe == nil {
		return c.Case(&scan.Summary{})
	}
	o.Probe = probe
	second, err := scan.Run(context.Background(), o, []string{path}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for o.Probe = probe.Further(); o.Probe != (*Probe)(nil); o.Probe = probe.Further() {
		if _, err := scan.Run(context.Background(), o, []string{path}, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	c.Answer(probe, second, "")
	return c.Case(&scan.Summary{})
}

func lookupsOf(c *Case) []Lookup { return c.Rules[0].Groups[0].Steps[0].Lookups }

// TestLookup: one query in all circumstances.
func TestLookup(t *testing.T) {
	const step = `[[step.evidence]]
label = "l"
query = 'process where process.pid == {{process.pid}} and process.entity_id == {{?process.entity_id}}'
telemetry = 'process where event.type == "start"'
telemetry_name = "starts"
before = "10s"
after = "5s"
`
	event := func(host string, second int, pid any, entity string) string {
		return fmt.Sprintf(`{"@timestamp":"2026-11-20T00:00:%02dZ","host":{"name":%q},"event":{"category":"process","type":"start"},"process":{"pid":%v,"entity_id":%q}}`+"\n",
			second, host, pid, entity)
	}
	hit := func(pairs ...any) []any { return append([]any{"host.name", "h"}, pairs...) }
	full := hit("process.pid", 7, "process.entity_id", "e")
	for _, test := range []struct {
		name, log string
		hit       []any
		status    LookupStatus
		count     int64
		text      string
	}{
		{"found", event("h", 20, 7, "e") + event("h", 35, `"7"`, "e"), full, Found, 2, "2 found"},
		{"outside the window", event("h", 19, 7, "e") + event("h", 36, 7, "e"), full, NotFound, 0, "looked for and not found"},
		{"another host", event("h", 30, 8, "e") + event("g", 30, 7, "e"), full, NotFound, 0, "looked for and not found"},
		{"no such host", event("g", 30, 7, "e"), full, NoTelemetry, 0, "the logs hold no starts of h"},
		{"no such events", `{"@timestamp":"2026-11-20T00:00:30Z","host":{"name":"h"},"event":{"category":"process","type":"end"}}`, full, NoTelemetry, 0, "the logs hold no starts"},
		{"a value is missing", event("h", 30, 7, "e"), hit("process.entity_id", "e"), Unanswerable, 0, "not answerable: the hit has no process.pid"},
		{"an optional one is", event("h", 30, 7, "e"), hit("process.pid", 7), NotFound, 0, "looked for and not found"},
		{"both are", event("h", 30, 7, "e"), hit(), Unanswerable, 0, "not answerable: the hit has no process.pid"},
		{"a value is no number", event("h", 30, 7, "e"), hit("process.pid", "seven", "process.entity_id", "e"), Unanswerable, 0, "not answerable: the hit has no process.pid"},
		{"a value with quotes", event("h", 30, 7, "e"), hit("process.pid", 7, "process.entity_id", `e" or true or "`), NotFound, 0, "looked for and not found"},
		{"several values", event("h", 30, 7, "e") + event("h", 30, 7, "x"), hit("process.pid", 7, "process.entity_id", []string{"d", "e"}), Found, 1, "1 found"},
	} {
		l := lookupsOf(investigate(t, test.log, 1, 0, finding(t, bookRule(t, step), "2026-11-20T00:00:30Z", test.hit...)))[0]
		if l.Status != test.status || l.Count != test.count || l.Text != test.text {
			t.Errorf("%s: %s, %d, %q", test.name, l.Status, l.Count, l.Text)
		}
	}
	off := collect(t, finding(t, bookRule(t, step), "2026-11-20T00:00:30Z", full...))
	if l := lookupsOf(off)[0]; l.Status != NotLookedUp || off.Unanswered != ReasonOff {
		t.Errorf("without a second pass: %s, %q", l.Status, off.Unanswered)
	}
	undated := investigate(t, event("h", 1, 7, "e"), 1, 0, finding(t, bookRule(t, step), "", full...))
	if l := lookupsOf(undated)[0]; l.Status != Found {
		t.Errorf("around a hit without a time: %s", l.Status)
	}
}

// TestCaveat: what is found by the pid alone may be another process's, and is said to.
func TestCaveat(t *testing.T) {
	const step = `[[step.evidence]]
label = "l"
query = 'process where process.entity_id == {{?process.entity_id}} or process.pid == {{process.pid}}'
caveat = "by the pid alone"
`
	const log = `{"host":{"name":"h"},"event":{"category":"process"},"process":{"pid":7,"entity_id":"e"}}` + "\n"
	for want, hits := range map[string][][]any{
		"":                 {{"process.pid", 7, "process.entity_id", "e"}, {"process.pid", 8}},
		"by the pid alone": {{"process.pid", 7}, {"process.pid", 8, "process.entity_id", "f"}},
	} {
		for i, hit := range hits {
			l := lookupsOf(investigate(t, log, 1, 0, finding(t, bookRule(t, step), "", append(hit, "host.name", "h")...)))[0]
			if found := i == 0; (l.Status == Found) != found || found && l.Note != want || !found && l.Note != "" {
				t.Errorf("%v: %s, %q", hit, l.Status, l.Note)
			}
		}
	}
}

// TestProbeAgreesWithAskingEach: the wide queries and windows that tell events of use from
// others lose none, and the answers do not depend on blocks and workers.
func TestProbeAgreesWithAskingEach(t *testing.T) {
	const step = `[[step.evidence]]
label = "mixed"
query = 'any where not process.name == {{?process.name}} and (process.pid in (1, {{process.pid}}) or user.name != {{user.name}} and startsWith(file.path, {{user.name}}))'
host = "any"
before = "7s"
after = "9s"
max = 50
show = ["process.pid"]
[[step.evidence]]
label = "counted"
query = 'any where process.pid == {{process.pid}}'
host = "other"
count_by = ["host.name", "user.name"]
`
	var log strings.Builder
	for i := range 400 {
		fmt.Fprintf(&log, `{"@timestamp":"2026-11-20T00:00:%02dZ","host":{"name":"h%d"},"process":{"pid":%d,"name":"p%d"},"user":{"name":"u%d"},"file":{"path":"u%d/x"}}`+"\n",
			i%60, i%3, i%7, i%5, i%4, i%2)
	}
	r := bookRule(t, step)
	var findings []*scan.Finding
	for i := range 30 {
		findings = append(findings, finding(t, r, fmt.Sprintf("2026-11-20T00:00:%02dZ", 10+i), "host.name", fmt.Sprintf("h%d", i%3),
			"process.pid", i%4, "user.name", fmt.Sprintf("u%d", i%2), "process.name", []string{"p1", "p2"}[:i%3]))
	}
	want := investigate(t, log.String(), 1, 0, findings...)
	checkEach(t, want, log.String())
	for _, jobs := range []int{1, 4} {
		for _, block := range []int{300, 1000} {
			got := investigate(t, log.String(), jobs, block, findings...)
			if diff := cmp.Diff(answersOf(want), answersOf(got)); diff != "" {
				t.Fatalf("%d workers, blocks of %d bytes (-want +got):\n%s", jobs, block, diff)
			}
		}
	}
}

// answersOf writes all answers of a case as text.
func answersOf(c *Case) (lines []string) {
	for _, g := range c.Rules[0].Groups {
		for _, l := range g.Steps[0].Lookups {
			lines = append(lines, fmt.Sprintf("%s %s %s %d", g.ID, l.Label, l.Status, l.Count))
			for _, e := range l.Events {
				lines = append(lines, fmt.Sprintf("%d %v", e.Evidence.Line, e.Values))
			}
			for _, tally := range l.Tally {
				lines = append(lines, fmt.Sprintf("%v %d %d", tally.Values, tally.Count, tally.First.Line))
			}
		}
	}
	return lines
}

// checkEach counts by hand what the second query of each group must find.
func checkEach(t *testing.T, c *Case, log string) {
	t.Helper()
	n := strings.Count(log, "\n")
	for _, g := range c.Rules[0].Groups {
		pids := g.Steps[0].Lookups[1]
		var count int64
		for i := range n {
			if fmt.Sprintf("h%d", i%3) == g.Key.Host {
				continue
			}
			if slices.Contains(g.pids(), i%7) {
				count++
			}
		}
		if pids.Count != count {
			t.Errorf("group %s on %s: %d events, want %d", g.ID, g.Key.Host, pids.Count, count)
		}
	}
}

// pids returns the pids of a group of the test: all that its facts have seen.
func (g *Group) pids() (pids []int) {
	for _, f := range g.Facts {
		if f.Label != "pid" {
			continue
		}
		for _, text := range f.Seen {
			var pid int
			fmt.Sscan(text, &pid)
			pids = append(pids, pid)
		}
	}
	return pids
}

func TestConditionsMovePriority(t *testing.T) {
	const step = `[[step.condition]]
when = 'process.name == "a"'
raise = 1
reason = "up one"
[[step.condition]]
when = 'process.name like "a*"'
raise = 2
reason = "up two"
[[step.condition]]
when = 'user.name == "known"'
lower = 1
reason = "down"
`
	r := bookRule(t, step)
	for _, test := range []struct {
		hits [][]any
		want Priority
	}{
		{[][]any{{"process.name", "x"}}, Medium},
		{[][]any{{"process.name", "a"}}, Critical},
		{[][]any{{"user.name", "known"}}, Low},
		{[][]any{{"process.name", "a", "user.name", "known"}}, High},
		{[][]any{{"process.executable", "/x", "process.name", "a"}, {"process.executable", "/x", "process.name", "b"}}, Critical},
	} {
		var findings []*scan.Finding
		for _, h := range test.hits {
			findings = append(findings, finding(t, r, "", h...))
		}
		g := collect(t, findings...).Rules[0].Groups[0]
		if g.Priority != test.want {
			t.Errorf("%v: %v, %v", test.hits, g.Priority, g.Reasons)
		}
		if a := NewAssessor().Assess(findings[0]); len(findings) == 1 && (a.Priority != g.Priority || a.Group != g.ID) {
			t.Errorf("%v: as it streams by: %v", test.hits, a)
		}
	}
}

func TestLookupLimits(t *testing.T) {
	r := bookRule(t, "[[step.evidence]]\nlabel = \"l\"\nquery = 'any where process.pid == {{process.pid}}'\n")
	var findings []*scan.Finding
	for i := range maxTuples + 3 {
		findings = append(findings, finding(t, r, "", "host.name", "h", "process.pid", i))
	}
	if l := lookupsOf(investigate(t, `{"process":{"pid":1}}`+"\n", 1, 0, findings...))[0]; l.Beyond != 3 {
		t.Errorf("%d hits beyond the limit, want 3", l.Beyond)
	}
}

func TestParseNodes(t *testing.T) {
	kubectl := `{"kind":"List","items":[{"metadata":{"name":"n1"},"spec":{"podCIDR":"10.244.1.0/24","podCIDRs":["10.244.1.0/24","fd00::/64"]},
		"status":{"addresses":[{"type":"InternalIP","address":"10.0.0.1"},{"type":"Hostname","address":"n1"}]}}]}`
	lines := "# nodes\nn1 10.0.0.1 10.244.1.0/24\nn1,fe80::1%eth0,fd00::/64\r\n\n"
	for _, text := range []string{kubectl, lines} {
		n, err := ParseNodes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		g := &Group{}
		for address, want := range map[string]Owner{
			"10.0.0.1": OwnerNode, "::ffff:10.0.0.1": OwnerNode, "10.244.1.9": OwnerPod, "fd00::5": OwnerPod, "10.0.0.2": OwnerUnknown,
			"127.0.0.1": OwnerLoopback, "169.254.1.1": OwnerLinkLocal, "8.8.8.8": OwnerPublic, "100.64.0.1": OwnerUnknown, "x": OwnerUnknown,
		} {
			if got := g.destination(address, n, nil); got.Owner != want {
				t.Errorf("%s is %s, want %s", address, got.Owner, want)
			}
		}
	}
	for _, bad := range []string{"", "n1", "n1 x", "n1 10.0.0.1 10.0.0.0/99", "{", `{"items":[{"status":{"addresses":[{"type":"InternalIP","address":"x"}]}}]}`} {
		if _, err := ParseNodes([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
