package eql

import (
	"fmt"
	"slices"
)

// Types says of what kind a field is, and whether that is known.
type Types func(field string) (Kind, bool)

// Check returns the faults of a parsed query that depend on the types of its fields, in
// the order of the source. What Elasticsearch's verifier refuses is an error; what it
// runs although it can never match, or not in the way it looks, is a warning. A nil
// types knows no field. src is the text that q was parsed from.
func Check(src string, q Query, types Types) []*Error {
	c := newChecker(src, types)
	switch q := q.(type) {
	case *EventQuery:
		c.condition(q.Filter.Cond)
	case *Sequence:
		c.terms(q.By, q.Terms)
		if q.Until != nil {
			c.terms(nil, []Term{*q.Until})
			c.joins("sequence", append(slices.Clip(q.Terms), *q.Until))
		} else {
			c.joins("sequence", q.Terms)
		}
	case *Sample:
		c.terms(q.By, q.Terms)
		c.joins("sample", q.Terms)
	}
	return c.sorted()
}

// CheckExpr does for a condition what Check does for a query.
func CheckExpr(src string, e Expr, types Types) []*Error {
	c := newChecker(src, types)
	c.condition(e)
	return c.sorted()
}

// checker walks a tree from the leaves up and collects faults.
type checker struct {
	src    string
	types  Types
	faults []*Error
}

func newChecker(src string, types Types) *checker {
	if types == nil {
		types = func(string) (Kind, bool) { return KindUnknown, false }
	}
	return &checker{src: src, types: types}
}

func (c *checker) sorted() []*Error {
	slices.SortStableFunc(c.faults, func(a, b *Error) int { return a.Span.Start - b.Span.Start })
	return c.faults
}

func (c *checker) refuse(at Span, hint, format string, args ...any) {
	c.faults = append(c.faults, &Error{Span: at, Msg: fmt.Sprintf(format, args...), Hint: hint, src: c.src})
}

// keep makes the last fault one that a rule may have, though a search may not.
func (c *checker) keep() {
	fault := c.faults[len(c.faults)-1]
	fault.Warning, fault.Refused = true, true
}

func (c *checker) warn(at Span, hint, format string, args ...any) {
	c.refuse(at, hint, format, args...)
	c.faults[len(c.faults)-1].Warning = true
}

// text returns the source of a node, short and harmless.
func (c *checker) text(e Expr) string {
	start := clamp(e.Span().Start, 0, len(c.src))
	return snippet(c.src[start:clamp(e.Span().End, start, len(c.src))])
}

// value is what is known of an expression's values.
type value struct {
	kind  Kind
	field *Field // one of the fields it reads, nil if it is constant
}

func (c *checker) terms(by []*Field, terms []Term) {
	for _, key := range by {
		c.field(key)
	}
	for i := range terms {
		c.condition(terms[i].Filter.Cond)
		for _, key := range terms[i].By {
			c.field(key)
		}
	}
}

// joins checks that the keys in one place of all terms can be equal.
func (c *checker) joins(form string, terms []Term) {
	if len(terms) == 0 {
		return
	}
	for i, first := range terms[0].By {
		for _, t := range terms[1:] {
			if i >= len(t.By) {
				continue
			}
			a, b := c.keyKind(first), c.keyKind(t.By[i])
			if !alike(a, b) {
				c.refuse(t.By[i].At, "", "%s key %s (%s) cannot equal key %s (%s)",
					form, snippet(t.By[i].Name), b, snippet(first.Name), a)
			}
		}
	}
}

// keyKind is kindOf for join keys.
func (c *checker) keyKind(f *Field) Kind {
	if kind := c.kindOf(f); kind != KindInexact {
		return kind
	}
	return KindString
}

func (c *checker) kindOf(f *Field) Kind {
	kind, ok := c.types(f.Name)
	if !ok {
		return KindUnknown
	}
	return kind
}

// condition checks an expression whose value must be true for an event to match.
func (c *checker) condition(e Expr) {
	v := c.expr(e)
	if !v.kind.open() && v.kind != KindBoolean {
		c.refuse(e.Span(), conditionHint(e), "a condition must be boolean; %s is %s", c.text(e), v.kind.phrase())
	}
}

func conditionHint(e Expr) string {
	if _, ok := e.(*Field); ok {
		return "write FIELD != null to test whether there is a value"
	}
	return ""
}

// expr checks an expression and returns what is known of its values.
func (c *checker) expr(e Expr) value {
	switch e := e.(type) {
	case *Null:
		return value{kind: KindNull}
	case *Bool:
		return value{kind: KindBoolean}
	case *Int:
		return value{kind: KindLong}
	case *Float:
		return value{kind: KindDouble}
	case *String:
		return value{kind: KindString}
	case *Field:
		return c.operand(e)
	case *Unary:
		return c.unary(e)
	case *Binary:
		return c.binary(e)
	case *In:
		return c.in(e)
	case *Match:
		return c.match(e)
	case *Call:
		return c.call(e)
	}
	return value{}
}

func (c *checker) field(f *Field) value {
	kind := c.kindOf(f)
	switch kind {
	case KindObject:
		c.refuse(f.At, "name a field below it", "%s is an object: only the fields below it have values", snippet(f.Name))
		kind = KindUnknown
	case KindUnsupported:
		c.refuse(f.At, "", "%s has a type that EQL cannot use", snippet(f.Name))
		kind = KindUnknown
	}
	return value{kind, f}
}

// operand is a field in a condition.
func (c *checker) operand(f *Field) value {
	v := c.field(f)
	if v.kind == KindInexact {
		c.refuse(f.At, "name the keyword below it, if there is one",
			"%s is text that is not kept whole: nothing can be compared with it", snippet(f.Name))
		v.kind = KindUnknown
	}
	return v
}

func (c *checker) unary(e *Unary) value {
	v := c.expr(e.X)
	if e.Op == Not {
		c.boolean(e.X, v, e.Op)
		return value{KindBoolean, v.field}
	}
	c.number(e.X, v, e.Op)
	return value{arithmetic(v.kind, KindLong), v.field}
}

// boolean checks an operand of and, or, not.
func (c *checker) boolean(e Expr, v value, op Op) {
	if !v.kind.open() && v.kind != KindBoolean {
		c.refuse(e.Span(), conditionHint(e), "%q takes conditions; %s is %s", op, c.text(e), v.kind.phrase())
	}
}

func (c *checker) number(e Expr, v value, op Op) {
	if !v.kind.open() && !v.kind.numeric() {
		c.refuse(e.Span(), "", "%q takes numbers; %s is %s", op, c.text(e), v.kind.phrase())
	}
}

// arithmetic returns the kind of the result of an operation on two numbers.
func arithmetic(a, b Kind) Kind {
	switch {
	case a == KindDouble || b == KindDouble:
		return KindDouble
	case a == KindLong && b == KindLong:
		return KindLong
	}
	return KindNumber
}

// binary checks a chain of left-associative operators in a loop: it may be as long as
// the query.
func (c *checker) binary(e *Binary) value {
	if binaryPrecedence[e.Op] == precCompare {
		return c.comparison(e)
	}
	chain := leftChain(e)
	x := c.expr(chain[0].X)
	for _, b := range chain {
		x = c.operation(b, x, c.expr(b.Y))
	}
	return x
}

func (c *checker) operation(b *Binary, x, y value) value {
	check, kind := c.number, arithmetic(x.kind, y.kind)
	if b.Op == And || b.Op == Or {
		check, kind = c.boolean, KindBoolean
	}
	check(b.X, x, b.Op)
	check(b.Y, y, b.Op)
	if x.field == nil {
		x.field = y.field
	}
	return value{kind, x.field}
}

func (c *checker) comparison(e *Binary) value {
	x, y := c.expr(e.X), c.expr(e.Y)
	if x.field != nil && y.field != nil {
		x, y = c.mapped(e.X, x), c.mapped(e.Y, y)
	}
	switch {
	case x.field != nil && y.field != nil:
		c.refuse(e.Y.Span(), "functions such as startsWith(a, b) take two fields",
			"both sides of %q read fields; one must be a constant", e.Op)
		if !isField(e.X) && !isField(e.Y) {
			c.keep()
		}
	case x.field != nil:
		c.constant(e, e.X, x, e.Y, y)
	case y.field != nil:
		c.constant(e, e.Y, y, e.X, x)
		x = y
	}
	return value{KindBoolean, x.field}
}

func isField(e Expr) bool {
	_, ok := e.(*Field)
	return ok
}

// mapped returns null for an optional field that nothing is known of: for Elasticsearch it
// is null, so that a comparison with it is none of two fields.
func (c *checker) mapped(e Expr, v value) value {
	if f, ok := e.(*Field); ok && f.Optional {
		if _, known := c.types(f.Name); !known {
			return value{kind: KindNull}
		}
	}
	return v
}

func (c *checker) in(e *In) value {
	x, op := c.expr(e.X), "in"
	if e.Fold {
		op = "in~"
		c.string(e.X, x, op)
	}
	for _, member := range e.List {
		v := c.expr(member)
		switch {
		case v.field != nil:
			c.refuse(member.Span(), "", "%s is a field: a list holds constants only", snippet(v.field.Name))
		case e.Fold:
			c.string(member, v, op)
		case !alike(x.kind, v.kind):
			c.refuse(member.Span(), insteadOfList(x.kind), "%s is %s, but the list is compared with %s, which is %s",
				c.text(member), v.kind.phrase(), c.text(e.X), x.kind.phrase())
			if v.kind == KindString && x.kind.fromString() {
				c.keep()
			}
		default:
			c.never(member, e.X, x, member)
		}
		c.wildcards(member, op)
	}
	return value{KindBoolean, x.field}
}

// insteadOfList says how a field of the kind is compared that no list is for.
func insteadOfList(k Kind) string {
	switch {
	case k == KindIP:
		return `write "==", or cidrMatch(FIELD, "10.0.0.0/8")`
	case k.fromString():
		return `write "=="`
	}
	return ""
}

// string checks an operand of an operator that takes strings alone.
func (c *checker) string(e Expr, v value, op string) {
	if v.kind.open() || v.kind == KindString {
		return
	}
	hint := insteadOfList(v.kind)
	switch {
	case hint != "":
	case op == "in~":
		hint = `write "in"`
	default:
		hint = `write "=="`
	}
	c.refuse(e.Span(), hint, "%q takes strings; %s is %s", op, c.text(e), v.kind.phrase())
}

func (c *checker) match(e *Match) value {
	x := c.expr(e.X)
	c.string(e.X, x, string(e.Op))
	for _, pattern := range e.Patterns {
		switch pattern := pattern.(type) {
		case *Null:
			c.warn(pattern.At, `write "== null"`, "null never matches a pattern")
		case *String:
			if e.Op == Regex || e.Op == RegexFold {
				c.anchors(pattern)
			}
		}
	}
	return value{KindBoolean, x.field}
}

func (c *checker) call(e *Call) value {
	f, ok := functionOf(e.Func)
	if !ok || !f.takes(len(e.Args)) {
		return value{} // the parser does not make such a node
	}
	v := value{kind: f.result}
	for i, arg := range e.Args {
		a := c.expr(arg)
		c.argument(f, i, arg, a)
		if v.field == nil {
			v.field = a.field
		}
	}
	return v
}

// argument checks one argument against what the function takes.
func (c *checker) argument(f *function, i int, e Expr, v value) {
	wanted, ok := "", true
	switch f.param(i) {
	case wantString:
		wanted, ok = "a string", v.kind == KindString
	case wantNumber:
		wanted, ok = "a number", v.kind.numeric()
	case wantInteger:
		wanted, ok = "an integer", v.kind == KindLong || v.kind == KindNumber
	case wantBoolean:
		wanted, ok = "a boolean", v.kind == KindBoolean
	case wantIP:
		wanted, ok = "a field of type ip", v.kind == KindIP
	case wantBlock:
		c.block(f, i, e, v)
	}
	if !ok && !v.kind.open() {
		c.refuse(e.Span(), "", "argument %d of %s must be %s; %s is %s", i+1, f.name, wanted, c.text(e), v.kind.phrase())
	}
}
