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

func refuse(e eql.Expr, message string) error {
	return &Error{At: e.Span(), Err: errors.New(message)}
}
