package eval

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"kscan/readers/event"
	"kscan/rule/eql"
)

// expr computes the value of an expression for one value of each field it reads
// (Scratch.bound). The zero Value is null. Conditions are three-valued here.
type expr func(*Scratch) event.Value

// maxCombinations bounds how many combinations of the values of array fields one
// predicate tries: two arrays of a thousand elements each. A combination for which
// functions make long texts counts once more for each combinationText bytes of them.
// Scratch.Cut counts the predicates that had more.
const (
	maxCombinations = 1 << 20
	combinationText = 1 << 8
)

// computed compiles a predicate of any shape.
func (c *compiler) computed(e eql.Expr) (func(*Scratch) bool, int, error) {
	x, err := c.value(e)
	if err != nil {
		return nil, 0, err
	}
	var columns []int
	calls := 1
	walk(e, func(e eql.Expr) {
		switch e := e.(type) {
		case *eql.Field:
			columns = append(columns, c.column(e.Name))
		case *eql.Call:
			calls++
		}
	})
	slices.Sort(columns)
	columns = slices.Compact(columns)
	return func(s *Scratch) bool {
		tries := maxCombinations
		holds := s.any(columns, x, &tries)
		if !holds && tries <= 0 {
			s.Cut++
		}
		return holds
	}, calls * costCall, nil
}

// any reports whether x is true for a combination of the values of the columns.
func (s *Scratch) any(columns []int, x expr, tries *int) bool {
	if len(columns) == 0 {
		mark := len(s.arena)
		v := x(s)
		*tries -= 1 + (len(s.arena)-mark)/combinationText
		s.arena = s.arena[:mark]
		return v.Type == event.Boolean && v.Int != 0
	}
	first := columns[0]
	values := s.column(first)
	if len(values) == 0 {
		s.bound[first] = nil
		return s.any(columns[1:], x, tries)
	}
	for i := range values {
		if *tries <= 0 {
			return false
		}
		s.bound[first] = &values[i].Value
		if s.any(columns[1:], x, tries) {
			return true
		}
	}
	return false
}

// value compiles an expression.
func (c *compiler) value(e eql.Expr) (expr, error) {
	if v, ok := literalValue(e); ok {
		return func(*Scratch) event.Value { return v }, nil
	}
	switch e := e.(type) {
	case *eql.Field:
		return c.fieldValue(e), nil
	case *eql.Unary:
		return c.unary(e)
	case *eql.Binary:
		return c.binary(e)
	case *eql.In:
		return c.inValue(e)
	case *eql.Match:
		return c.matchValue(e)
	case *eql.Call:
		return c.call(e)
	}
	return nil, refuse(e, "this expression cannot be evaluated")
}

func (c *compiler) fieldValue(f *eql.Field) expr {
	column := c.column(f.Name)
	return func(s *Scratch) event.Value {
		if v := s.bound[column]; v != nil {
			return *v
		}
		return event.Value{}
	}
}

func (c *compiler) unary(e *eql.Unary) (expr, error) {
	x, err := c.value(e.X)
	if err != nil {
		return nil, err
	}
	if e.Op == eql.Not {
		return func(s *Scratch) event.Value { return negated(x(s)) }, nil
	}
	return func(s *Scratch) event.Value {
		v := x(s)
		switch v.Type {
		case event.Long:
			if v.Int != math.MinInt64 {
				v.Int = -v.Int
				return v
			}
		case event.Double:
			v.Float = -v.Float
			return v
		}
		return event.Value{}
	}, nil
}

// negated is "not v": null stays null.
func negated(v event.Value) event.Value {
	if v.Type != event.Boolean {
		return event.Value{}
	}
	return boolValue(v.Int == 0)
}

func (c *compiler) binary(e *eql.Binary) (expr, error) {
	e = c.mapped(e)
	x, err := c.value(e.X)
	if err != nil {
		return nil, err
	}
	y, err := c.value(e.Y)
	if err != nil {
		return nil, err
	}
	switch e.Op {
	case eql.And, eql.Or:
		decides := e.Op == eql.Or
		return func(s *Scratch) event.Value { return junction(x(s), y, s, decides) }, nil
	case eql.Add, eql.Sub, eql.Mul, eql.Div, eql.Mod:
		return func(s *Scratch) event.Value {
			a := x(s)
			b := y(s)
			return arithmetic(e.Op, &a, &b)
		}, nil
	}
	if e.Op == eql.Ne {
		equal, err := c.binary(&eql.Binary{Op: eql.Eq, X: e.X, Y: e.Y, At: e.At})
		return func(s *Scratch) event.Value { return negated(equal(s)) }, err
	}
	return c.comparisonValue(e, x, y), nil
}

// junction is "a and y" and "a or y" of three-valued logic: the value that decides
// wins over null, null over the other.
func junction(a event.Value, y expr, s *Scratch, decides bool) event.Value {
	if a.Type == event.Boolean && (a.Int != 0) == decides {
		return a
	}
	b := y(s)
	if b.Type == event.Boolean && (b.Int != 0) == decides {
		return b
	}
	if a.Type != event.Boolean || b.Type != event.Boolean {
		return event.Value{}
	}
	return boolValue(!decides)
}

func isNull(e eql.Expr) bool {
	_, ok := e.(*eql.Null)
	return ok
}

// comparisonValue compiles == < <= > >=. "x == null" asks whether x is null.
func (c *compiler) comparisonValue(e *eql.Binary, x, y expr) expr {
	if e.Op == eql.Eq && (isNull(e.X) || isNull(e.Y)) {
		return func(s *Scratch) event.Value {
			a := x(s)
			b := y(s)
			return boolValue(a.Type == event.Unknown && b.Type == event.Unknown)
		}
	}
	if f, ok := e.X.(*eql.Field); ok && !hasField(e.Y) {
		return c.besideField(f, e.Op, x, y)
	}
	if f, ok := e.Y.(*eql.Field); ok && !hasField(e.X) {
		return c.besideField(f, flipped(e.Op), y, x)
	}
	return func(s *Scratch) event.Value {
		a := x(s)
		b := y(s)
		return compareValues(e.Op, &a, &b)
	}
}

// besideField compares a field with a literal, which takes the type of the field.
func (c *compiler) besideField(f *eql.Field, op eql.Op, field, literal expr) expr {
	k := c.constant(f, literal(new(Scratch)))
	return func(s *Scratch) event.Value {
		v := field(s)
		if v.Type == event.Unknown || k.value.Type == event.Unknown {
			return event.Value{}
		}
		return boolValue(k.compare(op, &v))
	}
}

// compareValues compares two computed values; null if either is null or they have no
// order.
func compareValues(op eql.Op, a, b *event.Value) event.Value {
	switch {
	case a.Type == event.Unknown || b.Type == event.Unknown:
		return event.Value{}
	case isNumber(a) && isNumber(b):
		return boolValue(compareNumbers(op, a, b))
	case a.Type == event.Keyword && b.Type == event.Keyword:
		return boolValue(holds(op, bytes.Compare(a.Text, b.Text)))
	case a.Type == event.Boolean && b.Type == event.Boolean:
		return boolValue(holds(op, cmp.Compare(a.Int, b.Int)))
	case b.Type == event.Keyword && !isNumber(a) && a.Type != event.Boolean:
		return boolValue(newConstant(*b).compare(op, a))
	case a.Type == event.Keyword && !isNumber(b) && b.Type != event.Boolean:
		return boolValue(newConstant(*a).compare(flipped(op), b))
	case op == eql.Eq:
		return boolValue(false)
	}
	return event.Value{}
}

func isNumber(v *event.Value) bool { return v.Type == event.Long || v.Type == event.Double }

// arithmetic computes with integers as long as both are; what has no result (null, a
// text, an overflow, a division of integers by zero) is null.
func arithmetic(op eql.Op, a, b *event.Value) event.Value {
	if !isNumber(a) || !isNumber(b) {
		return event.Value{}
	}
	if a.Type == event.Long && b.Type == event.Long {
		n, ok := integers(op, a.Int, b.Int)
		if !ok {
			return event.Value{}
		}
		return event.Value{Type: event.Long, Int: n}
	}
	x, y := toFloat(a), toFloat(b)
	switch op {
	case eql.Add:
		x += y
	case eql.Sub:
		x -= y
	case eql.Mul:
		x *= y
	case eql.Div:
		x /= y
	case eql.Mod:
		x = math.Mod(x, y)
	}
	return event.Value{Type: event.Double, Float: x}
}

// integers computes in 64 bits; false if the result does not fit or there is none.
func integers(op eql.Op, a, b int64) (int64, bool) {
	switch op {
	case eql.Add:
		n := a + b
		return n, (n > a) == (b > 0)
	case eql.Sub:
		n := a - b
		return n, (n < a) == (b > 0)
	case eql.Mul:
		if a == 0 || b == 0 {
			return 0, true
		}
		n := a * b
		return n, n/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64)
	case eql.Div:
		if b == 0 || a == math.MinInt64 && b == -1 {
			return 0, false
		}
		return a / b, true
	case eql.Mod:
		if b == 0 {
			return 0, false
		}
		if b == -1 {
			return 0, true
		}
		return a % b, true
	}
	return 0, false
}

// inValue compiles "x in (…)": true if x equals a member, else null if a member is.
func (c *compiler) inValue(e *eql.In) (expr, error) {
	x, err := c.value(e.X)
	if err != nil {
		return nil, err
	}
	var list []expr
	for _, member := range e.List {
		y, err := c.equal(e, x, member)
		if err != nil {
			return nil, err
		}
		list = append(list, y)
	}
	return func(s *Scratch) event.Value {
		out := boolValue(false)
		if v := x(s); v.Type == event.Unknown {
			return v
		}
		for _, equal := range list {
			v := equal(s)
			if v.Type == event.Boolean && v.Int != 0 {
				out = v
				break
			}
			if v.Type == event.Unknown {
				out = v
			}
		}
		if e.Not {
			return negated(out)
		}
		return out
	}, nil
}

// equal compiles the comparison of x with one member of an "in".
func (c *compiler) equal(e *eql.In, x expr, member eql.Expr) (expr, error) {
	y, err := c.value(member)
	if err != nil {
		return nil, err
	}
	if isNull(member) {
		return y, nil
	}
	plain := c.comparisonValue(&eql.Binary{Op: eql.Eq, X: e.X, Y: member, At: e.At}, x, y)
	if !e.Fold {
		return plain, nil
	}
	return func(s *Scratch) event.Value {
		a := x(s)
		b := y(s)
		if a.Type == event.Keyword && b.Type == event.Keyword {
			return boolValue(equalFolded(a.Text, b.Text))
		}
		return plain(s)
	}, nil
}

func equalFolded(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i, ch := range a {
		x, y := ch, b[i]
		if 'A' <= x && x <= 'Z' {
			x |= 0x20
		}
		if 'A' <= y && y <= 'Z' {
			y |= 0x20
		}
		if x != y {
			return false
		}
	}
	return true
}

func (c *compiler) matchValue(e *eql.Match) (expr, error) {
	x, err := c.value(e.X)
	if err != nil {
		return nil, err
	}
	m, _, err := newMatcher(e)
	if err != nil {
		return nil, err
	}
	return func(s *Scratch) event.Value {
		v := x(s)
		if v.Type == event.Unknown {
			return v
		}
		n := len(s.arena)
		if m.fold {
			s.arena = appendText(s.arena, &v)
			foldInPlace(s.arena[n:])
		} else {
			s.arena = appendText(s.arena, &v)
		}
		return boolValue(m.match(s.arena[n:]))
	}, nil
}

func foldInPlace(text []byte) {
	for i, ch := range text {
		if 'A' <= ch && ch <= 'Z' {
			text[i] = ch | 0x20
		}
	}
}
