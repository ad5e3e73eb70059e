package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"kscan/readers/event"
	"kscan/rule/eval"
)

// explanation has a text wherever a log or a rule has a say.
func explanation(text string) *Explanation {
	r := testRule()
	r.Name, r.Path = text, text
	leaf := func(o eval.Outcome, values ...string) eval.Node {
		return eval.Node{Text: text, Outcome: o, Fields: []eval.FieldValues{{Field: text, Values: values, More: len(values)}}}
	}
	deep := eval.Node{Op: "not", Text: text, Outcome: eval.False, Children: []eval.Node{leaf(eval.True, text, text)}}
	for range 12 {
		deep = eval.Node{Op: "or", Text: text, Outcome: eval.False, Children: []eval.Node{deep, leaf(eval.Missing)}}
	}
	category := leaf(eval.True, text)
	step := eval.Step{Category: &category, Cond: eval.Node{Op: "and", Text: text, Outcome: eval.False, Children: []eval.Node{leaf(eval.True, text), deep}}, Outcome: eval.False}
	whole := eval.Step{Cond: leaf(eval.True, text), Outcome: eval.True}
	place := event.Evidence{Source: text, Member: text, Format: text, Line: 3, EventID: text}
	at := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	return &Explanation{Rule: r, More: 2, Events: []Explained{
		{Evidence: place, Time: at, Assumed: []string{text}, OutOfScope: true, Steps: []eval.Step{step, whole}},
		{Evidence: place, Steps: []eval.Step{whole}},
	}}
}

func TestExplainGolden(t *testing.T) {
	x := explanation("logs/a.ndjson")
	for _, width := range []int{80, 160} {
		var b bytes.Buffer
		if err := Explain(&b, x, TerminalOptions{Width: width}); err != nil {
			t.Fatal(err)
		}
		golden(t, fmt.Sprintf("explain.%d.txt", width), b.Bytes())
	}
	var b bytes.Buffer
	if err := ExplainJSON(&b, x); err != nil {
		t.Fatal(err)
	}
	golden(t, "explain.json", b.Bytes())
}

func TestExplainHostile(t *testing.T) {
	for _, text := range hostileTexts {
		x := explanation(text)
		var b bytes.Buffer
		if err := Explain(&b, x, TerminalOptions{Width: 80}); err != nil {
			t.Fatal(err)
		}
		checkPlain(t, b.String(), 80)
		b.Reset()
		if err := ExplainJSON(&b, x); err != nil || !json.Valid(b.Bytes()) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if Explain(failing{}, explanation("x"), TerminalOptions{}) == nil || ExplainJSON(failing{}, explanation("x")) == nil ||
		Coverage(failing{}, incident(t), TerminalOptions{}) == nil || CoverageJSON(failing{}, incident(t)) == nil {
		t.Error("an error of writing is lost")
	}
}
