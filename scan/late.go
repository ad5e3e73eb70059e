package scan

import (
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

// isLate reports whether the rule is matched when all events are known.
func (o *Options) isLate(r *rule.Rule) bool {
	return o.InTimeOrder || r.Program.NeedsRun()
}

// lateUnit is what the candidates of one unit come to.
type lateUnit struct {
	pack *pack
	rows []lateRow
}

// lateRow is a row of a rule, whose event is numbered in the unit.
type lateRow struct {
	rule *rule.Rule
	row  row
	more *lateMore // nil for most
}

// lateMore is what few rules ask of an event.
type lateMore struct {
	tie event.Value
	key *eval.Key // of a sample
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
	_, isSample := r.Program.Query().(*eql.Sample)
	out := row{time: point.Time, nanos: point.Nanos, dated: point.Dated, event: uint32(late.pack.len() - 1)}
	for _, entry := range point.Entries {
		out.key, out.term = hashKey(entry.Key), uint16(entry.Term)
		var more *lateMore
		if isSample || point.Tie.Type != event.Unknown {
			more = &lateMore{tie: point.Tie, key: entry.Key}
		}
		late.rows = append(late.rows, lateRow{r, out, more})
	}
}

// finish ends the work on a unit: it packs the candidates and tells of values that were
// too many for the rules to try.
func (w *worker) finish(part *readers.Part, res *result) {
	res.weight += res.late.close(&w.packer)
	if res.account != nil {
		res.weight += res.account.streams.weight()
	}
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
	return int64(len(u.pack.data)) + placeSize*int64(u.pack.len()) + 2*rowSize*int64(len(u.rows))
}

// lateRule holds the rows of one rule.
type lateRule struct {
	rule *rule.Rule
	rows rows
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

func (l *lateRule) isSequence() bool {
	_, ok := l.rule.Program.Query().(*eql.Sequence)
	return ok
}

func (l *lateRule) isEvent() bool {
	_, ok := l.rule.Program.Query().(*eql.EventQuery)
	return ok
}

// add takes a row with its event's number and returns how many bytes it takes.
func (l *lateRule) add(r row, more *lateMore) int64 {
	size := int64(rowSize)
	if more != nil && more.tie.Type != event.Unknown {
		if l.rows.n == 0 || l.rows.last().event != r.event {
			l.ties = append(l.ties, more.tie)
			size += tieSize + int64(len(more.tie.Text))
		}
		r.tie = uint32(len(l.ties))
	}
	if l.keys != nil && l.keys[r.key] == nil {
		l.keys[r.key] = more.key
		size += keySize + int64(len(more.key.ID))
	}
	l.rows.append(r)
	return size
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
	l.rows, l.ties = rows{}, nil
	for i := range points {
		p := &points[i]
		l.add(row{time: p.Time, nanos: p.Nanos, dated: p.Dated, event: uint32(p.Handle)}, &lateMore{tie: p.Tie})
	}
}

// points returns the points of the rows that can be part of a match, by their order.
func (l *lateRule) points() []eval.Point { return l.pointsOf(l.completeKeys()) }

// pointsOf returns the points of the rows of the wanted keys, nil for all.
func (l *lateRule) pointsOf(wanted map[keyHash]bool) []eval.Point {
	n := 0
	for r := range l.rows.all() {
		if wanted == nil || wanted[r.key] {
			n++
		}
	}
	keys := make(map[keyHash]*eval.Key)
	points, entries := make([]eval.Point, 0, n), make([]eval.Entry, 0, n)
	for r := range l.rows.all() {
		if wanted != nil && !wanted[r.key] {
			continue
		}
		key := keys[r.key]
		if key == nil {
			if key = l.keys[r.key]; key == nil {
				key = r.key.key()
			}
			keys[r.key] = key
		}
		start := len(entries)
		entries = append(entries, eval.Entry{Term: int(r.term), Key: key})
		if i := len(points) - 1; i >= 0 && points[i].Handle == int(r.event) {
			// The entries of one point are neighbours.
			points[i].Entries = entries[start-len(points[i].Entries) : start+1]
			continue
		}
		p := eval.Point{Time: r.time, Nanos: r.nanos, Dated: r.dated, Handle: int(r.event), Entries: entries[start : start+1]}
		if r.tie > 0 {
			p.Tie = l.ties[r.tie-1]
		}
		points = append(points, p)
	}
	return points
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
	for r := range l.rows.all() {
		seen[r.key] |= 1 << r.term
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
