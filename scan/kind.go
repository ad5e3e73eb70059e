package scan

import (
	"encoding/binary"
	"time"

	"kscan/readers/event"
	"kscan/rule/eval"
)

// The events of a log are of few kinds (eval.Kinds), and what the account says of an event
// hangs on its kind but for its time, its serial and the list of near misses. So what an
// event comes to is worked out once of each kind, and the others of it are counted.

const (
	kindBits = 10
	kindWays = 4 // kinds that may have one place
	// kindPatience is how many kinds are looked into of which no event came again: a log of
	// which each event is of another kind costs no more for it than that.
	kindPatience = 4 * kindWays << kindBits
	// maxKindText is how many bytes the texts of a kind may have.
	maxKindText = 2048
)

// kind is what the events of one kind come to.
type kind struct {
	values []kindValue
	bits   uint64
	hash   uint64
	hit    bool // a rule matches
	shape  []byte
	near   []nearKind // of the rules that it is a near miss of

	// In the unit at hand, if it is that with the number:
	unit   uint64
	stream *stream
	count  *int64 // of the shape, nil if there is no room for it
}

// kindValue is a value of one of the texts that tell kinds apart.
type kindValue struct {
	slot int
	event.Scalar
}

// nearKind is a near miss of a rule, by its place in run.list.
type nearKind struct {
	rule int
	closeness
}

// kinds are those that a worker remembers.
type kinds struct {
	of       *eval.Kinds
	set      *ruleSet
	places   [1 << kindBits][kindWays]*kind // by their hash
	last     uint                           // kind that was made, counted
	patience int
}

// newKinds returns the kinds for a run, nil if it has no account, or one that hangs on more
// than the kinds of events.
func newKinds(r *run, probe bool) *kinds {
	if r.options.NoAccount || r.options.InScopeOnly || probe || len(r.sets) != 1 {
		return nil
	}
	of := r.sets[0].set.Kinds()
	if of == nil {
		return nil
	}
	return &kinds{of: of, set: &r.sets[0], patience: kindPatience}
}

// settle counts a partial event that belongs to no sample, that no rule matches and of which
// the account wants no more, by its kind. It returns false if the event is to be looked at in
// full.
func (s *unitSink) settle(e *event.Event, t time.Time) bool {
	ks, scratch, a := s.worker.kinds, s.worker.scratch, s.res.account
	if ks.patience < 0 || e.Found.Finder() != ks.set.set.Finder() {
		return false
	}
	scratch.Load(ks.set.set, e)
	k := s.kind()
	if k == nil || k.hit {
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

// kind returns the kind of the loaded event, nil if it is not to be remembered.
func (s *unitSink) kind() *kind {
	ks, scratch := s.worker.kinds, s.worker.scratch
	bits, found := ks.of.Bits(scratch), scratch.Found()
	hash, size := bits, 0
	for _, slot := range ks.of.Texts() {
		for _, v := range found.Values(slot) {
			hash = (hash ^ ends(v.Text) ^ uint64(slot)) * odd
			hash ^= hash >> 29
			size += len(v.Text)
		}
	}
	if size > maxKindText {
		return nil
	}
	places := &ks.places[hash*odd>>(64-kindBits)]
	for _, k := range places {
		if k != nil && k.hash == hash && k.is(bits, found, ks.of.Texts()) {
			ks.patience = min(ks.patience+1, kindPatience)
			return k
		}
	}
	ks.patience--
	ks.last++
	k := s.newKind(bits, found)
	k.hash, places[ks.last%kindWays] = hash, k
	return k
}

const odd = 0x9E3779B97F4A7C15

// ends returns a number made of the ends of a text, and of its length.
func ends(text []byte) uint64 {
	n := len(text)
	switch {
	case n >= 8:
		return (binary.LittleEndian.Uint64(text)*odd ^ binary.LittleEndian.Uint64(text[n-8:])) + uint64(n)
	case n >= 4:
		return uint64(binary.LittleEndian.Uint32(text)) | uint64(binary.LittleEndian.Uint32(text[n-4:]))<<32 + uint64(n)
	case n > 0:
		return uint64(text[0]) | uint64(text[n/2])<<8 | uint64(text[n-1])<<16 + uint64(n)<<24
	}
	return 0
}

// is reports whether events with some values are of the kind.
func (k *kind) is(bits uint64, found *event.Found, texts []int) bool {
	if k.bits != bits {
		return false
	}
	i := 0
	for _, slot := range texts {
		for _, v := range found.Values(slot) {
			if i == len(k.values) {
				return false
			}
			if w := &k.values[i]; w.slot != slot || w.Type != v.Type || string(w.Text) != string(v.Text) {
				return false
			}
			i++
		}
	}
	return i == len(k.values)
}

// newKind works out what the loaded event comes to.
func (s *unitSink) newKind(bits uint64, found *event.Found) *kind {
	ks, scratch := s.worker.kinds, s.worker.scratch
	k := &kind{bits: bits}
	for _, slot := range ks.of.Texts() {
		for _, v := range found.Values(slot) {
			k.values = append(k.values, kindValue{slot, event.Scalar{Type: v.Type, Text: append([]byte(nil), v.Text...)}})
		}
	}
	s.hits = ks.set.index.Hits(scratch, s.hits[:0])
	k.hit = len(s.hits) > 0
	k.shape = ks.set.shapes.Append(nil, scratch)
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
