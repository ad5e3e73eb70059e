package triage

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
	"kscan/rule"
	"kscan/scan"
)

func testRule() *rule.Rule {
	return &rule.Rule{ID: "r1", Name: "Rule", Severity: "medium", RiskScore: 47, Query: "network where true",
		Note: "### Possible investigation steps\n- See {{process.executable}} and `process.args`, `network.direction`, `kubelet.conf`.\n"}
}

// finding makes a finding of one event from pairs of field and value.
func finding(t testing.TB, r *rule.Rule, at string, pairs ...any) *scan.Finding {
	t.Helper()
	doc := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		doc[pairs[i].(string)] = pairs[i+1]
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	hit := scan.Hit{JSON: raw, Evidence: event.Evidence{Source: "logs/a.ndjson", Line: 1}}
	if at != "" {
		if hit.Time, err = time.Parse(time.RFC3339, at); err != nil {
			t.Fatal(err)
		}
	}
	return &scan.Finding{Rule: r, Hits: []scan.Hit{hit}}
}

func collect(t testing.TB, findings ...*scan.Finding) *Case {
	t.Helper()
	c := NewCollector()
	for _, f := range findings {
		if err := c.Finding(f); err != nil {
			t.Fatal(err)
		}
	}
	return c.Case(&scan.Summary{})
}

func TestGroups(t *testing.T) {
	r := testRule()
	base := []any{"host.name", "h", "process.executable", "/usr/bin/curl", "user.name", "root",
		"destination.ip", "10.0.0.1", "destination.port", "10250"}
	same := finding(t, r, "2026-11-20T00:00:05Z", append(slices.Clone(base), "process.pid", 5)...)
	again := finding(t, r, "2026-11-20T00:00:01Z", append(slices.Clone(base), "process.pid", 6)...)
	number := finding(t, r, "", append(slices.Clone(base), "destination.port", 10250)...)
	c := collect(t, same, again, number)
	if len(c.Rules) != 1 || len(c.Rules[0].Groups) != 1 || c.Findings != 3 || c.Groups != 1 {
		t.Fatalf("%d findings in %d groups", c.Findings, c.Groups)
	}
	g := c.Rules[0].Groups[0]
	if g.Count != 3 || g.Undated != 1 || g.Events != 3 || len(g.Evidence) != 3 {
		t.Errorf("count %d, undated %d, events %d", g.Count, g.Undated, g.Events)
	}
	if g.First.Second() != 1 || g.Last.Second() != 5 {
		t.Errorf("seen from %v to %v", g.First, g.Last)
	}
	if want := (Key{Host: "h", Process: "/usr/bin/curl", User: "root", Target: "10.0.0.1:10250", spread: true}); g.Key != want {
		t.Errorf("key is %+v", g.Key)
	}
	for i := 0; i < len(base); i += 2 {
		other := slices.Clone(base)
		other[i+1] = "else"
		want := 2
		if strings.HasPrefix(base[i].(string), "destination.") {
			want = 1 // a sweep is one thing to look at
		}
		c := collect(t, same, finding(t, r, "", other...))
		if c.Groups != want {
			t.Errorf("another %s makes %d groups", base[i], c.Groups)
		}
		if want == 1 && len(c.Rules[0].Groups[0].Targets) != 2 {
			t.Errorf("another %s is no second target", base[i])
		}
	}
	another := *r
	another.ID = "r2"
	if c := collect(t, same, finding(t, &another, "", base...)); c.Groups != 2 || len(c.Rules) != 2 {
		t.Errorf("two rules make %d groups", c.Groups)
	}
}

// TestAssessorAgrees: what streams names the group and priority that the case has.
func TestAssessorAgrees(t *testing.T) {
	r := testRule()
	findings := []*scan.Finding{
		finding(t, r, "", "host.name", "a", "process.executable", "/tmp/x"),
		finding(t, r, "", "host.name", "b", "process.name", "y"),
		finding(t, r, ""),
	}
	assessor := NewAssessor()
	for _, f := range findings {
		g := collect(t, f).Rules[0].Groups[0]
		want := Assessment{Group: g.ID, Priority: g.Priority, Reasons: g.Reasons}
		if diff := cmp.Diff(want, assessor.Assess(f)); diff != "" {
			t.Error(diff)
		}
	}
}

// TestUnnamedHosts: logs of hosts that are not named stay apart by folder.
func TestUnnamedHosts(t *testing.T) {
	a, b, c := finding(t, testRule(), ""), finding(t, testRule(), ""), finding(t, testRule(), "")
	b.Rule, c.Rule = a.Rule, a.Rule
	b.Hits[0].Evidence.Source = "logs/b.ndjson"
	c.Hits[0].Evidence.Source = "other/a.ndjson"
	if got := collect(t, a, b, c).Groups; got != 2 {
		t.Errorf("%d groups, want 2", got)
	}
}

func TestJudge(t *testing.T) {
	for _, test := range []struct {
		severity, executable string
		want                 Priority
		reason               string
	}{
		{"low", "/usr/bin/curl", Low, ""},
		{"medium", "/usr/bin/curl", Medium, ""},
		{"medium", "/tmp/curl", High, "/tmp, where any user can write"},
		{"medium", "/tmpfile", Medium, ""},
		{"medium", "/opt/.x/curl", High, "hidden"},
		{"medium", "/opt/../bin/curl", Medium, ""},
		{"medium", "/opt/./curl", Medium, ""},
		{"medium", "/tmp/.x/curl", High, "hidden"},
		{"medium", "/dev/shm/x (deleted)", Critical, "deleted"},
		{"low", "/memfd:x (deleted)", Medium, "memory"},
		{"critical", "/tmp/x (deleted)", Critical, "deleted"},
		{"odd", "/usr/bin/curl", Low, "no severity"},
	} {
		r := testRule()
		r.Severity = test.severity
		got := NewAssessor().Assess(finding(t, r, "", "process.executable", test.executable))
		if got.Priority != test.want || !strings.Contains(strings.Join(got.Reasons, "; "), test.reason) {
			t.Errorf("%s, %s: %v %q, want %v %q", test.severity, test.executable, got.Priority, got.Reasons, test.want, test.reason)
		}
	}
}

func TestResult(t *testing.T) {
	for exit, want := range map[string]string{
		"0": "connected", "-115": "in progress (-115)", "EINPROGRESS": "in progress (-115)", "ECONNREFUSED": "refused (-111)",
		"-111": "refused (-111)", "-110": "timed out (-110)", "-101": "unreachable (-101)", "EHOSTUNREACH": "unreachable (-113)",
		"-13": "denied (-13)", "EPERM": "denied (-1)", "-4": "failed (-4)", "EINTR": "failed (EINTR)", "120": "succeeded (120)",
	} {
		g := collect(t, finding(t, testRule(), "", "destination.ip", "10.0.0.1", "auditd.data.exit", exit)).Rules[0].Groups[0]
		if got := fact(g, "result"); !slices.Equal(got, []string{want}) {
			t.Errorf("exit %s is %q, want %q", exit, got, want)
		}
	}
	for outcome, want := range map[string]string{"success": "connected", "failure": "failed", "unknown": "not recorded"} {
		g := collect(t, finding(t, testRule(), "", "destination.ip", "10.0.0.1", "event.outcome", outcome)).Rules[0].Groups[0]
		if got := fact(g, "result"); !slices.Equal(got, []string{want}) {
			t.Errorf("outcome %s is %q, want %q", outcome, got, want)
		}
	}
}

func fact(g *Group, label string) []string {
	for _, f := range g.Facts {
		if f.Label == label {
			return f.Seen
		}
	}
	return nil
}

func TestFacts(t *testing.T) {
	g := collect(t, finding(t, testRule(), "",
		"process.executable", "/usr/bin/python3.5", "process.name", "google_ip_forwa", "process.args", []string{"a b", "c", "", "it's"},
		"process.parent.executable", "/bin/sh", "process.parent.pid", 7, "user.name", "bob", "user.id", "1000",
		"user.effective.name", "root", "destination.ip", []string{"10.0.0.1", "10.0.0.2"}, "destination.port", 1)).Rules[0].Groups[0]
	want := map[string]string{"name": "google_ip_forwa", "command line": `'a b' c '' 'it'\''s'`, "parent": "/bin/sh (pid 7)",
		"user": "bob (id 1000), acting as root", "destination": "10.0.0.1, 10.0.0.2 port 1", "executable": "/usr/bin/python3.5"}
	for label, text := range want {
		if got := fact(g, label); !slices.Equal(got, []string{text}) {
			t.Errorf("%s is %q, want %q", label, got, text)
		}
	}
	if got := fact(g, "container"); got != nil {
		t.Errorf("container is %q", got)
	}
}

// TestLimits: beyond each limit nothing is kept, and everything is counted.
func TestLimits(t *testing.T) {
	r, quiet := testRule(), testRule()
	quiet.ID = "r2"
	c := NewCollector()
	add := func(f *scan.Finding) {
		if err := c.Finding(f); err != nil {
			t.Fatal(err)
		}
	}
	const extra = 37
	for i := range maxRuleGroups + extra {
		add(finding(t, r, "", "host.name", fmt.Sprint(i)))
	}
	for i := range 3 * maxSeen {
		add(finding(t, quiet, "", "process.pid", i, "process.args", strings.Repeat("x", 5*maxValue)+fmt.Sprint(i%2)))
	}
	result := c.Case(&scan.Summary{})
	if got := result.Rules[0]; len(got.Groups) != maxRuleGroups || got.Ungrouped != extra || got.Findings != maxRuleGroups+extra {
		t.Errorf("%d groups, %d ungrouped of %d", len(got.Groups), got.Ungrouped, got.Findings)
	}
	g := result.Rules[1].Groups[0]
	if g.Count != 3*maxSeen || len(g.Evidence) != maxEvidence || g.Events != 3*maxSeen {
		t.Errorf("count %d, %d places of %d events", g.Count, len(g.Evidence), g.Events)
	}
	for _, f := range g.Facts {
		if f.Label == "pid" && (len(f.Seen) != maxSeen || f.Other != 2*maxSeen) {
			t.Errorf("pids are %q and %d others", f.Seen, f.Other)
		}
		if f.Label == "command line" && !strings.HasSuffix(f.Seen[0], "… (4001 more characters)") {
			t.Errorf("command line ends with %q", f.Seen[0][maxValue:])
		}
	}
}

// TestNoisyRule: a rule that fills all groups leaves others some.
func TestNoisyRule(t *testing.T) {
	c := NewCollector()
	c.groups, c.held = maxGroups, maxHeld
	for i := range 2 * sureGroups {
		if err := c.Finding(finding(t, testRule(), "", "host.name", fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	r := testRule()
	for i := range 2 * sureGroups {
		if err := c.Finding(finding(t, r, "", "host.name", fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	for _, got := range c.Case(&scan.Summary{}).Rules {
		if got.Rule == r && (len(got.Groups) != sureGroups || got.Ungrouped != sureGroups) {
			t.Errorf("%d groups, %d ungrouped", len(got.Groups), got.Ungrouped)
		}
	}
}

// TestOrder: the order of groups does not depend on the order of findings.
func TestOrder(t *testing.T) {
	r := testRule()
	var findings []*scan.Finding
	for i := range 50 {
		findings = append(findings, finding(t, r, []string{"", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"}[i%3],
			"host.name", fmt.Sprint(i), "process.executable", []string{"/tmp/x", "/bin/x"}[i%2]))
	}
	ids := func() (ids []string) {
		for _, g := range collect(t, findings...).Rules[0].Groups {
			ids = append(ids, g.ID)
		}
		return ids
	}
	want := ids()
	random := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		random.Shuffle(len(findings), func(i, j int) { findings[i], findings[j] = findings[j], findings[i] })
		if diff := cmp.Diff(want, ids()); diff != "" {
			t.Fatal(diff)
		}
	}
	groups := collect(t, findings...).Rules[0].Groups
	if groups[0].Priority != High || groups[0].First.IsZero() || !groups[len(groups)-1].First.IsZero() {
		t.Error("groups are not by priority, then time, undated last")
	}
}

// FuzzCollector: no document, however broken, is lost or fatal.
func FuzzCollector(f *testing.F) {
	f.Add([]byte(`{"process":{"name":["a",null,{"b":1}],"args":[[["x"]]]},"destination":{"ip":1,"port":{}}}`))
	f.Add([]byte(`[]`))
	f.Add([]byte(`{"process.name":"a","process":{"name":"b"},"process.":{"":1}}`))
	f.Add([]byte(`nonsense`))
	f.Add([]byte(strings.Repeat(`{"process":`, 200) + `1` + strings.Repeat(`}`, 200)))
	f.Fuzz(func(t *testing.T, doc []byte) {
		r := testRule()
		r.Note += "- `process.*` `destination.*` `a.b.*`\n"
		finding := &scan.Finding{Rule: r, Hits: []scan.Hit{{JSON: doc}, {}}}
		c := collect(t, finding, finding)
		g := c.Rules[0].Groups[0]
		if c.Findings != 2 || g.Count != 2 {
			t.Fatalf("%d findings, %d in the group", c.Findings, g.Count)
		}
		for _, section := range c.Rules[0].Guide.Sections {
			for i := range section.Steps {
				g.Answers(&section.Steps[i])
			}
		}
	})
}

func BenchmarkCollector(b *testing.B) {
	r := testRule()
	f := finding(b, r, "2026-11-20T00:00:00Z", "host.name", "h", "process.executable", "/usr/bin/curl", "process.pid", 5,
		"process.args", []string{"curl", "-k", "https://10.0.0.1:10250/pods"}, "destination.ip", "10.0.0.1", "destination.port", 10250)
	c := NewCollector()
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Finding(f); err != nil {
			b.Fatal(err)
		}
	}
}
