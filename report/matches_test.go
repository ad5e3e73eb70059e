package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"kscan/readers/event"
	"kscan/rule"
	"kscan/scan"
)

// sequenceMatch is a match of a sequence whose middle event is missing, with a text
// wherever one can come from outside.
func sequenceMatch(t testing.TB, text string) *scan.Finding {
	t.Helper()
	r, _, err := rule.Query("sequence by `a b` with maxspan=1m [any where true] ![any where x == 1] [any where `c` == 2]", rule.QueryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	place := event.Evidence{Source: text, Member: text, Format: text, Line: 3, EventID: text}
	hit := scan.Hit{Evidence: place, JSON: fmt.Appendf(nil, `{"a b":%[1]s,"x":[%[1]s,1,true,{"y":1}]}`, quoted), Time: time.UnixMilli(5)}
	return &scan.Finding{Rule: r, JoinKeys: fmt.Appendf(nil, "[%s,null]", quoted), Hits: []scan.Hit{hit, {}, hit}}
}

func eventMatch(t testing.TB, query, doc string) *scan.Finding {
	t.Helper()
	r, _, err := rule.Query(query, rule.QueryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return &scan.Finding{Rule: r, Hits: []scan.Hit{{Evidence: event.Evidence{Source: "a.ndjson", Line: 7}, JSON: []byte(doc)}}}
}

func matchLine(t testing.TB, f *scan.Finding) string {
	t.Helper()
	var b bytes.Buffer
	if err := NewMatches(&b).Finding(f); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func matchTable(t testing.TB, width int, findings ...*scan.Finding) string {
	t.Helper()
	m := NewMatchTable(findings[0].Rule.Program.Fields(), func(name string) string { return name })
	for _, f := range findings {
		if err := m.Finding(f); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := m.Write(&b, TerminalOptions{Width: width}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMatchLines(t *testing.T) {
	place := `{"source":"a.ndjson","member":"","format":"","line":7,"offset":0,"event_id":""}`
	f := eventMatch(t, "any where true", `{"x":1}`)
	if got, want := matchLine(t, f), `{"evidence":`+place+`,"event":{"x":1}}`+"\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	sequence := eventMatch(t, "sequence [any where true] with runs=2", `{"x":1}`)
	sequence.Hits = append(sequence.Hits, scan.Hit{})
	want := `{"join_keys":[],"events":[{"evidence":` + place + `,"event":{"x":1}},null]}` + "\n"
	if got := matchLine(t, sequence); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := NewMatches(failing{}).Finding(f); err == nil {
		t.Error("a line that was not written is no error")
	}
}

func TestMatchTable(t *testing.T) {
	got := matchTable(t, 100,
		eventMatch(t, `any where tags == "a" and n > 1`, `{"tags":["a","b"],"n":2}`),
		eventMatch(t, `any where tags == "a" and n > 1`, `{"tags":"c","n":10}`))
	want := "TIME  n   tags  PLACE\n" +
		"──────────────────────────\n" +
		"-     2   a, b  a.ndjson:7\n" +
		"-     10  c     a.ndjson:7\n"
	if got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
	var many []*scan.Finding
	for range maxMatches + 5 {
		many = append(many, eventMatch(t, "any where true", `{}`))
	}
	if got := matchTable(t, 100, many...); !strings.Contains(got, "… and 5 more") || strings.Count(got, "a.ndjson") != maxMatches {
		t.Errorf("%d rows, ending in %q", strings.Count(got, "a.ndjson"), got[len(got)-100:])
	}
}

// FuzzMatches: the lines parse and hold the values exactly, and nothing hidden reaches a
// terminal.
func FuzzMatches(f *testing.F) {
	for i, text := range hostileTexts {
		f.Add(text, 40+i*7)
	}
	f.Fuzz(func(t *testing.T, text string, width int) {
		if !utf8.ValidString(text) || len(text) > 900 {
			t.Skip("JSON holds only UTF-8; long values are cut")
		}
		match := sequenceMatch(t, text)
		line := matchLine(t, match)
		checkVisible(t, line)
		var got struct {
			Keys   []*string `json:"join_keys"`
			Events []*struct {
				Evidence struct{ Source string }
				Event    map[string]any
			}
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil || strings.Count(line, "\n") != 1 {
			t.Fatalf("%v in %s", err, line)
		}
		if *got.Keys[0] != text || got.Keys[1] != nil || got.Events[1] != nil ||
			got.Events[2].Evidence.Source != text || got.Events[0].Event["a b"] != text {
			t.Fatalf("%s does not hold %q", line, text)
		}
		width = 40 + int(uint(width)%200)
		checkPlain(t, matchTable(t, width, match), width)
	})
}
