package triage

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"kscan/readers/event"
	"kscan/rule"
	"kscan/scan"
)

// Limits on working out a schedule.
const (
	// maxTimes is how many hits of all rules have their times kept, in 24 bytes each.
	maxTimes = 1 << 20
	// maxSlots is how many times a hit may be looked at, over all runs of one rule: a rule
	// that runs each second over a week would take too long.
	maxSlots = 1 << 26
	// maxCapped is how many capped runs of a rule are kept.
	maxCapped = 20
)

// Schedule is how a rule would have fared in Elastic, which runs it every Interval over
// the last Lookback and keeps at most Max alerts of each run, the earliest. When exactly it
// runs is not known: runs are taken to be at multiples of the interval from midnight UTC.
type Schedule struct {
	Interval, Lookback time.Duration
	Max                int
	// Hits are those with a time, in indices that the rule searches, that no exception
	// expects. Beyond counts those that were too many to keep.
	Hits, Beyond int64
	// Runs is the number of runs with hits; Capped are the first of those with more than
	// Max, and MoreCapped is how many others there were.
	Runs       int64
	Capped     []CappedRun
	MoreCapped int64
	// CutOff counts the hits that every run left out because of Max; Late those that no
	// run covered, because they were ingested too late. Ingested counts the hits that say
	// when they were ingested: of the others it is assumed that they were in time.
	CutOff, Late, Ingested int64
}

// CappedRun is a run with more hits than it keeps.
type CappedRun struct {
	Time time.Time
	Hits int64 // that it found
	Cut  int64 // of these, those that it left out
}

// moment is when a hit is, by the field that the rule goes by, and when it arrived; in
// milliseconds, 0 if it does not say. order is that of the findings.
type moment struct{ at, arrived, order int64 }

// keepTime keeps the time of a finding for the rule's schedule.
func (c *Collector) keepTime(f *scan.Finding, r *ruleGroups) {
	hit := f.Hits[len(f.Hits)-1]
	if f.OutOfScope || f.Expected != nil || hit.Time.IsZero() {
		return
	}
	if c.times >= maxTimes {
		r.beyond++
		return
	}
	c.times++
	m := moment{at: hit.Time.UnixMilli(), order: int64(len(r.moments))}
	if len(f.Hits) == 1 {
		if t, ok := event.ParseTime([]byte(r.docs.text("event.ingested"))); ok {
			m.arrived = t.UnixMilli()
		}
		if field := f.Rule.TimestampOverride; field != "" {
			if t, ok := event.ParseTime([]byte(r.docs.text(field))); ok {
				m.at = t.UnixMilli()
			}
		}
	}
	r.moments = append(r.moments, m)
}

// newSchedule works the schedule of a rule out; nil if the rule's own words on it cannot be
// read, or it takes too long.
func newSchedule(r *rule.Rule, moments []moment, beyond int64) *Schedule {
	interval, ok := lengthOf(r.Interval)
	lookback, ok2 := lengthOf(strings.TrimPrefix(r.From, "now-"))
	if !ok || !ok2 || r.MaxSignals <= 0 || len(moments) == 0 {
		return nil
	}
	if int64(len(moments))*(int64(lookback/interval)+2) > maxSlots {
		return nil
	}
	slices.SortFunc(moments, func(a, b moment) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.order, b.order)) })
	s := &Schedule{Interval: interval, Lookback: lookback, Max: r.MaxSignals, Hits: int64(len(moments)), Beyond: beyond}
	s.simulate(moments)
	return s
}

// simulate runs the rule. moments are in the order of time.
func (s *Schedule) simulate(moments []moment) {
	interval, lookback := s.Interval.Milliseconds(), s.Lookback.Milliseconds()
	covered, shown := make([]bool, len(moments)), make([]bool, len(moments))
	from := 0
	for at := next(moments[0].at, interval); ; at += interval {
		for from < len(moments) && moments[from].at < at-lookback {
			from++
		}
		if from == len(moments) {
			break
		}
		if moments[from].at > at { // nothing happens before the next hit
			at = next(moments[from].at, interval) - interval
			continue
		}
		s.run(at, moments[from:], covered[from:], shown[from:])
	}
	for i := range moments {
		if moments[i].arrived != 0 {
			s.Ingested++
		}
		switch {
		case !covered[i]:
			s.Late++
		case !shown[i]:
			s.CutOff++
		}
	}
}

// next returns the first run at or after a time.
func next(at, interval int64) int64 {
	n := at / interval * interval
	if n < at {
		n += interval
	}
	return n
}

// run is one run of the rule, over the hits from the start of what it looks back on.
func (s *Schedule) run(at int64, moments []moment, covered, shown []bool) {
	hits := 0
	for i := range moments {
		if moments[i].at > at {
			break
		}
		if moments[i].arrived > at {
			continue
		}
		covered[i] = true
		if hits++; hits <= s.Max {
			shown[i] = true
		}
	}
	if hits > 0 {
		s.Runs++
	}
	switch {
	case hits <= s.Max:
	case len(s.Capped) < maxCapped:
		s.Capped = append(s.Capped, CappedRun{time.UnixMilli(at).UTC(), int64(hits), int64(hits - s.Max)})
	default:
		s.MoreCapped++
	}
}

// lengthOf reads a length of time as rules write it: a whole number of s, m, h, d or w.
func lengthOf(text string) (time.Duration, bool) {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	text = strings.TrimSpace(text)
	if len(text) < 2 {
		return 0, false
	}
	unit, known := units[text[len(text)-1]]
	n, err := strconv.ParseInt(text[:len(text)-1], 10, 32)
	if !known || err != nil || n <= 0 || n > int64(maxSchedule/unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// maxSchedule bounds intervals and look-backs: a year.
const maxSchedule = 366 * 24 * time.Hour
