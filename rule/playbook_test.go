package rule

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBuiltinPlaybook(t *testing.T) {
	rules, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := LoadPlaybooks(rules, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p.Render())
	}
	if rules[0].Playbook == nil {
		t.Error("the built-in rule has no playbook")
	}
}

// book is a playbook with a query that a test replaces.
func book(lines ...string) string {
	return "rule_id = \"r\"\n[[step]]\ntitle = \"t\"\n" + strings.Join(lines, "\n") + "\n"
}

func TestPlaybookFaults(t *testing.T) {
	for _, test := range []struct{ file, want string }{
		{`rule_id = `, "p:1:10: "},
		{"[[step]]\ntitle = \"t\"", "the playbook has no rule_id"},
		{`rule_id = "r"`, "no [[step]]"},
		{book(`titel = "x"`), `p:4:1: "step.titel" is no key of a playbook`},
		{"rule_id = \"r\"\n[[step]]\n", "p:2:1: step 1: the step has no title"},
		{book(`kind = "x"`), `p:4:8: step 1: kind "x" is none of`},
		{book(`analysis = "x"`), `analysis "x" is none of destination`},
		{book(`fields = ["a b"]`), `p:4:12: step 1: fields: "a b" is no name of a field`},
		{book(`[[step.evidence]]`, `label = "l"`, `query = 'any where true'`, `show = ["process.*"]`), `show: "process.*" is no name`},
		{book(`[[step.condition]]`, `when = 'a = 1'`, `reason = "x"`), `p:5:11: step 1, condition 1: when: `},
		{book(`[[step.condition]]`, `when = 'process.pid : "x"'`, `reason = "x"`), `p:5:9: step 1, condition 1: when: `},
		{book(`[[step.condition]]`, `when = 'a == 1'`), `neither reason nor label`},
		{book(`[[step.condition]]`, `when = 'a == 1'`, `label = "x"`, `raise = 1`), `changes without a reason`},
		{book(`[[step.condition]]`, `when = 'a == 1'`, `reason = "x"`, `raise = 1`, `lower = 1`), `p:8:9: step 1, condition 1: both raise and lower`},
		{book(`[[step.condition]]`, `when = 'a == 1'`, `reason = "x"`, `raise = 4`), `0 to 3`},
		{book(`[[step.evidence]]`, `query = 'any where true'`), `has no label`},
		{book(`[[step.evidence]]`, `label = "l"`, `query = '''`, `any where`, `  process.pid == "{{process.pid}}"'''`), `p:8:19: step 1, evidence 1: query: a parameter cannot stand inside a string`},
		{book(`[[step.evidence]]`, `label = "l"`, `query = 'any where destination.ip like {{destination.ip}}'`), `p:6:40: step 1, evidence 1: query: a parameter cannot be a pattern`},
		{book(`[[step.evidence]]`, `label = "l"`, `query = 'any where process.pid == {{process.name}}'`), ``},
		{book(`[[step.evidence]]`, `label = "l"`, `query = 'any where true'`, `before = "5 min"`), `p:7:10: step 1, evidence 1: before "5 min" is no span`},
		{book(`[[step.evidence]]`, `label = "l"`, `query = 'any where true'`, `host = "x"`), `host "x" is none of same, other, any`},
		{book(`[[step.evidence]]`, `label = "l"`, `query = 'any where true'`, `max = 51`), `max is 1 to 50`},
		{book(`[[step.evidence]]`, `label = "l"`, `query = 'any where true'`, `last = 6`), `p:7:8: step 1, evidence 1: last is 1 to max`},
		{book(`[[step.evidence]]`, `label = "l"`, `query = 'any where true'`, `follow = "x"`), `follow "x" is none of parents`},
		{book(`[[step.evidence]]`, `label = "l"`, `query = 'any where true'`, `follow = "parents"`), `p:7:10: step 1, evidence 1: follow needs telemetry`},
		{book(`[[step.evidence]]`, `label = "l"`, `query = 'any where true'`, `telemetry = 'any where true'`, `host = "any"`, `follow = "parents"`), `goes with neither host nor count_by`},
		{book(`[[step.evidence]]`, `label = "l"`, `query = 'any where true'`, `telemetry = 'any where a == {{b}}'`), `telemetry has no parameters`},
		{book(`[[step.evidence]]`, `label = "l"`, `query = 'any where process.pid == {{process.pid}}'`, `caveat = "x"`), `p:7:10: step 1, evidence 1: caveat is said where no optional parameter has a value`},
		{book(`[[step.evidence]]`, `label = "l"`, `query = 'any where process.pid == {{?process.pid}}'`, `caveat = "x"`), ``},
		{book(`[[step]]`, `title = "u"`, `[[step.evidence]]`, `label = "l"`, `query = 'any where true'`, `[[step.evidence]]`, `label = "m"`, `query = 'any whare true'`), `p:11:14: step 2, evidence 2: query: `},
	} {
		b, problems := ParsePlaybook("p", []byte(test.file))
		if test.want == "" {
			if problems.Fatal() {
				t.Errorf("%s\n%v", test.file, problems)
			}
			continue
		}
		if b != nil || !strings.Contains(problems.Error(), test.want) {
			t.Errorf("%s\n got %v\nwant %s", test.file, problems.Error(), test.want)
		}
	}
}

func TestLoadPlaybooks(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	write := func(path, text string) string {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	named := func(title string) string { return strings.Replace(book(), `"t"`, `"`+title+`"`, 1) }
	rules := []*Rule{{ID: "r", Path: write(filepath.Join(dir, "r.toml"), "")}}
	load := func(paths ...string) string {
		t.Helper()
		problems, err := LoadPlaybooks(rules, paths)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, p := range problems {
			said = append(said, p.Error())
		}
		if rules[0].Playbook == nil {
			return strings.Join(said, "; ")
		}
		return rules[0].Playbook.Steps[0].Title + strings.Join(said, "; ")
	}
	if got := load(); got != "" {
		t.Errorf("without a file: %s", got)
	}
	write(filepath.Join(dir, "r.playbook.toml"), named("beside"))
	if got := load(); got != "beside" {
		t.Errorf("beside the rule: %s", got)
	}
	write(filepath.Join(other, "a.playbook.toml"), named("given"))
	if got := load(other); got != "given" {
		t.Errorf("given: %s", got)
	}
	stranger := write(filepath.Join(other, "x.toml"), strings.Replace(book(), `"r"`, `"s"`, 1))
	if got := load(stranger); !strings.Contains(got, "is for rule s, which is not loaded") {
		t.Errorf("for another rule: %s", got)
	}
	for _, path := range []string{filepath.Join(other, "none"), t.TempDir(), write(filepath.Join(other, "bad"), "x")} {
		if _, err := LoadPlaybooks(rules, []string{path}); err == nil {
			t.Errorf("%s loads", path)
		}
	}
}
