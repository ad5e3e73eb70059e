package eval

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/rule/eql"
)

// The fields of random queries and documents: known ones of each type, and unknown ones.
var (
	textFields   = []string{"process.name", "host.os.type", "x.text"}
	numberFields = []string{"process.pid", "destination.port", "x.number"}
	otherFields  = []string{"destination.ip", "@timestamp", "process.interactive", "x.flag"}
)

// maker makes random trees and documents from a stream of choices.
type maker struct{ r *rand.Rand }

func (m *maker) pick(all ...string) string { return all[m.r.IntN(len(all))] }

func (m *maker) text() string {
	return m.pick("a", "A", "ab", "aB", "bab", "", "é", "É", "a😀b", "linux", "1", "true", "10250", "a.b")
}

func (m *maker) textLiteral() eql.Expr { return &eql.String{Value: m.text()} }

func (m *maker) numberLiteral() eql.Expr {
	switch m.r.IntN(6) {
	case 0:
		return &eql.Float{Value: float64(m.r.IntN(9)) / 2}
	case 1:
		return &eql.Int{Value: int64(10250 - m.r.IntN(2))}
	case 2:
		return &eql.Unary{Op: eql.Neg, X: &eql.Int{Value: 1}}
	}
	return &eql.Int{Value: int64(m.r.IntN(5))}
}

func field(name string) eql.Expr { return &eql.Field{Name: name} }

// textExpr makes an expression whose value is a text.
func (m *maker) textExpr(depth int) eql.Expr {
	if depth <= 0 || m.r.IntN(3) == 0 {
		if m.r.IntN(3) == 0 {
			return m.textLiteral()
		}
		return field(m.pick(textFields...))
	}
	switch m.r.IntN(5) {
	case 0:
		return call("concat", false, m.textExpr(depth-1), m.scalar(depth-1))
	case 1:
		return call("substring", false, m.textExpr(depth-1), m.position(), m.position())
	case 2:
		return call("between", m.r.IntN(2) == 0, m.textExpr(depth-1), m.textLiteral(), m.textLiteral(), &eql.Bool{Value: m.r.IntN(2) == 0})
	case 3:
		return call("string", false, m.scalar(depth-1))
	}
	return field(m.pick(textFields...))
}

func (m *maker) position() eql.Expr {
	switch n := m.r.IntN(7) - 3; {
	case n == 3:
		return &eql.Null{}
	case n < 0:
		return &eql.Unary{Op: eql.Neg, X: &eql.Int{Value: int64(-n)}}
	default:
		return &eql.Int{Value: int64(n)}
	}
}

func call(name string, fold bool, args ...eql.Expr) eql.Expr {
	return &eql.Call{Func: name, Fold: fold, Args: args}
}

// numberExpr makes an expression whose value is a number.
func (m *maker) numberExpr(depth int) eql.Expr {
	if depth <= 0 || m.r.IntN(3) == 0 {
		if m.r.IntN(2) == 0 {
			return m.numberLiteral()
		}
		return field(m.pick(numberFields...))
	}
	switch m.r.IntN(5) {
	case 0:
		return call("length", false, m.textExpr(depth-1))
	case 1:
		return call("indexOf", m.r.IntN(2) == 0, m.textExpr(depth-1), m.textExpr(depth-1), m.position())
	case 2:
		return call("number", false, m.textExpr(depth-1))
	case 3:
		return call(m.pick("add", "modulo", "divide", "subtract", "multiply"), false, m.numberExpr(depth-1), m.numberExpr(depth-1))
	}
	op := eql.Op(m.pick("+", "-", "*", "/", "%"))
	return &eql.Binary{Op: op, X: m.numberExpr(depth - 1), Y: m.numberExpr(depth - 1)}
}

func (m *maker) scalar(depth int) eql.Expr {
	switch m.r.IntN(6) {
	case 0:
		return m.numberExpr(depth)
	case 1:
		return field(m.pick(otherFields...))
	case 2:
		return &eql.Bool{Value: true}
	}
	return m.textExpr(depth)
}

func (m *maker) literal() eql.Expr {
	switch m.r.IntN(8) {
	case 0:
		return &eql.Null{}
	case 1:
		return &eql.Bool{Value: m.r.IntN(2) == 0}
	case 2, 3:
		return m.numberLiteral()
	case 4:
		return &eql.String{Value: m.pick("10.0.0.1", "10.0.0.0/8", "2026-11-23", "2026-11-23T00:00:00.000Z", "true", "::1")}
	}
	return m.textLiteral()
}

func (m *maker) anyField() eql.Expr {
	return field(m.pick(append(append(textFields[:3:3], numberFields...), otherFields...)...))
}

// predicate makes a leaf.
func (m *maker) predicate(depth int) eql.Expr {
	switch m.r.IntN(10) {
	case 0, 1:
		x, y := m.anyField(), m.literal()
		if m.r.IntN(4) == 0 {
			x, y = y, x
		}
		return &eql.Binary{Op: m.compareOp(), X: x, Y: y}
	case 2:
		list := []eql.Expr{m.literal()}
		for range m.r.IntN(12) {
			list = append(list, m.literal())
		}
		return &eql.In{X: m.anyField(), List: list, Fold: m.r.IntN(3) == 0, Not: m.r.IntN(3) == 0}
	case 3, 4:
		return m.match(field(m.pick(textFields...)))
	case 5:
		return m.match(m.textExpr(depth))
	case 6:
		return call(m.pick("startsWith", "endsWith", "stringContains"), m.r.IntN(2) == 0, m.textExpr(depth), m.textExpr(depth-1))
	case 7:
		blocks := []eql.Expr{&eql.String{Value: m.pick("10.0.0.0/8", "10.0.0.1/32", "::/0", "10.0.0.2/31")}}
		return call("cidrMatch", false, append([]eql.Expr{field(m.pick("destination.ip", "x.text"))}, blocks...)...)
	case 8:
		return &eql.Binary{Op: m.compareOp(), X: call("length", false, m.textExpr(depth-1)), Y: m.numberExpr(depth - 1)}
	}
	if m.r.IntN(3) == 0 {
		return field(m.pick("process.interactive", "x.flag"))
	}
	return &eql.Binary{Op: m.compareOp(), X: &eql.Binary{Op: eql.Add, X: m.numberExpr(depth), Y: &eql.Int{Value: 0}}, Y: &eql.Binary{Op: eql.Sub, X: m.numberExpr(depth), Y: &eql.Int{Value: 0}}}
}

func (m *maker) compareOp() eql.Op { return eql.Op(m.pick("==", "!=", "<", "<=", ">", ">=", "==")) }

func (m *maker) match(x eql.Expr) eql.Expr {
	op := eql.MatchOp(m.pick(":", "like", "like~", "regex", "regex~"))
	e := &eql.Match{Op: op, X: x}
	for range 1 + m.r.IntN(4) {
		p := m.pick("a*", "*B", "*a*", "?b", "a", "*", "a?b", "", "É", "*é*b*")
		if op == eql.Regex || op == eql.RegexFold {
			p = m.pick("a.*", ".*b", "ab", ".", "", ".*a.*", "A.b")
		}
		e.Patterns = append(e.Patterns, &eql.String{Value: p})
	}
	return e
}

// cond makes a condition.
func (m *maker) cond(depth int) eql.Expr {
	if depth <= 0 {
		return m.predicate(2)
	}
	switch m.r.IntN(9) {
	case 0, 1, 2:
		return &eql.Binary{Op: eql.And, X: m.cond(depth - 1), Y: m.cond(depth - 1)}
	case 3, 4:
		return &eql.Binary{Op: eql.Or, X: m.cond(depth - 1), Y: m.cond(depth - 1)}
	case 5, 6:
		return &eql.Unary{Op: eql.Not, X: m.cond(depth - 1)}
	case 7:
		switch m.r.IntN(4) {
		case 0:
			return &eql.Null{}
		case 1:
			return &eql.Bool{Value: m.r.IntN(2) == 0}
		case 2: // a condition as an operand: three-valued inside
			return &eql.Binary{Op: m.compareOp(), X: wrapped(m.cond(depth - 1)), Y: &eql.Bool{Value: m.r.IntN(2) == 0}}
		}
		return &eql.Binary{Op: eql.Eq, X: &eql.Null{}, Y: wrapped(m.cond(depth - 1))}
	}
	return m.predicate(2)
}

// wrapped keeps a bare field from standing beside a literal, which would be typed.
func wrapped(e eql.Expr) eql.Expr {
	return &eql.Unary{Op: eql.Not, X: e}
}

// document makes a document.
func (m *maker) document() string {
	doc := map[string]any{}
	add := func(name string, value func() any) {
		switch m.r.IntN(6) {
		case 0:
		case 1:
			doc[name] = nil
		case 2:
			doc[name] = []any{value(), value()}
		case 3:
			doc[name] = []any{}
		default:
			doc[name] = value()
		}
	}
	for _, name := range textFields {
		add(name, func() any {
			if m.r.IntN(8) == 0 {
				return m.r.IntN(3)
			}
			return m.text()
		})
	}
	for _, name := range numberFields {
		add(name, func() any {
			switch m.r.IntN(6) {
			case 0:
				return fmt.Sprint(m.r.IntN(4))
			case 1:
				return float64(m.r.IntN(9)) / 2
			case 2:
				return "no number"
			}
			return m.r.IntN(5)
		})
	}
	add("destination.ip", func() any { return m.pick("10.0.0.1", "10.0.0.3", "::1", "::ffff:10.0.0.1", "11.0.0.1", "bad") })
	add("@timestamp", func() any { return m.pick("2026-11-23T00:00:00.000Z", "2026-11-23T12:00:00.000Z", "2026-11-24", "bad") })
	add("process.interactive", func() any { return m.r.IntN(2) == 0 })
	add("x.flag", func() any { return []any{true, false, "true"}[m.r.IntN(3)] })
	out, _ := json.Marshal(doc)
	return string(out)
}

// check compares the compiled program with the oracle on one event.
func check(t *testing.T, set *Set, s *Scratch, cond eql.Expr, doc string) {
	t.Helper()
	v, err := new(fastjson.Parser).Parse(doc)
	if err != nil {
		t.Fatal(err)
	}
	e := &event.Event{Doc: v}
	q := &eql.EventQuery{Filter: eql.Filter{Any: true, Cond: cond}}
	p, err := set.Compile(q, Options{})
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	o := &oracle{e, event.TypeOf}
	want := o.cond(cond) == yes
	if got := p.Match(e, s); got != want {
		t.Fatalf("got %v, want %v:\n%s\n%s", got, want, q, doc)
	}
	clauses := true
	for i := range p.Clauses() {
		clauses = p.Clauses()[i].Holds(s) && clauses
	}
	if clauses != want {
		t.Fatalf("the clauses together are %v, the condition %v:\n%s\n%s", clauses, want, q, doc)
	}
}

func TestCompiledAgreesWithOracle(t *testing.T) {
	for seed := range uint64(200) {
		m := &maker{rand.New(rand.NewPCG(seed, 7))}
		set, s := NewSet(), NewScratch()
		docs := []string{m.document(), m.document(), m.document()}
		for range 60 {
			cond := m.cond(3)
			for _, doc := range docs {
				check(t, set, s, cond, doc)
			}
		}
	}
}

func FuzzCompiled(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		m := &maker{rand.New(rand.NewPCG(a, b))}
		set, s := NewSet(), NewScratch()
		for range 20 {
			check(t, set, s, m.cond(3), m.document())
		}
	})
}
