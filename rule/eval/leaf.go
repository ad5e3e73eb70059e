package eval

import (
	"kscan/readers/event"
	"kscan/rule/eql"
)

// predicate compiles a predicate on fields: it holds if it is true for at least one
// combination of the values of its fields, a missing field being null. The usual
// shapes, one field beside literals, have tests of their own; any other is computed, which
// may be cut short.
func (c *compiler) predicate(e eql.Expr) (test func(*Scratch) bool, cost int, computed bool, err error) {
	switch e := e.(type) {
	case *eql.Field:
		test, cost = c.compareField(e, eql.Eq, boolValue(true))
	case *eql.Binary:
		test, cost = c.comparison(e)
	case *eql.In:
		test, cost = c.membership(e)
	case *eql.Match:
		if f, ok := e.X.(*eql.Field); ok {
			test, cost, err = c.matchField(f, e)
		}
	case *eql.Call:
		test, cost, err = c.cidrField(e)
	}
	if test != nil || err != nil {
		return test, cost, false, err
	}
	test, cost, err = c.computed(e)
	return test, cost, true, err
}

// comparison compiles "field op literal" and "literal op field"; nil for other shapes.
func (c *compiler) comparison(e *eql.Binary) (func(*Scratch) bool, int) {
	op := e.Op
	f, isField := e.X.(*eql.Field)
	y := e.Y
	if !isField {
		f, isField = e.Y.(*eql.Field)
		y, op = e.X, flipped(e.Op)
	}
	if !isField || op == "" || hasField(y) {
		return nil, 0
	}
	v, ok := c.fold(y)
	if !ok {
		return nil, 0
	}
	return c.compareField(f, op, v)
}

// flipped returns the operator that means the same with its sides exchanged, "" for
// one that is not a comparison.
func flipped(op eql.Op) eql.Op {
	switch op {
	case eql.Eq, eql.Ne:
		return op
	case eql.Lt:
		return eql.Gt
	case eql.Le:
		return eql.Ge
	case eql.Gt:
		return eql.Lt
	case eql.Ge:
		return eql.Le
	}
	return ""
}

// fold evaluates an expression without fields.
func (c *compiler) fold(e eql.Expr) (event.Value, bool) {
	x, err := c.value(e)
	if err != nil {
		return event.Value{}, false
	}
	return x(new(Scratch)), true
}

func (c *compiler) compareField(f *eql.Field, op eql.Op, literal event.Value) (func(*Scratch) bool, int) {
	if flipped(op) == "" || op == eql.Ne {
		return nil, 0
	}
	typ := c.typeOf(f.Name)
	column := c.column(f.Name)
	if literal.Type == event.Unknown {
		if op == eql.Eq {
			return func(s *Scratch) bool { return len(s.column(column)) == 0 }, costText
		}
		return func(*Scratch) bool { return false }, costConst
	}
	if op == eql.Eq && typ == event.Keyword {
		text := string(appendText(nil, &literal))
		return func(s *Scratch) bool {
			values := s.column(column)
			for _, v := range values {
				if string(v.Text) == text {
					return true
				}
			}
			return false
		}, costText
	}
	k := c.constant(f, literal)
	return func(s *Scratch) bool {
		values := s.column(column)
		for i := range values {
			if k.compare(op, &values[i].Value) {
				return true
			}
		}
		return false
	}, costText
}

// literals evaluates the members of a list; false if one reads a field.
func (c *compiler) literals(list []eql.Expr) ([]event.Value, bool) {
	var out []event.Value
	for _, x := range list {
		if hasField(x) {
			return nil, false
		}
		v, ok := c.fold(x)
		if !ok {
			return nil, false
		}
		out = append(out, v)
	}
	return out, true
}

// membership compiles "field in (literals)"; nil for other shapes.
func (c *compiler) membership(e *eql.In) (func(*Scratch) bool, int) {
	f, ok := e.X.(*eql.Field)
	if !ok || e.Not {
		return nil, 0
	}
	values, ok := c.literals(e.List)
	if !ok {
		return nil, 0
	}
	column := c.column(f.Name)
	m := c.members(f, values, e.Fold)
	return c.each(column, m.has), costSet
}

// members is the list of an "in".
type members struct {
	texts  textSet     // the literals as texts, folded for in~
	others []*constant // those that a value without text is compared with
	loose  []*constant // those that a text without a mapping is also compared with
	fold   bool
}

func (c *compiler) members(f *eql.Field, values []event.Value, fold bool) *members {
	m := &members{fold: fold}
	var texts []string
	for _, v := range values {
		if v.Type == event.Unknown { // null is equal to nothing
			continue
		}
		k := c.constant(f, v)
		m.others = append(m.others, k)
		if k.loose && v.Type != event.Keyword {
			m.loose = append(m.loose, k)
		}
		text := string(k.value.Text)
		if fold {
			text = foldASCII(text)
		}
		texts = append(texts, text)
	}
	m.texts = newTextSet(texts)
	return m
}

func (m *members) has(s *Scratch, c *cell) bool {
	if c.Type == event.Keyword {
		text := c.Text
		if m.fold {
			text = c.fold(s)
		}
		return m.texts.has(text) || anyEqual(m.loose, &c.Value)
	}
	return anyEqual(m.others, &c.Value)
}

func anyEqual(all []*constant, v *event.Value) bool {
	for _, k := range all {
		if k.compare(eql.Eq, v) {
			return true
		}
	}
	return false
}

// matchField compiles "field like (patterns)" and the other pattern operators.
func (c *compiler) matchField(f *eql.Field, e *eql.Match) (func(*Scratch) bool, int, error) {
	m, cost, err := newMatcher(e)
	if err != nil {
		return nil, 0, err
	}
	column := c.column(f.Name)
	return c.each(column, func(s *Scratch, v *cell) bool {
		if m.fold {
			return m.match(v.fold(s))
		}
		return m.match(v.text(s))
	}), cost, nil
}

// matcher is the right side of a pattern operator.
type matcher struct {
	match func([]byte) bool
	fold  bool // match wants the text in lower case
}

func newMatcher(e *eql.Match) (matcher, int, error) {
	var patterns []string
	for _, p := range e.Patterns {
		v, ok := literalValue(p)
		if !ok {
			return matcher{}, 0, refuse(p, "a pattern must be a literal")
		}
		if v.Type != event.Unknown {
			patterns = append(patterns, string(appendText(nil, &v)))
		}
	}
	if e.Op == eql.Regex || e.Op == eql.RegexFold {
		x, err := newRegex(patterns, e.Op == eql.RegexFold)
		if err != nil {
			return matcher{}, 0, refuse(e, err.Error())
		}
		return matcher{match: x.match}, costRegex, nil
	}
	fold := e.Op != eql.Like
	if fold {
		for i := range patterns {
			patterns[i] = foldASCII(patterns[i])
		}
	}
	return matcher{newPatternSet(patterns).match, fold}, costWild, nil
}

// cidrField compiles cidrMatch(field, "block"…); nil for other calls.
func (c *compiler) cidrField(e *eql.Call) (func(*Scratch) bool, int, error) {
	if e.Func != "cidrMatch" || len(e.Args) < 2 {
		return nil, 0, nil
	}
	f, ok := e.Args[0].(*eql.Field)
	if !ok {
		return nil, 0, nil
	}
	b, err := c.blocks(e)
	if err != nil {
		return nil, 0, err
	}
	column := c.column(f.Name)
	return c.each(column, func(_ *Scratch, v *cell) bool { return b.hasValue(&v.Value) }), costSet, nil
}

// blocks reads the blocks of a cidrMatch.
func (c *compiler) blocks(e *eql.Call) (blocks, error) {
	var texts []string
	for _, arg := range e.Args[1:] {
		v, ok := c.literals([]eql.Expr{arg})
		if !ok || v[0].Type != event.Keyword {
			return nil, refuse(arg, "a block of addresses must be a literal string")
		}
		texts = append(texts, string(v[0].Text))
		if _, err := newBlocks(texts[len(texts)-1:]); err != nil {
			return nil, refuse(arg, err.Error())
		}
	}
	return newBlocks(texts)
}
