package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/screens and the example in README.md anew")

// timing is the part of a report's first line that differs from run to run.
var timing = regexp.MustCompile(`(?m)\A(.* events) in \S+ m?s \([^)]*\)`)

// reportAt returns the report on the case in testdata as it is at a width, run in the top
// folder, with a fixed time in its first line.
func reportAt(t *testing.T, columns string) string {
	t.Helper()
	t.Setenv("COLUMNS", columns)
	var out, talk bytes.Buffer
	if code := run([]string{"scan", "--nodes", "testdata/incident.nodes", "testdata/incident"}, nil, &out, &talk); code != 0 {
		t.Fatalf("exit code %d: %s", code, talk.String())
	}
	text := timing.ReplaceAllString(out.String(), "$1 in 5 ms (36.8 MB/s)")
	return strings.ReplaceAll(text, string(filepath.Separator), "/") // paths on Windows
}

// TestScreens: docs/screens has the report as it is. Run with -update to write it anew;
// docs/screens/make.sh takes the pictures.
func TestScreens(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	for _, columns := range []string{"100", "160"} {
		text := reportAt(t, columns)
		path := filepath.Join("docs", "screens", "incident-"+columns+".txt")
		if *update {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), text); diff != "" {
			t.Errorf("%s is not what kscan prints; go test ./cmd/kscan -run TestScreens -update writes it anew, docs/screens/make.sh takes the pictures (-written +printed):\n%s", path, diff)
		}
	}
}

// exampleLines is how many lines of the report the README shows: the groups and the
// beginning of the story.
const exampleLines = 64

// TestReadmeExample: the README shows the beginning of the report.
func TestReadmeExample(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	text := strings.Join(strings.Split(reportAt(t, "120"), "\n")[:exampleLines], "\n")
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(readme), "<!-- report -->\n```\n")
	shown, after, ok := strings.Cut(rest, "\n```\n")
	if !ok {
		t.Fatal("README.md has no <!-- report -->")
	}
	if *update {
		if err := os.WriteFile("README.md", []byte(before+"<!-- report -->\n```\n"+text+"\n```\n"+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(shown, text); diff != "" {
		t.Errorf("README.md does not show what kscan prints; go test ./cmd/kscan -run TestReadmeExample -update writes it anew (-shown +printed):\n%s", diff)
	}
}
