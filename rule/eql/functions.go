package eql

import (
	"fmt"
	"strings"
)

// want is what a parameter of a function takes.
type want uint8

const (
	wantAny want = iota
	wantString
	wantNumber
	wantInteger
	wantBoolean
	wantIP
	wantBlock // a constant string: an address or a CIDR block
)

// function is one of the functions that Elasticsearch has.
type function struct {
	name     string // the documented spelling
	fold     bool   // may be called with ~
	params   []want
	required int  // how many of params an argument is needed for
	variadic bool // the last parameter repeats
	result   Kind
}

// functions are all of them, by name.
var functions = []function{
	{name: "add", params: []want{wantNumber, wantNumber}, required: 2, result: KindNumber},
	{name: "between", fold: true, params: []want{wantString, wantString, wantString, wantBoolean}, required: 3, result: KindString},
	{name: "cidrMatch", params: []want{wantIP, wantBlock}, required: 2, variadic: true, result: KindBoolean},
	{name: "concat", params: []want{wantAny}, required: 1, variadic: true, result: KindString},
	{name: "divide", params: []want{wantNumber, wantNumber}, required: 2, result: KindNumber},
	{name: "endsWith", fold: true, params: []want{wantString, wantString}, required: 2, result: KindBoolean},
	{name: "indexOf", fold: true, params: []want{wantString, wantString, wantInteger}, required: 2, result: KindLong},
	{name: "length", params: []want{wantString}, required: 1, result: KindLong},
	{name: "modulo", params: []want{wantNumber, wantNumber}, required: 2, result: KindNumber},
	{name: "multiply", params: []want{wantNumber, wantNumber}, required: 2, result: KindNumber},
	{name: "number", params: []want{wantString, wantInteger}, required: 1, result: KindNumber},
	{name: "startsWith", fold: true, params: []want{wantString, wantString}, required: 2, result: KindBoolean},
	{name: "string", params: []want{wantAny}, required: 1, result: KindString},
	{name: "stringContains", fold: true, params: []want{wantString, wantString}, required: 2, result: KindBoolean},
	{name: "substring", params: []want{wantString, wantInteger, wantInteger}, required: 2, result: KindString},
	{name: "subtract", params: []want{wantNumber, wantNumber}, required: 2, result: KindNumber},
}

// foreignFunctions are functions of python-eql that Elasticsearch does not have, in
// lower case, with what to write instead.
var foreignFunctions = map[string]string{
	"arraycontains": `compare the field itself: a comparison holds if it does for any element`,
	"arraysearch":   `compare the field itself: a comparison holds if it does for any element`,
	"arraycount":    "Elasticsearch cannot count the elements of a field",
	"match":         `write FIELD regex "…"`,
	"matchlite":     `write FIELD regex "…"`,
	"wildcard":      `write FIELD : "…" or FIELD like "…"`,
	"safe":          "no guard is needed: what cannot be computed is null",
}

// functionOf returns the function of that name; case does not matter.
func functionOf(name string) (*function, bool) {
	for i := range functions {
		if strings.EqualFold(functions[i].name, name) {
			return &functions[i], true
		}
	}
	return nil, false
}

// IsCondition reports whether the function of that name has a boolean result.
func IsCondition(name string) bool {
	f, ok := functionOf(name)
	return ok && f.result == KindBoolean
}

func functionNames() []string {
	names := make([]string, len(functions))
	for i := range functions {
		names[i] = functions[i].name
	}
	return names
}

// unknownFunctionHint says what to write instead of a function that does not exist.
func unknownFunctionHint(name string) string {
	if hint, ok := foreignFunctions[strings.ToLower(name)]; ok {
		return hint
	}
	return didYouMean(name, functionNames())
}

// takes reports whether the function can be called with n arguments.
func (f *function) takes(n int) bool {
	return n >= f.required && (f.variadic || n <= len(f.params))
}

// arity says in words how many arguments the function takes.
func (f *function) arity() string {
	switch {
	case f.variadic:
		return "at least " + plural(f.required, "argument")
	case f.required < len(f.params):
		return fmt.Sprintf("%d or %d arguments", f.required, len(f.params))
	}
	return plural(f.required, "argument")
}

// param returns what argument i must be.
func (f *function) param(i int) want {
	return f.params[min(i, len(f.params)-1)]
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
