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
	r.Program, err = eval.Compile(q, eval.Options{
		CategoryField:   r.EventCategoryOverride,
		TimestampField:  r.TimestampField,
		TiebreakerField: r.TiebreakerField,
	})
	if err != nil {
		p.query(r.Query, err)
	}
}

// query notes what is wrong with the query, at its place in the file.
func (p *parser) query(query string, err error) {
	problem := p.fail("query", "query: "+err.Error(), "")
	var at *eql.Error
	if !errors.As(err, &at) {
		return
	}
	problem.Message, problem.Hint = "query: "+at.Msg, at.Hint
	if offset, ok := queryOffset(p.data, query, at.Span.Start); ok {
		problem.at(p.data, offset)
		problem.width = utf8.RuneCountInString(query[at.Span.Start:at.Span.End])
	}
}
