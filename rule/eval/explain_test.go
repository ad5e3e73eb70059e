package eval

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/rule/eql"
)

// TestExplainAgrees: the tree comes to what the program says, and each and, or and not
// to what its parts make of it.
func TestExplainAgrees(t *testing.T) {
	for seed := range uint64(20) {
		m := &maker{rand.New(rand.NewPCG(seed, 41))}
		set, programs := pack(t, m, 20)
		s := NewScratch()
		for range 20 {
			e := document(t, m.document())
			for _, p := range programs {
				x, err := p.Explainer()
				if err != nil {
					t.Fatal(err)
				}
				s.Load(set, e)
				for i, step := range x.Explain(e) {
					want := p.terms[i].inCategory(s) && p.terms[i].holds(s)
					if (step.Outcome == True) != want {
						t.Fatalf("seed %d: %s: step %d is %s, want %v", seed, p.query, i, step.Outcome, want)
					}
					checkNode(t, &step.Cond)
				}
			}
		}
	}
}

func checkNode(t *testing.T, n *Node) {
	t.Helper()
	all, any := true, false
	for i := range n.Children {
		checkNode(t, &n.Children[i])
		holds := n.Children[i].Outcome == True
		all, any = all && holds, any || holds
	}
	want := map[string]bool{"and": all, "or": any, "not": !any}
	if holds, ok := want[n.Op]; ok && holds != (n.Outcome == True) {
		// "not" of a null is null, which no test of fields is.
		if n.Op == "not" && len(n.Children[0].Fields) == 0 {
			return
		}
		t.Fatalf("%s is %s", n.Text, n.Outcome)
	}
}

func TestExplain(t *testing.T) {
	q, err := eql.Parse(`network where destination.port == 1 and not (process.name : "a*" or user.name == "x")`)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(q, Options{})
	if err != nil {
		t.Fatal(err)
	}
	x, err := p.Explainer()
	if err != nil {
		t.Fatal(err)
	}
	got := x.Explain(document(t, `{"event":{"category":["network","x"]},"destination":{"port":"2"},"process":{"name":"ab"}}`))
	port := Node{Text: "destination.port == 1", Outcome: False, Fields: []FieldValues{{Field: "destination.port", Values: []string{`"2"`}}}}
	name := Node{Text: `process.name : "a*"`, Outcome: True, Fields: []FieldValues{{Field: "process.name", Values: []string{`"ab"`}}}}
	user := Node{Text: `user.name == "x"`, Outcome: Missing, Fields: []FieldValues{{Field: "user.name"}}}
	or := Node{Op: "or", Text: `process.name : "a*" or user.name == "x"`, Outcome: True, Children: []Node{name, user}}
	not := Node{Op: "not", Text: `not (process.name : "a*" or user.name == "x")`, Outcome: False, Children: []Node{or}}
	want := []Step{{
		Category: &Node{Text: `event.category == "network"`, Outcome: True,
			Fields: []FieldValues{{Field: "event.category", Values: []string{`"network"`, `"x"`}}}},
		Cond: Node{Op: "and", Text: q.(*eql.EventQuery).Filter.Cond.String(), Outcome: False, Children: []Node{port, not}}, Outcome: False,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
