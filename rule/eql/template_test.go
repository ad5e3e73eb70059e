package eql

import (
	"strings"
	"testing"
)

func bindings(pairs ...any) map[string][]Expr {
	out := map[string][]Expr{}
	for i := 0; i < len(pairs); i += 2 {
		switch v := pairs[i+1].(type) {
		case string:
			out[pairs[i].(string)] = append(out[pairs[i].(string)], &String{Value: v})
		case int:
			out[pairs[i].(string)] = append(out[pairs[i].(string)], &Int{Value: int64(v)})
		}
	}
	return out
}

func TestBind(t *testing.T) {
	for _, test := range []struct {
		src, want, wide string
		values          map[string][]Expr
	}{
		{`process where process.pid == {{process.pid}}`, `process where process.pid == 7`, "", bindings("process.pid", 7)},
		{`process where {{ process.pid }} == process.pid`, `process where process.pid == 7`, "", bindings("process.pid", 7)},
		{`any where a == {{a}}`, `any where a in ("x", "y")`, "", bindings("a", "x", "a", "y")},
		{`any where a != {{a}}`, `any where a not in ("x", "y")`, `any where true`, bindings("a", "x", "a", "y")},
		{`any where a == {{?a}} or b == 1`, `any where false or b == 1`, "", nil},
		{`any where a != {{?a}}`, `any where true`, "", nil},
		{`any where not a == {{?a}}`, `any where not false`, "", nil},
		{`any where not a == {{a}}`, `any where not a == "x"`, `any where not false`, bindings("a", "x")},
		{`any where a in ("k", {{a}}, {{?b}})`, `any where a in ("k", "x", "y")`, "", bindings("a", "x", "a", "y", "b", "ignored")},
		{`any where startsWith(a, {{a}})`, `any where startsWith(a, "x") or startsWith(a, "y")`, "", bindings("a", "x", "a", "y")},
		{`any where cidrMatch(ip, {{ip}})`, `any where cidrMatch(ip, "10.0.0.1")`, "", bindings("ip", "10.0.0.1")},
		{`any where a == {{a}} and b < {{b}}`, `any where a == "\"or true" and b < 3`, "", bindings("a", `"or true`, "b", 3)},
		{`any where a == {{a}} // {{no}} "` + "\n" + `and b == "}}"`, `any where a == "{{b}}" and b == "}}"`, "", bindings("a", "{{b}}")},
	} {
		tmpl, err := ParseTemplate(test.src)
		if err != nil {
			t.Errorf("%s: %v", test.src, err)
			continue
		}
		if test.src == `any where a in ("k", {{a}}, {{?b}})` {
			delete(test.values, "b")
			if got := tmpl.Bind(test.values).String(); got != `any where false` {
				t.Errorf("%s: a list with a parameter that has no value is %s", test.src, got)
			}
			continue
		}
		if got := tmpl.Bind(test.values).String(); got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.src, got, test.want)
		}
		if test.wide == "" {
			test.wide = test.want
		}
		if got := tmpl.Widen(test.values).String(); got != test.wide {
			t.Errorf("%s\nwidened to %s\n    want %s", test.src, got, test.wide)
		}
	}
}

func TestTemplateFaults(t *testing.T) {
	for _, test := range []struct {
		src, want string
		at        int
	}{
		{`any where a == "{{a}}"`, "cannot stand inside a string", 16},
		{`any where a like {{a}}`, "cannot be a pattern", 17},
		{`any where a : ("x", {{a}})`, "cannot be a pattern", 20},
		{`any where {{a}}`, "no condition", 10},
		{`any where not {{a}}`, "no condition", 14},
		{`any where {{a}} == {{b}}`, "cannot stand here", 10},
		{`any where a == {{a b}}`, "no parameter", 15},
		{`any where a == 1 | head 1`, "no pipes", 19},
		{`sequence by a [any where true] [any where true]`, "single events", 0},
		{`any where a == {{a}} and b = 1`, "", -1},
	} {
		_, err := ParseTemplate(test.src)
		if err == nil {
			t.Errorf("%s: no fault", test.src)
			continue
		}
		e := err.(*Error)
		if test.at >= 0 && (!strings.Contains(e.Msg, test.want) || e.Span.Start != test.at) {
			t.Errorf("%s: %d: %s", test.src, e.Span.Start, e.Msg)
		}
		if rendered := e.Render("f", 1); !strings.Contains(rendered, "{{") && strings.Contains(test.src, "{{") {
			t.Errorf("%s: shown without its parameter:\n%s", test.src, rendered)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add(`process where process.pid == {{process.pid}} and not a in ({{?a}}, 1)`, "x")
	f.Add(`any where startsWith~(a, {{a}}) // "`, `"`)
	f.Fuzz(func(t *testing.T, src, value string) {
		tmpl, err := ParseTemplate(src)
		if err != nil {
			_ = err.(*Error).Render("f", 1)
			return
		}
		values := map[string][]Expr{}
		for _, p := range tmpl.Params() {
			values[p.Name] = []Expr{&String{Value: value}, &Int{Value: 1}}
		}
		_ = tmpl.Widen(values).String()
		_ = tmpl.Check(values, nil)
		tmpl.Bind(nil)
	})
}
