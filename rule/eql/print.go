package eql

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Printing gives one canonical form: the fewest parentheses, one space between words,
// one line. Parsing what was printed gives the same tree, but for the spans.

// precedence says how tightly an expression binds; the numbers are those of the
// grammar, loosest first.
type precedence int

const (
	precOr precedence = iota + 1
	precAnd
	precNot
	precCompare // not associative
	precAdd
	precMul
	precNeg
	precPostfix // in, like, regex and ":"
	precPrimary
)

var binaryPrecedence = map[Op]precedence{
	Or: precOr, And: precAnd,
	Eq: precCompare, Ne: precCompare, Lt: precCompare, Le: precCompare, Gt: precCompare, Ge: precCompare,
	Add: precAdd, Sub: precAdd,
	Mul: precMul, Div: precMul, Mod: precMul,
}

func precedenceOf(e Expr) precedence {
	switch e := e.(type) {
	case *Binary:
		return binaryPrecedence[e.Op]
	case *Unary:
		if e.Op == Not {
			return precNot
		}
		return precNeg
	case *In, *Match:
		return precPostfix
	case *Int:
		if e.Value < 0 {
			return precNeg
		}
	case *Float:
		if math.Signbit(e.Value) {
			return precNeg
		}
	}
	return precPrimary
}

// printer writes nodes one after the other.
type printer struct{ strings.Builder }

func printed(write func(*printer)) string {
	var p printer
	write(&p)
	return p.String()
}

func (q *EventQuery) String() string {
	return printed(func(p *printer) {
		p.filter(&q.Filter)
		p.pipes(q.Pipes)
	})
}

func (q *Sequence) String() string {
	return printed(func(p *printer) {
		p.WriteString("sequence")
		p.keys(q.By)
		if q.HasMaxSpan {
			p.WriteString(" with maxspan=" + formatMaxSpan(q.MaxSpan))
		}
		p.terms(q.Terms)
		if q.Until != nil {
			p.WriteString(" until")
			p.terms([]Term{*q.Until})
		}
		p.pipes(q.Pipes)
	})
}

func (q *Sample) String() string {
	return printed(func(p *printer) {
		p.WriteString("sample")
		p.keys(q.By)
		p.terms(q.Terms)
		p.pipes(q.Pipes)
	})
}

func (p *printer) filter(f *Filter) {
	switch {
	case f.Any:
		p.WriteString("any")
	case isIdentifier(f.Category):
		p.WriteString(f.Category)
	default:
		p.WriteString(Quote(f.Category))
	}
	p.WriteString(" where ")
	p.expr(f.Cond, precOr)
}

func (p *printer) keys(keys []*Field) {
	for i, key := range keys {
		if i == 0 {
			p.WriteString(" by ")
		} else {
			p.WriteString(", ")
		}
		p.field(key)
	}
}

func (p *printer) terms(terms []Term) {
	for i := range terms {
		t := &terms[i]
		p.WriteByte(' ')
		if t.Missing {
			p.WriteByte('!')
		}
		p.WriteByte('[')
		p.filter(&t.Filter)
		p.WriteByte(']')
		p.keys(t.By)
		if t.Runs > 1 {
			fmt.Fprintf(p, " with runs=%d", t.Runs)
		}
	}
}

func (p *printer) pipes(pipes []Pipe) {
	for _, pipe := range pipes {
		fmt.Fprintf(p, " | %s %d", pipe.Kind, pipe.Count)
	}
}

// maxSpanUnits are the units of maxspan, largest first.
var maxSpanUnits = []struct {
	name string
	unit time.Duration
}{
	{"d", 24 * time.Hour},
	{"h", time.Hour},
	{"m", time.Minute},
	{"s", time.Second},
	{"ms", time.Millisecond},
}

func formatMaxSpan(d time.Duration) string {
	for _, u := range maxSpanUnits {
		if d%u.unit == 0 {
			return fmt.Sprintf("%d%s", d/u.unit, u.name)
		}
	}
	return fmt.Sprintf("%dms", d.Milliseconds())
}

func (e *Null) String() string   { return exprString(e) }
func (e *Bool) String() string   { return exprString(e) }
func (e *Int) String() string    { return exprString(e) }
func (e *Float) String() string  { return exprString(e) }
func (e *String) String() string { return exprString(e) }
func (e *Field) String() string  { return exprString(e) }
func (e *Unary) String() string  { return exprString(e) }
func (e *Binary) String() string { return exprString(e) }
func (e *In) String() string     { return exprString(e) }
func (e *Match) String() string  { return exprString(e) }
func (e *Call) String() string   { return exprString(e) }

func exprString(e Expr) string {
	return printed(func(p *printer) { p.expr(e, precOr) })
}

// expr prints e, in parentheses if it binds more loosely than its place asks for.
func (p *printer) expr(e Expr, least precedence) {
	if precedenceOf(e) < least {
		p.WriteByte('(')
		defer p.WriteByte(')')
	}
	switch e := e.(type) {
	case *Null:
		p.WriteString("null")
	case *Bool:
		p.WriteString(strconv.FormatBool(e.Value))
	case *Int:
		p.WriteString(strconv.FormatInt(e.Value, 10))
	case *Float:
		p.WriteString(formatFloat(e.Value))
	case *String:
		p.string(e)
	case *Field:
		p.field(e)
	case *Unary:
		p.unary(e)
	case *Binary:
		p.binary(e)
	case *In:
		p.in(e)
	case *Match:
		p.match(e)
	case *Call:
		p.call(e)
	}
}

func (p *printer) unary(e *Unary) {
	if e.Op == Not {
		p.WriteString("not ")
		p.expr(e.X, precNot)
		return
	}
	p.WriteByte('-')
	p.expr(e.X, precNeg)
}

// binary prints a chain of left-associative operators in a loop: a chain may be
// thousands of operators long, and only nesting may cost stack.
func (p *printer) binary(e *Binary) {
	prec := binaryPrecedence[e.Op]
	if prec == precCompare {
		p.expr(e.X, precCompare+1)
		p.operand(e)
		return
	}
	chain := leftChain(e)
	p.expr(chain[0].X, prec)
	for _, b := range chain {
		p.operand(b)
	}
}

// leftChain returns e and the operators of the same precedence on its left side, the
// leftmost first.
func leftChain(e *Binary) []*Binary {
	prec := binaryPrecedence[e.Op]
	n := 1
	for b, ok := e.X.(*Binary); ok && binaryPrecedence[b.Op] == prec; b, ok = b.X.(*Binary) {
		n++
	}
	chain := make([]*Binary, n)
	for n--; n > 0; n-- {
		chain[n] = e
		e = e.X.(*Binary)
	}
	chain[0] = e
	return chain
}

func (p *printer) operand(e *Binary) {
	p.WriteString(" " + string(e.Op) + " ")
	p.expr(e.Y, binaryPrecedence[e.Op]+1)
}

func (p *printer) in(e *In) {
	p.expr(e.X, precPrimary)
	if e.Not {
		p.WriteString(" not")
	}
	p.WriteString(" in")
	if e.Fold {
		p.WriteByte('~')
	}
	p.WriteByte(' ')
	p.list(e.List)
}

func (p *printer) match(e *Match) {
	p.expr(e.X, precPrimary)
	if e.Op == Colon {
		p.WriteString(" : ")
	} else {
		p.WriteString(" " + string(e.Op) + " ")
	}
	if len(e.Patterns) == 1 {
		p.expr(e.Patterns[0], precPrimary)
		return
	}
	p.list(e.Patterns)
}

func (p *printer) call(e *Call) {
	p.WriteString(e.Func)
	if e.Fold {
		p.WriteByte('~')
	}
	p.list(e.Args)
}

func (p *printer) list(list []Expr) {
	p.WriteByte('(')
	for i, e := range list {
		if i > 0 {
			p.WriteString(", ")
		}
		p.expr(e, precOr)
	}
	p.WriteByte(')')
}

func (p *printer) field(f *Field) {
	if f.Optional {
		p.WriteByte('?')
	}
	p.WriteString(quoteField(f.Name))
}

// quoteField backquotes the segments of a field's name that are not identifiers.
func quoteField(name string) string {
	segments := strings.Split(name, ".")
	for i, s := range segments {
		if s == "" {
			// The dot belongs to the name and does not join two segments.
			return backquote(name)
		}
		if !isIdentifier(s) {
			segments[i] = backquote(s)
		}
	}
	return strings.Join(segments, ".")
}

func backquote(s string) string {
	return "`" + strings.ReplaceAll(s, "`", "``") + "`"
}

func (p *printer) string(s *String) {
	if s.Raw && canBeRaw(s.Value) {
		p.WriteString(`"""` + s.Value + `"""`)
		return
	}
	p.WriteString(Quote(s.Value))
}

// canBeRaw reports whether s can be written between triple quotes: on one line, and
// ending where the first three quotes, with at most two more, end.
func canBeRaw(s string) bool {
	return !strings.ContainsAny(s, "\r\n") && strings.Index(s+`"""`, `"""`) >= len(s)-2
}

// Quote writes s as an EQL string, with everything escaped that does not print.
func Quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		if i := strings.IndexRune("\b\t\n\f\r\"\\", r); i >= 0 {
			b.WriteByte('\\')
			b.WriteByte(`btnfr"\`[i])
			continue
		}
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, `\u{%02x}`, r)
	}
	b.WriteByte('"')
	return b.String()
}

// formatFloat writes f so that it reads as a float, not as an integer.
func formatFloat(f float64) string {
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if strings.ContainsAny(s, ".eIN") {
		return s
	}
	return s + ".0"
}
