package builtin_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kscan/readers/event"
	"kscan/report/triage"
	"kscan/rule"
	"kscan/scan"
)

// withPlaybook returns the built-in rule with its playbook.
func withPlaybook(t *testing.T) *rule.Rule {
	t.Helper()
	r := kubelet(t)
	if _, err := rule.LoadPlaybooks([]*rule.Rule{r}, nil); err != nil {
		t.Fatal(err)
	}
	if r.Playbook == nil {
		t.Fatal("the built-in rule has no playbook")
	}
	return r
}

// answers looks the playbook up in a log for one hit, and returns what came of it by label.
func answers(t testing.TB, r *rule.Rule, hit string, log ...string) map[string]triage.Lookup {
	t.Helper()
	out := map[string]triage.Lookup{}
	for _, step := range steps(t, r, hit, log...) {
		for _, l := range step.Lookups {
			out[l.Label] = l
		}
	}
	return out
}

// steps returns the answered steps of the playbook.
func steps(t testing.TB, r *rule.Rule, hit string, log ...string) []triage.StepAnswer {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.ndjson")
	if err := os.WriteFile(path, []byte(strings.Join(log, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := triage.NewCollector()
	err := c.Finding(&scan.Finding{Rule: r, Hits: []scan.Hit{{
		JSON: []byte(hit), Time: at("10:00:00.000"), Evidence: event.Evidence{Source: "logs/a.ndjson", Line: 1},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	probe := c.Probe()
	second, err := scan.Run(context.Background(), scan.Options{Probe: probe}, []string{path}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if second.Counts.Lost > 0 {
		t.Fatalf("%v", second.Problems)
	}
	further(t, probe, path)
	c.Answer(probe, second, "")
	return c.Case(&scan.Summary{}).Rules[0].Groups[0].Steps
}

// further looks for the parents of parents.
func further(t testing.TB, p *triage.Probe, path string) {
	t.Helper()
	for next := p.Further(); next != nil; next = p.Further() {
		if _, err := scan.Run(context.Background(), scan.Options{Probe: next}, []string{path}, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
}

const (
	// defendHit is a hit as Elastic Defend tells it, auditHit as an audit log does.
	defendHit = `{"host":{"name":"n1","ip":["10.20.0.11"]},"event":{"category":["network"],"type":["start"]},"process":{"pid":4000,"entity_id":"e4000","executable":"/tmp/kd","name":"kd",
		"parent":{"entity_id":"e3000"},"Ext":{"ancestry":["e3000","e2000"]}},"destination":{"ip":"10.20.0.12","port":10250}}`
	auditHit = `{"host":{"name":"n1"},"event":{"category":["network"],"type":["start"]},"process":{"pid":4000,"executable":"/tmp/kd","name":"kd","parent":{"pid":3000}},
		"destination":{"ip":"10.20.0.12","port":"10250"}}`
)

// on returns an event of a host at a time of day, with more members.
func on(host, clock, category, members string) string {
	return fmt.Sprintf(`{"@timestamp":"2026-11-20T%sZ","host":{"name":%q},"event":{"category":[%q],"type":["start"]},%s}`, clock, host, category, members)
}

// api returns an audit event of the Kubernetes API.
func api(clock, user, from, verb, object string) string {
	return fmt.Sprintf(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"x","verb":%q,"user":{"username":%q},"sourceIPs":[%q],"objectRef":%s,"requestReceivedTimestamp":"2026-11-20T%sZ"}`,
		verb, user, from, object, clock)
}

// integrated returns an audit event as Elastic's Kubernetes integration has it.
func integrated(clock, audit string) string {
	return fmt.Sprintf(`{"@timestamp":"2026-11-20T%sZ","event":{"dataset":"kubernetes.audit_logs"},"kubernetes":{"audit":%s}}`, clock, audit)
}

// playbookCases are, for each question of the playbook, events that answer it and events
// that show only that there was where to look.
func playbookCases() map[string]struct{ found, others []string } {
	start := func(clock, process string) string { return on("n1", clock, "process", `"process":`+process) }
	quiet := []string{start("10:00:00.000", `{"pid":1,"entity_id":"e1","args":["ls"]}`), on("n2", "10:00:00.000", "process", `"process":{"pid":9,"entity_id":"e9","args":["curl","https://x:10250/run/a"]}`)}
	calm := []string{
		api("10:00:10.000", "system:node:n1", "10.20.0.11", "get", `{"resource":"secrets"}`),
		api("10:00:10.000", "mkern", "10.20.0.5", "list", `{"resource":"pods"}`), api("08:00:00.000", "x", "10.20.0.11", "list", `{"resource":"secrets"}`),
	}
	return map[string]struct{ found, others []string }{
		"its start":   {[]string{start("09:59:59.000", `{"pid":4000,"entity_id":"e4000"}`), start("09:59:58.000", `{"pid":4000}`)}, quiet},
		"its parents": {[]string{start("09:00:00.000", `{"pid":3000,"entity_id":"e3000"}`)}, quiet},
		"who reaches this port": {[]string{on("n2", "01:00:00.000", "network", `"destination":{"port":"10250"},"process":{"executable":"/bin/prometheus"}`)},
			[]string{on("n1", "10:00:00.000", "network", `"destination":{"port":443}`), on("n2", "10:00:00.000", "network", `"destination":{"port":10250},"network":{"direction":"ingress"}`)}},
		"commands in containers through the kubelet": {
			[]string{start("10:00:01.000", `{"pid":4001,"entity_id":"x","args":["curl","-d","cmd=id","https://10.20.0.12:10250/run/a/b/c"],"parent":{"entity_id":"e4000","pid":4000}}`),
				start("10:00:01.000", `{"pid":4000,"args":["curl","http://10.20.0.12:10255/containerLogs/a/b/c"]}`)}, quiet},
		"other requests to a kubelet": {
			[]string{start("10:00:01.000", `{"pid":4001,"entity_id":"x","args":["curl","https://10.20.0.12:10250/runningpods/"],"parent":{"entity_id":"e4000","pid":4000}}`),
				start("09:59:00.000", `{"pid":4000,"args":["curl","https://10.20.0.12:10250/pods"]}`)}, quiet},
		"its children": {[]string{start("10:30:00.000", `{"pid":4001,"entity_id":"x","parent":{"entity_id":"e4000"}}`), start("10:30:00.000", `{"pid":4001,"parent":{"pid":4000}}`)}, quiet},
		"Kubernetes API requests from this host": {[]string{api("10:01:00.000", "system:serviceaccount:a:b", "10.20.0.11", "create", `{"resource":"pods","subresource":"exec"}`),
			integrated("10:01:00.000", `{"auditID":"x","verb":"list","user":{"username":"a"},"sourceIPs":["10.20.0.11"],"objectRef":{"resource":"secrets"}}`)}, calm},
		"such requests from anywhere": {[]string{api("10:01:00.000", "system:serviceaccount:a:b", "10.9.9.9", "create", `{"resource":"serviceaccounts","subresource":"token"}`),
			integrated("10:01:00.000", `{"auditID":"x","verb":"create","user":{"username":"a"},"objectRef":{"resource":"pods","subresource":"attach"}}`)}, calm},
		"credentials touched on this host": {[]string{start("10:05:00.000", `{"pid":5,"args":["cat","/var/run/secrets/kubernetes.io/serviceaccount/token"]}`),
			on("n1", "09:55:00.000", "file", `"file":{"path":"/etc/kubernetes/admin.conf"}`)}, quiet},
		"cloud metadata reached from this host": {[]string{on("n1", "10:05:00.000", "network", `"destination":{"ip":"169.254.169.254","port":80}`)},
			[]string{on("n1", "10:05:00.000", "network", `"destination":{"ip":"169.254.169.253","port":80}`), on("n2", "10:05:00.000", "network", `"destination":{"ip":"169.254.169.254"}`)}},
		"the same program, on other hosts": {[]string{on("n2", "05:00:00.000", "network", `"destination":{"port":10250},"process":{"executable":"/tmp/kd"}`)},
			[]string{on("n2", "05:00:00.000", "network", `"destination":{"port":10250},"process":{"executable":"/tmp/k"}`)}},
	}
}

// TestPlaybookAnswers: each question is answered with what is there, with nothing though
// it was looked for, and with logs that could not have shown it.
func TestPlaybookAnswers(t *testing.T) {
	r := withPlaybook(t)
	cases := playbookCases()
	for i := range r.Playbook.Steps {
		for _, e := range r.Playbook.Steps[i].Evidence {
			c, ok := cases[e.Label]
			if !ok || len(c.found) == 0 || len(c.others) == 0 {
				t.Errorf("%s: no case for it", e.Label)
				continue
			}
			delete(cases, e.Label)
			unrelated := on("n3", "10:00:00.000", "session", `"message":"x"`)
			if l := answers(t, r, defendHit, c.others...)[e.Label]; l.Status != triage.NotFound || l.Count != 0 {
				t.Errorf("%s: where it is not: %s, %s", e.Label, l.Status, l.Text)
			}
			if l := answers(t, r, defendHit, unrelated)[e.Label]; l.Status != triage.NoTelemetry {
				t.Errorf("%s: without telemetry: %s, %s", e.Label, l.Status, l.Text)
			}
			elsewhere := strings.NewReplacer(`"n1"`, `"n7"`).Replace(strings.Join(c.others, "\n"))
			if l := answers(t, r, defendHit, strings.ReplaceAll(elsewhere, `"n2"`, `"n8"`))[e.Label]; e.Host == rule.SameHost && l.Status != triage.NoTelemetry {
				t.Errorf("%s: with telemetry of other hosts: %s, %s", e.Label, l.Status, l.Text)
			}
			for _, found := range c.found {
				log := append(slices.Clone(c.others), found)
				l := answers(t, r, defendHit, log...)[e.Label]
				if l.Status != triage.Found || l.Count != 1 {
					t.Errorf("%s: %d of %s: %s", e.Label, l.Count, found, l.Text)
				}
				if place := placesOf(l); !slices.Equal(place, []int64{int64(len(log))}) {
					t.Errorf("%s: is at %v, want line %d", e.Label, place, len(log))
				}
			}
		}
	}
	for label := range cases {
		t.Errorf("%s: no query of the playbook", label)
	}
}

// TestPlaybookAnalyses: what no query answers is answered from evidence, and without any.
func TestPlaybookAnalyses(t *testing.T) {
	r := withPlaybook(t)
	credential := on("n1", "10:05:00.000", "process", `"process":{"args":["cat","/etc/kubernetes/admin.conf"]}`)
	neighbour := `{"@timestamp":"2026-11-20T10:00:00Z","host":{"name":"n2","ip":["10.20.0.12"]},"event":{"category":["session"]}}`
	cases := map[rule.Analysis]func(s triage.StepAnswer) string{
		rule.Destination: func(s triage.StepAnswer) string {
			return fmt.Sprintf("%s %s %v", s.Destinations[0].Owner, s.Destinations[0].Name, s.Destinations[0].Source != nil)
		},
		rule.Response: func(s triage.StepAnswer) string {
			return fmt.Sprintf("%v %v %v", s.Response.Hosts, s.Response.Nodes, s.Response.Credentials)
		},
	}
	want := map[rule.Analysis][2]string{
		rule.Destination: {"other_host n2 true", "unknown  false"},
		rule.Response:    {"[n1] [n2] [{the administrator's kubeconfig on n1", "[n1] [] []"},
	}
	for i, log := range [][]string{{credential, neighbour}, {on("n1", "10:00:00.000", "session", `"message":"x"`)}} {
		for _, s := range steps(t, r, defendHit, log...) {
			if s.Step.Analysis == rule.NoAnalysis {
				continue
			}
			if got := cases[s.Step.Analysis](s); !strings.HasPrefix(got, want[s.Step.Analysis][i]) {
				t.Errorf("%s, log %d: %s, want %s", s.Step.Analysis, i, got, want[s.Step.Analysis][i])
			}
		}
	}
}

// TestPlaybookOfAuditHits: a hit of an audit log has pids and no entity ids, and no address
// of its host.
func TestPlaybookOfAuditHits(t *testing.T) {
	r := withPlaybook(t)
	start := func(clock, process string) string { return on("n1", clock, "process", `"process":`+process) }
	got := answers(t, r, auditHit,
		start("09:00:00.000", `{"pid":"3000"}`), start("09:59:59.000", `{"pid":"4000","args":["curl","https://10.20.0.12:10250/exec/a"]}`),
		start("10:00:01.000", `{"pid":"4001","parent":{"pid":"4000"}}`))
	for label, want := range map[string]triage.LookupStatus{
		"its start": triage.Found, "its parents": triage.Found, "its children": triage.Found,
		"commands in containers through the kubelet": triage.Found, "other requests to a kubelet": triage.NotFound,
		"Kubernetes API requests from this host": triage.Unanswerable, "such requests from anywhere": triage.NoTelemetry,
	} {
		if got[label].Status != want {
			t.Errorf("%s: %s, %s", label, got[label].Status, got[label].Text)
		}
	}
}

func placesOf(l triage.Lookup) (lines []int64) {
	for _, e := range l.Events {
		lines = append(lines, e.Evidence.Line)
	}
	for _, tally := range l.Tally {
		lines = append(lines, tally.First.Line)
	}
	return lines
}

// TestIncidentStory: the report on the case tells what happened, each claim with its place.
func TestIncidentStory(t *testing.T) {
	r := withPlaybook(t)
	c := triage.NewCollector()
	nodes, err := triage.ParseNodes([]byte("control-plane 10.20.0.10\nk8s-node-01 10.20.0.11 10.244.1.0/24\nk8s-node-02 10.20.0.12\nk8s-node-03 10.20.0.13 fd12:3456:789a::13"))
	if err != nil {
		t.Fatal(err)
	}
	c.UseNodes(nodes)
	summary, err := scan.Run(context.Background(), scan.Options{}, []string{incidentDir}, []*rule.Rule{r}, c)
	if err != nil {
		t.Fatal(err)
	}
	probe := c.Probe()
	second, err := scan.Run(context.Background(), scan.Options{Probe: probe}, []string{incidentDir}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	further(t, probe, incidentDir)
	c.Answer(probe, second, "")
	told := storyOf(c.Case(summary))
	older, newer := auditLog()
	for _, want := range []string{
		"/tmp/kd: critical",
		"/tmp/kd: the process tried 7 addresses",
		"/tmp/kd: 10.20.0.13 is node k8s-node-03",
		"/tmp/kd: 10.20.0.11 is this_host k8s-node-01",
		"/tmp/kd: its start: " + lineOf(t, defendExport(), `"args":["/tmp/kd"`),
		"/tmp/kd: its parents: " + lineOf(t, defendExport(), `"args":["node","/srv/shop/server.js"],"args_count":2,"command_line"`),
		"/dev/shm/.x (deleted): its parents: " + lineOf(t, older, " ppid=76988 pid=77012 "),
		"/dev/shm/.x (deleted): its parents: " + lineOf(t, older, " ppid=70210 pid=76988 "),
		"/usr/bin/curl: its parents: " + lineOf(t, newer, " ppid=81200 pid=81233 "),
		"/usr/bin/curl: commands in containers through the kubelet: " + lineOf(t, defendExport(), "/run/reports/"),
		"/usr/bin/curl: other requests to a kubelet: " + lineOf(t, defendExport(), `10250/pods"],"args_count"`),
		"/usr/local/bin/node: its children: " + lineOf(t, defendExport(), `"args":["/tmp/kd"`),
		"/usr/local/bin/python3.11: credentials touched on this host: " + lineOf(t, auditbeatFile(), `"args":["cat",`),
		"/usr/local/bin/python3.11: Kubernetes API requests from this host: " + lineOf(t, apiServerLog(), `"subresource":"exec"`),
		"/usr/local/bin/python3.11: account reports/reports",
		"/usr/local/bin/python3.11: pod payments/payments-api-7f8d6c5b9-q4vzt",
		"/usr/local/bin/python3.11: replace the secrets in namespace payments, read by system:serviceaccount:reports:reports",
		"/dev/shm/.x (deleted): the executable was deleted while it ran",
		"/dev/shm/.x (deleted): replace the kubelet's client certificate on k8s-node-03",
		"/usr/bin/curl: it ran in a session with a terminal, as an operator's does: ask the person",
		"/usr/bin/curl: low",
	} {
		if !slices.Contains(told, want) {
			t.Errorf("the report does not say: %s", want)
		}
	}
	if t.Failed() {
		t.Log(strings.Join(told, "\n"))
	}
}

// lineOf returns the place of the first line of a file of the case that has a text.
func lineOf(t testing.TB, e *evidence, text string) string {
	t.Helper()
	for i, line := range e.lines {
		if strings.Contains(line, text) {
			return fmt.Sprintf("%s:%d", e.path, i+1)
		}
	}
	t.Fatalf("no line of %s has %s", e.path, text)
	return ""
}

// storyOf lists the claims of a case, each after the process that it is of.
func storyOf(c *triage.Case) (told []string) {
	for _, g := range c.Rules[0].Groups {
		say := func(format string, args ...any) {
			told = append(told, g.Key.Process+": "+fmt.Sprintf(format, args...))
		}
		say("%s", g.Priority)
		for _, s := range g.Steps {
			for _, n := range s.Notes {
				say("%s", n.Reason)
			}
			for _, d := range s.Destinations {
				say("%s is %s %s", d.Address, d.Owner, d.Name)
			}
			for _, l := range s.Lookups {
				for _, e := range l.Events {
					source, _ := filepath.Rel(incidentDir, e.Evidence.Source)
					say("%s: %s:%d", l.Label, filepath.ToSlash(source), e.Evidence.Line)
				}
			}
			if s.Response == nil {
				continue
			}
			for _, name := range s.Response.ServiceAccounts {
				say("account %s", name)
			}
			for _, name := range s.Response.Workloads {
				say("%s", name)
			}
			for _, credential := range s.Response.Credentials {
				say("replace %s", credential.What)
			}
		}
	}
	return told
}
