package eql

import "slices"

// binder makes a copy of a template's tree with values in the places of its parameters.
// What has no parameters is shared with the template.
type binder struct {
	template *Template
	values   map[string][]Expr
	// widen asks for a condition that is true whenever it is for any of the values.
	widen bool
}

// condition binds a condition. Below an odd number of "not" it is not positive: there a
// widened test must be false rather than true.
func (b *binder) condition(e Expr, positive bool) Expr {
	if !b.template.has(e) {
		return e
	}
	switch e := e.(type) {
	case *Unary:
		if e.Op == Not {
			return &Unary{Op: Not, X: b.condition(e.X, !positive), At: e.At}
		}
	case *Binary:
		if e.Op == And || e.Op == Or {
			return &Binary{Op: e.Op, X: b.condition(e.X, positive), Y: b.condition(e.Y, positive), At: e.At}
		}
	}
	return b.test(e, positive)
}

// negated reports whether a test is the complement of one.
func negated(e Expr) bool {
	switch e := e.(type) {
	case *Binary:
		return e.Op == Ne
	case *In:
		return e.Not
	}
	return false
}

func (b *binder) test(e Expr, positive bool) Expr {
	if b.widen && (!positive || negated(e)) {
		return &Bool{Value: positive, At: e.Span()}
	}
	for _, p := range b.template.paramsOf(e, nil) {
		if len(b.values[p.Name]) == 0 {
			return &Bool{Value: negated(e), At: e.Span()}
		}
	}
	switch e := e.(type) {
	case *Binary:
		if e.Op == Eq || e.Op == Ne {
			return b.equal(e)
		}
	case *In:
		if !b.template.has(e.X) && !slices.ContainsFunc(e.List, b.template.nested) {
			return &In{X: e.X, List: b.list(e.List), Fold: e.Fold, Not: e.Not, At: e.At}
		}
	}
	return b.variants(e)
}

// nested reports whether parameters stand in e, and e is none itself.
func (t *Template) nested(e Expr) bool {
	_, whole := t.param(e)
	return !whole && t.has(e)
}

// equal binds "field == {{p}}": a list if there are several values.
func (b *binder) equal(e *Binary) Expr {
	field, p := e.X, e.Y
	if _, ok := b.template.param(p); !ok {
		field, p = p, field
	}
	if _, ok := b.template.param(p); !ok || b.template.has(field) {
		return b.variants(e)
	}
	list := b.list([]Expr{p})
	if len(list) == 1 {
		return &Binary{Op: e.Op, X: field, Y: list[0], At: e.At}
	}
	return &In{X: field, List: list, Not: e.Op == Ne, At: e.At}
}

// list puts the values of parameters in their places in a list.
func (b *binder) list(members []Expr) (list []Expr) {
	for _, e := range members {
		p, ok := b.template.param(e)
		if !ok {
			list = append(list, e)
			continue
		}
		list = append(list, b.values[p.Name]...)
	}
	return list
}

// variants joins copies of a test, one for each combination of values, with "or" (with
// "and" if it is a complement). With more of them than is sensible a widened test is
// true, and another takes the first ones.
func (b *binder) variants(e Expr) Expr {
	copies := []Expr{e}
	for _, p := range b.template.paramsOf(e, nil) {
		var next []Expr
		for _, c := range copies {
			for _, v := range b.values[p.Name] {
				next = append(next, replace(c, p.At.Start, v))
			}
			if len(next) > maxVariants && b.widen {
				return &Bool{Value: true, At: e.Span()}
			}
		}
		copies = next[:min(len(next), maxVariants)]
	}
	op := Or
	if negated(e) {
		op = And
	}
	all := copies[0]
	for _, c := range copies[1:] {
		all = &Binary{Op: op, X: all, Y: c, At: e.Span()}
	}
	return all
}

// replace returns e with v in the place of the string that starts at an offset.
func replace(e Expr, start int, v Expr) Expr {
	each := func(list []Expr) []Expr {
		out := make([]Expr, len(list))
		for i, x := range list {
			out[i] = replace(x, start, v)
		}
		return out
	}
	switch e := e.(type) {
	case *String:
		if e.At.Start == start {
			return v
		}
	case *Unary:
		return &Unary{Op: e.Op, X: replace(e.X, start, v), At: e.At}
	case *Binary:
		return &Binary{Op: e.Op, X: replace(e.X, start, v), Y: replace(e.Y, start, v), At: e.At}
	case *In:
		return &In{X: replace(e.X, start, v), List: each(e.List), Fold: e.Fold, Not: e.Not, At: e.At}
	case *Match:
		return &Match{Op: e.Op, X: replace(e.X, start, v), Patterns: e.Patterns, At: e.At}
	case *Call:
		return &Call{Func: e.Func, Fold: e.Fold, Args: each(e.Args), At: e.At}
	}
	return e
}
