package scan

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"kscan/readers/event"
	"kscan/rule"
	"kscan/rule/eval"
)

// unitSink takes the events of one unit: it counts them, runs the rules and keeps copies
// of what matched.
type unitSink struct {
	worker *worker
	res    *result
	hits   []eval.Hit
	packed int64   // the number of the event that was last packed, from 1
	stream *stream // of the event
	shape  []byte
	near   []closeness // of a partial event, for each rule
	unit   uint64      // its number among those of the worker, from 1
}

// begin makes the sink that of another unit.
func (s *unitSink) begin(w *worker, res *result) {
	w.units++
	*s = unitSink{worker: w, res: res, hits: s.hits, shape: s.shape, near: s.near, unit: w.units}
}

func (s *unitSink) Problem(p event.Problem) { s.res.problem(p) }

func (s *unitSink) Event(e *event.Event) {
	if e.Dull {
		s.res.counts.Events++
		return
	}
	var t time.Time
	dated, in := false, true
	if !e.Partial || !e.Picked || s.timed() {
		t, dated = e.Time()
		in = s.inRange(t, dated)
	}
	if e.Partial && in && e.Picked && s.worker.kinds != nil && s.settle(e, t) {
		s.res.counts.Events++
		return
	}
	if e.Wanted = e.Partial && in && (s.matches(e) || s.res.probe != nil && s.res.probe.Wants(e, t)); e.Wanted {
		return // it comes again, whole
	}
	s.res.counts.Events++
	if !e.Picked {
		s.sample(e, t, dated, in)
	}
	switch {
	case !in:
		return
	case e.Partial:
		s.partial(e, t)
		return
	}
	if s.res.probe != nil {
		s.res.probe.Event(e, t)
	}
	for i := range s.worker.run.sets {
		s.set(i, e, t, !e.Picked)
	}
}

// matches reports whether a rule matches the event, of which some fields are there, or the
// account needs the rest of it.
func (s *unitSink) matches(e *event.Event) bool {
	for i := range s.worker.run.sets {
		set, scratch := &s.worker.run.sets[i], s.worker.scratch
		scratch.Load(set.set, e)
		if s.hits = set.index.Hits(scratch, s.hits[:0]); len(s.hits) > 0 || s.wants(i) {
			return true
		}
	}
	return false
}

// dull makes a test of events of which some fields are not known: that no rule matches them
// whatever those are.
func (w *worker) dull(unknown []string) func(*event.Found) bool {
	sets := w.run.sets
	screens := make([]*eval.Screen, len(sets))
	for i := range sets {
		if screens[i] = sets[i].set.Screen(unknown); screens[i] == nil {
			return nil
		}
	}
	return func(f *event.Found) bool {
		for i := range sets {
			w.scratch.Load(sets[i].set, &event.Event{Found: f})
			if !screens[i].Rejects(w.scratch) {
				return false
			}
		}
		return true
	}
}

// timed reports whether anything hangs on the time of an event that no rule matches and that
// belongs to no sample.
func (s *unitSink) timed() bool {
	o := &s.worker.run.options
	return s.res.account != nil || s.res.probe != nil || !o.From.IsZero() || !o.To.IsZero()
}

// inRange reports whether the event's time is one that rules are to see.
func (s *unitSink) inRange(t time.Time, dated bool) bool {
	o := &s.worker.run.options
	return !dated || !(!o.From.IsZero() && t.Before(o.From) || !o.To.IsZero() && !t.Before(o.To))
}

// sample counts what is in the event.
func (s *unitSink) sample(e *event.Event, t time.Time, dated, in bool) {
	s.res.counts.Sampled++
	switch {
	case !dated:
		s.res.counts.Undated++
	case !in:
		s.res.counts.OutOfRange++
		s.res.outside.widen(t)
	default:
		s.res.first, s.res.last = span(s.res.first, s.res.last, t, t)
	}
	if in && len(s.worker.run.sets) == 0 {
		for _, v := range s.worker.category.Append(nil, e) {
			s.res.categories.add([]event.Scalar{event.ScalarOf(v)})
		}
	}
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

// set runs the rules of one set on the event and, if it is of the sample, counts what
// they had to work with.
func (s *unitSink) set(i int, e *event.Event, t time.Time, sampled bool) {
	set, scratch := &s.worker.run.sets[i], s.worker.scratch
	scratch.Load(set.set, e)
	if sampled {
		s.cover(i)
	}
	s.account(i, e, t)
	s.hits = set.index.Hits(scratch, s.hits[:0])
	for i, hit := range s.hits {
		if i > 0 && s.hits[i-1].Program == hit.Program {
			continue // another term of a sequence
		}
		if r := set.rules[hit.Program]; s.worker.run.options.isLate(r) {
			s.candidate(r, e, t)
		} else {
			s.found(r, e, t)
		}
	}
}

// cover counts what the rules of one set have to work with in the loaded event.
func (s *unitSink) cover(set int) {
	s.res.coverage[set].Add(s.worker.scratch)
	if set == 0 {
		s.res.categories.add(s.worker.scratch.Watch(eval.WatchCategory))
	}
}

// found keeps a copy of an event that a rule matches.
func (s *unitSink) found(r *rule.Rule, e *event.Event, t time.Time) {
	known, in := r.Scope(e.Index)
	outOfScope := known && !in
	if outOfScope && s.worker.run.options.InScopeOnly {
		return
	}
	w := s.worker
	w.json = e.AppendJSON(w.json[:0])
	f := &Finding{Rule: r, OutOfScope: outOfScope, Hits: []Hit{{
		Evidence: kept(e.Evidence),
		JSON:     bytes.Clone(w.json),
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
