package scan

import (
	"time"

	"kscan/readers/event"
	"kscan/rule/eval"
)

// The events of a log are of few kinds (eval.Kinds), and what the account says of an event
// hangs on its kind but for its time, its serial and the list of near misses. So what an
// event comes to is worked out once of each kind, and the others of it are counted.

// kind is what the events of one kind come to.
type kind struct {
	hit   bool // a rule matches
	shape []byte
	near  []nearKind // of the rules that it is a near miss of

	// In the unit at hand, if it is that with the number:
	unit   uint64
	stream *stream
	count  *int64 // of the shape, nil if there is no room for it
}

// nearKind is a near miss of a rule, by its place in run.list.
type nearKind struct {
	rule int
	closeness
}

// newKinds returns what a worker remembers of kinds, nil if the run has no account, or one that
// hangs on more than the kinds of events.
func newKinds(r *run, probe bool) *eval.KindTable[kind] {
	if r.options.NoAccount || r.options.InScopeOnly || probe || len(r.sets) != 1 {
		return nil
	}
	return eval.NewKindTable[kind](r.sets[0].set.Kinds())
}

// settle counts a partial event that belongs to no sample, that no rule matches and of which
// the account wants no more, by its kind. It returns false if the event is to be looked at in
// full.
func (s *unitSink) settle(e *event.Event, t time.Time) bool {
	scratch, a := s.worker.scratch, s.res.account
	scratch.Load(s.worker.run.sets[0].set, e)
	k, ok := s.worker.kinds.Of(scratch)
	if ok && k == nil {
		k = s.worker.kinds.Put(s.lookInto())
	}
	if !ok || k.hit {
		return false
	}
	for i := range k.near {
		if n := &k.near[i]; a.near[n.rule].wants(n.closeness, scratch) {
			return false
		}
	}
	k.add(s, e, t)
	for i := range k.near {
		a.near[k.near[i].rule].count(k.near[i].closeness)
	}
	return true
}

// add counts the loaded event in its stream.
func (k *kind) add(s *unitSink, e *event.Event, t time.Time) {
	streams, scratch := s.res.account.streams, s.worker.scratch
	if k.unit != s.unit {
		k.unit = s.unit
		k.stream = streams.find(e, scratch)
		k.count = k.stream.shapes[0].of(k.shape)
	}
	k.stream.take(t, streams.gap, scratch)
	if k.count != nil {
		*k.count++
	} else {
		k.stream.unshaped++
	}
}

// lookInto works out what the loaded event comes to, and those of its kind.
func (s *unitSink) lookInto() (k kind) {
	set, scratch := &s.worker.run.sets[0], s.worker.scratch
	s.hits = set.index.Hits(scratch, s.hits[:0])
	k.hit = len(s.hits) > 0
	k.shape = set.shapes.Append(nil, scratch)
	for i, n := range s.res.account.near {
		if n == nil {
			continue
		}
		if c := nearMiss(s.worker.run.list[i].Program, scratch); c.near {
			k.near = append(k.near, nearKind{i, c})
		}
	}
	return k
}
