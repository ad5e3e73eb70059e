package rule

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tidy is a rule that nothing is said of.
const tidy = `[rule]
description = "d"
interval = "5m"
language = "eql"
name = "n"
query = "process where process.name == \"a\""
risk_score = 21
rule_id = "1"
severity = "low"
type = "eql"
`

// lintOf lints a rule file and returns its problems, each in one line.
func lintOf(t *testing.T, text string) []string {
	t.Helper()
	path := filepath.Join(write(t, map[string]string{"r.toml": text}), "r.toml")
	problems := Lint([]string{path}, nil).Problems
	lines := []string{}
	for _, p := range problems {
		severity := "error"
		if p.Warning {
			severity = "warning"
		}
		lines = append(lines, fmt.Sprintf("%s %d:%d: %s | %s", severity, p.Line, p.Column, p.Message, p.Hint))
	}
	return lines
}

func TestLint(t *testing.T) {
	query := func(q string) [2]string {
		return [2]string{`"process where process.name == \"a\""`, "'''\n" + q + "\n'''"}
	}
	tests := []struct {
		name    string
		replace [2]string
		want    []string
	}{
		{"nothing", [2]string{}, nil},
		{"a key that is none", [2]string{"type =", "sevrity = 1\ntype ="},
			[]string{`warning 10:11: "sevrity" is no key of a rule | did you mean "severity"?`}},
		{"a key of the schema", [2]string{"type =", "throttle = \"x\"\ntype ="}, nil},
		{"a key far from all", [2]string{"type =", "colour = 1\ntype ="},
			[]string{`warning 10:10: "colour" is no key of a rule | `}},
		{"a list that is none", [2]string{"type =", "colour = [1]\ntype ="},
			[]string{`warning 10:1: "colour" is no key of a rule | `}},
		{"a table that is none", [2]string{"type = \"eql\"\n", "type = \"eql\"\n[rule.colour]\nx = 1\n"},
			[]string{`warning 11:7: "colour" is no key of a rule | `}},
		{"no description", [2]string{`description = "d"`, ""},
			[]string{"warning 1:1: the rule has no description | Elastic refuses a rule without it"}},
		{"no risk", [2]string{"risk_score = 21", ""},
			[]string{"warning 1:1: the rule has no risk_score | Elastic refuses a rule without it"}},
		{"too much risk", [2]string{"= 21", "= 101"}, []string{"warning 7:14: risk_score 101 is not between 0 and 100 | "}},
		{"another severity", [2]string{"= 21", "= 22"},
			[]string{"warning 7:14: risk_score 22 does not go with severity low | low is 0 to 21"}},
		{"interval", [2]string{`"5m"`, `"5 minutes"`},
			[]string{`warning 3:13: interval "5 minutes" is none | write a number and s, m, h or d, such as "5m"`}},
		{"a gap", [2]string{`"5m"`, `"1h"`},
			[]string{"warning 3:13: each search goes back 6m, but they are 1h apart: what happens between is not searched | "}},
		{"a gap of from", [2]string{`name =`, "from = \"now-299s\"\nname ="},
			[]string{"warning 5:9: each search goes back 299s, but they are 5m apart: what happens between is not searched | "}},
		{"no gap", [2]string{`name =`, "from = \"now-300s\"\nname ="}, nil},
		{"from", [2]string{`name =`, "from = \"9m\"\nname ="},
			[]string{`warning 5:9: from "9m" is no time relative to now | write it like "now-9m"`}},
		{"language", [2]string{`language = "eql"`, `language = "kuery"`},
			[]string{`warning 4:13: language "kuery" does not go with type eql | write language = "eql"`}},
		{"a field", query("process where proces.name == \"a\" and\n  proces.name != \"b\" and x.y.z == 1"), []string{
			"warning 7:15: query: the field proces.name is not in ECS | did you mean process.name?",
			"warning 8:26: query: the field x.y.z is not in ECS | "}},
		{"metadata that is none", [2]string{"[rule]", "metadata = 1\n[rule]"}, nil},
		{"a category", query("netwrok where true"),
			[]string{`warning 7:1: query: "netwrok" is no category of ECS | did you mean "network"?`}},
		{"a quoted category", query(`"my thing" where true`), []string{`warning 7:1: query: "my thing" is no category of ECS | `}},
		{"fields of a sequence", query("sequence by host.idd\n  [any where true] by a.a\n  [fiel where length(b.b) == 1] by a.a\nuntil [any where c.c : \"x\"] by a.a"), []string{
			"warning 7:13: query: the field host.idd is not in ECS | did you mean host.id?",
			"warning 8:23: query: the field a.a is not in ECS | ",
			"warning 9:4: query: \"fiel\" is no category of ECS | did you mean \"file\"?",
			"warning 9:22: query: the field b.b is not in ECS | ",
			"warning 10:18: query: the field c.c is not in ECS | "}},
		{"never", query(`network where destination.port == "kubelet"`),
			[]string{`warning 7:15: query: destination.port is a long, which "kubelet" cannot be | `}},
		{"types", query(`network where destination.port : "1*" and process.pid like "2*"`), []string{
			`error 7:15: query: ":" takes strings; destination.port is a long | write "=="`,
			`error 7:43: query: "like" takes strings; process.pid is a long | write "=="`}},
		{"errors and warnings, by place", [2]string{"risk_score = 21\nrule_id = \"1\"", "risk_score = 50\nrule_id = \"\""}, []string{
			"warning 7:14: risk_score 50 does not go with severity low | low is 0 to 21",
			"error 8:12: the rule has no rule_id | add one, such as the output of uuidgen: findings name the rule by it"}},
	}
	for _, test := range tests {
		text := strings.Replace(tidy, test.replace[0], test.replace[1], 1)
		if text == tidy && test.replace[0] != "" {
			t.Fatalf("%s: nothing is replaced", test.name)
		}
		want := test.want
		if want == nil {
			want = []string{}
		}
		if diff := cmp.Diff(want, lintOf(t, text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// TestTypesAreChecked: a query that does not fit the types of its fields does not load,
// and one that never matches does.
func TestTypesAreChecked(t *testing.T) {
	r, problems := Parse("x", []byte(strings.Replace(minimal("1", "eql"), "true", "destination.port : \"1*\"", 1)))
	if r != nil || !problems.Fatal() {
		t.Errorf("a pattern for a number loads: %v", problems)
	}
	r, problems = Parse("x", []byte(strings.Replace(minimal("1", "eql"), "true", "destination.port == \"x\"", 1)))
	if r == nil || len(problems) != 1 || !problems[0].Warning {
		t.Errorf("a port that is a word: %v", problems)
	}
}

func TestLintOfTheBuiltInRule(t *testing.T) {
	for _, paths := range [][]string{{"builtin"}, nil} {
		checked := Lint(paths, nil)
		if len(checked.Rules) == 0 || checked.Playbooks == 0 {
			t.Errorf("%d rules, %d playbooks", len(checked.Rules), checked.Playbooks)
		}
		for _, p := range checked.Problems {
			t.Error(p.Render())
		}
	}
}

// An integration has fields that are not in ECS, below its name.
func TestLintOfIntegrations(t *testing.T) {
	const query = "any where okta.actor.id == null and aws.region == 1 and okta_x.y == 1"
	const region, other = "the field aws.region is not in ECS", "the field okta_x.y is not in ECS"
	for integration, want := range map[string][]string{
		`["okta", "aws"]`: {other},
		`"okta"`:          {region, other},
		`["endpoint"]`:    {"the field okta.actor.id is not in ECS", region, other},
		`[1, "aws"]`:      {"the field okta.actor.id is not in ECS", other},
	} {
		text := "[metadata]\nintegration = " + integration + "\n" + strings.Replace(tidy, `process where process.name == \"a\"`, query, 1)
		got := []string{}
		for _, line := range lintOf(t, text) {
			got = append(got, strings.TrimSuffix(strings.SplitN(line, "query: ", 2)[1], " | "))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("integration %s (-want +got)\n%s", integration, diff)
		}
	}
}
