package scan

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"kscan/readers"
	"kscan/readers/event"
	"kscan/rule"
	"kscan/rule/eql"
	"kscan/rule/eval"
)

// Sequences, samples and pipes are matched late: when all events are known. Until then
// every event that may be part of a match, a candidate, is held: its document packed and
// compressed with those of its unit, and for each rule a row of what the rule needs to
// know of it. Workers make both; the collector, which sees the units in order, numbers
// the events, so that the result is the same for any number of workers.

// maxHeld is how many bytes of candidates are held for all rules together: as compressed
// logs that is some gigabytes of documents. What comes after is counted and reported.
const maxHeld = 256 << 20

// row is what an event is to a rule: one step under one key.
type row struct {
	key   keyHash
	time  int64 // milliseconds since 1970
	event uint32
	tie   uint32 // the place of the tiebreaker in lateRule.ties, from 1; 0 if there is none
	term  uint16
	dated bool
}

// rowSize is what a row takes, in bytes, and tieSize what a tiebreaker does.
const (
	rowSize = 40
	tieSize = 96
	keySize = 256
)

// keyHash stands for the values of join keys, which may be long. Two that are equal by
// chance or by design are out of reach.
type keyHash [16]byte

func hashKey(k *eval.Key) keyHash {
	if k.ID == "" {
		return keyHash{}
	}
	sum := sha256.Sum256([]byte(k.ID))
	return keyHash(sum[:])
}

// isLate reports whether the rule is matched when all events are known.
func (o *Options) isLate(r *rule.Rule) bool {
	return o.InTimeOrder || r.Program.NeedsRun()
}

// lateUnit is what the candidates of one unit come to.
type lateUnit struct {
	pack   *pack
	points []latePoint
}

// latePoint is what one event of the unit is to one rule. Its handle is the number of the
// event in the unit.
type latePoint struct {
	rule  *rule.Rule
	point eval.Point
}

// candidate keeps the loaded event if it may be part of a match of the rule.
func (s *unitSink) candidate(r *rule.Rule, e *event.Event, t time.Time) {
	if known, in := r.Scope(e.Index); known && !in && s.worker.run.options.InScopeOnly {
		return
	}
	point, ok := r.Program.Point(s.worker.scratch)
	if !ok {
		return
	}
	late := &s.res.late
	if late.pack == nil {
		late.pack = newPack()
	}
	if s.packed != s.res.counts.Events {
		s.packed = s.res.counts.Events
		late.pack.add(e, t)
	}
	point.Handle = late.pack.len() - 1
	late.points = append(late.points, latePoint{r, point})
}

// finish ends the work on a unit: it packs the candidates and tells of values that were
// too many for the rules to try.
func (w *worker) finish(part *readers.Part, res *result) {
	res.weight += res.late.close(&w.packer)
	if n := w.scratch.Cut - w.cut; n > 0 {
		res.problem(event.Problem{
			Kind: event.TooMany, Source: part.Source, Member: part.Member, Offset: -1,
			Detail: fmt.Sprintf("not all combinations of the values of lists were tried for %d tests or join keys", n),
		})
	}
	w.cut = w.scratch.Cut
}

// close compresses the documents and returns how many bytes the unit's candidates take.
func (u *lateUnit) close(with *packer) int64 {
	if u.pack == nil {
		return 0
	}
	u.pack.compress(with)
	size := int64(len(u.pack.data)) + placeSize*int64(u.pack.len())
	for i := range u.points {
		size += rowSize * int64(len(u.points[i].point.Entries))
	}
	return size
}

// lateRule holds the rows of one rule.
type lateRule struct {
	rule *rule.Rule
	rows []row
	ties []event.Value
	keys map[keyHash]*eval.Key // of a sample, whose results are ordered by key
}

func newLateRule(r *rule.Rule) *lateRule {
	l := &lateRule{rule: r}
	if _, ok := r.Program.Query().(*eql.Sample); ok {
		l.keys = make(map[keyHash]*eval.Key)
	}
	return l
}

// add takes what an event is to the rule and returns how many bytes that takes.
func (l *lateRule) add(p *eval.Point, number int) int64 {
	r := row{time: p.Time, dated: p.Dated, event: uint32(number)}
	var size int64
	if p.Tie.Type != event.Unknown {
		l.ties = append(l.ties, p.Tie)
		r.tie = uint32(len(l.ties))
		size += tieSize + int64(len(p.Tie.Text))
	}
	for _, entry := range p.Entries {
		r.key, r.term = hashKey(entry.Key), uint16(entry.Term)
		if l.keys != nil && l.keys[r.key] == nil {
			l.keys[r.key] = entry.Key
			size += keySize + int64(len(entry.Key.ID))
		}
		l.rows = append(l.rows, r)
	}
	return size + rowSize*int64(len(p.Entries))
}

func (l *lateRule) isSequence() bool {
	_, ok := l.rule.Program.Query().(*eql.Sequence)
	return ok
}

// all returns the rows; none if the rule is matched at once.
func (l *lateRule) all() []row {
	if l == nil {
		return nil
	}
	return l.rows
}

// trim keeps the rows that the first pipe of an event query can let through.
func (l *lateRule) trim(pipe eql.Pipe) {
	points := l.points()
	eval.SortPoints(points)
	n := min(pipe.Count, len(points))
	if pipe.Kind == eql.Head {
		points = points[:n]
	} else {
		points = points[len(points)-n:]
	}
	slices.SortFunc(points, func(a, b eval.Point) int { return a.Handle - b.Handle })
	l.rows, l.ties = nil, nil
	for i := range points {
		l.add(&points[i], points[i].Handle)
	}
}

// points returns the points of the rows that can be part of a match, by their order.
func (l *lateRule) points() []eval.Point {
	wanted := l.completeKeys()
	keys := make(map[keyHash]*eval.Key)
	var points []eval.Point
	last := -1
	for i := range l.rows {
		r := &l.rows[i]
		if wanted != nil && !wanted[r.key] {
			continue
		}
		if len(points) == 0 || last != int(r.event) {
			p := eval.Point{Time: r.time, Dated: r.dated, Handle: int(r.event)}
			if r.tie > 0 {
				p.Tie = l.ties[r.tie-1]
			}
			points = append(points, p)
			last = int(r.event)
		}
		key := keys[r.key]
		if key == nil {
			key = l.keyOf(r.key)
			keys[r.key] = key
		}
		p := &points[len(points)-1]
		p.Entries = append(p.Entries, eval.Entry{Term: int(r.term), Key: key})
	}
	return points
}

// keyOf returns a key for a run. A sequence asks for no more than whether keys are the
// same; Values that are not empty make it return the key with the match.
func (l *lateRule) keyOf(h keyHash) *eval.Key {
	if key := l.keys[h]; key != nil {
		return key
	}
	if h == (keyHash{}) {
		return &eval.Key{}
	}
	return &eval.Key{ID: string(h[:]), Values: make([]event.Value, 1)}
}

// completeKeys returns the keys under which every step that a match needs has an event:
// the others can be left out. nil means all.
func (l *lateRule) completeKeys() map[keyHash]bool {
	var needed uint64
	q, ok := l.rule.Program.Query().(*eql.Sequence)
	if !ok || len(q.Terms) > 63 {
		return nil
	}
	for i := range q.Terms {
		if !q.Terms[i].Missing {
			needed |= 1 << i
		}
	}
	seen := make(map[keyHash]uint64)
	for i := range l.rows {
		seen[l.rows[i].key] |= 1 << l.rows[i].term
	}
	wanted := make(map[keyHash]bool)
	for key, terms := range seen {
		if terms&needed == needed {
			wanted[key] = true
		}
	}
	return wanted
}

// limits says what a run did not look at, for a problem; "" if it looked at everything.
func limits(r *rule.Rule, result *eval.Result) string {
	switch {
	case result.Dropped > 0:
		return fmt.Sprintf("%s: more than %d different join keys at once: %d events began no sequence", ruleName(r), eval.DefaultMaxKeys, result.Dropped)
	case result.GivenUp > 0:
		return fmt.Sprintf("%s: not all combinations of events were tried for %d join keys", ruleName(r), result.GivenUp)
	}
	return ""
}

func ruleName(r *rule.Rule) string {
	if r.Name == "" {
		return "the query"
	}
	return fmt.Sprintf("rule %q", r.Name)
}
