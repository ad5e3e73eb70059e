package eval

import (
	"cmp"
	"encoding/binary"
	"slices"

	"kscan/readers/event"
	"kscan/rule/eql"
)

// cond is a compiled condition. A condition of EQL is true, false or null, and "not"
// keeps null; a predicate on fields of the document is true or false, so that its
// "not" is the plain complement. cond holds when the condition has the value that it
// was compiled for, true or false; null is neither.
type cond struct {
	test func(*Scratch) bool
	cost int   // for the order of and/or: the cheap side first
	leaf *leaf // set if the condition is that this leaf holds
	// computed is set if asking may count what is over a limit (Scratch.Cut): then it must
	// not hang on other events whether it is asked.
	computed bool
}

// Costs of tests, in about the time of comparing one text.
const (
	costConst = 0
	costText  = 1
	costSet   = 2
	costWild  = 6
	costCall  = 10
	costRegex = 20
)

// compiler makes the closures of one program.
type compiler struct {
	set     *Set
	options Options
	fields  map[string]struct{}
}

// typeOf returns the type of a field and notes that the program reads it.
func (c *compiler) typeOf(name string) event.Type {
	c.fields[name] = struct{}{}
	t, ok := c.options.Types(name)
	if !ok {
		return event.Unknown
	}
	return t
}

// column returns the column that holds the values of a field.
func (c *compiler) column(name string) int {
	return c.set.column(c.columnOf(name, c.typeOf(name)))
}

func (c *compiler) columnOf(name string, typ event.Type) column {
	col := column{typ: typ, null: c.options.Nulls(name)}
	if col.null != nil {
		col.slot = c.set.finder.AddNulls(c.options.Path(name))
	} else {
		col.slot = c.set.finder.Add(c.options.Path(name))
	}
	if typ == event.Date || typ == event.DateNanos {
		col.format = c.options.Dates(name)
	}
	return col
}

// cond compiles a condition to the test of whether it is want.
func (c *compiler) cond(e eql.Expr, want bool) (cond, error) {
	switch e := e.(type) {
	case *eql.Unary:
		if e.Op == eql.Not {
			return c.cond(e.X, !want)
		}
	case *eql.Binary:
		e = c.mapped(e)
		if x, is := truthTest(e); x != nil {
			return c.cond(x, want == is)
		}
		switch {
		case e.Op == eql.And || e.Op == eql.Or:
			return c.junction(e, want)
		case e.Op == eql.Ne:
			return c.leaf(&eql.Binary{Op: eql.Eq, X: e.X, Y: e.Y, At: e.At}, !want)
		}
	case *eql.In:
		if e.Not {
			return c.leaf(&eql.In{X: e.X, List: e.List, Fold: e.Fold, At: e.At}, !want)
		}
	}
	return c.leaf(e, want)
}

// truthTest opens "x == true", "x != false" and so on, where x is a condition on fields of
// the document but no field itself: it is that x holds, or that it does not. So, as in
// Elasticsearch, "cidrMatch(f, …) == false" holds if f is missing.
func truthTest(e *eql.Binary) (x eql.Expr, is bool) {
	if e.Op != eql.Eq && e.Op != eql.Ne {
		return nil, false
	}
	x = e.X
	truth, ok := e.Y.(*eql.Bool)
	if !ok {
		x = e.Y
		truth, ok = e.X.(*eql.Bool)
	}
	if !ok || !isCondition(x) || !hasField(x) {
		return nil, false
	}
	return x, truth.Value == (e.Op == eql.Eq)
}

// isCondition reports whether an expression is an operation whose result is a boolean.
func isCondition(e eql.Expr) bool {
	switch e := e.(type) {
	case *eql.Unary:
		return e.Op == eql.Not
	case *eql.Binary:
		return e.Op == eql.And || e.Op == eql.Or || flipped(e.Op) != ""
	case *eql.In, *eql.Match:
		return true
	case *eql.Call:
		return eql.IsCondition(e.Func)
	}
	return false
}

// mapped returns a comparison of two fields, which the checks take only if one of them is
// optional and unknown, with null in the place of that one.
func (c *compiler) mapped(e *eql.Binary) *eql.Binary {
	if flipped(e.Op) == "" || !hasField(e.X) || !hasField(e.Y) {
		return e
	}
	out := *e
	if c.unmapped(e.Y) {
		out.Y = &eql.Null{At: e.Y.Span()}
	} else if c.unmapped(e.X) {
		out.X = &eql.Null{At: e.X.Span()}
	}
	return &out
}

func (c *compiler) unmapped(e eql.Expr) bool {
	f, ok := e.(*eql.Field)
	if !ok || !f.Optional {
		return false
	}
	_, known := c.options.Types(f.Name)
	return !known
}

// junction compiles "and" and "or": an "and" is true when all sides are true and false
// when any is false; an "or" the other way round.
func (c *compiler) junction(e *eql.Binary, want bool) (cond, error) {
	var sides []cond
	for _, x := range operands(e, e.Op) {
		side, err := c.cond(x, want)
		if err != nil {
			return cond{}, err
		}
		sides = append(sides, side)
	}
	return c.join(sides, (e.Op == eql.And) == want), nil
}

// join makes a condition of all sides, or of any: the cheap ones are asked first, and before
// them the one that decided the last two times, as the events of a log are much alike.
func (c *compiler) join(sides []cond, all bool) cond {
	if len(sides) == 1 {
		return sides[0]
	}
	sides = slices.Clone(sides)
	slices.SortStableFunc(sides, func(a, b cond) int { return cmp.Compare(a.cost, b.cost) })
	out := cond{}
	tests, plain := make([]func(*Scratch) bool, len(sides)), 0
	for i, side := range sides {
		tests[i] = side.test
		out.cost += side.cost
		if out.computed = out.computed || side.computed; !out.computed {
			plain++ // the sides up to here may be asked in any order
		}
	}
	number := c.set.joins
	c.set.joins++
	out.test = func(s *Scratch) bool {
		first := s.habits[number].side
		if first > 0 && tests[first](s) != all {
			return !all
		}
		for i, test := range tests {
			if (i != first || i == 0) && test(s) != all {
				s.habits[number].decided(i, i < plain)
				return !all
			}
		}
		return all
	}
	return out
}

// habit is which side of a join is asked first.
type habit struct{ side, last int }

// decided notes that a side decided which was not asked first. Only one that may be asked
// in any order becomes the first.
func (h *habit) decided(side int, plain bool) {
	if side == h.last && plain {
		h.side = side
	}
	h.last = side
}

// operands opens a chain of one operator, in the order of the source.
func operands(e eql.Expr, op eql.Op) []eql.Expr {
	var out []eql.Expr
	stack := []eql.Expr{e}
	for len(stack) > 0 {
		e := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if b, ok := e.(*eql.Binary); ok && b.Op == op {
			stack = append(stack, b.Y, b.X)
		} else {
			out = append(out, e)
		}
	}
	return out
}

// leaf is a predicate. The first of a set, and those that occur more than once in it, keep
// their answer for the loaded event.
type leaf struct {
	test     func(*Scratch) bool
	cost     int
	computed bool // as that of cond
	shared   int  // the place of the answer in Scratch.answers, -1 if it is not kept
	number   int  // in the order of the set
}

type leafKey struct{ text, columns string }

func (l *leaf) holds(s *Scratch) bool {
	if l.shared < 0 {
		return l.test(s)
	}
	a := &s.answers[l.shared]
	if a.stamp != s.now {
		a.holds = l.test(s)
		a.stamp = s.now
	}
	return a.holds
}

// leaf compiles a predicate: its complement is wanted when want is false. Without any
// field it is a constant, which may be null and then is neither.
func (c *compiler) leaf(e eql.Expr, want bool) (cond, error) {
	if !hasField(e) {
		return c.constantCond(e, want)
	}
	key := leafKey{c.set.text(e), c.columnsOf(e)}
	l := c.set.leaves[key]
	if l == nil {
		test, cost, computed, err := c.predicate(e)
		if err != nil {
			return cond{}, err
		}
		l = &leaf{test: test, cost: cost, computed: computed, shared: -1, number: len(c.set.leaves)}
		c.set.leaves[key] = l
		if l.number < fewLeaves {
			c.share(l)
		}
	} else if l.shared < 0 {
		c.share(l)
	}
	if want {
		return cond{l.holds, l.cost, l, l.computed}, nil
	}
	return cond{test: func(s *Scratch) bool { return !l.holds(s) }, cost: l.cost, computed: l.computed}, nil
}

// fewLeaves is how many leaves of a set keep their answer in any case: the account of a few
// rules asks all clauses of a rule again after the rule itself.
const fewLeaves = 256

// share makes a leaf keep its answer.
func (c *compiler) share(l *leaf) {
	l.shared = c.set.shared
	c.set.shared++
}

// constantCond evaluates a condition that reads no document.
func (c *compiler) constantCond(e eql.Expr, want bool) (cond, error) {
	x, err := c.value(e)
	if err != nil {
		return cond{}, err
	}
	v := x(new(Scratch))
	holds := v.Type == event.Boolean && (v.Int != 0) == want
	return cond{test: func(*Scratch) bool { return holds }, cost: costConst}, nil
}

// columnsOf lists the columns of the fields of a predicate: programs of one set may be
// compiled with different types.
func (c *compiler) columnsOf(e eql.Expr) string {
	var columns []byte
	walk(e, func(e eql.Expr) {
		if f, ok := e.(*eql.Field); ok {
			columns = binary.AppendUvarint(columns, uint64(c.column(f.Name)))
		}
	})
	return string(columns)
}

func hasField(e eql.Expr) bool {
	found := false
	walk(e, func(e eql.Expr) {
		if _, ok := e.(*eql.Field); ok {
			found = true
		}
	})
	return found
}

// walk calls visit for the expression and all those inside it.
func walk(e eql.Expr, visit func(eql.Expr)) {
	visit(e)
	switch e := e.(type) {
	case *eql.Unary:
		walk(e.X, visit)
	case *eql.Binary:
		walk(e.X, visit)
		walk(e.Y, visit)
	case *eql.In:
		walk(e.X, visit)
		for _, x := range e.List {
			walk(x, visit)
		}
	case *eql.Match:
		walk(e.X, visit)
	case *eql.Call:
		for _, x := range e.Args {
			walk(x, visit)
		}
	}
}
