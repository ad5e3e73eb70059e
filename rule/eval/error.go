package eval

import (
	"errors"

	"kscan/rule/eql"
)

// Error is why a checked query cannot be compiled, with its place in the source.
type Error struct {
	At  eql.Span
	Err error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

var (
	errPattern = errors.New("a pattern must be a literal")
	errBlock   = errors.New("a block of addresses must be a literal string")
	errNode    = errors.New("this expression cannot be evaluated")
)
