package eql

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// maxRuns is the most that Elasticsearch allows for "with runs=".
const maxRuns = 100

func (p *parser) query() Query {
	start := p.tok.span.Start
	switch {
	case p.tok.is("sequence"):
		return p.sequence(start)
	case p.tok.is("sample"):
		return p.sample(start)
	case p.tok.is("join"):
		p.fail(p.tok.span, `write "sample by …" for events in any order`, `"join" is not supported`)
	}
	q := &EventQuery{Filter: p.filter()}
	q.Pipes = p.pipes()
	q.At = p.from(start)
	return q
}

func (p *parser) filter() Filter {
	var f Filter
	start := p.tok.span.Start
	t := p.tok
	switch {
	case t.is("any"):
		f.Any = true
	case t.kind == tokIdent:
		f.Category = t.text
	case t.kind == tokString:
		f.Category = t.value
	case t.kind == tokBackquoted:
		p.fail(t.span, "write it in double quotes", "a category cannot stand in backquotes")
	case t.kind == tokInt:
		p.fail(t.span, "write it in double quotes", "a category that starts with a digit needs quotes")
	default:
		p.unexpected(`a category or "any"`)
	}
	p.advance()
	if !p.tok.is("where") {
		p.noWhere()
	}
	p.advance()
	f.Cond = p.or()
	f.At = p.from(start)
	return f
}

func (p *parser) noWhere() {
	if p.tok.is(".") {
		p.fail(p.tok.span, `a query starts with CATEGORY where; write "any where …" for all categories`, "a category has no dots")
	}
	if p.tok.kind == tokIdent && p.tok.text == "WHERE" || p.tok.kind == tokEOF || p.tok.kind == tokError {
		p.unexpected(`"where"`)
	}
	p.fail(p.tok.span, `write "any where …" for all categories`,
		`unexpected %s: a query starts with CATEGORY where`, p.tok.describe())
}

func (p *parser) sequence(start int) Query {
	p.advance()
	q := &Sequence{By: p.keys()}
	q.MaxSpan, q.HasMaxSpan = p.maxSpan()
	if p.tok.is("by") {
		p.fail(p.tok.span, `write "by" before "with"`, `"by" cannot follow "with maxspan"`)
	}
	if p.tok.is("with") {
		p.fail(p.tok.span, "", "maxspan is given twice")
	}
	q.Terms = p.terms("sequence")
	if p.accept("until") {
		until := p.term("sequence")
		q.Until = &until
	}
	p.checkSequence(start, q)
	q.Pipes = p.pipes()
	q.At = p.from(start)
	return q
}

func (p *parser) checkSequence(start int, q *Sequence) {
	head := Span{start, start + len("sequence")}
	if len(q.Terms) == 1 && q.Terms[0].Runs == 1 {
		p.fail(head, `write a second [ ], or "with runs=2"`, "a sequence needs at least two events")
	}
	p.checkMissing(head, q)
	terms := q.Terms
	if q.Until != nil {
		if q.Until.Missing {
			p.fail(q.Until.At, `write "until […]"`, "the event after until cannot be a missing event")
		}
		if q.Until.Runs > 1 {
			p.fail(q.Until.At, "", "the event after until cannot have runs")
		}
		terms = append(slices.Clip(terms), *q.Until)
	}
	p.checkKeyCounts(terms)
}

// checkMissing checks what "![…]" needs.
func (p *parser) checkMissing(head Span, q *Sequence) {
	i := slices.IndexFunc(q.Terms, func(t Term) bool { return t.Missing })
	if i < 0 {
		return
	}
	if !q.HasMaxSpan {
		p.fail(q.Terms[i].At, `write "sequence with maxspan=…"`, "a sequence with a missing event needs maxspan")
	}
	if !slices.ContainsFunc(q.Terms, func(t Term) bool { return !t.Missing }) {
		p.fail(head, "", "a sequence needs at least one event that is not a missing event")
	}
}

// checkKeyCounts checks that all terms have as many join keys of their own.
func (p *parser) checkKeyCounts(terms []Term) {
	for _, t := range terms[1:] {
		if want := len(terms[0].By); len(t.By) != want {
			p.fail(t.At, "all events of a sequence or sample are joined by the same number of fields",
				"this event has %s where the first has %d", plural(len(t.By), "join key"), want)
		}
	}
}

func (p *parser) sample(start int) Query {
	p.advance()
	q := &Sample{By: p.keys()}
	if p.tok.is("with") {
		p.fail(p.tok.span, `write a sequence for events within a time`, "a sample has no maxspan")
	}
	q.Terms = p.terms("sample")
	if p.tok.is("until") {
		p.fail(p.tok.span, "", `a sample has no "until"`)
	}
	head := Span{start, start + len("sample")}
	if len(q.Terms) == 1 {
		p.fail(head, "", "a sample needs at least two events")
	}
	p.checkKeyCounts(q.Terms)
	if len(q.By)+len(q.Terms[0].By) == 0 {
		p.fail(head, `write "sample by FIELD"`, "a sample needs at least one join key")
	}
	if p.tok.is("|") {
		p.fail(p.tok.span, "", "a sample has no pipes")
	}
	q.At = p.from(start)
	return q
}

func (p *parser) terms(form string) []Term {
	var terms []Term
	for p.tok.is("[") || p.tok.is("![") {
		terms = append(terms, p.term(form))
	}
	if len(terms) == 0 {
		p.unexpected(`"["`)
	}
	return terms
}

// term parses one […] with its keys and options.
func (p *parser) term(form string) Term {
	t := Term{Runs: 1, Missing: p.tok.is("![")}
	start := p.tok.span.Start
	if t.Missing && form == "sample" {
		p.fail(p.tok.span, "", "a sample has no missing events")
	}
	if t.Missing {
		p.advance()
	} else {
		p.expect("[")
	}
	t.Filter = p.filter()
	if !p.tok.is("]") {
		p.unexpected(`"]"`)
	}
	p.advance()
	p.noFork()
	t.By = p.keys()
	if p.tok.is("with") {
		if form == "sample" {
			p.fail(p.tok.span, "", "the events of a sample have no options")
		}
		t.Runs = p.runs()
	}
	if p.tok.is("by") {
		p.fail(p.tok.span, `write "by" before "with"`, `"by" cannot follow "with runs"`)
	}
	p.noFork()
	t.At = p.from(start)
	return t
}

func (p *parser) noFork() {
	if p.tok.kind == tokIdent && p.tok.text == "fork" {
		p.fail(p.tok.span, "", `"fork" is not supported`)
	}
}

// keys parses "by" and the join keys after it, if there are any.
func (p *parser) keys() []*Field {
	if !p.accept("by") {
		return nil
	}
	var keys []*Field
	for {
		e := p.or()
		key, ok := e.(*Field)
		if !ok {
			p.fail(e.Span(), "", "a join key must be a field")
		}
		keys = append(keys, key)
		if !p.accept(",") {
			return keys
		}
	}
}

// runs parses "with runs=N".
func (p *parser) runs() int {
	p.advance()
	p.option("runs")
	t := p.tok
	if t.kind != tokInt {
		p.unexpected("the number of runs")
	}
	n := p.integer()
	if n < 1 || n > maxRuns {
		p.fail(t.span, "", "runs must be between 1 and %d", maxRuns)
	}
	return int(n)
}

// option parses the name of an option and "=".
func (p *parser) option(name string) {
	t := p.tok
	if t.text != name {
		if t.kind == tokIdent || t.kind == tokKeyword {
			p.fail(t.span, fmt.Sprintf("write %q", name), `unknown option "%s"`, snippet(t.text))
		}
		p.unexpected(fmt.Sprintf("%q", name))
	}
	p.advance()
	if p.tok.is("==") {
		p.fail(p.tok.span, `write "="`, "an option is set with one equals sign")
	}
	p.expect("=")
}

// maxSpan parses "with maxspan=N UNIT", if it is there.
func (p *parser) maxSpan() (time.Duration, bool) {
	if !p.accept("with") {
		return 0, false
	}
	p.option("maxspan")
	t := p.tok
	if t.kind == tokFloat {
		p.fail(t.span, "use a whole number of a smaller unit", "maxspan must be a whole number")
	}
	if t.kind != tokInt {
		p.unexpected("a time such as 5m")
	}
	n := p.integer()
	if n == 0 {
		p.fail(t.span, "", "maxspan must be more than 0")
	}
	unit := p.unit(t)
	if n > math.MaxInt64/int64(unit) {
		p.fail(p.from(t.span.Start), "", "maxspan is longer than 292 years")
	}
	return time.Duration(n) * unit, true
}

func (p *parser) unit(number token) time.Duration {
	if p.tok.kind != tokIdent {
		p.fail(number.span, fmt.Sprintf("write %ss for seconds", snippet(number.text)), "maxspan needs a unit")
	}
	for _, u := range maxSpanUnits {
		if u.name == p.tok.text {
			p.advance()
			return u.unit
		}
	}
	p.fail(p.tok.span, "write one of ms, s, m, h, d", `unknown unit "%s"`, snippet(p.tok.text))
	return 0
}
