package rule

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write makes files below a new folder and returns the folder.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// minimal returns a rule with an id and a type.
func minimal(id, ruleType string) string {
	return "[rule]\nrule_id = \"" + id + "\"\nname = \"N\"\nseverity = \"low\"\ntype = \"" + ruleType + "\"\nquery = '''\nany where true\n'''\n"
}

// whole has a key of every kind that Elastic's schema knows.
const whole = `
[metadata]
bypass_bbr_timing = true
creation_date = "2026/01/02"
integration = ["endpoint", "system"]
maturity = "production"
min_stack_comments = "x"
min_stack_version = "8.14.0"
os_type_list = ["linux"]
promotion = true
query_schema_validation = false
updated_date = "2026/01/03"

[metadata.extended]
a.b = 1

[transform]
[[transform.osquery]]
label = "Osquery - Retrieve Services"
query = "SELECT name FROM services WHERE path = 'query = x'"

[[transform.investigate]]
label = "Events by host"
providers = [[{field = "host.id", value = "{{host.id}}", valueType = "string"}]]
relativeFrom = "now-1d/d"

[rule]
actions = []
alert_suppression.group_by = ["host.id"]
author = ["Elastic", "A. Person"]
building_block_type = "default"
data_view_id = "x"
description = """
Text.
"""
enabled = true
event_category_override = "event.type"
exceptions_list = [{id = "a", list_id = "b", namespace_type = "single", type = "detection"}]
false_positives = ["Backups."]
from = "now-9m"
index = ["logs-*", "-logs-x*"]
interval = "10m"
items_per_search = 100
language = "eql"
license = "Elastic License v2"
max_signals = 20
meta = {k = "v"}
name = "Whole"
note = """## Triage and analysis
"""
references = ["https://example.org/"]
related_integrations = [{package = "endpoint", version = "^8.2.0"}]
required_fields = [{ecs = true, name = "event.type", type = "keyword"}]
risk_score = 73
risk_score_mapping = [{field = "x", operator = "equals", value = ""}]
rule_id = "00000000-0000-0000-0000-000000000001"
rule_name_override = "message"
setup = "## Setup"
severity = "high"
severity_mapping = []
tags = ["OS: Linux"]
throttle = "no_actions"
tiebreaker_field = "event.sequence"
timeline_id = "t"
timeline_title = "T"
timestamp_field = "event.created"
timestamp_override = "event.ingested"
timestamp_override_fallback_disabled = true
to = "now"
type = "eql"
version = 7
query = '''
start where true
'''

[rule.investigation_fields]
field_names = ["host.name"]

[rule.alert_suppression.duration]
unit = "h"
value = 1

[[rule.threat]]
framework = "MITRE ATT&CK"
[[rule.threat.technique]]
id = "T1059"
name = "Command and Scripting Interpreter"
reference = "https://attack.mitre.org/techniques/T1059/"
[[rule.threat.technique.subtechnique]]
id = "T1059.004"
name = "Unix Shell"
reference = "https://attack.mitre.org/techniques/T1059/004/"
[[rule.threat.technique]]
id = "T1071"
name = "Application Layer Protocol"
reference = "https://attack.mitre.org/techniques/T1071/"
[rule.threat.tactic]
id = "TA0002"
name = "Execution"
reference = "https://attack.mitre.org/tactics/TA0002/"

[rule.threshold]
field = ["host.id"]
value = 5
[[rule.threshold.cardinality]]
field = "user.id"
value = 2

[rule.new_terms]
field = "new_terms_fields"
value = ["user.id"]
[[rule.new_terms.history_window_start]]
field = "history_window_start"
value = "now-7d"

[[rule.threat_mapping]]
[[rule.threat_mapping.entries]]
field = "file.hash.md5"
type = "mapping"
value = "threat.indicator.file.hash.md5"
`

func TestEveryKeyIsAccepted(t *testing.T) {
	got, problems := Parse("whole.toml", []byte(whole))
	if len(problems) > 0 {
		t.Fatal(problems[0])
	}
	if got.Program == nil {
		t.Error("the rule is not compiled")
	}
	got.Program = nil
	want := &Rule{
		ID: "00000000-0000-0000-0000-000000000001", Name: "Whole", Description: "Text.\n",
		Severity: "high", RiskScore: 73, Type: "eql", Language: "eql", Query: "start where true\n",
		Index: []string{"logs-*", "-logs-x*"}, Interval: "10m", From: "now-9m", MaxSignals: 20, Version: 7,
		License: "Elastic License v2", Author: []string{"Elastic", "A. Person"},
		References: []string{"https://example.org/"}, Tags: []string{"OS: Linux"},
		FalsePositives: []string{"Backups."}, Note: "## Triage and analysis\n", Setup: "## Setup",
		Threats: []Threat{{
			Framework: "MITRE ATT&CK",
			Tactic:    Attack{"TA0002", "Execution", "https://attack.mitre.org/tactics/TA0002/"},
			Techniques: []Technique{
				{
					Attack:        Attack{"T1059", "Command and Scripting Interpreter", "https://attack.mitre.org/techniques/T1059/"},
					Subtechniques: []Attack{{"T1059.004", "Unix Shell", "https://attack.mitre.org/techniques/T1059/004/"}},
				},
				{Attack: Attack{"T1071", "Application Layer Protocol", "https://attack.mitre.org/techniques/T1071/"}},
			},
		}},
		EventCategoryOverride: "event.type", TimestampOverride: "event.ingested",
		TimestampField: "event.created", TiebreakerField: "event.sequence", BuildingBlock: true,
		Path: "whole.toml",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestDefaultsAreElastics(t *testing.T) {
	r, problems := Parse("x", []byte(minimal("1", "eql")))
	if len(problems) > 0 {
		t.Fatal(problems[0])
	}
	if r.Interval != "5m" || r.From != "now-6m" || r.MaxSignals != 100 {
		t.Errorf("interval %s, from %s, max_signals %d", r.Interval, r.From, r.MaxSignals)
	}
}

func TestOtherTypesAreNotRunnable(t *testing.T) {
	types := []string{"query", "saved_query", "esql", "threshold", "new_terms", "threat_match", "machine_learning", "future"}
	for _, ruleType := range types {
		r, problems := Parse("x", []byte(strings.Replace(minimal("1", ruleType), "any where true", "a: b and (", 1)))
		if len(problems) > 0 {
			t.Fatal(problems[0])
		}
		if !strings.Contains(r.NotRunnable, ruleType) || r.Program != nil {
			t.Errorf("type %s: NotRunnable %q, program %v", ruleType, r.NotRunnable, r.Program)
		}
	}
}

func TestSequencesThatDoNotRunSaySo(t *testing.T) {
	query := "sequence by host.id [any where true] [any where true]"
	r, problems := Parse("x", []byte(strings.Replace(minimal("1", "eql"), "any where true", query, 1)))
	if len(problems) > 0 {
		t.Fatal(problems[0])
	}
	if (r.Program == nil) != (r.NotRunnable != "") {
		t.Errorf("program %v beside NotRunnable %q", r.Program, r.NotRunnable)
	}
}

func TestFoldersAreSortedAtAnyDepth(t *testing.T) {
	root := write(t, map[string]string{
		"b/z/one.toml":         minimal("1", "eql"),
		"a.toml":               minimal("2", "query"),
		"b/a.toml":             minimal("3", "eql"),
		"b/a.playbook.toml":    "rule_id = 3",
		"README.md":            "[rule]",
		"c/_deprecated/x.toml": minimal("4", "eql"),
	})
	rules, err := Load([]string{root, filepath.Join(root, "b", "a.toml")})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range rules {
		ids = append(ids, r.ID)
	}
	if diff := cmp.Diff([]string{"2", "3", "1", "4"}, ids); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if want := filepath.Join(root, "b", "z", "one.toml"); rules[2].Path != want {
		t.Errorf("path %s, want %s", rules[2].Path, want)
	}
}

func TestProblems(t *testing.T) {
	good := minimal("1", "eql")
	tests := []struct {
		name, data string
		want       []string // "warning " or not, line:column, part of the message
	}{
		{"syntax", "[rule]\nname = \"a\nb\"\n", []string{"2:10: strings cannot contain newlines"}},
		{"type", "[rule]\n  risk_score = \"47\"\n", []string{"2:3: rule.risk_score: incompatible"}},
		{"no rule", "[metadata]\n", []string{"x.toml: no [rule] table"}},
		{"rule is no table", "rule = 3\n", []string{"1:1: rule: type mismatch"}},
		{"no id", strings.Replace(good, `"1"`, `""`, 1), []string{"2:12: the rule has no rule_id"}},
		{"no id at all", strings.Replace(good, "rule_id", "id", 1), []string{"x.toml:1:1: the rule has no rule_id"}},
		{"no type", strings.Replace(good, "type", "kind", 1), []string{"x.toml:1:1: the rule has no type"}},
		{"type by language", strings.Replace(good, `type = "eql"`, `language = "eql"`, 1), []string{"warning x.toml:1:1: the rule has no type"}},
		{"severity", strings.Replace(good, `"low"`, `"Low"`, 1), []string{"warning 4:13: severity \"Low\""}},
		{"no name", strings.Replace(good, `"N"`, `""`, 1), []string{"warning 3:9: the rule has no name"}},
		{"no query", strings.Replace(good, "any where true", " ", 1), []string{"6:12: the rule has no query"}},
		{"filters", good + "[[rule.filters]]\nmeta.negate = true\n", []string{"warning x.toml:9:8: the rule's filters"}},
		{"eql", strings.Replace(good, "any where true", "any where\n  true /*é*/ $", 1), []string{"8:14: query: "}},
		{"eql in CRLF", strings.Replace(strings.Replace(good, "any where true", "any where\n  true $", 1), "\n", "\r\n", -1), []string{"8:8: query: "}},
		{"eql in a basic string", strings.Replace(good, "'''\nany where true\n'''", `"any where x == \"a\" $"`, 1), []string{"6:31: query: "}},
		{"eql after a byte order mark", "\ufeff" + strings.Replace(good, "any where true", "$", 1), []string{"7:1: query: "}},
		{"a regular expression", strings.Replace(good, "any where true", "any where x regex \"(\"", 1), []string{"7:11: query: "}},
		{"eql in an inline table", "rule = {rule_id = \"1\", name = \"N\", severity = \"low\", type = \"eql\", query = 'any where $'}", []string{"query: "}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, problems := Parse("x.toml", []byte(test.data))
			if len(problems) != len(test.want) {
				t.Fatalf("problems %v, want %v", problems, test.want)
			}
			for i, p := range problems {
				warning := strings.HasPrefix(test.want[i], "warning ")
				if want := strings.TrimPrefix(test.want[i], "warning "); !strings.Contains(p.Error(), want) || p.Warning != warning {
					t.Errorf("problem %q, warning %v; want %q", p.Error(), p.Warning, test.want[i])
				}
			}
			if (r == nil) != problems.Fatal() {
				t.Errorf("rule %v beside problems %v", r, problems)
			}
		})
	}
}

func TestLoadNamesWhatItCannotRead(t *testing.T) {
	root := write(t, map[string]string{
		"dup/a.toml":   minimal("1", "eql"),
		"dup/b.toml":   minimal("1", "eql"),
		"none/x.txt":   "",
		"only/a.toml":  "[tool]\n",
		"only/b.toml":  "",
		"big/a.toml":   strings.Repeat("#", maxRuleFile+1),
		"other/a.toml": "[tool]\n",
		"other/b.toml": minimal("2", "eql"),
	})
	in := func(name string) string { return filepath.Join(root, name) }
	tests := []struct{ path, want string }{
		{in("dup"), in("dup") + string(filepath.Separator) + "b.toml:2:12: rule_id 1 is also that of " + filepath.Join(in("dup"), "a.toml")},
		{in("none"), "no rule found: the folder holds no .toml file"},
		{in("only"), "no rule found: no .toml file of the folder is a detection rule"},
		{in("missing"), "missing: failed to read the rule: "},
		{in("big"), "the file is over 1 MiB"},
		{filepath.Join(in("other"), "a.toml"), "no [rule] table"},
	}
	for _, test := range tests {
		rules, err := Load([]string{test.path})
		if err == nil || !strings.Contains(err.Error(), test.want) || rules != nil {
			t.Errorf("Load(%s) = %v, %v; want %q", test.path, rules, err, test.want)
		}
	}
	if rules, err := Load([]string{in("other"), in("other")}); err != nil || len(rules) != 1 {
		t.Errorf("a folder that is named twice: %v, %v", rules, err)
	}
	rules, problems := Check([]string{in("other")})
	if len(rules) != 1 || len(problems) != 1 || !problems[0].Warning {
		t.Errorf("a TOML file in a folder that is no rule: %v, %v", rules, problems)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte(minimal("1", "eql")))
	f.Add([]byte("rule.query = 3\n[rule.threat]\n"))
	f.Add([]byte("\ufeff[rule]\nquery=\"\\"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, problems := Parse("x", data)
		if (r == nil) != problems.Fatal() {
			t.Fatalf("rule %v beside problems %v", r, problems)
		}
		for _, p := range problems {
			if lines := strings.Count(string(data), "\n") + 1; p.Line > lines || p.Message == "" {
				t.Fatalf("line %d of %d: %q", p.Line, lines, p.Message)
			}
		}
	})
}
