package rule

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"
)

// problemLines returns each problem in one line.
func problemLines(problems Problems) []string {
	lines := []string{}
	for _, p := range problems {
		severity := "error"
		if p.Warning {
			severity = "warning"
		}
		lines = append(lines, fmt.Sprintf("%s %s:%d:%d: %s | %s", severity, filepath.Base(p.Path), p.Line, p.Column, p.Message, p.Hint))
	}
	return lines
}

// evidenceOf is an evidence query with a label, in the lines that follow its header.
func evidenceOf(lines ...string) string {
	return "[[step.evidence]]\nlabel = \"l\"\n" + strings.Join(lines, "\n")
}

func TestLintPlaybook(t *testing.T) {
	for _, test := range []struct {
		name, file string
		want       []string
	}{
		{"nothing", book(`fields = ["host.name", "process.*", "kubernetes.audit.verb", "auditd.data.tty"]`,
			evidenceOf(`query = 'process where process.pid == {{process.pid}} and objectRef.name != null'`, `show = ["user.name"]`)), nil},
		{"syntax", book(`x =`), []string{"error p.toml:4:4: "}},
		{"a value of another type", book(evidenceOf(`max = "x"`)), []string{"error p.toml:6:1: "}},
		{"unknown keys, each at its place", book(`titel = 1`, evidenceOf(`query = "any where true"`, `shwo = ["a"]`), "[[step]]", `title = "u"`, `titel = 2`, `show = ["host.name"]`), []string{
			`error p.toml:4:1: "step.titel" is no key of a playbook | did you mean "title"?`,
			`error p.toml:8:1: "step.evidence.shwo" is no key of a playbook | did you mean "show"?`,
			`error p.toml:11:1: "step.titel" is no key of a playbook | did you mean "title"?`,
			`error p.toml:12:1: "step.show" is no key of a playbook | the key belongs to another table`}},
		{"an unknown table, without what it holds", book("[[step.evidnce]]", `label = "l"`), []string{
			`error p.toml:4:8: "step.evidnce" is no key of a playbook | did you mean "evidence"?`}},
		{"faults of every query", book("[[step.condition]]", `when = 'process.pid : "x"'`, `reason = "x"`,
			evidenceOf(`query = 'any whre true'`), strings.Replace(evidenceOf(`query = "any where process.name == \"é\" and whre"`), `"l"`, `"m"`, 1)), []string{
			`error p.toml:5:9: step 1, condition 1: when: ":" takes strings`,
			`error p.toml:9:14: step 1, evidence 1: query: `,
			`warning p.toml:12:46: step 1, evidence 2: query: the field whre is not in ECS`}},
		{"what does not compile, behind another fault", book(`kind = "x"`, evidenceOf(`query = 'any where process.name regex "("'`)), []string{
			`error p.toml:4:8: step 1: kind "x"`, `error p.toml:7:20: step 1, evidence 1: query: `}},
		{"no parameter", book(evidenceOf(`query = 'any where process.pid == {{1}}'`)), []string{
			`error p.toml:6:35: step 1, evidence 1: query: no parameter`}},
		{"a parameter of another type", book(evidenceOf(`query = 'any where process.pid == {{process.name}} or process.pid == {{x.y}}'`)), []string{
			`warning p.toml:6:20: step 1, evidence 1: query: process.pid is a long, which {{process.name}} cannot be`,
			`warning p.toml:6:70: step 1, evidence 1: query: the field x.y is not in ECS`}},
		{"unknown fields", book("[[step.condition]]", `when = 'proces.name == "a"'`, `reason = "x"`,
			evidenceOf("query = '''", "proces where proces.pid == {{process.pidd}} and", "  proces.pid != 0'''", `count_by = ["host.name", "host.nam"]`)), []string{
			`warning p.toml:5:9: step 1, condition 1: when: the field proces.name is not in ECS | did you mean process.name?`,
			`warning p.toml:10:1: step 1, evidence 1: query: "proces" is no category of ECS | did you mean "process"?`,
			`warning p.toml:10:14: step 1, evidence 1: query: the field proces.pid is not in ECS | did you mean process.pid?`,
			`warning p.toml:10:28: step 1, evidence 1: query: the field process.pidd is not in ECS | did you mean process.pid?`,
			`warning p.toml:12:27: step 1, evidence 1: count_by: the field host.nam is not in ECS | did you mean host.name?`}},
		{"fields to show", book(`fields = [`, `  "user.name", 'user.nam',`, `  "procss.*"]`), []string{
			`warning p.toml:5:17: step 1: fields: the field user.nam is not in ECS | did you mean user.name?`,
			`warning p.toml:6:4: step 1: fields: the field procss.* is not in ECS | `}},
		{"labels", book(evidenceOf(`query = 'any where true'`), "[[step]]", `title = "u"`, "[[step.condition]]", `when = 'true'`, `label = "l"`,
			evidenceOf(`query = 'any where true'`)), []string{`warning p.toml:13:9: step 2, evidence 1: another evidence has the label "l"`}},
		{"no rule", "# a comment\n[[step]]\ntitle = \"t\"\n", []string{`error p.toml:1:1: the playbook has no rule_id`}},
		{"text that looks like tables", book(`text = """`, `[[step]]`, `[[step.evidence]]`, `query = 1 """`, evidenceOf(`query = 'any whre true'`)), []string{
			`error p.toml:10:14: step 1, evidence 1: query: `}},
	} {
		path := filepath.Join(write(t, map[string]string{"p.toml": test.file}), "p.toml")
		lines := problemLines(Lint(nil, []string{path}).Problems)
		if len(lines) != len(test.want) {
			t.Errorf("%s: %d problems, want %d:\n%s", test.name, len(lines), len(test.want), strings.Join(lines, "\n"))
			continue
		}
		for i, want := range test.want {
			if !strings.HasPrefix(lines[i], want) {
				t.Errorf("%s:\n got %s\nwant %s", test.name, lines[i], want)
			}
		}
	}
}

func TestLintWhoseAPlaybookIs(t *testing.T) {
	playbook := func(id string) string { return strings.Replace(book(), `"r"`, `"`+id+`"`, 1) }
	dir := write(t, map[string]string{
		"a.toml":              strings.Replace(tidy, `rule_id = "1"`, `rule_id = "rule-a"`, 1),
		"a.playbook.toml":     playbook("rule-b"),
		"b.playbook.toml":     playbook("rule-z"),
		"c.playbook.toml":     playbook("rule-a"),
		"sub/d.playbook.toml": playbook("rule-a"),
		"bad/e.toml":          "[rule]\n",
		"bad/e.playbook.toml": playbook("rule-q"),
	})
	in := func(names ...string) (paths []string) {
		for _, name := range names {
			paths = append(paths, filepath.Join(dir, name))
		}
		return paths
	}
	strange := `warning a.playbook.toml:1:11: the playbook is for rule rule-b, which is not loaded | did you mean "rule-a"?`
	strangeB := `warning b.playbook.toml:1:11: the playbook is for rule rule-z, which is not loaded | did you mean "rule-a"?`
	double := "warning d.playbook.toml:1:11: rule_id rule-a is also that of " + filepath.Join(dir, "c.playbook.toml") + " | only one of the two is used"
	apart := "warning d.playbook.toml:1:11: no rule lies in this folder: a scan does not load the playbook by itself" +
		" | put it beside its rule, or name it with --playbooks"
	for _, test := range []struct {
		name             string
		paths, playbooks []string
		rules, books     int
		want             []string
	}{
		{"a playbook alone", nil, in("b.playbook.toml"), 0, 1, nil},
		{"a playbook as a path", in("b.playbook.toml"), nil, 0, 1, nil},
		{"a folder of nothing else", in("sub"), nil, 0, 1, nil},
		{"a rule, and what is beside it", in("a.toml"), nil, 1, 3, []string{strange}},
		{"asked for in two ways", in("a.toml", "b.playbook.toml"), nil, 1, 3, []string{strange, strangeB}},
		{"given", in("a.toml"), in("b.playbook.toml"), 1, 3, []string{strangeB, strange}},
		{"given in place of another", in("a.toml"), in("sub/d.playbook.toml"), 1, 4, []string{strange}},
		{"in a folder without a rule", in("a.toml", "sub"), nil, 1, 4, []string{strange, apart, double}},
		{"two that are given", in(), in("c.playbook.toml", "sub"), 0, 2, []string{double}},
		{"for a rule that does not load", in("bad"), nil, 0, 1, nil},
	} {
		checked := Lint(test.paths, test.playbooks)
		got := problemLines(checked.Problems)
		if test.name == "for a rule that does not load" {
			if !checked.Problems.Fatal() || strings.Contains(strings.Join(got, "\n"), "rule-q") {
				t.Errorf("%s: %v", test.name, got)
			}
			continue
		}
		if diff := cmp.Diff(append([]string{}, test.want...), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		if len(checked.Rules) != test.rules || checked.Playbooks != test.books {
			t.Errorf("%s: %d rules, %d playbooks", test.name, len(checked.Rules), checked.Playbooks)
		}
	}
	// What is in the folder is found from there as from the rule, and no file is told twice.
	whole := Lint(in("a.toml", "."), in("a.playbook.toml"))
	for _, p := range whole.Problems {
		if strings.Contains(p.Path, "bad") && !p.Warning {
			continue
		}
		if strings.Contains(p.Message, "rule-b") {
			t.Errorf("%s", p.Error()) // a rule does not load: whose it is cannot be told
		}
	}
	if whole.Playbooks != 5 {
		t.Errorf("%d playbooks of the folder, want 5", whole.Playbooks)
	}
}

// FuzzPlainTOML: what is blanked leaves the lines and the headers and keys of the file. A
// decoder that is asked for all keys finds as many headers as are left.
func FuzzPlainTOML(f *testing.F) {
	for _, seed := range []string{
		book(`text = """`, `[[step]] \""" '''`, `"""`), "a = '''\n# x\n'''' # [b]\n", "a = \"\\\"#\" # \"\nb = 'x'\n",
		"\"a\" = \"b\"\n[[step]]\n[[step]]\n", `a = """x""""`, "a = \"\"\n[[step]]\n", `x = ["'", '"', "#"]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data string) {
		plain := plainTOML(data)
		if len(plain) != len(data) || strings.Count(plain, "\n") != strings.Count(data, "\n") {
			t.Fatalf("%q becomes %q", data, plain)
		}
		var all struct {
			Steps []map[string]any `toml:"step"`
		}
		decoded, err := toml.Decode(data, &all)
		if err != nil || len(decoded.Keys()) == 0 || decoded.Type("step") != "ArrayHash" {
			return
		}
		if n := len(stepHeader.FindAllString(plain, -1)); n > len(all.Steps) {
			t.Fatalf("%q has %d steps, %q shows %d", data, len(all.Steps), plain, n)
		}
	})
}

// FuzzLintPlaybook: a closer look adds warnings alone, and each place is in the file.
func FuzzLintPlaybook(f *testing.F) {
	for _, seed := range []string{
		book(`fields = ["a.*", "a b"]`, "x = 1", evidenceOf("query = '''", "proces where a.b == {{?process.pidd}}'''", `telemetry = "any where true"`)),
		book("[[step.condition]]", `when = "process.pid : \"\u0041\""`, `label = "l"`, evidenceOf(`query = 'any where {{a}} == {{a}}'`, `last = 1`)),
		"rule_id = 'r'\nstep = [{title = 't', evidence = [{label = 'l', query = 'any where x'}]}]",
		"\"\u6475", // the decoder's place is inside the last character
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data string) {
		book, plain := ParsePlaybook("p", []byte(data))
		p := newPlaybookParser("p", []byte(data), "a playbook")
		p.lint = newBookLinter(p)
		if closer := p.parse(); book != nil && closer == nil || plain.Fatal() != p.problems.Fatal() || len(p.problems) < len(plain) {
			t.Fatalf("%v, looked at closer %v", plain, p.problems)
		}
		lines := strings.Split(p.data, "\n")
		for _, problem := range p.problems {
			problem.Render()
			if problem.Line > len(lines) || problem.Line > 0 && problem.Column > len([]rune(lines[problem.Line-1]))+1 {
				t.Fatalf("%s is outside of the file", problem.Error())
			}
		}
	})
}
