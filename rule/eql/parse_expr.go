package eql

import (
	"fmt"
	"strconv"
)

// Precedence, loosest first: or, and, not, comparison, + -, * / %, unary + -, and last
// the predicates in, like, regex and ":" after a primary expression. One method each.

func (p *parser) or() Expr {
	start := p.tok.span.Start
	x := p.and()
	for p.accept("or") {
		y := p.and()
		x = &Binary{Op: Or, X: x, Y: y, At: p.from(start)}
	}
	return x
}

func (p *parser) and() Expr {
	start := p.tok.span.Start
	x := p.not()
	for p.accept("and") {
		y := p.not()
		x = &Binary{Op: And, X: x, Y: y, At: p.from(start)}
	}
	return x
}

func (p *parser) not() Expr {
	start := p.tok.span.Start
	if !p.accept("not") {
		return p.comparison()
	}
	p.enter()
	defer p.leave()
	x := p.not()
	return &Unary{Op: Not, X: x, At: p.from(start)}
}

func (p *parser) comparison() Expr {
	start := p.tok.span.Start
	x := p.sum()
	op, ok := comparisonOp(&p.tok)
	if !ok {
		return x
	}
	p.advance()
	y := p.sum()
	if _, ok := comparisonOp(&p.tok); ok {
		p.fail(p.tok.span, `write "a < b and b < c" for "a < b < c"`, "comparisons cannot be chained")
	}
	return &Binary{Op: op, X: x, Y: y, At: p.from(start)}
}

func comparisonOp(t *token) (Op, bool) {
	if t.kind != tokSymbol {
		return "", false
	}
	switch op := Op(t.text); op {
	case Eq, Ne, Lt, Le, Gt, Ge:
		return op, true
	}
	return "", false
}

func (p *parser) sum() Expr {
	start := p.tok.span.Start
	x := p.product()
	for p.tok.is("+") || p.tok.is("-") {
		op := Op(p.advance().text)
		y := p.product()
		x = &Binary{Op: op, X: x, Y: y, At: p.from(start)}
	}
	return x
}

func (p *parser) product() Expr {
	start := p.tok.span.Start
	x := p.signed()
	for p.tok.is("*") || p.tok.is("/") || p.tok.is("%") {
		op := Op(p.advance().text)
		y := p.signed()
		x = &Binary{Op: op, X: x, Y: y, At: p.from(start)}
	}
	return x
}

func (p *parser) signed() Expr {
	start := p.tok.span.Start
	plus := p.tok.is("+")
	if !plus && !p.tok.is("-") {
		return p.predicate()
	}
	p.enter()
	defer p.leave()
	p.advance()
	x := p.signed()
	if plus {
		return x
	}
	return &Unary{Op: Neg, X: x, At: p.from(start)}
}

// predicate parses a primary expression and at most one of the predicates after it.
func (p *parser) predicate() Expr {
	start := p.tok.span.Start
	x := p.primary()
	switch {
	case p.tok.is("not"):
		return p.notIn(start, x)
	case p.tok.is("in"), p.tok.is("in~"):
		return p.in(start, x, false)
	case p.tok.is(":"), p.tok.is("like"), p.tok.is("like~"), p.tok.is("regex"), p.tok.is("regex~"):
		return p.match(start, x)
	case p.tok.is("[") && p.next.kind == tokInt:
		p.fail(p.tok.span, "a comparison holds if it does for any element", "array indexes are not supported")
	case p.tok.is("="):
		p.fail(p.tok.span, `write "=="`, `"=" does not compare`)
	}
	return x
}

func (p *parser) notIn(start int, x Expr) Expr {
	if !p.next.is("in") && !p.next.is("in~") {
		p.fail(p.tok.span, `put "not" first: not NAME like "…"`, `only "in" can follow "not" here`)
	}
	p.advance()
	return p.in(start, x, true)
}

func (p *parser) in(start int, x Expr, not bool) Expr {
	op := p.advance()
	if !p.tok.is("(") {
		p.fail(p.tok.span, fmt.Sprintf("write %s (VALUE, …)", op.text), "%q needs a list in parentheses", op.text)
	}
	list := p.list()
	if len(list) == 0 {
		p.fail(p.from(op.span.Start), "", "the list is empty")
	}
	return &In{X: x, List: list, Fold: op.text == "in~", Not: not, At: p.from(start)}
}

// list parses "(", expressions with commas between, and ")".
func (p *parser) list() []Expr {
	p.enter()
	defer p.leave()
	p.expect("(")
	var list []Expr
	for !p.tok.is(")") || len(list) > 0 {
		list = append(list, p.or())
		if !p.accept(",") {
			break
		}
	}
	p.closeList()
	return list
}

func (p *parser) closeList() {
	if !p.tok.is(")") {
		p.unexpected(`"," or ")"`)
	}
	p.advance()
}

func (p *parser) match(start int, x Expr) Expr {
	op := MatchOp(p.advance().text)
	var patterns []Expr
	if !p.accept("(") {
		patterns = []Expr{p.pattern(op)}
		return &Match{Op: op, X: x, Patterns: patterns, At: p.from(start)}
	}
	for {
		patterns = append(patterns, p.pattern(op))
		if !p.accept(",") {
			break
		}
	}
	p.closeList()
	return &Match{Op: op, X: x, Patterns: patterns, At: p.from(start)}
}

// pattern parses one literal on the right of a pattern operator. Elasticsearch takes
// null after ":" alone and numbers after "like" alone.
func (p *parser) pattern(op MatchOp) Expr {
	t := p.tok
	e, ok := p.literal()
	if !ok {
		hint := ""
		switch t.kind {
		case tokIdent, tokBackquoted:
			hint = "a field cannot be a pattern; functions such as startsWith(a, b) compare two fields"
		}
		if t.kind == tokError || t.kind == tokEOF {
			p.unexpected("a pattern")
		}
		p.fail(t.span, hint, "a pattern after %q must be a literal", op)
	}
	switch e.(type) {
	case *String:
		return e
	case *Null:
		ok = op == Colon
	default:
		ok = op == Like || op == LikeFold
	}
	if !ok {
		p.fail(t.span, `compare other values with "=="`, "a pattern after %q must be a string", op)
	}
	return e
}

func (p *parser) primary() Expr {
	if e, ok := p.literal(); ok {
		return e
	}
	t := p.tok
	switch {
	case (t.kind == tokIdent || t.kind == tokTilde) && p.next.is("("):
		return p.call()
	case t.kind == tokIdent && p.next.is("of"):
		p.fail(Span{t.span.Start, p.next.span.End}, "write a sequence or sample that joins the events by a field",
			"process relationships are not supported")
	case t.kind == tokIdent, t.kind == tokBackquoted, t.is("?"):
		return p.field()
	case t.is("("):
		return p.parenthesized()
	case t.is("not"):
		p.fail(t.span, "put the negation in parentheses", `"not" cannot stand inside an operation`)
	case t.kind == tokTilde:
		p.fail(t.span, "", `"~" belongs to operators and functions`)
	}
	p.noName("a value or a field")
	return nil
}

func (p *parser) parenthesized() Expr {
	p.enter()
	defer p.leave()
	p.advance()
	e := p.or()
	if !p.tok.is(")") {
		p.unexpected(`")"`)
	}
	p.advance()
	return e
}

// literal parses null, a boolean, a number or a string, if there is one.
func (p *parser) literal() (Expr, bool) {
	t := p.tok
	switch {
	case t.is("null"):
		p.advance()
		return &Null{At: t.span}, true
	case t.is("true"), t.is("false"):
		p.advance()
		return &Bool{Value: t.text == "true", At: t.span}, true
	case t.kind == tokInt, t.kind == tokFloat:
		p.advance()
		return p.number(t), true
	case t.kind == tokString:
		p.advance()
		return &String{Value: t.value, Raw: t.raw, At: t.span}, true
	}
	return nil, false
}

// number reads a number: an integer that does not fit into 64 bits is a float.
func (p *parser) number(t token) Expr {
	if t.kind == tokInt {
		if v, err := strconv.ParseInt(t.text, 10, 64); err == nil {
			return &Int{Value: v, At: t.span}
		}
	}
	v, err := strconv.ParseFloat(t.text, 64)
	if err != nil {
		p.fail(t.span, "", "the number %s is too large", snippet(t.text))
	}
	return &Float{Value: v, At: t.span}
}

func (p *parser) integer() int64 {
	t := p.advance()
	v, err := strconv.ParseInt(t.text, 10, 64)
	if err != nil {
		p.fail(t.span, "", "the number %s does not fit into 64 bits", snippet(t.text))
	}
	return v
}

// field parses the name of a field: identifiers and backquoted names with dots between.
func (p *parser) field() *Field {
	start := p.tok.span.Start
	optional := p.accept("?")
	name := p.fieldPart()
	for p.accept(".") {
		name += "." + p.fieldPart()
	}
	return &Field{Name: name, Optional: optional, At: p.from(start)}
}

func (p *parser) fieldPart() string {
	t := p.tok
	switch t.kind {
	case tokIdent:
		p.advance()
		return t.text
	case tokBackquoted:
		p.advance()
		return t.value
	}
	p.noName("the name of a field")
	return ""
}

func (p *parser) call() Expr {
	t := p.advance()
	name, fold := t.text, t.kind == tokTilde
	if fold {
		name = name[:len(name)-1]
	}
	f, ok := functionOf(name)
	if !ok {
		p.fail(t.span, unknownFunctionHint(name), "unknown function %q", snippet(name))
	}
	if fold && !f.fold {
		p.fail(t.span, "only between, endsWith, indexOf, startsWith and stringContains take it",
			`%s does not take "~"`, f.name)
	}
	args := p.list()
	if !f.takes(len(args)) {
		p.fail(p.from(t.span.Start), "", "%s takes %s, not %d", f.name, f.arity(), len(args))
	}
	return &Call{Func: f.name, Fold: fold, Args: args, At: p.from(t.span.Start)}
}
