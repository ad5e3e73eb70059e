package eval

import (
	"slices"
	"strings"

	"kscan/rule/eql"
)

// outline is a condition without its values: what an event must be and have for some
// event like it to meet the condition. It is false only where no event with the same
// fields and of the same kind could meet it.
type outline struct {
	op    outlineOp
	sides []outline
	leaf  *leaf
	want  bool
	slots []int
}

type outlineOp uint8

const (
	outlineAlways outlineOp = iota // no telling: some value may do
	outlineNever
	outlineAll   // of sides
	outlineAny   // of sides
	outlineKind  // leaf, a test of the kind of event, is want
	outlineHas   // all of slots have values
	outlineSome  // one of slots has
	outlineLacks // none of slots has
)

// kinds are the fields that say what kind of event an event is and where it comes from.
// What a rule asks of them is no sign of an attack: if no event meets it, the logs lack
// the events that the rule looks at. A name that ends in a dot stands for all below it.
var kinds = []string{
	"event.category", "event.type", "event.kind", "event.module", "event.dataset", "event.provider",
	"host.os.", "network.direction", "data_stream.", "agent.type",
}

func isKind(field string) bool {
	return slices.ContainsFunc(kinds, func(kind string) bool {
		return field == kind || strings.HasSuffix(kind, ".") && strings.HasPrefix(field, kind)
	})
}

// outline returns the outline of a condition that is to be want.
func (c *compiler) outline(e eql.Expr, want bool) (outline, error) {
	switch e := e.(type) {
	case *eql.Unary:
		if e.Op == eql.Not {
			return c.outline(e.X, !want)
		}
	case *eql.Binary:
		e = c.mapped(e)
		if x, is := truthTest(e); x != nil {
			return c.outline(x, want == is)
		}
		switch e.Op {
		case eql.And, eql.Or:
			return c.outlineSides(e, want)
		case eql.Ne:
			return c.outlineLeaf(&eql.Binary{Op: eql.Eq, X: e.X, Y: e.Y, At: e.At}, !want)
		}
	case *eql.In:
		if e.Not {
			return c.outlineLeaf(&eql.In{X: e.X, List: e.List, Fold: e.Fold, At: e.At}, !want)
		}
	}
	return c.outlineLeaf(e, want)
}

func (c *compiler) outlineSides(e *eql.Binary, want bool) (outline, error) {
	o := outline{op: outlineAny}
	if (e.Op == eql.And) == want {
		o.op = outlineAll
	}
	for _, x := range operands(e, e.Op) {
		side, err := c.outline(x, want)
		if err != nil {
			return outline{}, err
		}
		o.sides = append(o.sides, side)
	}
	return o, nil
}

func (c *compiler) outlineLeaf(e eql.Expr, want bool) (outline, error) {
	if !hasField(e) {
		constant, err := c.constantCond(e, want)
		if err != nil || constant.test(nil) {
			return outline{op: outlineAlways}, err
		}
		return outline{op: outlineNever}, nil
	}
	names, slots := c.slotsOf(e)
	field, isNull := comparedWithNull(e)
	switch {
	case isNull && field:
		if want {
			return outline{op: outlineLacks, slots: slots}, nil
		}
		return outline{op: outlineHas, slots: slots}, nil
	case len(names) == 1 && isKind(names[0]):
		test, err := c.leaf(e, true)
		return outline{op: outlineKind, leaf: test.leaf, want: want}, err
	case !want || mayHoldOfNothing(e):
		return outline{op: outlineAlways}, nil
	case len(slots) == 1:
		return outline{op: outlineHas, slots: slots}, nil
	}
	return outline{op: outlineSome, slots: slots}, nil
}

// slotsOf returns the fields of an expression and their slots, each once.
func (c *compiler) slotsOf(e eql.Expr) (names []string, slots []int) {
	walk(e, func(e eql.Expr) {
		if f, ok := e.(*eql.Field); ok && !slices.Contains(names, f.Name) {
			names = append(names, f.Name)
			slots = append(slots, c.set.finder.Add(c.options.Path(f.Name)))
		}
	})
	return names, slots
}

// comparedWithNull reports whether a predicate is "x == null", and whether x is a field.
func comparedWithNull(e eql.Expr) (field, is bool) {
	b, ok := e.(*eql.Binary)
	if !ok || b.Op != eql.Eq || !isNull(b.X) && !isNull(b.Y) {
		return false, false
	}
	x := b.X
	if isNull(x) {
		x = b.Y
	}
	_, field = x.(*eql.Field)
	return field, true
}

// mayHoldOfNothing reports whether a predicate may be true although its fields are
// missing: one that has a null, or a condition inside a value.
func mayHoldOfNothing(e eql.Expr) bool {
	found := false
	walk(e, func(x eql.Expr) {
		switch x := x.(type) {
		case *eql.Null:
			_, found = comparedWithNull(e)
			found = found || !isMember(e, x)
		case *eql.Unary:
			found = found || x.Op == eql.Not
		case *eql.Binary:
			found = found || x.Op == eql.Or || x.Op == eql.Ne
		case *eql.In:
			found = found || x.Not
		}
	})
	return found
}

// isMember reports whether null is a member of the list of an "in", where it equals
// nothing.
func isMember(e eql.Expr, null *eql.Null) bool {
	in, ok := e.(*eql.In)
	return ok && slices.ContainsFunc(in.List, func(x eql.Expr) bool { return x == eql.Expr(null) })
}
