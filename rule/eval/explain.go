package eval

import (
	"strings"

	"kscan/readers/event"
	"kscan/rule/eql"
)

// Outcome is what a condition came to on one event. Outcomes are part of the JSON output.
type Outcome string

const (
	True  Outcome = "true"
	False Outcome = "false"
	// Missing is a condition that is false because the event has none of its fields.
	Missing Outcome = "missing"
)

// Node is a condition, or a part of one, with what it came to on one event.
type Node struct {
	// Op is "and", "or" or "not" of Children, or "" for a condition on fields.
	Op      string
	Text    string // as the query has it
	Outcome Outcome
	Fields  []FieldValues // that a condition on fields reads
	// Children are the operands, in the order of the query.
	Children []Node
}

// FieldValues are the values of a field in the event, as JSON has them; none if it is
// missing. Those beyond a limit are counted in More, and long ones are cut.
type FieldValues struct {
	Field  string
	Values []string
	More   int
}

// Limits on what is kept of the values of a field.
const (
	maxShownValues = 8
	maxShownValue  = 500 // bytes
)

// Step is the filter of one term: what it asks of an event's category, then of the rest.
type Step struct {
	Category *Node // nil if it takes any
	Cond     Node
	Outcome  Outcome // of both
}

// Explainer says of each condition of a program what it came to on an event. It is used
// from one goroutine.
type Explainer struct {
	set     *Set
	scratch *Scratch
	steps   []explainedStep
}

type explainedStep struct {
	category *explained
	cond     explained
}

// explained is a condition with the closures of its parts.
type explained struct {
	op       string
	text     string
	holds    func(*Scratch) bool
	names    []string
	slots    []int
	children []explained
}

// Explainer returns an Explainer of the program. It compiles the query anew, part by part.
func (p *Program) Explainer() (*Explainer, error) {
	x := &Explainer{set: NewSet(), scratch: NewScratch()}
	c := &compiler{set: x.set, options: p.options, fields: make(map[string]struct{})}
	for _, f := range p.filters() {
		var step explainedStep
		if !f.Any {
			category := &eql.Binary{Op: eql.Eq, X: &eql.Field{Name: p.options.CategoryField}, Y: &eql.String{Value: f.Category}}
			node, err := c.explain(category)
			if err != nil {
				return nil, err
			}
			step.category = &node
		}
		cond, err := c.explain(f.Cond)
		if err != nil {
			return nil, err
		}
		step.cond = cond
		x.steps = append(x.steps, step)
	}
	return x, nil
}

func (c *compiler) explain(e eql.Expr) (explained, error) {
	test, err := c.cond(e, true)
	if err != nil {
		return explained{}, err
	}
	x := explained{text: e.String(), holds: test.test}
	var parts []eql.Expr
	switch e := e.(type) {
	case *eql.Unary:
		if e.Op == eql.Not {
			x.op, parts = string(e.Op), []eql.Expr{e.X}
		}
	case *eql.Binary:
		if e.Op == eql.And || e.Op == eql.Or {
			x.op, parts = string(e.Op), operands(e, e.Op)
		}
	}
	if x.op == "" {
		x.names, x.slots = c.slotsOf(e)
	}
	for _, part := range parts {
		child, err := c.explain(part)
		if err != nil {
			return explained{}, err
		}
		x.children = append(x.children, child)
	}
	return x, nil
}

// Explain says what the steps of the program came to on an event: one step for an event
// query, one for each term of a sequence or sample.
func (x *Explainer) Explain(e *event.Event) []Step {
	x.scratch.Load(x.set, e)
	var steps []Step
	for i := range x.steps {
		s := &x.steps[i]
		step := Step{Cond: s.cond.node(x.scratch), Outcome: True}
		if s.category != nil {
			category := s.category.node(x.scratch)
			step.Category = &category
		}
		if step.Cond.Outcome != True || step.Category != nil && step.Category.Outcome != True {
			step.Outcome = False
		}
		steps = append(steps, step)
	}
	return steps
}

func (x *explained) node(s *Scratch) Node {
	n := Node{Op: x.op, Text: x.text, Outcome: False}
	missing := len(x.slots) > 0
	for i, slot := range x.slots {
		values := fieldValues(x.names[i], s, slot)
		missing = missing && len(values.Values) == 0
		n.Fields = append(n.Fields, values)
	}
	switch {
	case x.holds(s):
		n.Outcome = True
	case missing:
		n.Outcome = Missing
	}
	for i := range x.children {
		n.Children = append(n.Children, x.children[i].node(s))
	}
	return n
}

func fieldValues(name string, s *Scratch, slot int) FieldValues {
	v := FieldValues{Field: name}
	for _, value := range s.found.Values(slot) {
		if len(v.Values) == maxShownValues {
			v.More++
			continue
		}
		text := value.AppendJSON(nil)
		if len(text) > maxShownValue {
			text = append(text[:maxShownValue:maxShownValue], "…"...)
		}
		v.Values = append(v.Values, strings.ToValidUTF8(string(text), "\uFFFD"))
	}
	return v
}
