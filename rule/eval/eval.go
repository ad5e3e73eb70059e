// Package eval is the back end of EQL: it compiles a checked tree to closures over
// three-valued logic and runs them on events. Compile is the way in. A Program is
// immutable and shared by all workers; each worker has a Scratch of its own.
//
// Many programs on one event are quicker as a Set: Set.Compile them all, then for each
// event Scratch.Load once and Index.Hits, which asks only those that can match.
package eval

import (
	"fmt"
	"maps"
	"slices"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/rule/eql"
)

// Options says how the fields of documents are to be read.
type Options struct {
	// CategoryField is the field that a query's category names; "" means event.category.
	CategoryField string
	// TimestampField orders sequences; "" means @timestamp.
	TimestampField string
	// TiebreakerField orders events of one timestamp; "" means none.
	TiebreakerField string
	// Types gives a field's type; nil means event.TypeOf.
	Types func(field string) (event.Type, bool)
	// Path gives the field of documents that a name stands for, for the aliases of a
	// mapping; nil means that each name is its own.
	Path func(field string) string
	// Dates gives the format of a date field; nil, or a nil format, means Elasticsearch's
	// default.
	Dates func(field string) *event.DateFormat
	// Nulls gives the value that null stands for in a field; nil, or nil of a field, means
	// that null is missing.
	Nulls func(field string) *fastjson.Value
	// MatchesOnly makes a program of which nobody asks more than what it matches: it has no
	// needs, clauses or reach. Programs by the hundred are made in half the time.
	MatchesOnly bool
}

// Program is a compiled query.
type Program struct {
	query   eql.Query
	options Options // complete
	set     *Set
	number  int    // in the order of the set
	terms   []term // one for an event query
	until   int    // the index in terms of a sequence's until, -1 if it has none
	fields  []string
	slots   []int // of fields, in Scratch.found
	clauses []Clause

	timestamp, tiebreaker int // columns; the tiebreaker's is -1 if there is none
	needs                 []event.Need
	needClause            int // that needs come from, -1 if there are none
}

// filter is a compiled "category where condition".
type filter struct {
	inCategory func(*Scratch) bool
	holds      func(*Scratch) bool
	category   *leaf   // nil for "any"
	leaves     []*leaf // all hold whenever the filter does
	gate       gate
	outline    outline // of the condition
	sides      []side  // all hold whenever the filter does
}

// Clause is one of the terms that "and" joins at the top of an event query's
// condition; all hold when the condition does.
type Clause struct {
	Expr    eql.Expr // for its text and its place in the source
	holds   func(*Scratch) bool
	outline outline
	fields  []string
	slots   []int // of fields
}

// Holds reports whether the clause is true of the loaded event.
func (c *Clause) Holds(s *Scratch) bool { return c.holds(s) }

// Compile makes a program of a checked query, in a set of its own.
func Compile(q eql.Query, o Options) (*Program, error) { return NewSet().Compile(q, o) }

// Compile makes a program of a checked query. It fails with an *Error when Elasticsearch
// would refuse the query for what only its values show: a block of addresses or a
// regular expression that is none.
func (t *Set) Compile(q eql.Query, o Options) (*Program, error) {
	if o.CategoryField == "" {
		o.CategoryField = "event.category"
	}
	if o.TimestampField == "" {
		o.TimestampField = "@timestamp"
	}
	if o.Types == nil {
		o.Types = event.TypeOf
	}
	if o.Path == nil {
		o.Path = func(field string) string { return field }
	}
	if o.Dates == nil {
		o.Dates = func(string) *event.DateFormat { return nil }
	}
	if o.Nulls == nil {
		o.Nulls = func(string) *fastjson.Value { return nil }
	}
	c := &compiler{set: t, options: o, fields: make(map[string]struct{})}
	p := &Program{query: q, options: o, set: t, until: -1, needClause: -1}
	var err error
	switch q := q.(type) {
	case *eql.EventQuery:
		err = c.eventQuery(p, q, o)
	case *eql.Sequence:
		err = c.sequence(p, q, o)
	case *eql.Sample:
		err = c.joined(p, q.By, q.Terms, o)
	default:
		err = fmt.Errorf("cannot run a query of type %T", q)
	}
	if err != nil {
		return nil, err
	}
	p.fields = slices.Sorted(maps.Keys(c.fields))
	for _, name := range p.fields {
		p.slots = append(p.slots, t.finder.Add(o.Path(name)))
	}
	p.timestamp = t.column(c.columnOf(o.TimestampField, timeType(o)))
	if p.tiebreaker = -1; o.TiebreakerField != "" {
		p.tiebreaker = c.column(o.TiebreakerField)
	}
	p.number = len(t.programs)
	t.programs = append(t.programs, p)
	return p, nil
}

// timeType returns the type that the timestamp is read as: a date, whatever it is mapped as.
func timeType(o Options) event.Type {
	if t, _ := o.Types(o.TimestampField); t == event.DateNanos {
		return t
	}
	return event.Date
}

func (c *compiler) eventQuery(p *Program, q *eql.EventQuery, o Options) error {
	f, clauses, err := c.filter(&q.Filter, o)
	p.terms = []term{{filter: f, runs: 1}}
	if o.MatchesOnly {
		return err
	}
	p.needs = needer{types: o.Types, nulls: o.Nulls}.of(q.Filter.Cond)
	if err != nil {
		return err
	}
	terms := operands(q.Filter.Cond, eql.And)
	p.needClause = needer{types: o.Types, nulls: o.Nulls}.clause(terms)
	for i, e := range terms {
		clause := Clause{Expr: e, holds: clauses[i].test}
		clause.fields, clause.slots = c.slotsOf(e)
		if clause.outline, err = c.outline(e, true); err != nil {
			return err
		}
		p.clauses = append(p.clauses, clause)
	}
	return nil
}

func (c *compiler) sequence(p *Program, q *eql.Sequence, o Options) error {
	if err := c.joined(p, q.By, q.Terms, o); err != nil || q.Until == nil {
		return err
	}
	p.until = len(p.terms)
	return c.joined(p, q.By, []eql.Term{*q.Until}, o)
}

// joined compiles terms with the join keys that they have in common.
func (c *compiler) joined(p *Program, by []*eql.Field, terms []eql.Term, o Options) error {
	for i := range terms {
		t := &terms[i]
		f, _, err := c.filter(&t.Filter, o)
		if err != nil {
			return err
		}
		out := term{filter: f, runs: max(t.Runs, 1), missing: t.Missing}
		for _, field := range slices.Concat(by, t.By) {
			out.keys = append(out.keys, joinKey{c.column(field.Name), field.Optional})
		}
		p.terms = append(p.terms, out)
	}
	return nil
}

// filter compiles a filter, and returns the operands of the "and" at its top.
func (c *compiler) filter(f *eql.Filter, o Options) (filter, []cond, error) {
	out := filter{inCategory: func(*Scratch) bool { return true }}
	var sides []cond
	for _, e := range operands(f.Cond, eql.And) {
		side, err := c.cond(e, true)
		if err != nil {
			return out, nil, err
		}
		sides = append(sides, side)
		if side.leaf != nil {
			out.leaves = append(out.leaves, side.leaf)
		}
		out.sides = append(out.sides, c.side(e, side))
	}
	out.holds = c.join(sides, true).test
	out.gate, _ = c.gate(f.Cond, true)
	var err error
	if !o.MatchesOnly {
		out.outline, err = c.outline(f.Cond, true)
	}
	if err != nil || f.Any {
		return out, sides, err
	}
	field, literal := &eql.Field{Name: o.CategoryField}, &eql.String{Value: f.Category}
	isCategory := &eql.Binary{Op: eql.Eq, X: field, Y: literal}
	category, err := c.leaf(isCategory, true)
	if err != nil {
		return out, nil, err
	}
	out.sides = append(out.sides, c.side(isCategory, category))
	out.inCategory, out.category = category.test, category.leaf
	out.leaves = append(out.leaves, category.leaf)
	return out, sides, nil
}

// Set returns the set that the program belongs to, for Scratch.Load.
func (p *Program) Set() *Set { return p.set }

// Query returns the query that the program was compiled from.
func (p *Program) Query() eql.Query { return p.query }

// Match reports whether an event query matches the event. It loads the event.
func (p *Program) Match(e *event.Event, s *Scratch) bool {
	s.Load(p.set, e)
	return p.Matches(s)
}

// Matches reports whether an event query matches the loaded event, or for a sequence or
// sample whether the event matches any term.
func (p *Program) Matches(s *Scratch) bool {
	for i := range p.terms {
		if p.terms[i].inCategory(s) && p.terms[i].holds(s) {
			return true
		}
	}
	return false
}

// InCategory reports whether the event is in the category of the query, or of any of
// its terms ("any" takes all). It loads the event.
func (p *Program) InCategory(e *event.Event, s *Scratch) bool {
	s.Load(p.set, e)
	return p.Category(s)
}

// Category is InCategory for the loaded event.
func (p *Program) Category(s *Scratch) bool {
	for i := range p.terms {
		if p.terms[i].inCategory(s) {
			return true
		}
	}
	return false
}

// Fields returns the names of the fields the query reads, sorted; the category field
// is among them unless the category is "any".
func (p *Program) Fields() []string { return p.fields }

// Has reports whether the loaded event has a value for a field, by its index in Fields.
func (p *Program) Has(s *Scratch, field int) bool { return len(s.found.Values(p.slots[field])) > 0 }

// Clauses returns the terms that "and" joins at the top of an event query's condition,
// in the order of the source.
func (p *Program) Clauses() []Clause { return p.clauses }
