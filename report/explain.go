package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"kscan/readers/event"
	"kscan/report/safe"
	"kscan/rule"
	"kscan/rule/eval"
)

// Explained is one event with what each condition of a rule came to on it.
type Explained struct {
	Evidence event.Evidence
	Time     time.Time // zero if it has none
	Assumed  []string
	// OutOfScope is set when the event names an index that the rule does not search.
	OutOfScope bool
	Steps      []eval.Step
}

// Explanation is a rule with the events of one place.
type Explanation struct {
	Rule   *rule.Rule
	Events []Explained
	More   int // events of the place that are not in Events
}

// maxExpr is how many characters of a condition are shown.
const maxExpr = 300

// Explain writes an explanation for a person.
func Explain(w io.Writer, x *Explanation, o TerminalOptions) error {
	p := newPage(o)
	p.title(safe.Text(safe.Clip(x.Rule.Name, maxDetail)))
	p.field(0, "rule", safe.Text(x.Rule.ID)+" ("+safe.Text(x.Rule.Path)+")")
	for i := range x.Events {
		p.blank()
		p.explained(&x.Events[i])
	}
	if x.More > 0 {
		p.blank()
		p.text(0, p.look.label, "… and "+count(int64(x.More), "more event")+" at this place")
	}
	return p.flush(w)
}

func (p *page) explained(e *Explained) {
	v := &e.Evidence
	text := place(v.Source, v.Member, v.Line, v.Offset)
	if v.EventID != "" {
		text += " (event " + safe.Text(safe.Clip(v.EventID, maxCell)) + ")"
	}
	p.field(0, "event", text)
	if !e.Time.IsZero() {
		p.field(0, "time", timeText(e.Time))
	}
	if len(e.Assumed) > 0 {
		p.field(0, "assumed", safe.Text(strings.Join(e.Assumed, ", "))+": set by kscan, these logs do not say it")
	}
	if e.OutOfScope {
		p.field(0, "out of scope", "the event names an index that the rule does not search")
	}
	for i := range e.Steps {
		s := &e.Steps[i]
		p.field(0, "result", stepText(s, i, len(e.Steps)))
		p.blank()
		if s.Category != nil {
			p.node(s.Category, 0)
		}
		if s.Cond.Op == "and" {
			for j := range s.Cond.Children {
				p.node(&s.Cond.Children[j], 0)
			}
		} else {
			p.node(&s.Cond, 0)
		}
		if i+1 < len(e.Steps) {
			p.blank()
		}
	}
}

func stepText(s *eval.Step, i, steps int) string {
	what := "the rule"
	if steps > 1 {
		what = fmt.Sprintf("step %d of the rule", i+1)
	}
	if s.Outcome == eval.True {
		return what + " matches"
	}
	return what + " does not match"
}

// outcomeWidth is the column of outcomes, with the gap after it.
const outcomeWidth = len("missing") + 2

// maxTreeIndent bounds how far a tree is indented; deeper parts stand below each other.
const maxTreeIndent = 16

// node writes a condition with its outcome, then what decided it.
func (p *page) node(n *eval.Node, depth int) {
	indent := min(2*depth, maxTreeIndent)
	text := safe.Text(safe.Clip(n.Text, maxExpr))
	switch n.Op {
	case "and":
		text = "all of these:"
	case "or":
		text = "any of these:"
	case "not":
		text = "not this:"
	}
	gap := strings.Repeat(" ", outcomeWidth-len(n.Outcome)+indent)
	p.hanging(p.look.paint(p.outcome(n.Outcome), string(n.Outcome))+gap, p.look.plain, text)
	for i := range n.Fields {
		p.fieldValues(&n.Fields[i], indent)
	}
	for i := range n.Children {
		p.node(&n.Children[i], depth+1)
	}
}

func (p *page) outcome(o eval.Outcome) lipgloss.Style {
	if o == eval.True {
		return p.look.good
	}
	return p.look.bad
}

func (p *page) fieldValues(f *eval.FieldValues, indent int) {
	text := "no value"
	if len(f.Values) > 0 {
		var values []string
		for _, v := range f.Values {
			values = append(values, safe.Text(v))
		}
		text = strings.Join(values, ", ")
		if f.More > 0 {
			text += ", … and " + count(int64(f.More), "more value")
		}
	}
	p.text(outcomeWidth+indent+2, p.look.label, safe.Text(safe.Clip(f.Field, maxCell))+": "+text)
}

type jsonExplanation struct {
	SchemaVersion string          `json:"schema_version"`
	Rule          jsonRule        `json:"rule"`
	Events        []jsonExplained `json:"events"`
	More          int             `json:"more"`
}

type jsonExplained struct {
	Time       *string      `json:"@timestamp"`
	Evidence   jsonEvidence `json:"evidence"`
	Assumed    []string     `json:"assumed_fields"`
	OutOfScope bool         `json:"out_of_scope"`
	Matches    bool         `json:"matches"`
	Steps      []jsonStepOf `json:"steps"`
}

type jsonStepOf struct {
	Matches   bool      `json:"matches"`
	Category  *jsonNode `json:"category"`
	Condition jsonNode  `json:"condition"`
}

type jsonNode struct {
	Op       string           `json:"op"`
	Text     string           `json:"text"`
	Outcome  eval.Outcome     `json:"outcome"`
	Fields   []jsonFieldValue `json:"fields"`
	Children []jsonNode       `json:"children"`
}

type jsonFieldValue struct {
	Field  string   `json:"field"`
	Values []string `json:"values"`
	More   int      `json:"more"`
}

// ExplainJSON writes an explanation as JSON. Its schema is in docs/output.md.
func ExplainJSON(w io.Writer, x *Explanation) error {
	j := jsonExplanation{SchemaVersion, jsonRule{x.Rule.ID, x.Rule.Name, x.Rule.Severity, x.Rule.RiskScore}, each(x.Events, explainedOf), x.More}
	return WriteJSON(w, j)
}

func explainedOf(e Explained) jsonExplained {
	j := jsonExplained{Time: jsonTime(e.Time), Evidence: evidenceJSON(e.Evidence), Assumed: list(e.Assumed), OutOfScope: e.OutOfScope}
	for i := range e.Steps {
		s := &e.Steps[i]
		step := jsonStepOf{Matches: s.Outcome == eval.True, Condition: nodeOf(s.Cond)}
		if s.Category != nil {
			category := nodeOf(*s.Category)
			step.Category = &category
		}
		j.Matches = j.Matches || step.Matches
		j.Steps = append(j.Steps, step)
	}
	return j
}

func nodeOf(n eval.Node) jsonNode {
	return jsonNode{n.Op, n.Text, n.Outcome, each(n.Fields, func(f eval.FieldValues) jsonFieldValue {
		return jsonFieldValue{f.Field, list(f.Values), f.More}
	}), each(n.Children, nodeOf)}
}
