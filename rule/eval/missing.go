package eval

import "slices"

// missingTerm is a "![…]" of a sequence.
type missingTerm struct {
	term  int
	after int // how many stages come before it
}

// allAbsent reports whether the events that a completed match must not have are not
// there. Times are compared in milliseconds, and maxspan is always given.
func (m *machine) allAbsent(c completion) bool {
	if len(m.missing) == 0 {
		return true
	}
	times := make([]int64, len(m.stages))
	stage := len(m.stages) - 1
	for p := c.last; p != nil; p = p.previous {
		times[stage] = p.time
		stage--
	}
	first, last := times[0], times[len(times)-1]
	lead, trail := newEdge(), newEdge()
	for i, t := range m.missing {
		events := c.key.absent[i]
		switch t.after {
		case 0:
			if at, ok := latestBefore(events, first); ok {
				lead.found, lead.at = true, max(lead.at, at)
			}
			lead.asked = true
		case len(m.stages):
			if at, ok := earliestAfter(events, last); ok {
				if !trail.found || at < trail.at {
					trail.at = at
				}
				trail.found = true
			}
			trail.asked = true
		default:
			if at, ok := earliestAfter(events, times[t.after-1]); ok && at < times[t.after] {
				return false
			}
		}
	}
	switch {
	case lead.asked && trail.asked:
		return !lead.found || !trail.found || trail.at-lead.at > m.span
	case lead.found:
		return last-lead.at > m.span
	case trail.found:
		return trail.at-first > m.span
	}
	return true
}

// edge is what is known of the missing terms at one end of a sequence.
type edge struct {
	asked, found bool
	at           int64 // the time of the event nearest to the match
}

func newEdge() edge { return edge{at: -1 << 63} }

func latestBefore(times []int64, t int64) (int64, bool) {
	i, _ := slices.BinarySearch(times, t)
	if i == 0 {
		return 0, false
	}
	return times[i-1], true
}

func earliestAfter(times []int64, t int64) (int64, bool) {
	i, _ := slices.BinarySearch(times, t+1)
	if i == len(times) {
		return 0, false
	}
	return times[i], true
}
