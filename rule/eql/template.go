package eql

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Template is an event query with parameters: "{{process.pid}}" stands where a literal
// may, for the values that some other event has in that field. "{{?process.pid}}" may do
// without one: a test with it is then false, as is one of a field that is missing.
//
// Bind puts literals in the places of the parameters, in the tree. Values never pass
// through the text of a query.
type Template struct {
	src    string
	query  *EventQuery
	params map[int]Param // by the offset at which they start
	with   map[Expr]bool // the expressions that a parameter stands in
	list   []Param
}

// Param is a parameter of a template.
type Param struct {
	Name     string // the field
	Optional bool
	At       Span // of its first use
}

// maxTemplate is how many bytes a template may have: binding walks its tree by recursion.
const maxTemplate = 64 << 10

// maxVariants is how many copies of a test binding makes for the values of parameters
// that no list can hold.
const maxVariants = 64

var parameter = regexp.MustCompile(`^\{\{\s*(\??)([A-Za-z_@][\w@-]*(?:\.[\w@-]+)*)\s*\}\}`)

// ParseTemplate returns the template that src is. The error is an *Error.
func ParseTemplate(src string) (*Template, error) {
	t := &Template{src: src, params: map[int]Param{}, with: map[Expr]bool{}}
	if len(src) > maxTemplate {
		return nil, &Error{Msg: fmt.Sprintf("the query has %d bytes, more than %d", len(src), maxTemplate), src: src}
	}
	plain, err := t.cut()
	if err != nil {
		return nil, err
	}
	p, err := newParser(plain)
	if err != nil {
		return nil, err
	}
	var q Query
	if err := p.run(func() { q = p.query() }); err != nil {
		return nil, t.located(err)
	}
	var ok bool
	if t.query, ok = q.(*EventQuery); !ok {
		return nil, t.fault(q.Span(), "write CATEGORY where …", "only a query of single events can have parameters")
	}
	if len(t.query.Pipes) > 0 {
		return nil, t.fault(t.query.Pipes[0].At, "", "a query with parameters has no pipes")
	}
	t.mark(t.query.Filter.Cond)
	if err := t.places(t.query.Filter.Cond); err != nil {
		return nil, err
	}
	return t, nil
}

// located puts the text with the parameters into an error of the text without them; the
// places are the same.
func (t *Template) located(err error) error {
	if e, ok := err.(*Error); ok {
		e.src = t.src
	}
	return err
}

func (t *Template) fault(at Span, hint, format string, args ...any) *Error {
	return &Error{Span: at, Hint: hint, Msg: fmt.Sprintf(format, args...), src: t.src}
}

// cut finds the parameters and returns the text with a string literal of the same length
// for each, so that places stay what they are.
func (t *Template) cut() (string, error) {
	var b strings.Builder
	for i := 0; i < len(t.src); {
		n := skipped(t.src[i:])
		if n == 0 && strings.HasPrefix(t.src[i:], "{{") {
			m := parameter.FindStringSubmatch(t.src[i:])
			if m == nil {
				return "", t.fault(Span{i, i + 2}, "write {{process.pid}}, or {{?process.pid}} if it may be missing", "no parameter")
			}
			n = len(m[0])
			t.add(Param{Name: m[2], Optional: m[1] != "", At: Span{i, i + n}})
			b.WriteString(`"` + strings.Repeat(" ", n-2) + `"`)
			i += n
			continue
		}
		n = max(n, 1)
		if at := strings.Index(t.src[i:i+n], "{{"); at >= 0 && t.src[i] == '"' {
			return "", t.fault(Span{i + at, i + at + 2}, "leave out the quotes: a parameter is a whole value", "a parameter cannot stand inside a string")
		}
		b.WriteString(t.src[i : i+n])
		i += n
	}
	return b.String(), nil
}

func (t *Template) add(p Param) {
	t.params[p.At.Start] = p
	for i := range t.list {
		if t.list[i].Name == p.Name {
			t.list[i].Optional = t.list[i].Optional && p.Optional
			return
		}
	}
	t.list = append(t.list, p)
}

// skipped returns the length of the string or comment that s starts with, 0 if with none.
func skipped(s string) int {
	end := func(open, close string) int {
		if i := strings.Index(s[len(open):], close); i >= 0 {
			return len(open) + i + len(close)
		}
		return len(s)
	}
	switch {
	case strings.HasPrefix(s, `"""`):
		return end(`"""`, `"""`)
	case strings.HasPrefix(s, "//"):
		return end("//", "\n")
	case strings.HasPrefix(s, "/*"):
		return end("/*", "*/")
	case strings.HasPrefix(s, `"`):
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
		return len(s)
	}
	return 0
}

// places refuses parameters where no value can be bound: patterns would read "*" in a
// value as more than itself.
func (t *Template) places(e Expr) error {
	switch e := e.(type) {
	case *Unary:
		if p, ok := t.param(e.X); ok {
			return t.fault(p.At, "compare it with a field", "a parameter is no condition")
		}
		return t.places(e.X)
	case *Binary:
		for _, x := range []Expr{e.X, e.Y} {
			if p, ok := t.param(x); ok && (binaryPrecedence[e.Op] != precCompare || t.has(e.X) && t.has(e.Y)) {
				return t.fault(p.At, "compare it with a field", "a parameter cannot stand here")
			}
			if err := t.places(x); err != nil {
				return err
			}
		}
	case *Match:
		for _, x := range append([]Expr{e.X}, e.Patterns...) {
			if p, ok := t.param(x); ok {
				return t.fault(p.At, `write "==", startsWith(FIELD, {{…}}) or stringContains(FIELD, {{…}})`,
					"a parameter cannot be a pattern: the value may hold wildcards")
			}
		}
	}
	if p, ok := t.param(e); ok && e == t.query.Filter.Cond {
		return t.fault(p.At, "compare it with a field", "a parameter is no condition")
	}
	return nil
}

func (t *Template) param(e Expr) (Param, bool) {
	s, ok := e.(*String)
	if !ok {
		return Param{}, false
	}
	p, ok := t.params[s.At.Start]
	return p, ok
}

// has reports whether a parameter stands in e.
func (t *Template) has(e Expr) bool { return t.with[e] }

// mark notes in which expressions parameters stand.
func (t *Template) mark(e Expr) (has bool) {
	_, has = t.param(e)
	for _, x := range operandsOf(e) {
		has = t.mark(x) || has
	}
	if has {
		t.with[e] = true
	}
	return has
}

func (t *Template) paramsOf(e Expr, found []Param) []Param {
	if p, ok := t.param(e); ok {
		return append(found, p)
	}
	for _, x := range operandsOf(e) {
		found = t.paramsOf(x, found)
	}
	return found
}

func operandsOf(e Expr) []Expr {
	switch e := e.(type) {
	case *Unary:
		return []Expr{e.X}
	case *Binary:
		return []Expr{e.X, e.Y}
	case *In:
		return append([]Expr{e.X}, e.List...)
	case *Match:
		return append([]Expr{e.X}, e.Patterns...)
	case *Call:
		return e.Args
	}
	return nil
}

// Params returns the parameters, each once, in the order of their first use.
func (t *Template) Params() []Param { return slices.Clone(t.list) }

// Source returns the text.
func (t *Template) Source() string { return t.src }

// Category returns the category of the query; any is set if it has none.
func (t *Template) Category() (category string, any bool) {
	return t.query.Filter.Category, t.query.Filter.Any
}

// Bind returns the query with values, which are literals, in the places of the
// parameters. Of several values any may be equal.
func (t *Template) Bind(values map[string][]Expr) *EventQuery {
	return t.bound(&binder{template: t, values: values})
}

// Widen returns a query that matches whatever any Bind to some of the values matches, and
// may match more.
func (t *Template) Widen(values map[string][]Expr) *EventQuery {
	return t.bound(&binder{template: t, values: values, widen: true})
}

func (t *Template) bound(b *binder) *EventQuery {
	q := *t.query
	q.Filter.Cond = b.condition(q.Filter.Cond, true)
	return &q
}

// Check returns the faults of the query with these values, as the function Check does.
func (t *Template) Check(values map[string][]Expr, types Types) []*Error {
	return Check(t.src, t.Bind(values), types)
}
