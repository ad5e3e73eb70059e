package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kscan/readers/event"
	"kscan/report/triage"
	"kscan/rule"
	"kscan/rule/eql"
	"kscan/rule/eval"
	"kscan/scan"
)

// testQuery is the query of the test rule.
const testQuery = `network where network.direction == "egress" and destination.port == 10250 and
	cidrMatch(destination.ip, "10.0.0.0/8") and process.name : "curl*"`

func testProgram() *eval.Program {
	q, err := eql.Parse(testQuery)
	if err != nil {
		panic(err)
	}
	p, err := eval.Compile(q, eval.Options{})
	if err != nil {
		panic(err)
	}
	return p
}

// testRule is a rule with everything that a report shows.
func testRule() *rule.Rule {
	return &rule.Rule{
		ID:             "11111111-2222-3333-4444-555555555555",
		Name:           "Node Agent Port Reached by a Shell Tool",
		Description:    "A tool that people type reached the port of a node's agent.",
		Severity:       "medium",
		RiskScore:      47,
		Type:           "eql",
		Interval:       "5m",
		From:           "now-9m",
		MaxSignals:     1,
		Language:       "eql",
		Query:          testQuery,
		Program:        testProgram(),
		References:     []string{"https://example.org/agents", "https://example.org/ports"},
		Tags:           []string{"OS: Linux"},
		Path:           "builtin",
		FalsePositives: []string{"A health check that is\n  known."},
		Threats: []rule.Threat{
			{Tactic: rule.Attack{ID: "TA0008", Name: "Lateral Movement", Reference: "https://example.org/TA0008"},
				Techniques: []rule.Technique{{Attack: rule.Attack{ID: "T1021", Name: "Remote Services"}}}},
			{Tactic: rule.Attack{ID: "TA0007", Name: "Discovery"},
				Techniques: []rule.Technique{{Attack: rule.Attack{ID: "T1613", Name: "Container and Resource Discovery"},
					Subtechniques: []rule.Attack{{ID: "T1613.001", Name: "Made Up"}}}}},
		},
		Note: `## Triage and analysis

### Investigating Node Agent Port Reached by a Shell Tool

Every node runs an agent. Its port is called by few programs, and by none that a person types. What was
typed here was **not** expected.

### Possible investigation steps

- Establish what ` + "`{{process.executable}}`" + ` is on {{host.name}}, and read ` + "`process.args` and `process.parent.name`" + `.
- Look at ` + "`process.*`" + ` and at ` + "`network.direction`" + `.
  - See [the list of agents](https://example.org/agents).
1. Is ` + "`{{destination.ip}}`" + ` a node? Ask {{container.id}}.

### False positive analysis

- A person at work: ` + "`user.name`" + `.

### Response and remediation

- Cut {{host.name}} off:

` + "```" + `
iptables -A OUTPUT -p tcp --dport 10250 -j DROP
` + "```" + `
`,
		Setup: "## Setup\n\nThe rule reads network events.\n\n```\n-a always,exit -S connect\n```\n",
	}
}

// hit is one event of a synthetic finding.
type hit struct {
	host, executable, name, user, ip, exit string
	pid, line                              int
	at                                     string
	args                                   string // JSON array
}

func (h hit) hit(t testing.TB) scan.Hit {
	t.Helper()
	if h.args == "" {
		h.args = `["curl","-sk","https://10.0.0.12:10250/pods"]`
	}
	doc := fmt.Sprintf(`{"@timestamp":%q,"host":{"name":%q,"os":{"type":"linux"}},
		"event":{"category":["network"],"action":"connected-to"},"user":{"name":%q,"id":"1000"},
		"process":{"executable":%q,"name":%q,"pid":%d,"args":%s,"parent":{"pid":812,"name":"bash"}},
		"destination":{"ip":%q,"port":"10250"},"auditd":{"data":{"exit":%q}}}`,
		h.at, h.host, h.user, h.executable, h.name, h.pid, h.args, h.ip, h.exit)
	at, err := time.Parse(time.RFC3339, h.at)
	if h.at != "" && err != nil {
		t.Fatal(err)
	}
	return scan.Hit{
		Evidence: event.Evidence{Source: "logs/audit.log.1.gz", Format: "auditd", Line: int64(h.line),
			Offset: int64(h.line) * 200, EventID: fmt.Sprintf("1700000000.000:%d", h.line)},
		JSON: []byte(doc), Time: at, Assumed: []string{"host.os.type"},
	}
}

// incident is a small case: three groups, one of several hits, one out of scope.
func incident(t testing.TB) *triage.Case {
	r := testRule()
	curl := hit{host: "web-1", executable: "/tmp/.cache/curl", name: "curl", user: "www-data", ip: "10.0.0.12",
		exit: "EINPROGRESS", pid: 4242, line: 123, at: "2026-11-20T00:00:00.002Z"}
	second := curl
	second.pid, second.line, second.at, second.exit = 4243, 140, "2026-11-20T00:10:00.500Z", "-111"
	second.args = `["curl","-sk","-H","Authorization: Bearer x","https://10.0.0.12:10250/runningpods/"]`
	java := hit{host: "batch-with-a-long-name-7.example.internal", executable: "/usr/lib/jvm/java-21-openjdk-amd64/bin/java",
		name: "http-nio-8080-e", user: "tomcat", ip: "fd00:10:20:30:40:50:60:70", exit: "0", pid: 77, line: 9,
		at: "2026-11-19T23:59:59.999Z", args: `["java","-jar","` + strings.Repeat("very-long-name-", 12) + `.jar"]`}
	unnamed := hit{executable: "/usr/bin/python3", name: "python3", ip: "127.0.0.1", exit: "-13", pid: 5, line: 2}
	findings := []*scan.Finding{
		{Rule: r, Hits: []scan.Hit{java.hit(t)}},
		{Rule: r, Hits: []scan.Hit{curl.hit(t)}},
		{Rule: r, Hits: []scan.Hit{second.hit(t)}},
		{Rule: r, Hits: []scan.Hit{unnamed.hit(t)}, OutOfScope: true},
	}
	findings[3].Hits[0].Index = "filebeat-8"
	return caseOf(t, summaryOf(r, len(findings)), findings)
}

func caseOf(t testing.TB, s *scan.Summary, findings []*scan.Finding) *triage.Case {
	t.Helper()
	c := triage.NewCollector()
	for _, f := range findings {
		if err := c.Finding(f); err != nil {
			t.Fatal(err)
		}
	}
	return c.Case(s)
}

func summaryOf(r *rule.Rule, findings int) *scan.Summary {
	first := time.Date(2026, 11, 19, 22, 0, 0, 0, time.UTC)
	part := scan.Part{Source: "logs/audit.log.1.gz", Format: "auditd", Compression: "gzip", Size: 4096,
		Counts: scan.Counts{Bytes: 1234567, Lines: 9000, Events: 4512}, First: first, Last: first.Add(26 * time.Hour),
		Findings: int64(findings)}
	other := scan.Part{Source: "logs/endpoint.ndjson", Format: "ndjson", Size: 2000,
		Counts: scan.Counts{Bytes: 2000, Lines: 3, Events: 3, Undated: 1}, First: first.Add(time.Hour), Last: first.Add(time.Hour)}
	return &scan.Summary{
		Parts:  []scan.Part{part, other},
		Counts: scan.Counts{Bytes: 1236567, Lines: 9003, Events: 4515, Undated: 1},
		Rules: []scan.RuleCoverage{{Rule: r, InCategory: 1300, Fields: slices.Clone(r.Program.Fields()),
			WithField: []int64{1300, 1290, 1300, 1298, 1300}, Findings: int64(findings), Reach: reach(1300, 1288), Near: near()}},
		Streams:    streams(r, first),
		Categories: map[string]int64{"network": 1300, "process": 3000, "file": 200},
		Started:    first.Add(48 * time.Hour),
		Elapsed:    150 * time.Millisecond,
	}
}

// reach is that of the test rule in some events of its category.
func reach(events, could int64) eval.Reach {
	return eval.Reach{InCategory: events, WithField: []int64{events, events - 10, events, could, events}, Could: could,
		Clauses: []int64{could, events, events, events},
		Terms:   []eval.TermReach{{Category: "network", InCategory: events, Could: could}}}
}

func near() *scan.NearMisses {
	place := event.Evidence{Source: "logs/endpoint.ndjson", Format: "ndjson", Line: 3, Offset: 900, EventID: "x"}
	at := time.Date(2026, 11, 19, 23, 0, 0, 0, time.UTC)
	return &scan.NearMisses{Events: 19, Clauses: []scan.NearClause{
		{Text: `network.direction == "egress"`, Fields: []string{"network.direction"}, Events: 2, Missing: 2},
		{Text: `destination.port == 10250`, NotCounted: true},
		{Text: `cidrMatch(destination.ip, "10.0.0.0/8")`, Events: 5, ByAddress: 5},
		{Text: `process.name : "curl*"`, Events: 12, ByName: 1},
	}, Listed: []scan.NearMiss{
		{Reason: scan.NearMissing, Evidence: place, Time: at, Host: "build-7", Process: "/usr/bin/curl", Name: "curl", User: "ci", Target: "10.0.0.12 port 10250"},
		{Reason: scan.NearName, Clause: 3, Evidence: place, Time: at, Process: "/opt/tools/curl-8", Name: "worker-1", Target: "10.0.0.12 port 10250"},
		{Reason: scan.NearAddress, Clause: 2, Evidence: place, Host: "web-1", Name: "curl", Target: "8.8.8.8 port 10250"},
	}}
}

func streams(r *rule.Rule, first time.Time) []scan.Stream {
	hour := func(n int) time.Time { return first.Add(time.Duration(n) * time.Hour) }
	return []scan.Stream{
		{Folder: "logs", Source: "audit log", Events: 3100, Undated: 1, First: hour(0), Last: hour(26), Categories: map[string]int64{"process": 3000, "file": 100},
			Gaps: []scan.Gap{{From: hour(3), To: hour(7)}, {From: hour(9), To: hour(11)}}, Lost: scan.Lost{Serials: 1234, Known: true, Runs: 2, Reported: 17},
			Reach: []scan.StreamReach{{Rule: r, Reach: reach(0, 0)}}},
		{Host: "build-7", Source: "endpoint.events.network", Events: 12, First: hour(1), Last: hour(2), Categories: map[string]int64{"network": 12},
			Reach: []scan.StreamReach{{Rule: r, Reach: reach(12, 0)}}},
		{Host: "web-1", Source: "endpoint.events.network", Events: 1288, First: hour(0), Last: hour(2), Categories: map[string]int64{"network": 1288},
			Reach: []scan.StreamReach{{Rule: r, Reach: reach(1288, 1288)}}},
	}
}

// quiet is a case without hits whose logs could not have shown any.
func quiet(t testing.TB) *triage.Case {
	r := testRule()
	s := summaryOf(r, 0)
	s.Rules[0].InCategory = 0
	s.Rules[0].WithField = []int64{0, 0, 0, 0, 0}
	s.Rules[0].Reach = reach(0, 0)
	s.Rules[0].Reach.WithField = s.Rules[0].WithField
	s.Rules[0].Near.Events, s.Rules[0].Near.Listed = 0, nil
	s.Streams = s.Streams[:1]
	delete(s.Categories, "network")
	return caseOf(t, s, nil)
}

// blind is a case without hits whose events lack a field that the rule needs.
func blind(t testing.TB) *triage.Case {
	r := testRule()
	s := summaryOf(r, 0)
	s.Rules[0].Reach = reach(1300, 0)
	s.Rules[0].WithField[3] = 0
	s.Streams = s.Streams[:2]
	return caseOf(t, s, nil)
}

// nothing is the case of a folder without logs.
func nothing(t testing.TB) *triage.Case {
	r := testRule()
	return caseOf(t, &scan.Summary{Rules: []scan.RuleCoverage{{Rule: r}}}, nil)
}

// damaged is a case with problems of several kinds.
func damaged(t testing.TB) *triage.Case {
	c := incident(t)
	s := c.Summary
	s.Counts.Lost, s.Counts.Notices = 27, 1
	s.Interrupted = true
	s.Counts.Incomplete, s.Counts.OutOfRange = 3, 12
	s.Problems = []event.Problem{
		{Kind: event.Truncated, Source: "logs/audit.log.1.gz", Line: 9001, Offset: 1234567, Detail: "the gzip member ends early: unexpected EOF"},
		{Kind: event.Broken, Source: "logs/endpoint.ndjson", Line: 2, Offset: 700,
			Detail: "line 2 is not JSON: \x1b[31munexpected\x1b[0m value found: \"" + strings.Repeat("x", 600) + "\""},
		{Kind: event.Unrecognised, Source: "logs/core\n.1", Offset: -1, Detail: "ndjson: starts with 0x7f; auditd: no msg=audit("},
		{Kind: event.Corrupt, Source: "logs/all.tar", Member: "var/log/x.gz", Offset: 4711, Detail: "invalid checksum"},
		{Kind: event.Empty, Source: "logs/empty.log", Offset: -1},
	}
	return c
}
