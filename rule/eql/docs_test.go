package eql

import (
	"os"
	"strings"
	"testing"
)

// docTypes are the types of the fields in the documentation's examples.
func docTypes(field string) (Kind, bool) {
	switch field {
	case "destination.port", "process.pid":
		return KindLong, true
	case "destination.ip":
		return KindIP, true
	case "@timestamp":
		return KindDate, true
	}
	return KindString, true
}

// TestDocumentation runs every example of docs/eql.md: the queries in blocks marked
// "eql", with empty lines between, against the answers in their last lines.
func TestDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../docs/eql.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := map[string]int{}
	for _, block := range strings.Split(string(text), "```eql ")[1:] {
		marker, body, _ := strings.Cut(block, "\n")
		body, _, closed := strings.Cut(body, "\n```")
		if !closed {
			t.Errorf("block does not end: %s", body)
		}
		for _, example := range strings.Split(body, "\n\n") {
			examples[marker]++
			checkExample(t, marker, example)
		}
	}
	for _, marker := range []string{"accept", "refuse", "warn"} {
		if examples[marker] < 5 && marker != "warn" || examples[marker] == 0 {
			t.Errorf("%d examples are marked %q", examples[marker], marker)
		}
		delete(examples, marker)
	}
	if len(examples) > 0 {
		t.Errorf("unknown markers: %v", examples)
	}
}

// checkExample checks one query and the answer after it.
func checkExample(t *testing.T, marker, example string) {
	t.Helper()
	query, answer, _ := strings.Cut(example, "\n// ")
	got := ""
	q, err := Parse(query)
	if err != nil {
		got = "error: " + err.Error()
	} else if faults := Check(query, q, docTypes); len(faults) > 0 {
		got = "error: " + faults[0].Error()
		if faults[0].Warning {
			got = "warning: " + faults[0].Error()
		}
	}
	wantPrefix := map[string]string{"accept": "", "refuse": "error: ", "warn": "warning: "}[marker]
	if got != answer || !strings.HasPrefix(got, wantPrefix) || (marker == "accept") != (got == "") {
		t.Errorf("%s\n%s\n got %q\nwant %q", marker, query, got, answer)
	}
}
