package eql

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestRender(t *testing.T) {
	tests := []struct {
		name, query, file string
		line              int
		want              string
	}{
		{"one line", `any where startWith(a, "b")`, "query", 1, `
error: query:1:11: unknown function "startWith"
  1 | any where startWith(a, "b")
    |           ^^^^^^^^^
hint: did you mean "startsWith"?
`},
		{"below the start of a file", "any where\n  a = 1", "rules/a.toml", 98, `
error: rules/a.toml:99:5: "=" does not compare
  99 |   a = 1
     |     ^
hint: write "=="
`},
		{"the end", "any where a and \n", "q", 1, `
error: q:1:16: the query ends where a value or a field should be
  1 | any where a and
    |                ^
`},
		{"nothing", "", "q", 1, `
error: q:1:1: the query ends where a category or "any" should be
  1 |
    | ^
`},
		{"tabs", "any where\n\ta ==\tb", "q", 1, `
error: q:2:7: both sides of "==" read fields; one must be a constant
  2 |     a ==    b
    |             ^
hint: functions such as startsWith(a, b) take two fields
`},
		{"wide and combining characters", "any where a == \"日本e\u0301\" b", "q", 1, `
error: q:1:23: unexpected "b" where the end of the query should be
  1 | any where a == "日本e` + "\u0301" + `" b
    |                        ^
`},
		{"control characters", "any where a == \"\x1b[31m\u202e\x07\" b", "f\x1b.toml", 1, `
error: f\u{1b}.toml:1:26: unexpected "b" where the end of the query should be
  1 | any where a == "\u{1b}[31m\u{202e}\u{07}" b
    |                                           ^
`},
		{"carriage return", "any where true\r\nand b =\r\n1", "q", 1, `
error: q:2:7: "=" does not compare
  2 | and b =
    |       ^
hint: write "=="
`},
		{"several lines", "any where\n a == substring(b,\n 1)", "q", 1, `
error: q:2:7: both sides of "==" read fields; one must be a constant
  2 |  a == substring(b,
    |       ^^^^^^^^^^^^
hint: functions such as startsWith(a, b) take two fields
`},
		{"long line", "any where " + strings.Repeat("a or ", 30) + "b c" + strings.Repeat(" or d", 30), "q", 1, `
error: q:1:163: unexpected "c" where the end of the query should be
  1 | …or a or a or a or a or a or a or a or a or a or b c or d or d or d or d or d or d or d or d or d or d or d or …
    |                                                    ^
`},
	}
	for _, test := range tests {
		_, err := Parse(test.query)
		if err == nil {
			t.Errorf("%s: Parse(%q) succeeds", test.name, test.query)
			continue
		}
		got := err.(*Error).Render(test.file, test.line)
		if got != test.want[1:] {
			t.Errorf("%s:\ngot\n%swant%s", test.name, got, test.want)
		}
	}
}

func TestRenderWarning(t *testing.T) {
	const src = `any where a in ("x*")`
	q, err := Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	faults := Check(src, q, nil)
	if len(faults) != 1 {
		t.Fatalf("%d faults", len(faults))
	}
	const want = `warning: q:1:17: "*" stands for itself after "in"
  1 | any where a in ("x*")
    |                 ^^^^
hint: write ":" or "like" for patterns
`
	if got := faults[0].Render("q", 1); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// checkRendering checks what holds for every fault of every text: it lies in the
// source, and nothing of it can act on a terminal.
func checkRendering(t *testing.T, fault *Error, src string) {
	t.Helper()
	if s := fault.Span; s.Start < 0 || s.End < s.Start || s.End > len(src) {
		t.Errorf("span %v outside the source of %d bytes", s, len(src))
	}
	text := fault.Render("file", 1)
	for _, r := range text {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("rendered text holds %U:\n%q", r, text)
		}
	}
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || !strings.Contains(lines[2], "^") {
		t.Errorf("rendered text has no mark:\n%s", text)
	}
	if !utf8.ValidString(text) {
		t.Errorf("rendered text is not valid UTF-8: %q", text)
	}
	if fault.Msg == "" {
		t.Error("no message")
	}
}

func TestNearest(t *testing.T) {
	tests := []struct{ name, want string }{
		{"startswiht", "startsWith"},
		{"CIDRMATCH", "cidrMatch"},
		{"cidr_match", "cidrMatch"},
		{"x", ""},
		{strings.Repeat("startsWith", 100), ""},
	}
	for _, test := range tests[:3] {
		if got, _ := nearest(test.name, functionNames()); got != test.want {
			t.Errorf("nearest(%q) = %q, want %q", test.name, got, test.want)
		}
	}
	for _, test := range tests[3:] {
		if got, ok := nearest(test.name, functionNames()); ok {
			t.Errorf("nearest(%.20q) = %q", test.name, got)
		}
	}
}

func TestEdits(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "acb", 1},
		{"abc", "ac", 1}, {"kitten", "sitting", 3}, {"haed", "head", 1},
	}
	for _, test := range tests {
		if got := edits(test.a, test.b); got != test.want {
			t.Errorf("edits(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
		if got := edits(test.b, test.a); got != test.want {
			t.Errorf("edits(%q, %q) = %d, want %d", test.b, test.a, got, test.want)
		}
	}
}

func TestSnippet(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", ""},
		{" a\n\tb ", "a b"},
		{"\x1b[0m\u202e", `\u{1b}[0m\u{202e}`},
		{strings.Repeat("é", 40), strings.Repeat("é", 40)},
		{strings.Repeat("é", 41), strings.Repeat("é", 40) + "…"},
		{strings.Repeat("日", 10_000), strings.Repeat("日", 40) + "…"},
		{strings.Repeat(" ", 10_000) + "a", "…"},
	}
	for _, test := range tests {
		if got := snippet(test.text); got != test.want {
			t.Errorf("snippet(%.20q) = %q, want %q", test.text, got, test.want)
		}
	}
}
