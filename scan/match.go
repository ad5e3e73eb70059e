package scan

import (
	"slices"
	"strings"
	"time"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/rule"
	"kscan/rule/eval"
)

// unitSink takes the events of one unit: it counts them, runs the rules and keeps copies
// of what matched.
type unitSink struct {
	worker *worker
	res    *result
	values []*fastjson.Value
}

func (s *unitSink) Problem(p event.Problem) { s.res.problem(p) }

func (s *unitSink) Event(e *event.Event) {
	s.res.counts.Events++
	t, dated := e.Time()
	if !s.inRange(t, dated) {
		return
	}
	s.values = s.worker.category.Append(s.values[:0], e)
	s.res.categories.add(s.values)
	var loaded *eval.Set
	for i, r := range s.worker.run.rules {
		if set := r.Program.Set(); set != loaded {
			s.worker.scratch.Load(set, e)
			loaded = set
		}
		s.rule(i, r, e, t)
	}
}

// inRange counts the event by its time and reports whether rules are to see it.
func (s *unitSink) inRange(t time.Time, dated bool) bool {
	if !dated {
		s.res.counts.Undated++
		return true
	}
	o := &s.worker.run.options
	if !o.From.IsZero() && t.Before(o.From) || !o.To.IsZero() && !t.Before(o.To) {
		s.res.counts.OutOfRange++
		return false
	}
	s.res.first, s.res.last = span(s.res.first, s.res.last, t, t)
	return true
}

// span widens [first, last], where zero means nothing yet, by [from, to].
func span(first, last, from, to time.Time) (time.Time, time.Time) {
	if from.IsZero() {
		return first, last
	}
	if first.IsZero() || from.Before(first) {
		first = from
	}
	if last.IsZero() || to.After(last) {
		last = to
	}
	return first, last
}

func (s *unitSink) rule(i int, r *rule.Rule, e *event.Event, t time.Time) {
	if !r.Program.Category(s.worker.scratch) {
		return
	}
	c := &s.res.coverage[i]
	c.inCategory++
	for j, field := range s.worker.fields[i] {
		if s.values = field.Append(s.values[:0], e); len(s.values) > 0 {
			c.withField[j]++
		}
	}
	if !r.Program.Matches(s.worker.scratch) {
		return
	}
	known, in := r.Scope(e.Index)
	outOfScope := known && !in
	if outOfScope && s.worker.run.options.InScopeOnly {
		return
	}
	f := &Finding{Rule: r, OutOfScope: outOfScope, Hits: []Hit{{
		Evidence: kept(e.Evidence),
		JSON:     e.AppendJSON(nil),
		Time:     t.UTC(),
		Index:    strings.Clone(e.Index),
		Assumed:  slices.Clone(e.Assumed),
	}}}
	s.res.findings = append(s.res.findings, f)
	s.res.weight += int64(len(f.Hits[0].JSON)) + findingOverhead
}

// kept returns the evidence with copies of the texts that belong to the reader.
func kept(e event.Evidence) event.Evidence {
	e.EventID = strings.Clone(e.EventID)
	return e
}

// findingOverhead is about what a finding holds besides its document, in bytes.
const findingOverhead = 512
