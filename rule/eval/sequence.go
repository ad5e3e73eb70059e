package eval

import (
	"math"
	"slices"

	"kscan/rule/eql"
)

// machine matches a sequence on points in the order of time. It is Elasticsearch's
// algorithm: an event that can be step i continues the latest partial match at step
// i-1, under the same key, that ended before it; that partial match and all older ones
// at i-1 are gone then, even when maxspan or until rejects the continuation.
//
// As points come in order, of the partial matches at a step only the latest can be
// continued, or the latest one of an earlier moment while points of the same moment
// come. So two for each step and key are kept, whatever the number of events.
type machine struct {
	stages    []int // the term of each stage: the steps without the missing ones, runs repeated
	slots     []int // the place of each stage in a match
	size      int   // places in a match
	stagesOf  [][]int
	missing   []missingTerm
	until     int
	span      int64 // milliseconds, -1 if unbounded
	maxKeys   int
	nextSweep int64 // not before this time: sweeping is as dear as there are keys
	keys      map[string]*keyState
	orphans   map[string]struct{} // keys without state that had an until at this moment
	completed []completion
	result    Result
}

// keyState is what the machine knows of one key.
type keyState struct {
	key    *Key
	stages []pending
	until  [2]int    // the latest moments of until, the last one first; 0 if none
	absent [][]int64 // for each missing term, the times of its events, ascending
}

// pending is the partial matches of one stage and key that can still be continued.
type pending struct {
	latest  *partial
	earlier *partial // the latest one that ended at an earlier moment
}

// partial is a match up to one stage.
type partial struct {
	previous *partial
	handle   int
	moment   int // the rank of the event's time and tiebreaker, from 1
	start    int64
	time     int64
}

type completion struct {
	last *partial
	key  *keyState
}

func newMachine(p *Program, q *eql.Sequence, o RunOptions) *machine {
	m := &machine{
		until: p.until, span: -1, maxKeys: o.MaxKeys, nextSweep: math.MinInt64,
		keys: make(map[string]*keyState), orphans: make(map[string]struct{}), stagesOf: make([][]int, len(p.terms)),
	}
	if q.HasMaxSpan {
		m.span = q.MaxSpan.Milliseconds()
	}
	for i := range p.terms {
		if i == p.until {
			continue
		}
		for range p.terms[i].runs {
			m.place(i, p.terms[i].missing)
		}
	}
	return m
}

// place gives a term its next place in a match.
func (m *machine) place(term int, missing bool) {
	if missing {
		m.missing = append(m.missing, missingTerm{term, len(m.stages)})
	} else {
		m.stagesOf[term] = append(m.stagesOf[term], len(m.stages))
		m.stages = append(m.stages, term)
		m.slots = append(m.slots, m.size)
	}
	m.size++
}

func (m *machine) run(points []Point) Result {
	moment := 0
	for i := range points {
		pt := &points[i]
		if !pt.Dated {
			m.result.Undated++
			continue
		}
		if i == 0 || comparePoints(&points[i-1], pt) != 0 {
			moment++
			clear(m.orphans)
		}
		for _, entry := range pt.Entries {
			m.feed(pt, entry, moment)
		}
	}
	for _, c := range m.completed {
		if m.allAbsent(c) {
			m.result.Matches = append(m.result.Matches, m.match(c))
		}
	}
	return m.result
}

// feed takes one thing that an event can be.
func (m *machine) feed(pt *Point, entry Entry, moment int) {
	k := m.keys[entry.Key.ID]
	if k == nil {
		if k = m.add(entry, pt, moment); k == nil {
			return
		}
	}
	if entry.Term == m.until {
		if k.until[0] != moment {
			k.until = [2]int{moment, k.until[0]}
		}
		return
	}
	for i := range m.missing {
		if m.missing[i].term == entry.Term {
			k.absent[i] = append(k.absent[i], pt.Time)
		}
	}
	for _, stage := range m.stagesOf[entry.Term] {
		m.step(k, stage, &partial{handle: pt.Handle, moment: moment, start: pt.Time, time: pt.Time})
	}
}

// add makes the state of a key that can matter: one with a first step, or with an
// event that a missing term forbids. It returns nil if the event cannot matter, or
// there is no room.
func (m *machine) add(entry Entry, pt *Point, moment int) *keyState {
	if entry.Term == m.until {
		m.orphans[entry.Key.ID] = struct{}{}
		return nil
	}
	first := slices.Contains(m.stagesOf[entry.Term], 0)
	forbids := slices.ContainsFunc(m.missing, func(t missingTerm) bool { return t.term == entry.Term })
	if !first && !forbids {
		return nil
	}
	if len(m.keys) >= m.maxKeys {
		m.sweep(pt.Time)
		if len(m.keys) >= m.maxKeys {
			m.result.Dropped++
			return nil
		}
	}
	k := &keyState{key: entry.Key, stages: make([]pending, len(m.stages)), absent: make([][]int64, len(m.missing))}
	if _, ok := m.orphans[entry.Key.ID]; ok {
		k.until[0] = moment
	}
	m.keys[entry.Key.ID] = k
	return k
}

// sweep forgets the keys whose partial matches are all older than maxspan: they would
// be rejected. With missing terms every key may still be asked for.
func (m *machine) sweep(now int64) {
	if m.span < 0 || len(m.missing) > 0 || now < m.nextSweep {
		return
	}
	m.nextSweep = now + m.span/8 + 1
	for id, k := range m.keys {
		old := func(p *partial) bool { return p == nil || now-p.start > m.span }
		if !slices.ContainsFunc(k.stages, func(p pending) bool { return !old(p.latest) || !old(p.earlier) }) {
			delete(m.keys, id)
		}
	}
}

// step makes an event step i of a match, if there is one to continue.
func (m *machine) step(k *keyState, stage int, hit *partial) {
	if stage > 0 {
		before := k.stages[stage-1].take(hit.moment)
		if before == nil || m.span >= 0 && hit.time-before.start > m.span || k.ended(before, hit) {
			return
		}
		hit.previous, hit.start = before, before.start
	}
	if stage == len(m.stages)-1 {
		m.completed = append(m.completed, completion{hit, k})
		return
	}
	k.stages[stage].put(hit)
}

// take removes and returns the latest partial match from before a moment, with all
// older ones.
func (p *pending) take(moment int) *partial {
	out := p.earlier
	p.earlier = nil
	if p.latest != nil && p.latest.moment < moment {
		out, p.latest = p.latest, nil
	}
	return out
}

func (p *pending) put(hit *partial) {
	if p.latest != nil && p.latest.moment != hit.moment {
		p.earlier = p.latest
	}
	p.latest = hit
}

// ended reports whether until forbids to continue a partial match: the nearest event of
// until before the hit is not before the partial match's last event.
func (k *keyState) ended(before, hit *partial) bool {
	nearest := k.until[0]
	if nearest == hit.moment {
		nearest = k.until[1]
	}
	return nearest != 0 && nearest >= before.moment
}

// match lists the handles of a completed match.
func (m *machine) match(c completion) Match {
	out := Match{Handles: make([]int, m.size)}
	for i := range out.Handles {
		out.Handles[i] = -1
	}
	stage := len(m.stages) - 1
	for p := c.last; p != nil; p = p.previous {
		out.Handles[m.slots[stage]] = p.handle
		stage--
	}
	if len(c.key.key.Values) > 0 {
		out.Key = c.key.key
	}
	return out
}
