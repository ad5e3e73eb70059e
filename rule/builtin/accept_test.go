package builtin_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/rule"
	"kscan/rule/eql"
	"kscan/rule/eval"
)

// accept is a rule, ready to be asked about documents.
type accept struct {
	program *eval.Program
	scratch *eval.Scratch
}

// kubelet returns the built-in rule.
func kubelet(t *testing.T) *rule.Rule {
	t.Helper()
	rules, err := rule.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		if r.ID == "9f420cca-cb27-44db-a13d-c43c7b48e04a" {
			return r
		}
	}
	t.Fatal("the rule is not among the built-in ones")
	return nil
}

// matches evaluates the rule on a document in each form that a document has: nested
// objects, dotted keys, and the "fields" of a search hit. All must agree.
func (a *accept) matches(t *testing.T, d doc) bool {
	t.Helper()
	flat, fields := doc{}, doc{}
	flatten(d, "", func(name string, v any) {
		flat[name] = v
		if _, array := v.([]any); !array {
			v = []any{v}
		}
		fields[name] = v
	})
	nested := a.match(&event.Event{Doc: parse(t, d)})
	dotted := a.match(&event.Event{Doc: parse(t, flat)})
	arrays := a.match(&event.Event{Doc: parse(t, doc{}), Fields: parse(t, fields)})
	if nested != dotted || nested != arrays {
		t.Errorf("nested %v, dotted %v, fields %v: %s", nested, dotted, arrays, encode(d))
	}
	return nested
}

func (a *accept) match(e *event.Event) bool {
	return a.program.Match(e, a.scratch)
}

func parse(t *testing.T, d doc) *fastjson.Value {
	t.Helper()
	v, err := fastjson.Parse(encode(d))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// flatten gives the leaves of a document with their dotted names.
func flatten(d doc, prefix string, leaf func(name string, v any)) {
	for key, v := range d {
		if inner, ok := v.(doc); ok {
			flatten(inner, prefix+key+".", leaf)
			continue
		}
		leaf(prefix+key, v)
	}
}

// change is one difference from a document that matches. A nil value takes the field
// away.
type change struct {
	field string
	value any
}

// with returns the document with changes.
func with(d doc, changes ...change) doc {
	out := copyOf(d)
	for _, c := range changes {
		inner, path := out, strings.Split(c.field, ".")
		for _, key := range path[:len(path)-1] {
			next, ok := inner[key].(doc)
			if !ok {
				next = doc{}
				inner[key] = next
			}
			inner = next
		}
		if last := path[len(path)-1]; c.value == nil {
			delete(inner, last)
		} else {
			inner[last] = c.value
		}
	}
	return out
}

func copyOf(d doc) doc {
	out := doc{}
	for key, v := range d {
		if inner, ok := v.(doc); ok {
			v = copyOf(inner)
		}
		out[key] = v
	}
	return out
}

// sources are a document of each source that the rule searches, matching but for the
// process, which no clause names.
func sources() map[string]doc {
	agent := root(700, "root", 0, "/usr/bin/agentd", "/usr/bin/agentd")
	d := &defend{evidence: &evidence{}, host: node01, direction: true}
	a := &auditbeat{evidence: &evidence{}, host: node02}
	beat := a.socket("12:00:00.000", agent, "connect", "connected-to", "egress", "10.20.0.12", 10250, inProgress)
	return map[string]doc{
		"Elastic Defend": d.network(at("12:00:00.000"), agent, "10.20.0.12", 10250, "connection_attempted"),
		"Auditbeat":      beat,
		"Auditd Manager": with(beat, change{"@metadata", nil}, change{"service", nil},
			change{"data_stream", doc{"dataset": "auditd_manager.auditd", "namespace": "default", "type": "logs"}},
			change{"event.dataset", "auditd_manager.auditd"}, change{"destination.port", 10250},
			change{"input.type", "audit/auditd"}, change{"auditd.summary.object.type", "socket"}),
		"raw audit log": with(beat, change{"@metadata", nil}, change{"agent", nil}, change{"service", nil},
			change{"ecs", nil}, change{"host", doc{"os": doc{"type": "linux"}}}),
	}
}

func show(v any) string {
	if v == nil {
		return "(none)"
	}
	return fmt.Sprintf("%#v", v)
}

// TestClauses holds the rule to what it must say of each case, for each source.
func TestClauses(t *testing.T) {
	a := &accept{kubelet(t).Program, eval.NewScratch()}
	for _, c := range clauses() {
		t.Run(c.name, func(t *testing.T) {
			for source, d := range sources() {
				for value, want := range c.cases() {
					got := a.matches(t, with(d, append(c.base[:len(c.base):len(c.base)], change{c.field, value})...))
					if got != want {
						t.Errorf("%s with %s = %s: match %v, want %v", source, c.field, show(value), got, want)
					}
				}
			}
		})
	}
}

var (
	literal = regexp.MustCompile(`"[^"]*"|\b1025[05]\b`)
	block   = regexp.MustCompile(`/(\d+)"$`)
)

// variants returns wrong spellings of a literal of the query.
func variants(text string) []string {
	if !strings.HasPrefix(text, `"`) {
		return []string{text + "0", text[:4] + "1"}
	}
	if m := block.FindStringSubmatch(text); m != nil {
		var bits int
		fmt.Sscan(m[1], &bits)
		stem := strings.TrimSuffix(text, m[1]+`"`)
		out := []string{fmt.Sprintf(`%s%d"`, stem, bits-1)}
		if bits < 128 {
			out = append(out, fmt.Sprintf(`%s%d"`, stem, bits+1))
		}
		return out
	}
	inside := strings.Trim(text, `"`)
	out := []string{`"` + inside[:len(inside)-1] + `"`, `"` + inside + `Z"`, `"Z` + inside + `"`}
	if !strings.HasSuffix(inside, "*") {
		return append(out, `"`+inside+`*"`)
	}
	return out
}

// TestEveryLiteralCounts shows that the cases miss nothing of the rule: however one of
// its values is misspelt, a case notices.
func TestEveryLiteralCounts(t *testing.T) {
	query, cases := kubelet(t).Query, parsedCases(t)
	for _, at := range literal.FindAllStringIndex(query, -1) {
		for _, wrong := range variants(query[at[0]:at[1]]) {
			mutant := query[:at[0]] + wrong + query[at[1]:]
			q, err := eql.Parse(mutant)
			if err != nil {
				t.Fatalf("%s: %v", wrong, err)
			}
			program, err := eval.Compile(q, eval.Options{})
			if err != nil {
				t.Fatalf("%s: %v", wrong, err)
			}
			a := &accept{program, eval.NewScratch()}
			if !a.noticed(cases) {
				t.Errorf("no case notices %s in place of %s", wrong, query[at[0]:at[1]])
			}
		}
	}
}

// parsedCase is a document with what the rule must say of it.
type parsedCase struct {
	event *event.Event
	want  bool
}

// parsedCases returns the cases for a source that writes numbers and one that writes
// strings.
func parsedCases(t *testing.T) []parsedCase {
	t.Helper()
	var out []parsedCase
	all := sources()
	for _, d := range []doc{all["Elastic Defend"], all["Auditbeat"]} {
		for _, c := range clauses() {
			for value, want := range c.cases() {
				changed := with(d, append(c.base[:len(c.base):len(c.base)], change{c.field, value})...)
				out = append(out, parsedCase{&event.Event{Doc: parse(t, changed)}, want})
			}
		}
	}
	return out
}

// noticed reports whether the rule disagrees with one of the cases.
func (a *accept) noticed(cases []parsedCase) bool {
	return slices.ContainsFunc(cases, func(c parsedCase) bool { return a.match(c.event) != c.want })
}
