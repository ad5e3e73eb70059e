package rule

import (
	"errors"
	"strings"
	"unicode/utf8"

	"kscan/readers/event"
	"kscan/rule/eql"
	"kscan/rule/eval"
)

// compile parses, checks and compiles the query.
func (p *parser) compile(r *Rule) {
	if strings.TrimSpace(r.Query) == "" {
		p.fail("query", "the rule has no query", "")
		return
	}
	q, err := eql.Parse(r.Query)
	if err != nil {
		p.query(r.Query, err)
		return
	}
	if !p.types(r.Query, q) {
		return
	}
	r.Program, err = p.set.Compile(q, eval.Options{
		CategoryField:   r.EventCategoryOverride,
		TimestampField:  r.TimestampField,
		TiebreakerField: r.TiebreakerField,
	})
	var refused *eval.Error
	switch {
	case errors.As(err, &refused):
		p.at(r.Query, refused.At, refused.Error(), "")
	case err != nil:
		p.fail("query", "query: "+err.Error(), "")
	}
}

// fieldKind gives the checks of a query the type of a field.
func fieldKind(field string) (eql.Kind, bool) {
	t, known := event.TypeOf(field)
	return eql.KindOf(t.String()), known
}

// certainKind is fieldKind for the fields that ECS defines, whose types are certain.
func certainKind(field string) (eql.Kind, bool) {
	if !event.InECS(field) {
		return eql.Kind(0), false
	}
	return fieldKind(field)
}

// types notes where the query does not fit the types of its fields. It reports whether
// Elasticsearch would take it: a fault that hangs on the type of a field outside ECS, which
// the rule's index may map otherwise, is a warning.
func (p *parser) types(query string, q eql.Query) bool {
	certain := map[eql.Span]bool{}
	for _, fault := range eql.Check(query, q, certainKind) {
		certain[fault.Span] = !fault.Warning
	}
	accepted := true
	for _, fault := range eql.Check(query, q, fieldKind) {
		problem := p.at(query, fault.Span, fault.Msg, fault.Hint)
		problem.Warning = fault.Warning || !certain[fault.Span]
		accepted = accepted && problem.Warning
	}
	return accepted
}

// query notes what is wrong with the query, at its place in the file.
func (p *parser) query(query string, err error) {
	var e *eql.Error
	if errors.As(err, &e) {
		p.at(query, e.Span, e.Msg, e.Hint)
		return
	}
	p.fail("query", "query: "+err.Error(), "")
}

// at notes a fault of a part of the query.
func (p *parser) at(query string, span eql.Span, message, hint string) *Problem {
	problem := p.fail("query", "query: "+message, hint)
	if offset, ok := queryOffset(p.data, query, span.Start); ok {
		problem.at(p.data, offset)
		problem.width = utf8.RuneCountInString(query[span.Start:span.End])
	}
	return problem
}
