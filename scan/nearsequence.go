package scan

import (
	"time"

	"kscan/readers/event"
	"kscan/rule"
	"kscan/rule/eql"
	"kscan/rule/eval"
)

// maxNearRows is how many events that may be steps of a sequence are looked through for near
// misses: it takes as long again as looking for matches, a second or two.
const maxNearRows = 1 << 20

// NearSequences are the near misses of a sequence: keys under which all steps but the last
// one came, in order and within its maxspan, and the whole sequence never did.
type NearSequences struct {
	Last  string // the step that did not come, in EQL
	Count int64  // of keys; 1 at most where events are not joined by any
	// Listed are the first MaxNear of them, by their end.
	Listed []NearSequence
	// Unknown says why there is no count, "" if there is one.
	Unknown string
}

// NearSequence is one key and the last events that came so far.
type NearSequence struct {
	Keys        []byte // values of the join keys as a JSON array; nil if there are none
	Host        string // of the first event that names it
	First, Last time.Time
	Evidence    []event.Evidence
}

// nearSequences tells of the near misses of a rule that was matched late; nil if it is of
// single events or nobody wants to know.
func (h *held) nearSequences(l *lateRule) (*NearSequences, error) {
	if h.options.NoAccount || len(h.rules) > MaxNearRules || l.isEvent() {
		return nil, nil
	}
	n := &NearSequences{}
	if !l.isSequence() {
		n.Unknown = "a sample, whose events come in any order, is not looked at for them"
		return n, nil
	}
	n.Last = lastStep(l.rule)
	switch {
	case !l.rule.Program.HasAlmost():
		n.Unknown = "a sequence that forbids events, or has one step, is not looked at for them"
		return n, nil
	case l.rows.n > maxNearRows:
		n.Unknown = "there are too many events that may be a step"
		return n, nil
	}
	list := l.rule.Program.Almost(l.pointsOf(nil), h.options.Sequences)
	n.Count = int64(len(list))
	for i := range list[:min(len(list), MaxNear)] {
		s, err := h.nearSequence(l, &list[i])
		if err != nil {
			return nil, err
		}
		n.Listed = append(n.Listed, s)
	}
	return n, nil
}

// lastStep writes the last step of a sequence.
func lastStep(r *rule.Rule) string {
	q := r.Program.Query().(*eql.Sequence)
	filter := q.Terms[len(q.Terms)-1].Filter
	return (&eql.EventQuery{Filter: filter}).String()
}

func (h *held) nearSequence(l *lateRule, m *eval.Match) (NearSequence, error) {
	f, _, err := h.finding(l, m)
	if err != nil {
		return NearSequence{}, err
	}
	s := NearSequence{Keys: f.JoinKeys}
	for i := range f.Hits {
		hit := &f.Hits[i]
		s.Evidence = append(s.Evidence, hit.Evidence)
		s.First, s.Last = span(s.First, s.Last, hit.Time, hit.Time)
		if s.Host == "" {
			s.Host = h.hostOf(l, hit)
		}
	}
	return s, nil
}

// hostOf returns the host that an event names, cut to what a report keeps of a value.
func (h *held) hostOf(l *lateRule, hit *Hit) string {
	doc, err := h.parser.ParseBytes(hit.JSON)
	if err != nil {
		return ""
	}
	h.scratch.Load(l.rule.Program.Set(), &event.Event{Doc: doc})
	return watched(h.scratch, eval.WatchHost)
}
