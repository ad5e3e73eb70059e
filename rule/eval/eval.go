// Package eval is the back end of EQL: it compiles a checked tree to closures over
// three-valued logic and runs them on events. Compile is the way in. A Program is
// immutable and shared by all workers; each worker has a Scratch of its own.
package eval

import (
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
}

// Program is a compiled query.
type Program struct {
	query eql.Query
}

// Scratch is what one worker needs to run programs; it must not be shared.
type Scratch struct{}

// NewScratch returns a Scratch for any program.
func NewScratch() *Scratch { return &Scratch{} }

// Compile makes a program of a checked query.
func Compile(q eql.Query, o Options) (*Program, error) { return &Program{query: q}, nil }

// Match reports whether an event query matches the event.
func (p *Program) Match(e *event.Event, s *Scratch) bool { return false }

// InCategory reports whether the event is in the query's category ("any" takes all).
func (p *Program) InCategory(e *event.Event, s *Scratch) bool { return false }

// Fields returns the names of the fields the query reads, sorted.
func (p *Program) Fields() []string { return nil }
