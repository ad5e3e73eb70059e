package rule

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"kscan/readers/event"
	"kscan/rule/eql"
)

// categories are the values that ECS allows in event.category.
var categories = []string{
	"api", "authentication", "configuration", "database", "driver", "email", "file", "host", "iam",
	"intrusion_detection", "library", "malware", "network", "package", "process", "registry", "session",
	"threat", "vulnerability", "web",
}

// tableKeys returns the keys of [rule] that kscan uses.
func tableKeys() (keys []string) {
	t := reflect.TypeFor[table]()
	for i := range t.NumField() {
		keys = append(keys, t.Field(i).Tag.Get("toml"))
	}
	return keys
}

// words warns of fields and categories in the query that are not known. An integration has
// fields of its own, below its name.
func (p *linter) words(t *table, integrations []string) {
	q, err := eql.Parse(t.Query)
	if err != nil {
		return // parse says so
	}
	w := words{query: t.Query, ownCategory: t.Category != "", told: map[string]bool{}}
	w.known = func(field string) bool {
		group, _, _ := strings.Cut(field, ".")
		return slices.Contains(integrations, group)
	}
	w.warn = func(span eql.Span, message, hint string) { p.at(t.Query, span, message, hint).Warning = true }
	switch q := q.(type) {
	case *eql.EventQuery:
		w.filter(&q.Filter)
	case *eql.Sequence:
		w.terms(q.By, q.Terms)
		if q.Until != nil {
			w.terms(nil, []eql.Term{*q.Until})
		}
	case *eql.Sample:
		w.terms(q.By, q.Terms)
	}
}

// words walks a query and warns once of each name that is not known.
type words struct {
	query       string
	warn        func(at eql.Span, message, hint string)
	known       func(field string) bool // fields besides those of event.TypeOf; nil for none
	ownCategory bool                    // the rule names the field that holds categories
	told        map[string]bool
}

func (w *words) warnAt(span eql.Span, hint, format string, args ...any) {
	w.warn(span, fmt.Sprintf(format, args...), hint)
}

func (w *words) terms(by []*eql.Field, terms []eql.Term) {
	for _, key := range by {
		w.field(key)
	}
	for i := range terms {
		w.filter(&terms[i].Filter)
		for _, key := range terms[i].By {
			w.field(key)
		}
	}
}

func (w *words) filter(f *eql.Filter) {
	if !f.Any && !w.ownCategory {
		w.category(f)
	}
	w.exprs(f.Cond)
}

func (w *words) category(f *eql.Filter) {
	if slices.Contains(categories, f.Category) || w.told["\x00"+f.Category] {
		return
	}
	w.told["\x00"+f.Category] = true
	hint := ""
	if name, ok := eql.Nearest(f.Category, categories); ok {
		hint = fmt.Sprintf("did you mean %q?", name)
	}
	// The category stands at the start of the filter, in quotes or not.
	length := len(f.Category)
	if !strings.HasPrefix(w.query[f.At.Start:], f.Category) {
		length = 1
	}
	w.warnAt(eql.Span{Start: f.At.Start, End: f.At.Start + length}, hint, "%q is no category of ECS", f.Category)
}

// exprs walks expressions in the order of the source with a stack of its own: chains of
// operators are as long as a query may be.
func (w *words) exprs(root eql.Expr) {
	stack := []eql.Expr{root}
	for len(stack) > 0 {
		e := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if f, ok := e.(*eql.Field); ok {
			w.field(f)
			continue
		}
		parts := operands(e)
		for i := len(parts) - 1; i >= 0; i-- {
			stack = append(stack, parts[i])
		}
	}
}

// operands returns the expressions that one is made of.
func operands(e eql.Expr) []eql.Expr {
	switch e := e.(type) {
	case *eql.Unary:
		return []eql.Expr{e.X}
	case *eql.Binary:
		return []eql.Expr{e.X, e.Y}
	case *eql.In:
		return []eql.Expr{e.X}
	case *eql.Match:
		return []eql.Expr{e.X}
	case *eql.Call:
		return e.Args
	}
	return nil
}

// field warns of a field whose type is not known: it may be of an integration, or
// misspelt.
func (w *words) field(f *eql.Field) {
	if _, known := event.TypeOf(f.Name); known || w.told[f.Name] {
		return
	}
	w.told[f.Name] = true
	if w.known == nil || !w.known(f.Name) {
		w.warnAt(f.At, nearField(f.Name), "the field %s is not in ECS", f.Name)
	}
}

// nearField returns a hint with the field that a misspelt one may mean, "" if none is near.
func nearField(name string) string {
	if near, ok := event.Nearest(name); ok {
		return fmt.Sprintf("did you mean %s?", near)
	}
	return ""
}
