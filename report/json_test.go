package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
	"kscan/report/triage"
	"kscan/scan"
)

func TestJSONGolden(t *testing.T) {
	for name, c := range cases(t) {
		var b bytes.Buffer
		if err := JSON(&b, c); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".json", b.Bytes())
	}
}

// paths lists the members of a document as dotted names, with [] for lists and * for the
// keys of maps whose keys are data.
func paths(name string, v any, add func(string)) {
	if name != "" {
		add(name)
	}
	_, last, _ := strings.Cut(name[max(0, strings.LastIndexByte(name, '.')):], ".")
	dataKeys := last == "categories" || name == "categories" || name == "verdicts" || last == "fields"
	switch v := v.(type) {
	case map[string]any:
		for key, child := range v {
			if dataKeys {
				key = "*"
			}
			paths(strings.TrimPrefix(name+"."+key, "."), child, add)
		}
	case []any:
		for _, child := range v {
			paths(name+"[]", child, add)
		}
	}
}

// TestJSONSchema: each member of the report is described in docs/output.md, and nothing
// is described that is not there.
func TestJSONSchema(t *testing.T) {
	got := make(map[string]bool)
	for _, c := range cases(t) {
		var b bytes.Buffer
		if err := JSON(&b, c); err != nil {
			t.Fatal(err)
		}
		var document map[string]any
		if err := json.Unmarshal(b.Bytes(), &document); err != nil {
			t.Fatal(err)
		}
		if document["schema_version"] != SchemaVersion {
			t.Errorf("schema_version is %v", document["schema_version"])
		}
		paths("", document, func(name string) {
			if !strings.Contains(name, ".event.") && !strings.HasSuffix(name, "[]") && !strings.HasSuffix(name, "*") {
				got[name] = true
			}
		})
	}
	want := documented(t)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("members (-documented +written):\n%s", diff)
	}
}

// documented returns the members that docs/output.md describes.
func documented(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", "output.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "<!-- report members -->")
	section, _, _ = strings.Cut(section, "<!-- end -->")
	want := make(map[string]bool)
	for line := range strings.Lines(section) {
		if parts := strings.Split(line, "`"); strings.HasPrefix(line, "| `") && len(parts) > 1 {
			want[parts[1]] = true
		}
	}
	return want
}

// TestCoverageJSON: what kscan coverage writes are members of the report.
func TestCoverageJSON(t *testing.T) {
	want := documented(t)
	for name, c := range cases(t) {
		var b bytes.Buffer
		if err := CoverageJSON(&b, c); err != nil {
			t.Fatal(err)
		}
		var document map[string]any
		if err := json.Unmarshal(b.Bytes(), &document); err != nil {
			t.Fatal(err)
		}
		paths("", document, func(member string) {
			if !want[member] && !strings.HasSuffix(member, "[]") && !strings.HasSuffix(member, "*") {
				t.Errorf("%s: %s is not in docs/output.md", name, member)
			}
		})
	}
}

// TestJSONSameBytes: two runs differ in nothing but "timing".
func TestJSONSameBytes(t *testing.T) {
	var documents [2]map[string]any
	var bytesOf [2]bytes.Buffer
	for i := range documents {
		c := incident(t)
		c.Summary.Started = c.Summary.Started.Add(time.Duration(i) * time.Hour)
		c.Summary.Elapsed += time.Duration(i) * time.Second
		if err := JSON(&bytesOf[i], c); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(bytesOf[i].Bytes(), &documents[i]); err != nil {
			t.Fatal(err)
		}
		if documents[i]["timing"] == nil {
			t.Fatal("no timing")
		}
	}
	if bytes.Equal(bytesOf[0].Bytes(), bytesOf[1].Bytes()) {
		t.Error("timing is not in the report")
	}
	delete(documents[0], "timing")
	delete(documents[1], "timing")
	if diff := cmp.Diff(documents[0], documents[1]); diff != "" {
		t.Error(diff)
	}
}

func findingLine(t *testing.T, f *scan.Finding) map[string]any {
	t.Helper()
	var b bytes.Buffer
	if err := NewJSONL(&b).Finding(f); err != nil {
		t.Fatal(err)
	}
	var line map[string]any
	if err := json.Unmarshal(b.Bytes(), &line); err != nil {
		t.Fatalf("%v in %s", err, b.Bytes())
	}
	return line
}

func TestJSONL(t *testing.T) {
	h := hit{host: "web-1", executable: "/tmp/x", name: "x", user: "root", ip: "10.0.0.1", exit: "0", pid: 7, line: 3,
		at: "2026-11-20T01:02:03.004+01:00"}.hit(t)
	f := &scan.Finding{Rule: testRule(), Hits: []scan.Hit{h}}
	group := triage.NewAssessor().Assess(f).Group
	var document any
	if err := json.Unmarshal(h.JSON, &document); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"@timestamp": "2026-11-20T00:02:03.004Z",
		"rule":       map[string]any{"id": f.Rule.ID, "name": f.Rule.Name, "severity": "medium", "risk_score": 47.0},
		"evidence": map[string]any{"source": "logs/audit.log.1.gz", "member": "", "format": "auditd", "line": 3.0,
			"offset": 600.0, "event_id": "1700000000.000:3"},
		"event": document,
		"triage": map[string]any{"group": group, "priority": "high", "reasons": []any{"it starts at medium, the rule's severity",
			"the executable is in /tmp, where any user can write"}},
	}
	if diff := cmp.Diff(want, findingLine(t, f)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	f.OutOfScope = true
	f.Hits[0].Time = time.Time{}
	line := findingLine(t, f)
	if line["out_of_scope"] != true || line["@timestamp"] != nil {
		t.Errorf("out of scope and undated: %v", line)
	}
}

func TestJSONLOrder(t *testing.T) {
	h := hit{host: "h", at: "2026-11-20T00:00:00Z"}.hit(t)
	var b bytes.Buffer
	if err := NewJSONL(&b).Finding(&scan.Finding{Rule: testRule(), Hits: []scan.Hit{h}}); err != nil {
		t.Fatal(err)
	}
	last := -1
	for _, member := range []string{`{"@timestamp":"2026-11-20T00:00:00.000Z","rule":{"id":`, `"evidence":{"source":`, `"event":{`, `"triage":{"group":`} {
		at := strings.Index(b.String(), member)
		if at <= last {
			t.Fatalf("%s is not in its place in %s", member, b.String())
		}
		last = at
	}
}

func TestJSONLSequence(t *testing.T) {
	a := hit{host: "a", line: 1, at: "2026-11-20T00:00:00Z"}.hit(t)
	b := hit{host: "b", line: 2, at: "2026-11-20T00:00:05Z"}.hit(t)
	line := findingLine(t, &scan.Finding{Rule: testRule(), Hits: []scan.Hit{{}, a, b}})
	events, ok := line["events"].([]any)
	if !ok || len(events) != 3 || events[0] != nil || line["event"] != nil || line["evidence"] != nil {
		t.Fatalf("events are %v", line)
	}
	for i, host := range []string{"a", "b"} {
		e := events[i+1].(map[string]any)
		if got := e["event"].(map[string]any)["host"].(map[string]any)["name"]; got != host {
			t.Errorf("event %d is of host %v", i, got)
		}
		if got := e["evidence"].(map[string]any)["line"]; got != float64(i+1) {
			t.Errorf("event %d is in line %v", i, got)
		}
	}
	if line["@timestamp"] != "2026-11-20T00:00:00.000Z" {
		t.Errorf("@timestamp is %v", line["@timestamp"])
	}
}

// TestKinds: each kind of problem is in docs/output.md, with what it means for the scan.
func TestKinds(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "output.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []event.Kind{event.Unreadable, event.Unrecognised, event.Empty, event.Corrupt, event.Truncated,
		event.Broken, event.TooLong, event.TooDeep, event.TooMany, event.Incomplete, event.InvalidUTF8, event.NotFollowed, event.Dropped, event.Crashed} {
		word := "notice"
		if kind.Lost() {
			word = "error"
		}
		if want := fmt.Sprintf("| `%s` | %s |", kind, word); !strings.Contains(string(text), want) {
			t.Errorf("docs/output.md lacks %q", want)
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteErrors(t *testing.T) {
	c := damaged(t)
	for name, err := range map[string]error{
		"terminal": Terminal(failing{}, c, TerminalOptions{}),
		"json":     JSON(failing{}, c),
		"jsonl":    NewJSONL(failing{}).Finding(&scan.Finding{Rule: testRule(), Hits: make([]scan.Hit, 1)}),
		"problems": Problems(failing{}, c.Summary),
		"summary":  Summary(failing{}, c.Summary),
	} {
		if err == nil || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

func TestStderrLines(t *testing.T) {
	var b bytes.Buffer
	c := damaged(t)
	if err := Problems(&b, c.Summary); err != nil {
		t.Fatal(err)
	}
	if err := Summary(&b, c.Summary); err != nil {
		t.Fatal(err)
	}
	golden(t, "stderr.txt", b.Bytes())
}
