package rule

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// FuzzQueryOffset writes a text as the query of a rule, in each form of a TOML string
// that can hold it, and demands that every character is found again in the file.
func FuzzQueryOffset(f *testing.F) {
	f.Add("any where true")
	f.Add("\nprocess where process.name == \"a\\\\b\"\n  and true\n")
	f.Add("any where x == \"é\\u{41}\"\r\n\t// \x1f")
	f.Add("'''\"\"\"")
	f.Add("\\")
	f.Add(" ")
	f.Fuzz(func(t *testing.T, query string) {
		if !utf8.ValidString(query) || strings.ContainsRune(query, 0) {
			t.Skip()
		}
		for _, value := range spellings(query) {
			data := "[rule]\nname = \"query = '''x'''\"\nquery = " + value + "\nsetup = '''\nquery = 1'''\n"
			var file file
			if _, err := toml.Decode(data, &file); err != nil || file.Rule.Query != query {
				continue // this form cannot hold the text
			}
			checkOffsets(t, data, query)
		}
	})
}

// spellings returns the query as TOML strings: literal and basic, of one line and of
// many, with and without escapes.
func spellings(query string) []string {
	var escaped, broken strings.Builder
	for _, r := range query {
		fmt.Fprintf(&escaped, `\U%08X`, r)
		fmt.Fprintf(&broken, "\\\n  \\u%04X", r)
	}
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(query)
	basic := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(query)
	return []string{
		"'" + query + "'", "'''" + query + "'''", "'''\n" + query + "'''", "'''\r\n" + query + "'''",
		`"` + quoted + `"`, `"""` + basic + `"""`, "\"\"\"\n" + basic + `"""`,
		`"` + escaped.String() + `"`, `"""` + broken.String() + `"""`,
	}
}

func checkOffsets(t *testing.T, data, query string) {
	t.Helper()
	last := -1
	for i, r := range query {
		offset, ok := queryOffset(data, query, i)
		if !ok {
			t.Fatalf("offset of byte %d of %q not found in %q", i, query, data)
		}
		if offset <= last {
			t.Fatalf("byte %d of %q is at %d, not after %d, in %q", i, query, offset, last, data)
		}
		if at := data[offset:]; !strings.HasPrefix(at, string(r)) && at[0] != '\\' {
			t.Fatalf("byte %d of %q (%q) is at %d: %q", i, query, r, offset, at)
		}
		last = offset
	}
	if end, ok := queryOffset(data, query, len(query)); !ok || end < last {
		t.Fatalf("the end of %q is at %d, %v, in %q", query, end, ok, data)
	}
}

func TestRender(t *testing.T) {
	data := "one\n\ttwö three\x1b[2Jfour\n" + strings.Repeat("x", 200)
	tests := []struct {
		name string
		p    *Problem
		want string
	}{
		{"no place", &Problem{Path: "a\nb", Message: "m", Hint: "h"}, "error: a\\u{0a}b: m\nhint: h\n"},
		{"a place", (&Problem{Path: "a", Message: "m", Warning: true, width: 5}).at(data, strings.Index(data, "three")),
			"warning: a:2:6: m\n  2 |  twö three\\u{1b}[2Jfour\n    |      ^^^^^\n"},
		{"a long line", (&Problem{Path: "a", Message: "m"}).at(data, strings.Index(data, "xxx")+100),
			"error: a:3:101: m\n  3 | …" + strings.Repeat("x", 110) + "…\n    | " + strings.Repeat(" ", 51) + "^\n"},
		{"the end of a line", (&Problem{Path: "a", Message: "m", width: 9}).at(data, 3), "error: a:1:4: m\n  1 | one\n    |    ^\n"},
	}
	for _, test := range tests {
		if got := test.p.Render(); got != test.want {
			t.Errorf("%s:\n%swant\n%s", test.name, got, test.want)
		}
	}
}

// TestRenderWidth: the excerpt fits the terminal, and the mark stays under the place.
func TestRenderWidth(t *testing.T) {
	data := strings.Repeat("abcdefghij", 30)
	for _, columns := range []int{0, 30, 40, 80, 120, 500} {
		for _, at := range []int{0, 5, 60, 150, 299} {
			p := (&Problem{Path: "a", Message: "m", width: 4}).at(data, at)
			lines := strings.Split(p.RenderWidth(columns), "\n")
			text, mark := lines[1], lines[2]
			if n := utf8.RuneCountInString(text); n > max(columns, 30) {
				t.Errorf("%d columns of %d: %s", n, columns, text)
			}
			i := strings.IndexByte(mark, '^')
			if shown := []rune(text)[i]; shown != rune(data[at]) {
				t.Errorf("%d columns: the mark is under %q, not %q:\n%s\n%s", columns, shown, data[at], text, mark)
			}
		}
	}
}
