package scan

import (
	"slices"
	"time"

	"kscan/readers/event"
	"kscan/rule/eval"
)

// account is what is said of the events that no rule matches: how near they came, and
// whether they could have come nearer. A unit has one, and so has the whole run.
type account struct {
	streams *streams
	near    []*NearMisses // for each rule that runs; a rule that can have none has nil
}

// newAccount returns an empty account, nil if none is wanted.
func newAccount(r *run) *account {
	if r.options.NoAccount {
		return nil
	}
	a := &account{streams: newStreams(r.options.Gap, len(r.sets))}
	for _, n := range r.near {
		if n != nil {
			n = &NearMisses{Clauses: slices.Clone(n.Clauses)}
		}
		a.near = append(a.near, n)
	}
	return a
}

// account takes the event that is loaded for one set of rules.
func (s *unitSink) account(set int, e *event.Event, t time.Time) {
	scratch, a := s.worker.scratch, s.res.account
	if a == nil {
		return
	}
	if set == 0 {
		s.stream = a.streams.event(e, t, scratch)
		if !e.Picked {
			s.stream.categories.add(scratch.Watch(eval.WatchCategory))
		}
	}
	s.shape = s.worker.run.sets[set].shapes.Append(s.shape[:0], scratch)
	s.stream.shape(set, s.shape, 1)
	for i, n := range a.near {
		r := s.worker.run.list[i]
		if n == nil || r.Program.Set() != s.worker.run.sets[set].set {
			continue
		}
		if s.worker.run.options.InScopeOnly {
			if known, in := r.Scope(e.Index); known && !in {
				continue
			}
		}
		c := closeness{}
		if e.Partial {
			c = s.near[i]
		} else {
			c = nearMiss(r.Program, scratch)
		}
		n.add(c, scratch, e, t)
	}
}

// wants reports whether the account needs the whole of the event of which some fields are
// loaded: to list it as a near miss with its id, or to know the index that it is from.
func (s *unitSink) wants(set int) bool {
	if s.res.account == nil {
		return false
	}
	near := s.res.account.near
	if s.near == nil {
		s.near = make([]closeness, len(near))
	}
	for i, n := range near {
		r := s.worker.run.list[i]
		if n == nil || r.Program.Set() != s.worker.run.sets[set].set {
			continue
		}
		if s.near[i] = nearMiss(r.Program, s.worker.scratch); n.wants(s.near[i], s.worker.scratch) {
			return true
		}
	}
	return s.worker.run.options.InScopeOnly
}

// partial takes an event that no rule matches and that has only the fields of the run's
// Interest, which are those that an account reads.
func (s *unitSink) partial(e *event.Event, t time.Time) {
	if s.res.account == nil && e.Picked {
		return
	}
	sets := s.worker.run.sets
	for i := range sets {
		if len(sets) > 1 { // the last one is loaded
			s.worker.scratch.Load(sets[i].set, e)
		}
		if !e.Picked {
			s.cover(i)
		}
		s.account(i, e, t)
	}
}

func (a *account) merge(next *account, lines int64) {
	if a == nil {
		return
	}
	a.streams.merge(next.streams)
	for i, n := range a.near {
		if n != nil {
			n.merge(next.near[i], lines)
		}
	}
}

// finish puts the account into the summary.
func (a *account) finish(s *Summary, sets []ruleSet) {
	if a == nil {
		return
	}
	setOf := map[*eval.Set]int{}
	for i := range sets {
		setOf[sets[i].set] = i
	}
	total := a.total(len(sets))
	for i := range s.Rules {
		r := &s.Rules[i]
		at := setOf[r.Rule.Program.Set()]
		r.Reach = sets[at].shapes.Reach(r.Rule.Program, total[at])
		if a.near != nil {
			r.Near = a.near[i]
		}
	}
	for _, st := range a.streams.sorted() {
		out := st.account(s.Counts.Passed > 0)
		s.Unshaped += out.Unshaped
		if len(s.Rules) <= MaxNearRules {
			out.Reach = reachOf(s.Rules, sets, setOf, st)
		}
		s.Streams = append(s.Streams, out)
	}
}

func reachOf(rules []RuleCoverage, sets []ruleSet, setOf map[*eval.Set]int, st *stream) (list []StreamReach) {
	for i := range rules {
		r := rules[i].Rule
		at := setOf[r.Program.Set()]
		list = append(list, StreamReach{r, sets[at].shapes.Reach(r.Program, st.shapes[at].counts())})
	}
	return list
}

// total adds up the shapes of all streams, for each set.
func (a *account) total(sets int) []map[string]int64 {
	total := make([]map[string]int64, sets)
	for i := range total {
		total[i] = map[string]int64{}
		for _, st := range a.streams.list {
			for shape, n := range st.shapes[i] {
				total[i][shape] += *n
			}
		}
	}
	return total
}
