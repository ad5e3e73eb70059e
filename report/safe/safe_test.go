package safe

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"", ""},
		{"/usr/bin/curl", "/usr/bin/curl"},
		{`C:\Windows`, `C:\Windows`},
		{"a\x1b[31mb", `a\x1b[31mb`},
		{"a\x1b]0;title\x07b", `a\x1b]0;title\x07b`},
		{"a\nb\tc\rd\x00", `a\nb\tc\rd\x00`},
		{"a\x7f", `a\x7f`},
		{"a\u009b31m", `a\u009b31m`},
		{"a\x9b31m", `a\x9b31m`},
		{"\xff\xfe", `\xff\xfe`},
		{"abc\u202efdp.exe", `abc\u202efdp.exe`},
		{"\u2066x\u2069", `\u2066x\u2069`},
		{"a\u200bb\u200dc\ufeff", `a\u200bb\u200dc\ufeff`},
		{"\U000e0041", `\U000e0041`},
		{"x\ufe0f\u3164\u034f", `x\ufe0f\u3164\u034f`},
		{"\u2028", `\u2028`},
		{"a\u00a0b\u3000", `a\u00a0b\u3000`},
		{"\ue000", `\ue000`},
		{"名前 é ü", "名前 é ü"},
		{"e\u0301", "e\u0301"},
		{"\u0301e", `\u0301e`},
		{"e" + strings.Repeat("\u0301", 6), "e" + strings.Repeat("\u0301", 4) + `\u0301\u0301`},
	} {
		if got := Text(test.in); got != test.want {
			t.Errorf("Text(%q) = %q, want %q", test.in, got, test.want)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\x1b[0m\u202e\xff\u200b\U000e0001")
	f.Fuzz(func(t *testing.T, s string) {
		got := Text(s)
		for _, r := range got {
			if unicode.IsControl(r) || hidden(r) || r == utf8.RuneError && !strings.ContainsRune(s, r) {
				t.Fatalf("Text(%q) = %q has %U", s, got, r)
			}
		}
		if Text(got) != got && !strings.ContainsFunc(got, unicode.IsMark) {
			t.Fatalf("Text changes %q", got)
		}
	})
}

func TestClip(t *testing.T) {
	for _, test := range []struct {
		in    string
		limit int
		want  string
	}{
		{"", 3, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "abc… (1 more characters)"},
		{"äöü", 3, "äöü"},
		{"äöüß", 3, "äöü… (1 more characters)"},
		{"\xff\xff\xff\xff", 2, "\xff\xff… (2 more characters)"},
	} {
		if got := Clip(test.in, test.limit); got != test.want {
			t.Errorf("Clip(%q, %d) = %q, want %q", test.in, test.limit, got, test.want)
		}
	}
}

// FuzzAppendJSON: the meaning of the JSON stays, and nothing hidden is left.
func FuzzAppendJSON(f *testing.F) {
	f.Add("a\u202eb\u0085\U000e0001\x7f\u2028 ü")
	f.Add("\xff\\\"\n")
	f.Fuzz(func(t *testing.T, s string) {
		raw, err := json.MarshalIndent(map[string]string{"v": s}, "", "\t")
		if err != nil {
			t.Skip(err)
		}
		for _, got := range [][]byte{AppendJSON(nil, raw), AppendJSONLine(nil, raw)} {
			var back map[string]string
			if err := json.Unmarshal(got, &back); err != nil {
				t.Fatalf("%q: %v", got, err)
			}
			if want := strings.ToValidUTF8(s, "\ufffd"); back["v"] != want && utf8.ValidString(s) {
				t.Fatalf("%q became %q", want, back["v"])
			}
			for _, r := range string(got) {
				if hidden(r) || r == '\u007f' {
					t.Fatalf("%q has %U", got, r)
				}
			}
		}
		if line := AppendJSONLine(nil, raw); strings.ContainsAny(string(line), "\n\t\r") {
			t.Fatalf("%q is more than one line", line)
		}
	})
}
