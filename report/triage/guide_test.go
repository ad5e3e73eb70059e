package triage

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/rule"
	"kscan/scan"
)

func TestParseMarkdown(t *testing.T) {
	const note = "> **Note**: read [this](https://example.org/a).\n" +
		"\n## Triage and analysis\n\n### Investigating A Rule\n\nFirst line\nsecond line.\n\nNext paragraph.\n" +
		"#### Possible investigation steps\n\n- One `process.name`\n  goes on.\n  - Nested {{ user.name }}\n1. Two\n\n" +
		"!{osquery{\"label\":\"Osquery - Users\",\"query\":\"SELECT *\\nFROM users\"}}\n" +
		"### False positive analysis\n* None.\n\n### Response and remediation\n\n```bash\nip a\n\tip r\n```\n+ Done\n"
	want := []Section{
		{Kind: OtherSection, Steps: []Step{{Text: "Note: read this (https://example.org/a)."}}},
		{Kind: Overview, Title: "Investigating A Rule", Steps: []Step{{Text: "First line second line."}, {Text: "Next paragraph."}}},
		{Kind: Investigation, Title: "Possible investigation steps", Steps: []Step{
			{Text: "One `process.name` goes on.", Depth: 1, Fields: []string{"process.name"}},
			{Text: "Nested {{ user.name }}", Depth: 2, Fields: []string{"user.name"}},
			{Text: "Two", Depth: 1},
			{Text: "Osquery - Users: SELECT * FROM users"},
		}},
		{Kind: FalsePositives, Title: "False positive analysis", Steps: []Step{{Text: "None.", Depth: 1}}},
		{Kind: Response, Title: "Response and remediation", Steps: []Step{
			{Text: "ip a\n    ip r", Code: true}, {Text: "Done", Depth: 1}}},
	}
	if diff := cmp.Diff(want, parseMarkdown(note, OtherSection)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFieldsOf(t *testing.T) {
	for text, want := range map[string][]string{
		"`process.executable` and `process.*`":            {"process.executable", "process.*"},
		"`event.category:network` `/tmp` `curl` `a b.c`":  {"event.category"},
		"{{process.name}} {{@timestamp}} `{{host.name}}`": {"process.name", "@timestamp", "host.name"},
		"process.name without quotes, `*`, `.*`, `a.`":    nil,
		"{{process.name}} `process.name`":                 {"process.name"},
	} {
		if diff := cmp.Diff(want, fieldsOf(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

// TestAnswers: a step's fields come with the values of all findings of the group, and
// those that ECS knows and the events lack are said to be absent.
func TestAnswers(t *testing.T) {
	r := testRule()
	r.Note = "- See `{{process.executable}}` {{host.name}} (`{{host.id}}`), `process.*`, `network.direction`, `kubelet.conf`."
	c := collect(t,
		finding(t, r, "", "process.executable", "/tmp/x", "process.pid", 1, "process.parent.pid", 3, "process.args", []string{"x", "1"}),
		finding(t, r, "", "process.executable", "/tmp/x", "process.pid", 2, "process.parent.pid", 3, "process.args", []string{"x", "1"}))
	g, step := c.Rules[0].Groups[0], &c.Rules[0].Guide.Sections[0].Steps[0]
	want := "See `/tmp/x` (not recorded) (not recorded), `process.*`, `network.direction`, `kubelet.conf`."
	if got := g.Text(step); got != want {
		t.Errorf("text is %q, want %q", got, want)
	}
	answers := []Answer{
		{Field: "process.args", Values: Values{Seen: []string{"x 1"}}},
		{Field: "process.pid", Values: Values{Seen: []string{"1", "2"}}},
		{Field: "process.parent.pid", Values: Values{Seen: []string{"3"}}},
		{Field: "network.direction"},
	}
	if diff := cmp.Diff(answers, g.Answers(step)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzGuide: any text is read without a crash, in bounded size, and none of its words
// are lost below the limits.
func FuzzGuide(f *testing.F) {
	f.Add("# a\n- b\n```\nc\n")
	f.Add("```\n```\n```\nx")
	f.Add(strings.Repeat("- x\n\n# y\n", maxSteps+5) + "z\nz")
	f.Add("!{osquery{}}\n!{investigate{\"label\":\"x\"}}")
	f.Add(strings.Repeat("  ", 500) + "- deep\n  more")
	f.Fuzz(func(t *testing.T, text string) {
		guide := newGuide(&rule.Rule{Note: text, Setup: text, FalsePositives: []string{text}})
		steps := 0
		for _, section := range guide.Sections {
			steps += len(section.Steps)
			for _, step := range section.Steps {
				if step.Depth > maxDepth || len(step.Fields) > maxStepFields {
					t.Fatalf("depth %d, %d fields", step.Depth, len(step.Fields))
				}
			}
		}
		if steps > maxSteps+1 {
			t.Fatalf("%d steps", steps)
		}
	})
}

func TestGuideLimit(t *testing.T) {
	sections := parseMarkdown(strings.Repeat("- step\n\n## Next\n\n", 2*maxSteps), OtherSection)
	steps := 0
	for _, section := range sections {
		steps += len(section.Steps)
	}
	last := sections[len(sections)-1].Steps
	if steps != maxSteps || !strings.HasPrefix(last[len(last)-1].Text, "…") {
		t.Errorf("%d steps, the last is %q", steps, last[len(last)-1].Text)
	}
}

func TestRuleOrder(t *testing.T) {
	s := &scan.Summary{}
	var fired *rule.Rule
	for i, severity := range []string{"low", "critical", "medium", "high", "odd"} {
		r := &rule.Rule{ID: fmt.Sprint(i), Name: severity, Severity: severity}
		s.Rules = append(s.Rules, scan.RuleCoverage{Rule: r})
		if severity == "low" {
			fired = r
		}
	}
	c := NewCollector()
	if err := c.Finding(finding(t, fired, "")); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range c.Case(s).Rules {
		got = append(got, r.Rule.Name)
	}
	if diff := cmp.Diff([]string{"low", "critical", "high", "medium", "odd"}, got); diff != "" {
		t.Error(diff)
	}
}
