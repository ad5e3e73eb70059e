package rule

import (
	"errors"
	"strings"
	"unicode/utf8"

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
	r.Program, err = p.set.Compile(q, eval.Options{
		CategoryField:   r.EventCategoryOverride,
		TimestampField:  r.TimestampField,
		TiebreakerField: r.TiebreakerField,
	})
	var refused *eval.Error
	switch {
	case errors.As(err, &refused):
		p.at(r.Query, refused.At, refused.Error(), "")
	case err != nil: // the query is right, and of a form that is not run
		r.NotRunnable = form(q) + " do not run yet: kscan runs event queries"
	}
}

// form names the form of a query, in the plural.
func form(q eql.Query) string {
	switch q.(type) {
	case *eql.Sequence:
		return "sequences"
	case *eql.Sample:
		return "samples"
	}
	return "queries of this form"
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
func (p *parser) at(query string, span eql.Span, message, hint string) {
	problem := p.fail("query", "query: "+message, hint)
	if offset, ok := queryOffset(p.data, query, span.Start); ok {
		problem.at(p.data, offset)
		problem.width = utf8.RuneCountInString(query[span.Start:span.End])
	}
}
