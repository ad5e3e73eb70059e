package report

import (
	"strings"
	"testing"
	"time"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/report/triage"
	"kscan/rule"
	"kscan/scan"
)

const testPlaybook = `
rule_id = "11111111-2222-3333-4444-555555555555"
[[step]]
title = "The process"
text = "What is it?"
fields = ["process.parent.name", "process.hash.sha256"]
[[step.condition]]
when = 'process.executable like "/tmp/*"'
raise = 1
reason = "it lies in /tmp"
[[step.condition]]
when = 'user.name == "mkern"'
lower = 1
label = "an operator"
reason = "a known person"
[[step.evidence]]
label = "its start"
query = 'process where process.pid == {{process.pid}}'
before = "1h"
after = "0"
show = ["process.args", "process.executable", "user.name", "file.mode"]
max = 2
raise = 1
reason = "its start is known"
[[step]]
title = "The destination"
analysis = "destination"
[[step.evidence]]
label = "who calls it"
query = 'network where destination.port == {{destination.port}}'
host = "any"
count_by = ["process.executable", "host.name"]
[[step.evidence]]
label = "files"
query = 'file where process.pid == {{process.pid}}'
[[step]]
title = "Nothing to see"
kind = "response"
analysis = "response"
[[step.evidence]]
label = "other starts"
query = 'process where process.pid == {{process.pid}} and user.name == "nobody"'
[[step.evidence]]
label = "the container"
query = 'process where container.id == {{container.id}}'
`

// investigated is a case whose playbook was answered in every way.
func investigated(t testing.TB) *triage.Case {
	t.Helper()
	r := testRule()
	book, problems := rule.ParsePlaybook("test", []byte(testPlaybook))
	if book == nil {
		t.Fatal(problems)
	}
	r.Playbook = book
	kd := hit{host: "web-1", executable: "/tmp/kd", name: "kd", user: "www-data", ip: "10.0.0.12", exit: "0", pid: 4242, line: 3,
		at: "2026-11-20T00:00:00.002Z"}
	sweep := []hit{kd, kd, kd, kd}
	sweep[1].ip, sweep[2].ip, sweep[3].ip = "10.0.0.13", "10.1.2.3", "127.0.0.1"
	person := hit{host: "web-2", executable: "/usr/bin/curl", name: "curl", user: "mkern", ip: "10.0.0.11", exit: "0", pid: 7, line: 8,
		at: "2026-11-20T09:00:00Z"}
	c := triage.NewCollector()
	nodes, err := triage.ParseNodes([]byte("node-2 10.0.0.12 10.1.2.0/24"))
	if err != nil {
		t.Fatal(err)
	}
	c.UseNodes(nodes)
	exception := &rule.Exception{ID: "sre", Reason: "a check after each change", Owner: "platform", Clause: "true",
		Expires: time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)}
	known := person
	known.line = 9
	expected := &scan.Finding{Rule: r, Hits: []scan.Hit{known.hit(t)}, Expected: exception}
	if err := c.Finding(expected); err != nil {
		t.Fatal(err)
	}
	for _, h := range append(sweep, person) {
		if err := c.Finding(&scan.Finding{Rule: r, Hits: []scan.Hit{h.hit(t)}}); err != nil {
			t.Fatal(err)
		}
	}
	s := summaryOf(r, 6)
	second := *s
	second.Elapsed = 100 * time.Millisecond
	c.Answer(lookUp(t, c.Probe()), &second, "")
	result := c.Case(s)
	result.Unnoted = 1234567
	result.Rules[0].NearSequences = &scan.NearSequences{Last: "network where true", Count: 12, Listed: []scan.NearSequence{
		{Keys: []byte(`["web-1",7]`), Host: "web-1", First: kd.hit(t).Time, Last: person.hit(t).Time, Evidence: []event.Evidence{known.hit(t).Evidence}},
		{Evidence: []event.Evidence{known.hit(t).Evidence}},
	}}
	result.NotRun = []*rule.Rule{{ID: "r2", Name: "Many", Path: "many.toml", NotRunnable: "type threshold"}}
	result.Exceptions = []*triage.ExceptionUse{{Exception: exception, Hits: 1}, {Exception: exception}, {Exception: exception, Expired: true}}
	return result
}

// lookUp shows a probe a small log.
func lookUp(t testing.TB, p *triage.Probe) *triage.Probe {
	t.Helper()
	u := p.Worker().Unit(1)
	for i, doc := range []string{
		`{"@timestamp":"2026-11-19T23:59:00Z","host":{"name":"web-1","ip":["127.0.0.1","10.0.0.11"]},"event":{"category":"process"},"process":{"pid":4242,"args":["/tmp/kd","/var/run/secrets/kubernetes.io/serviceaccount/token"],"executable":"/tmp/kd"},"user":{"name":"www-data"},"file":{"mode":"0755"}}`,
		`{"@timestamp":"2026-11-19T23:59:10Z","host":{"name":"web-1"},"event":{"category":"process"},"process":{"pid":4242,"args":["` + strings.Repeat("long ", 60) + `"]}}`,
		`{"@timestamp":"2026-11-19T23:59:20Z","host":{"name":"web-1"},"event":{"category":"process"},"process":{"pid":4242}}`,
		`{"@timestamp":"2026-11-20T00:00:00Z","host":{"name":"node-3","ip":"10.0.0.13"},"event":{"category":"network"},"process":{"executable":"/metrics"},"destination":{"port":10250}}`,
		`{"@timestamp":"2026-11-20T00:01:00Z","host":{"name":"node-3"},"event":{"category":"network"},"destination":{"port":10250}}`,
	} {
		v := fastjson.MustParse(doc)
		e := &event.Event{Doc: v, Evidence: event.Evidence{Source: "logs/endpoint.ndjson", Format: "ndjson", Line: int64(i + 1), Offset: int64(i * 300)}}
		at, _ := e.Time()
		u.Event(e, at)
	}
	p.Collect(u, 0)
	return p
}

func TestPlaybookWords(t *testing.T) {
	text := strings.Join(strings.Fields(terminal(t, investigated(t), TerminalOptions{Width: 200})), " ")
	for _, want := range []string{
		"priority critical: it starts at medium, the rule's severity; it lies in /tmp; its start is known; the process tried 4 addresses",
		"its start: 3 events", "… and 1 more", "/tmp/kd /var/run/secrets/kubernetes.io/serviceaccount/token (user www-data, file.mode 0755) logs/endpoint.ndjson:1",
		"10.0.0.12 10250 1 node node-2", "10.0.0.13 10250 1 host node-3 (logs/endpoint.ndjson:4)", "10.1.2.3 10250 1 a pod on node node-2",
		"127.0.0.1 10250 1 this node itself, by loopback", "1 × /metrics | node-3 first logs/endpoint.ndjson:4",
		"1 × no process.executable | node-3 first logs/endpoint.ndjson:5",
		"Expected: 1 hit that exceptions cover sre: 1 hit reason a check after each change owner platform, until 2027-01-31",
		"exception sre matched no hit", "exception sre expired on 2027-01-31 and was not applied",
		"replace the service account token of the pod on web-1 (logs/endpoint.ndjson:1)", "nodes tried node-2, node-3",
		"- {protocol: TCP, port: 10251, endPort: 65535}", "The NetworkPolicy printed above serves here too.",
		"files: the logs hold no file events", "other starts: looked for and not found",
		"the container: not answerable: the hit has no container.id",
		"In the order of time", "4 hits: kd on web-1 to 10.0.0.12:10250 and 3 more the rule fired [1] logs/audit.log.1.gz:3",
		"▲ its start [1] logs/endpoint.ndjson:1", "1 other program is among them, 0 on several hosts; this one is not",
		"an operator: a known person", "its start: the logs hold no process events of web-2", "priority low: it starts at medium, the rule's severity; a known person",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("not in the report: %s", want)
		}
	}
	if t.Failed() {
		t.Log(terminal(t, investigated(t), TerminalOptions{Width: 100}))
	}
}
