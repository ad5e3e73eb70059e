package report

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"charm.land/lipgloss/v2"
	"github.com/google/go-cmp/cmp"

	"kscan/report/triage"
	"kscan/scan"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func cases(t testing.TB) map[string]*triage.Case {
	return map[string]*triage.Case{
		"incident": incident(t), "quiet": quiet(t), "nothing": nothing(t), "damaged": damaged(t), "investigated": investigated(t),
		"blind": blind(t),
	}
}

func terminal(t testing.TB, c *triage.Case, o TerminalOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := Terminal(&b, c, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTerminalGolden(t *testing.T) {
	for name, c := range cases(t) {
		for _, width := range []int{80, 120, 200} {
			text := terminal(t, c, TerminalOptions{Width: width})
			golden(t, fmt.Sprintf("%s.%d.txt", name, width), []byte(text))
			checkPlain(t, text, width)
		}
	}
}

// checkPlain holds what is promised of text without colour.
func checkPlain(t testing.TB, text string, width int) {
	t.Helper()
	for i, line := range strings.Split(text, "\n") {
		if strings.HasSuffix(line, " ") {
			t.Errorf("line %d ends in a space: %q", i+1, line)
		}
		if lipgloss.Width(line) > width {
			t.Errorf("line %d has %d columns of %d: %q", i+1, lipgloss.Width(line), width, line)
		}
		for _, r := range line {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				t.Errorf("line %d has %U: %q", i+1, r, line)
			}
		}
	}
}

var sgr = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// TestTerminalColor: colour adds escape sequences and changes nothing else.
func TestTerminalColor(t *testing.T) {
	for name, c := range cases(t) {
		for on := range palettes {
			plain := terminal(t, c, TerminalOptions{Width: 100})
			coloured := terminal(t, c, TerminalOptions{Width: 100, Color: true, Background: on})
			if coloured == plain {
				t.Errorf("%s: no colour", name)
			}
			var stripped strings.Builder
			for line := range strings.Lines(sgr.ReplaceAllString(coloured, "")) {
				stripped.WriteString(strings.TrimRight(line, " \n") + "\n")
			}
			if diff := cmp.Diff(plain, stripped.String()); diff != "" {
				t.Errorf("%s, background %v (-plain +coloured):\n%s", name, on, diff)
			}
		}
	}
}

// TestManyGroups: what the terminal leaves out is said, and the JSON report has it.
func TestManyGroups(t *testing.T) {
	r := testRule()
	var findings []*scan.Finding
	const groups = 3000
	for i := range groups {
		h := hit{host: fmt.Sprintf("node-%04d", i), executable: "/usr/bin/curl", name: "curl", ip: "10.0.0.1", exit: "0",
			line: i + 1, at: "2026-11-20T00:00:00Z"}
		findings = append(findings, &scan.Finding{Rule: r, Hits: []scan.Hit{h.hit(t)}})
	}
	c := caseOf(t, summaryOf(r, groups), findings)
	text := terminal(t, c, TerminalOptions{Width: 80})
	checkPlain(t, text, 80)
	for _, want := range []string{"3,000 hits in 3,000 groups", "node-0000", "node-0499", "… and 2,500 more groups",
		"first 50 of 3,000 groups"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if got := strings.Count(text, "The guide is as under 1"); got != maxDetails-1 {
		t.Errorf("%d short guides", got)
	}
	var b bytes.Buffer
	if err := JSON(&b, c); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(b.String(), `"priority": "medium"`); got != groups {
		t.Errorf("%d groups in the JSON report", got)
	}
}

// TestManyRules: with many rules, those that did not fire are summed up.
func TestManyRules(t *testing.T) {
	s := summaryOf(testRule(), 0)
	for i := range 30 {
		r := testRule()
		r.Name = fmt.Sprintf("Rule %d", i)
		s.Rules = append(s.Rules, scan.RuleCoverage{Rule: r})
	}
	text := terminal(t, caseOf(t, s, nil), TerminalOptions{Width: 80})
	checkPlain(t, text, 80)
	for _, want := range []string{"rules         31", "fired         0", "in part       1 ", "could not     30 "} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

// TestOtherEvents: findings that are not about a connection are shown by what they are
// about, and columns that would be empty are left out.
func TestOtherEvents(t *testing.T) {
	r := testRule()
	r.Query = "file where true"
	for doc, want := range map[string]string{
		`{"host":{"name":"h"},"process":{"name":"vi"},"file":{"path":"/etc/shadow"}}`: "1. vi on h: /etc/shadow\n",
		`{"dns":{"question":{"name":"a.example"}}}`:                                   "1. unknown process on an unknown host: a.example\n",
		`{}`: "1. unknown process on an unknown host\n",
	} {
		f := &scan.Finding{Rule: r, Hits: []scan.Hit{{JSON: []byte(doc)}}}
		text := terminal(t, caseOf(t, summaryOf(r, 1), []*scan.Finding{f}), TerminalOptions{Width: 120})
		checkPlain(t, text, 120)
		if !strings.Contains(text, want) || strings.Contains(text, "DESTINATION") || strings.Contains(text, "USER") {
			t.Errorf("%s gives\n%s", doc, text)
		}
	}
}
