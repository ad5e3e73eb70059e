package eval

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"

	"kscan/readers/event"
	"kscan/rule/eql"
)

// function computes a call. Arguments are never null unless the function is called
// with nulls; the result is null where the arguments have the wrong type.
type function struct {
	run   func(s *Scratch, args []event.Value, fold bool) event.Value
	nulls bool // run takes null arguments; otherwise a null argument makes the call null
}

// functionOf returns the function of a name in its documented spelling.
func functionOf(name string) (function, bool) {
	switch name {
	case "add", "subtract", "multiply", "divide", "modulo":
		op := map[string]eql.Op{"add": eql.Add, "subtract": eql.Sub, "multiply": eql.Mul, "divide": eql.Div, "modulo": eql.Mod}[name]
		return function{run: func(_ *Scratch, args []event.Value, _ bool) event.Value {
			return arithmetic(op, &args[0], &args[1])
		}}, true
	case "between":
		return function{run: between}, true
	case "concat":
		return function{run: concat}, true
	case "endsWith":
		return function{run: affix(bytes.HasSuffix)}, true
	case "startsWith":
		return function{run: affix(bytes.HasPrefix)}, true
	case "stringContains":
		return function{run: affix(func(s, part []byte) bool {
			return len(s) > 0 && len(part) > 0 && bytes.Contains(s, part)
		})}, true
	case "indexOf":
		return function{run: indexOf, nulls: true}, true
	case "length":
		return function{run: length}, true
	case "number":
		return function{run: number, nulls: true}, true
	case "string":
		return function{run: toString}, true
	case "substring":
		return function{run: substring, nulls: true}, true
	}
	return function{}, false
}

func (c *compiler) call(e *eql.Call) (expr, error) {
	if e.Func == "cidrMatch" {
		return c.cidrValue(e)
	}
	f, ok := functionOf(e.Func)
	if !ok {
		return nil, refuse(e, fmt.Sprintf("unknown function %q", e.Func))
	}
	if low, high := arity(e.Func); len(e.Args) < low || len(e.Args) > high {
		return nil, refuse(e, fmt.Sprintf("%s does not take %d arguments", e.Func, len(e.Args)))
	}
	var args []expr
	for _, arg := range e.Args {
		x, err := c.value(arg)
		if err != nil {
			return nil, err
		}
		args = append(args, x)
	}
	return func(s *Scratch) event.Value {
		base := len(s.stack)
		for _, arg := range args {
			v := arg(s)
			if v.Type == event.Unknown && !f.nulls {
				s.stack = s.stack[:base]
				return v
			}
			s.stack = append(s.stack, v)
		}
		v := f.run(s, s.stack[base:], e.Fold)
		s.stack = s.stack[:base]
		return v
	}, nil
}

// arity returns the least and the greatest number of arguments.
func arity(name string) (low, high int) {
	switch name {
	case "between":
		return 3, 4
	case "concat":
		return 1, math.MaxInt
	case "indexOf", "substring":
		return 2, 3
	case "length", "string":
		return 1, 1
	case "number":
		return 1, 2
	}
	return 2, 2
}

func (c *compiler) cidrValue(e *eql.Call) (expr, error) {
	if len(e.Args) < 2 {
		return nil, refuse(e, "a block of addresses must be a literal string")
	}
	x, err := c.value(e.Args[0])
	if err != nil {
		return nil, err
	}
	b, err := c.blocks(e)
	return func(s *Scratch) event.Value {
		v := x(s)
		if v.Type == event.Unknown {
			return v
		}
		return boolValue(b.hasValue(&v))
	}, err
}

// textOf returns the text of a value that a text function takes.
func (s *Scratch) textOf(v *event.Value) ([]byte, bool) {
	switch v.Type {
	case event.Keyword, event.Version:
		return v.Text, true
	case event.IP, event.Date, event.DateNanos:
		return s.keep(func(dst []byte) []byte { return appendText(dst, v) }), true
	}
	return nil, false
}

// keep returns the text that write appends, valid until the next Load.
func (s *Scratch) keep(write func([]byte) []byte) []byte {
	n := len(s.arena)
	s.arena = write(s.arena)
	return s.arena[n:len(s.arena):len(s.arena)]
}

func (s *Scratch) lower(text []byte) []byte {
	return s.keep(func(dst []byte) []byte { return appendLower(dst, text) })
}

// texts returns the texts of two arguments, in lower case for the ~ functions.
func (s *Scratch) texts(args []event.Value, fold bool) (a, b []byte, ok bool) {
	a, okA := s.textOf(&args[0])
	b, okB := s.textOf(&args[1])
	if fold && okA && okB {
		a, b = s.lower(a), s.lower(b)
	}
	return a, b, okA && okB
}

func textValue(text []byte) event.Value { return event.Value{Type: event.Keyword, Text: text} }

func affix(has func(s, part []byte) bool) func(*Scratch, []event.Value, bool) event.Value {
	return func(s *Scratch, args []event.Value, fold bool) event.Value {
		text, part, ok := s.texts(args, fold)
		if !ok {
			return event.Value{}
		}
		return boolValue(has(text, part))
	}
}

// between returns what lies between left and the next right, or with greedy the last
// right; "" if either is not there.
func between(s *Scratch, args []event.Value, fold bool) event.Value {
	text, ok := s.textOf(&args[0])
	left, okLeft := s.textOf(&args[1])
	right, okRight := s.textOf(&args[2])
	greedy := len(args) > 3 && args[3].Int != 0
	if !ok || !okLeft || !okRight || len(args) > 3 && args[3].Type != event.Boolean {
		return event.Value{}
	}
	if len(text) == 0 || len(left) == 0 || len(right) == 0 {
		return textValue(text)
	}
	in := text
	if fold {
		in, left, right = s.lower(text), s.lower(left), s.lower(right)
	}
	start := bytes.Index(in, left)
	if start < 0 {
		return textValue(nil)
	}
	start += len(left)
	end := bytes.Index(in[start:], right)
	if greedy {
		end = bytes.LastIndex(in[start:], right)
	}
	if end < 0 {
		return textValue(nil)
	}
	if len(in) != len(text) { // lower case has other lengths: count in characters
		from := units(in[:start])
		return textValue(s.slice(text, from, min(from+units(in[start:start+end]), units(text))))
	}
	return textValue(text[start : start+end])
}

func concat(s *Scratch, args []event.Value, _ bool) event.Value {
	return textValue(s.keep(func(dst []byte) []byte {
		for i := range args {
			dst = appendText(dst, &args[i])
		}
		return dst
	}))
}

func toString(s *Scratch, args []event.Value, _ bool) event.Value {
	return textValue(s.keep(func(dst []byte) []byte { return appendText(dst, &args[0]) }))
}

func length(s *Scratch, args []event.Value, _ bool) event.Value {
	text, ok := s.textOf(&args[0])
	if !ok {
		return event.Value{}
	}
	return event.Value{Type: event.Long, Int: int64(units(text))}
}

// position returns an optional integer argument: missing or null is otherwise.
func position(args []event.Value, i int, otherwise int64) (int64, bool) {
	if i >= len(args) || args[i].Type == event.Unknown {
		return otherwise, true
	}
	switch args[i].Type {
	case event.Long:
		return args[i].Int, true
	case event.Double:
		return int64(args[i].Float), true
	}
	return 0, false
}

// indexOf returns where the part starts, in UTF-16 units from 0; null if it is not there.
func indexOf(s *Scratch, args []event.Value, fold bool) event.Value {
	text, part, ok := s.texts(args, fold)
	start, okStart := position(args, 2, 0)
	if !ok || !okStart {
		return event.Value{}
	}
	from, _ := offsetOf(text, int(min(max(start, 0), int64(len(text)))))
	at := bytes.Index(text[from:], part)
	if at < 0 {
		return event.Value{}
	}
	return event.Value{Type: event.Long, Int: int64(units(text[:from+at]))}
}

// substring is Python's slice: negative positions count from the end, and what is
// outside the text is cut to it.
func substring(s *Scratch, args []event.Value, _ bool) event.Value {
	text, ok := s.textOf(&args[0])
	n := int64(units(text))
	start, okStart := position(args, 1, 0)
	end, okEnd := position(args, 2, n)
	if !ok || !okStart || !okEnd {
		return event.Value{}
	}
	if args[1].Type == event.Unknown { // a null start gives the whole text, whatever the end
		return textValue(text)
	}
	start, end = inside(start, n), inside(end, n)
	if start >= end {
		return textValue(nil)
	}
	return textValue(s.slice(text, int(start), int(end)))
}

func inside(position, n int64) int64 {
	if position < 0 {
		position += n
	}
	return min(max(position, 0), n)
}

// number reads a text as an integer of a base (16 after "0x"), or as a decimal number.
func number(s *Scratch, args []event.Value, _ bool) event.Value {
	if args[0].Type != event.Keyword {
		return event.Value{}
	}
	text := string(args[0].Text)
	base, ok := position(args, 1, 0)
	if !ok || base < 0 || base == 1 || base > 36 {
		return event.Value{}
	}
	if (base == 0 || base == 16) && strings.HasPrefix(text, "0x") {
		base, text = 16, text[2:]
	}
	if base != 0 && base != 10 {
		n, err := strconv.ParseInt(text, int(base), 64)
		if err != nil {
			return event.Value{}
		}
		return event.Value{Type: event.Long, Int: n}
	}
	var v event.Value
	if !setNumber(&v, []byte(text)) {
		return event.Value{}
	}
	return v
}
