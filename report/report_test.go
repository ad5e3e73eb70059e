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
		"incident": incident(t), "quiet": quiet(t), "nothing": nothing(t), "damaged": damaged(t),
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
		for _, dark := range []bool{false, true} {
			plain := terminal(t, c, TerminalOptions{Width: 100})
			coloured := terminal(t, c, TerminalOptions{Width: 100, Color: true, Dark: dark})
			if coloured == plain {
				t.Errorf("%s: no colour", name)
			}
			var stripped strings.Builder
			for line := range strings.Lines(sgr.ReplaceAllString(coloured, "")) {
				stripped.WriteString(strings.TrimRight(line, " \n") + "\n")
			}
			if diff := cmp.Diff(plain, stripped.String()); diff != "" {
				t.Errorf("%s, dark %v (-plain +coloured):\n%s", name, dark, diff)
			}
		}
	}
	c := incident(t)
	if terminal(t, c, TerminalOptions{Color: true}) == terminal(t, c, TerminalOptions{Color: true, Dark: true}) {
		t.Error("dark and light look the same")
	}
}
