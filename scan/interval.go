package scan

import (
	"slices"
	"time"
)

// maxIntervals is how many stretches of events a stream keeps: a gap a day for ten
// years. With more, gaps are not told.
const maxIntervals = 4000

// intervals are the stretches of time in which events follow each other closely, in
// order. What they are does not depend on the order in which events are added.
type intervals struct {
	list   []interval
	beyond bool // there were more than maxIntervals: only first and last are kept
}

// interval is from the first to the last event of a stretch, in milliseconds since 1970.
type interval struct{ first, last int64 }

// add adds an event. Events no farther apart than gap are of one stretch.
func (s *intervals) add(at, gap int64) {
	if n := len(s.list); n > 0 { // most events come in order
		last := &s.list[n-1]
		if at >= last.first && at <= last.last {
			return
		}
		if at > last.last && (s.beyond || at-last.last <= gap) {
			last.last = at
			return
		}
	}
	s.insert(interval{at, at}, gap)
}

func (s *intervals) merge(other *intervals, gap int64) {
	for _, v := range other.list {
		s.insert(v, gap)
	}
	if other.beyond {
		s.collapse()
	}
}

// insert puts a stretch in its place and joins it with those it touches.
func (s *intervals) insert(v interval, gap int64) {
	if s.beyond {
		gap = 1 << 62
	}
	i, _ := slices.BinarySearchFunc(s.list, v, func(a, b interval) int {
		if a.last < b.first && b.first-a.last > gap {
			return -1
		}
		return 1
	})
	j := i
	for j < len(s.list) && (s.list[j].first <= v.last || s.list[j].first-v.last <= gap) {
		v.first = min(v.first, s.list[j].first)
		v.last = max(v.last, s.list[j].last)
		j++
	}
	s.list = slices.Replace(s.list, i, j, v)
	if len(s.list) > maxIntervals {
		s.collapse()
	}
}

// collapse keeps nothing but the first and the last time.
func (s *intervals) collapse() {
	s.beyond = true
	if n := len(s.list); n > 1 {
		s.list = []interval{{s.list[0].first, s.list[n-1].last}}
	}
}

// span returns the first and last time, zero if there is none.
func (s *intervals) span() (first, last time.Time) {
	if len(s.list) == 0 {
		return first, last
	}
	return time.UnixMilli(s.list[0].first).UTC(), time.UnixMilli(s.list[len(s.list)-1].last).UTC()
}

func (s *intervals) gaps() (gaps []Gap) {
	for i := 1; i < len(s.list); i++ {
		gaps = append(gaps, Gap{time.UnixMilli(s.list[i-1].last).UTC(), time.UnixMilli(s.list[i].first).UTC()})
	}
	return gaps
}
