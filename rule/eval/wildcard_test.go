package eval

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// naiveWildcard is the definition of a wildcard pattern, as a recursion.
func naiveWildcard(pattern, text string) bool {
	switch {
	case pattern == "":
		return text == ""
	case pattern[0] == '*':
		for i := 0; i <= len(text); i++ {
			if naiveWildcard(pattern[1:], text[i:]) {
				return true
			}
		}
		return false
	case text == "":
		return false
	case pattern[0] == '?':
		_, size := utf8.DecodeRuneInString(text)
		return naiveWildcard(pattern[1:], text[size:])
	}
	return pattern[0] == text[0] && naiveWildcard(pattern[1:], text[1:])
}

// words lists all strings over an alphabet of up to n characters.
func words(alphabet string, n int) []string {
	out := []string{""}
	last := out
	for range n {
		var next []string
		for _, w := range last {
			for _, r := range alphabet {
				next = append(next, w+string(r))
			}
		}
		out = append(out, next...)
		last = next
	}
	return out
}

func TestWildcardAgreesWithItsDefinition(t *testing.T) {
	texts := words("aé", 5)
	for _, pattern := range words("a*?é", 4) {
		w, set := newWildcard(pattern), newPatternSet([]string{pattern})
		for _, text := range texts {
			want := naiveWildcard(pattern, text)
			if got := w.match([]byte(text)); got != want {
				t.Fatalf("wildcard %q on %q = %v", pattern, text, got)
			}
			if got := set.match([]byte(text)); got != want {
				t.Fatalf("pattern set %q on %q = %v", pattern, text, got)
			}
		}
	}
}

func TestPatternSetAgreesWithItsMembers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	all, texts := words("ab*?", 4), words("ab", 7)
	for round := range 300 {
		var patterns []string
		for range 1 + r.IntN(30) {
			p := all[r.IntN(len(all))]
			if strings.Trim(p, "*") == "" {
				continue // matches nearly everything
			}
			if r.IntN(2) == 0 {
				p = strings.ReplaceAll(p, "?", "a")
			}
			patterns = append(patterns, p+strings.Repeat("b", r.IntN(3)))
		}
		set := newPatternSet(patterns)
		for _, text := range texts {
			want := false
			for _, p := range patterns {
				want = want || naiveWildcard(p, text)
			}
			if got := set.match([]byte(text)); got != want {
				t.Fatalf("round %d: %q on %q = %v, want %v", round, patterns, text, got, want)
			}
		}
	}
}

func TestRegexAgreesWithGo(t *testing.T) {
	texts := words("abA", 4)
	for _, source := range []string{
		"", "a", "ab|b", "a*", "(a|b)*a", "a+b?", "[ab]{2,3}", "[^a]*", ".a.", "(a|ab)(b|())", "a{2}", "a{1,}b{0,1}",
		"[a-b]+", `\a\b`, "((a))", "()", "a()b", "(a*)*", "(a?){3}", "(a|a)*b", "[b-]a",
	} {
		for _, fold := range []bool{false, true} {
			x, err := newRegex([]string{source}, fold)
			if err != nil {
				t.Fatalf("%q: %v", source, err)
			}
			translated := strings.NewReplacer(`\a`, "a", `\b`, "b").Replace(source)
			if fold && strings.Contains(source, "-b") {
				continue // ranges stay case-sensitive
			}
			flags := map[bool]string{false: "(?s)", true: "(?si)"}[fold]
			want := regexp.MustCompile(flags + `\A(?:` + translated + `)\z`)
			for _, text := range texts {
				if got := x.match([]byte(text)); got != want.MatchString(text) {
					t.Errorf("%q (fold %v) on %q = %v", source, fold, text, got)
				}
			}
		}
	}
}

func TestRegexOperatorsOfLucene(t *testing.T) {
	tests := []struct {
		source   string
		fold     bool
		yes, not []string
	}{
		{"^a$", false, []string{"^a$"}, []string{"a"}},
		{"a.c", false, []string{"abc", "a\nc", "aéc", "a😀c"}, []string{"ac", "abbc"}},
		{"@", false, []string{"", "anything"}, nil},
		{"a@c", false, []string{"ac", "abbc"}, []string{"a"}},
		{"#|a", false, []string{"a"}, []string{"", "#"}},
		{`"a.*"b`, false, []string{"a.*b"}, []string{"axb"}},
		{"~(abc)", false, []string{"", "ab", "abcd"}, []string{"abc"}},
		{"a~bc", false, []string{"ac", "axxc", "abbc"}, []string{"abc"}},
		{".*a.*&.*b.*", false, []string{"ab", "xbxa"}, []string{"a", "b"}},
		{"a&b|c", false, []string{"c"}, []string{"a", "b"}},
		{"<1-100>", false, []string{"1", "42", "100", "007"}, []string{"0", "101", "", "x"}},
		{"<01-10>", false, []string{"01", "09", "10"}, []string{"1", "11", "00", "010"}},
		{"<255-8>x", false, []string{"8x", "255x", "0100x"}, []string{"7x", "256x"}},
		{`a\.b\*\\`, false, []string{`a.b*\`}, []string{`axb*\`}},
		{`\d+\s\w\W`, false, []string{"12 a-"}, []string{"x a-", "12 aa"}},
		{`[\d.]+`, false, []string{"1.2"}, []string{"a"}},
		{"abc", true, []string{"ABC", "aBc"}, []string{"abd"}},
		{"[a-z]+", true, []string{"abc"}, []string{"ABC"}},
		{"[abc]+", true, []string{"aBc"}, []string{"D"}},
		{`"Ab"c`, true, []string{"aBC"}, []string{"b"}},
		{"*a|+", false, []string{"*a", "+"}, []string{"a", ""}},
		{"é", true, []string{"é"}, []string{"É"}},
	}
	for _, test := range tests {
		x, err := newRegex([]string{test.source}, test.fold)
		if err != nil {
			t.Errorf("%q: %v", test.source, err)
			continue
		}
		for _, text := range test.yes {
			if !x.match([]byte(text)) {
				t.Errorf("%q does not match %q", test.source, text)
			}
		}
		for _, text := range test.not {
			if x.match([]byte(text)) {
				t.Errorf("%q matches %q", test.source, text)
			}
		}
	}
}

func TestRegexErrors(t *testing.T) {
	for _, source := range []string{"(", "a)", "(b|)", "[a", "[z-a]", "a{", "a{2", "a{3,1}", "a{x}", "a|", "<a>", "<1-", `"a`, `a\`, "a{5000}", strings.Repeat("(", 300) + strings.Repeat(")", 300), strings.Repeat("a", maxRegex+1)} {
		if _, err := newRegex([]string{source}, false); err == nil {
			t.Errorf("%.20q is accepted", source)
		}
	}
}

func TestRegexTooLargeForAnAutomaton(t *testing.T) {
	x, err := newRegex([]string{".*a.{14}b"}, false)
	if err != nil || x.slow == nil {
		t.Fatalf("want Go's engine, got %v, %v", x, err)
	}
	for text, want := range map[string]bool{"xa" + strings.Repeat("y", 14) + "b": true, "xa" + strings.Repeat("y", 13) + "b": false} {
		if got := x.match([]byte(text)); got != want {
			t.Errorf("on %q = %v", text, got)
		}
	}
	if _, err := newRegex([]string{".*a.{14}b&.*"}, false); err != nil {
		t.Errorf("@ in an intersection can be dropped: %v", err)
	}
	if _, err := newRegex([]string{".*a.{14}b&.*c.*"}, false); err == nil {
		t.Error("an intersection that is too large is accepted")
	}
}

func FuzzRegex(f *testing.F) {
	for _, s := range []string{"(a|b)*abb", "~(a.{2})&[^b]<1-30>@", `"x"\d{2,4}`, "((((a{10}){10}){10}))"} {
		f.Add(s, "aabb", true)
	}
	f.Fuzz(func(t *testing.T, source, text string, fold bool) {
		if len(source) > 60 || len(text) > 200 {
			t.Skip()
		}
		b := newRegexBuilder()
		n, err := parseRegex(b, source, fold)
		if err != nil {
			t.Skip()
		}
		x, err := b.automaton(n)
		if err != nil {
			t.Skip()
		}
		var w strings.Builder
		if !b.translate(&w, n) || !utf8.ValidString(text) {
			t.Skip()
		}
		want, err := regexp.Compile(`(?s)\A(?:` + w.String() + `)\z`)
		if err != nil {
			t.Skip()
		}
		if got := x.match([]byte(text)); got != want.MatchString(text) {
			t.Errorf("%q on %q = %v", source, text, got)
		}
	})
}

func TestBlocks(t *testing.T) {
	b, err := newBlocks([]string{"10.6.48.157/8", "172.16.0.0/12", "192.168.0.0/16", "10.1.0.0/16", "::1/128", "fc00::/7", "::ffff:100.64.0.0/106", "1.2.3.4/32", "127.0.0.1", "FE80::1"})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		"10.0.0.0": true, "10.255.255.255": true, "9.255.255.255": false, "11.0.0.0": false,
		"172.16.0.0": true, "172.31.255.255": true, "172.15.255.255": false, "172.32.0.0": false,
		"192.168.0.0": true, "192.168.255.255": true, "192.169.0.0": false,
		"::1": true, "::2": false, "::": false, "fc00::": true, "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": true, "fe00::": false,
		"100.64.0.0": true, "100.127.255.255": true, "100.128.0.0": false, "::ffff:10.0.0.1": true, "1.2.3.4": true, "1.2.3.5": false,
		"127.0.0.1": true, "127.0.0.2": false, "127.0.0.0": false, "fe80::1": true, "fe80::2": false,
	} {
		c := textValue([]byte(text))
		if got := b.hasValue(&c); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	for _, text := range []string{"fe80::1%eth0", "10.0.0.0/33", "x/8", "", "10.0.0/8", "::/129"} {
		if _, err := newBlocks([]string{text}); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

func TestVersions(t *testing.T) {
	ascending := []string{"1", "1.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.2.0", "1.11.0", "2.0.0", "10.0.0", "not.a.version"}
	for i, a := range ascending {
		for j, b := range ascending {
			got := parseVersion([]byte(a)).compare(parseVersion([]byte(b)))
			if (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("compare(%q, %q) = %d", a, b, got)
			}
		}
	}
}

func TestAppendDouble(t *testing.T) {
	for f, want := range map[float64]string{1: "1.0", 0: "0.0", 1.5: "1.5", -2.25: "-2.25", 1e7: "1.0E7", 12345678.9: "1.23456789E7", 0.001: "0.001", 0.0001: "1.0E-4", 1e300: "1.0E300"} {
		if got := string(appendDouble(nil, f)); got != want {
			t.Errorf("%v = %q, want %q", f, got, want)
		}
	}
}

func TestManyPatternsShareOneSearch(t *testing.T) {
	var patterns []string
	for i := range 3000 {
		patterns = append(patterns, fmt.Sprintf("*needle%04d*", i))
	}
	set := newPatternSet(patterns)
	if set.finder == nil {
		t.Fatal("3,000 strings are searched for one by one")
	}
	if !set.match([]byte("hay needle2999 hay")) || set.match([]byte("hay needle3000 hay")) {
		t.Error("wrong answer")
	}
}
