package triage

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"kscan/readers/event"
	"kscan/rule"
)

// maxTally is how many different sets of values an answer counts apart; the events of
// others are counted together.
const maxTally = 200

// maxRows is how many rows of counts all answers have together; of those beyond, an answer
// has those that it shows. A fleet in which each host has a group would else have as many
// rows for each.
const maxRows = 20000

// FoundEvent is one event that answers a step.
type FoundEvent struct {
	Time     time.Time // zero if it has none
	Host     string
	Evidence event.Evidence
	Values   []Answer // of the fields to show, those that it has

	host  hostKey
	order int // of its unit in the input
}

// Tally counts the events that agree in some fields.
type Tally struct {
	Values []string // "" where an event has none
	Count  int64
	First  event.Evidence // the first of them in the input

	hosts *hostTally
}

// found is what one query came to, in a unit or in all.
type found struct {
	count  int64
	events []*FoundEvent
	tally  map[string]*Tally
	order  []string // keys of tally, as first seen
	other  int64    // events beyond maxTally

	// hosts and others say which hosts the events are of, if a query for other hosts needs
	// to know: of all events, and of those beyond maxTally.
	hosts, others map[hostKey]int64
}

// hostTally says which hosts the events of a tally are of.
type hostTally struct {
	first  hostKey         // whose Tally.First is
	second *event.Evidence // the first of another host; nil if there is none
	counts map[hostKey]int64
}

// isNew reports whether an event of a host is the first of another host than all before it.
func (h *hostTally) isNew(host hostKey) bool { return h != nil && host != h.first && h.second == nil }

// firsts are the units in which sets of values are counted, as far as they are known: of what
// is counted in a later one the first event is not asked for. It has nothing but that, so that
// an answer does not hang on which unit comes to it first.
type firsts struct {
	mu sync.Mutex
	of map[string]firstOf
}

// firstOf is the order of a unit, and the host of the first event there.
type firstOf struct {
	order int64
	host  hostKey
}

// maxFirsts bounds what is known; of other values the first event of each unit is kept.
const maxFirsts = 8 * maxTally

// before reports whether a unit in front of another counts the values, first of the host.
func (s *firsts) before(key []byte, host hostKey, order int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, known := s.of[string(key)]
	return known && first.order < order && first.host == host
}

// add notes that a unit counts the values, first of a host.
func (s *firsts) add(key []byte, host hostKey, order int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, known := s.of[string(key)]
	if known && first.order <= order || !known && len(s.of) >= maxFirsts {
		return
	}
	if s.of == nil {
		s.of = map[string]firstOf{}
	}
	s.of[string(key)] = firstOf{order, host}
}

// isBeyond reports whether an event of the unit comes behind those that are kept.
func (f *found) isBeyond(spec *rule.Evidence, e *event.Event, t time.Time) bool {
	if len(f.events) < keep(spec) {
		return false
	}
	last := f.events[len(f.events)-1]
	return cmp.Or(compareTimes(t, last.Time), cmp.Compare(0, last.order), cmp.Compare(e.Evidence.Offset, last.Evidence.Offset)) >= 0
}

// apart reports whether events of a query are told apart by their hosts.
func apart(e *rule.Evidence) bool { return e.Host == rule.OtherHost }

// keep is how many events are kept so that those to show are among them: of a query for
// other hosts, as many again, since those of any one host may be taken away.
func keep(e *rule.Evidence) int {
	if apart(e) {
		return 2 * e.Max
	}
	return e.Max
}

// at moves what was found in a unit to where the unit is: lines behind the start of its
// part, at a place in the order of units.
func (f *found) at(lines int64, order int) {
	for _, e := range f.events {
		e.Evidence.Line += lines
		e.order = order
	}
	for _, t := range f.tally {
		t.First.Line += lines
		if t.hosts != nil && t.hosts.second != nil {
			t.hosts.second.Line += lines
		}
	}
}

// merge adds what the query found in what comes later.
func (f *found) merge(from *found, e *rule.Evidence) {
	f.mergeEvents(from, e)
	f.mergeTally(from)
}

func (f *found) mergeEvents(from *found, spec *rule.Evidence) {
	f.count += from.count
	f.hosts = addHosts(f.hosts, from.hosts)
	for _, e := range from.events {
		f.insert(e, spec)
	}
}

// insert puts an event among the earliest ones.
func (f *found) insert(e *FoundEvent, spec *rule.Evidence) {
	if !apart(spec) {
		f.events = insert(f.events, e, keep(spec))
		return
	}
	f.events = insert(f.events, e, keep(spec)+1)
	n := 0
	for i, o := range f.events {
		if o.host != e.host {
			continue
		}
		if n++; n > spec.Max {
			f.events = slices.Delete(f.events, i, i+1)
			break
		}
	}
	f.events = f.events[:min(len(f.events), keep(spec))]
}

func (f *found) mergeTally(from *found) {
	f.other += from.other
	f.others = addHosts(f.others, from.others)
	for _, key := range from.order {
		t := from.tally[key]
		known := f.tally[key]
		switch {
		case known != nil:
			known.Count += t.Count
			known.hosts.merge(t.hosts, t)
		case len(f.order) >= maxTally:
			f.other += t.Count
			if t.hosts != nil {
				f.others = addHosts(f.others, t.hosts.counts)
			}
		default:
			c := *t
			f.put(key, &c)
		}
	}
}

func (h *hostTally) merge(from *hostTally, t *Tally) {
	if h == nil {
		return
	}
	if h.second == nil {
		if from.first != h.first {
			h.second = &t.First
		} else {
			h.second = from.second
		}
	}
	h.counts = addHosts(h.counts, from.counts)
}

func addHosts(to, from map[hostKey]int64) map[hostKey]int64 {
	if to == nil && len(from) > 0 {
		to = make(map[hostKey]int64, len(from))
	}
	for h, n := range from {
		to[h] += n
	}
	return to
}

func (f *found) put(key string, t *Tally) {
	if f.tally == nil {
		f.tally = map[string]*Tally{}
	}
	f.tally[key] = t
	f.order = append(f.order, key)
}

// except returns what was found on other hosts.
func (f *found) except(host hostKey, limit int) *found {
	out := &found{count: f.count - f.hosts[host], other: f.other - f.others[host]}
	for _, e := range f.events {
		if e.host != host && len(out.events) < limit {
			out.events = append(out.events, e)
		}
	}
	for _, key := range f.order {
		t := f.tally[key]
		n := t.Count - t.hosts.counts[host]
		if n == 0 {
			continue
		}
		c := &Tally{Values: t.Values, Count: n, First: t.First}
		if t.hosts.first == host {
			c.First = *t.hosts.second
		}
		out.put(key, c)
	}
	return out
}
