package scan

import (
	"fmt"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/rule/eql"
	"kscan/rule/eval"
)

// place is where an event's document is.
type place struct {
	pack  *pack
	index uint32
}

// held is the candidates of a run, in the order of the input, and what became of them.
type held struct {
	collector *collector
	options   *Options
	limit     int64
	rules     []*lateRule // nil for rules that are matched at once
	events    []place
	size      int64
	full      bool // no room can be made

	dropped, undated, split count
	unpacker                unpacker
	parser                  fastjson.Parser
	scratch                 *eval.Scratch
}

// count is how often something happened and where it began.
type count struct {
	n     int64
	part  int
	first event.Evidence
}

func newHeld(c *collector, o *Options) *held {
	h := &held{collector: c, options: o, limit: maxHeld, scratch: eval.NewScratch()}
	if o.MaxHeld > 0 {
		h.limit = o.MaxHeld
	}
	for i := range c.summary.Rules {
		var l *lateRule
		if r := c.summary.Rules[i].Rule; o.isLate(r) {
			l = newLateRule(r)
		}
		h.rules = append(h.rules, l)
	}
	return h
}

// add takes the candidates of the next unit. Those that come when the limit is reached are
// counted and let go, unless room can be made.
func (h *held) add(u *lateUnit, part int, lines int64) error {
	if u.pack == nil {
		return nil
	}
	u.pack.part, u.pack.lines = part, lines
	if h.size > h.limit && !h.full {
		if err := h.makeRoom(); err != nil {
			return err
		}
	}
	if h.size > h.limit {
		h.note(&h.dropped, u.pack, 0, u.pack.len())
		return nil
	}
	base := len(h.events)
	for i := range u.pack.ends {
		h.events = append(h.events, place{u.pack, uint32(i)})
	}
	h.size += int64(len(u.pack.data)) + placeSize*int64(u.pack.len())
	undated := -1
	for i := range u.rows {
		r := &u.rows[i]
		l := h.rules[h.collector.rules[r.rule]]
		if number := int(r.row.event); !r.row.dated && l.isSequence() && undated != number {
			undated = number
			h.note(&h.undated, u.pack, undated, 1)
		}
		r.row.event += uint32(base)
		h.size += l.add(r.row, r.more)
	}
	return nil
}

// late returns the rules that are matched late.
func (h *held) late() []*lateRule {
	var list []*lateRule
	for _, l := range h.rules {
		if l != nil {
			list = append(list, l)
		}
	}
	return list
}

// note counts n events from the one at a place on.
func (h *held) note(c *count, p *pack, i, n int) {
	if c.n += int64(n); c.n > int64(n) {
		return
	}
	c.part = p.part
	if hit, err := h.unpacker.hit(p, i); err == nil {
		c.first = hit.Evidence
	}
}

// makeRoom lets go of what can no longer matter. Pipes let so many events through and no
// more; events that are only to be put in order are given as far as they are known.
func (h *held) makeRoom() error {
	for _, l := range h.late() {
		q, ok := l.rule.Program.Query().(*eql.EventQuery)
		switch {
		case !ok:
		case len(q.Pipes) > 0:
			l.trim(q.Pipes[0])
		case l.rows.n > 0:
			at := h.events[l.rows.last().event]
			h.note(&h.split, at.pack, int(at.index), 1)
			if err := h.match(l); err != nil {
				return err
			}
			l.rows, l.ties = rows{}, nil
		}
	}
	h.sweep()
	// Making little room again and again would take more time than reading.
	h.full = h.size > h.limit/2
	return nil
}

// sweep lets go of the events that no rule needs and numbers the others anew.
func (h *held) sweep() {
	numbers := make(map[uint32]uint32)
	for _, l := range h.late() {
		for r := range l.rows.all() {
			numbers[r.event] = 0
		}
	}
	var events []place
	packs := make(map[*pack]bool)
	h.size = placeSize * int64(len(numbers))
	for old, at := range h.events {
		if _, ok := numbers[uint32(old)]; !ok {
			continue
		}
		numbers[uint32(old)] = uint32(len(events))
		events = append(events, at)
		if !packs[at.pack] {
			packs[at.pack] = true
			h.size += int64(len(at.pack.data))
		}
	}
	for _, l := range h.late() {
		for r := range l.rows.all() {
			r.event = numbers[r.event]
		}
		h.size += rowSize*int64(l.rows.n) + tieSize*int64(len(l.ties)) + keySize*int64(len(l.keys))
	}
	h.events = events
}

// finish matches all rules, in their order, and gives the findings.
func (h *held) finish() error {
	defer h.unpacker.close()
	for _, l := range h.late() {
		if err := h.match(l); err != nil {
			return err
		}
		*l = lateRule{rule: l.rule} // its memory is for the others
	}
	h.tell(event.TooMany, &h.dropped, "sequences, samples and pipes hold up to %d MiB of events: from here on %d that may be part of a match were left out", h.limit>>20, h.dropped.n)
	h.tell(event.Undated, &h.undated, "an event without a timestamp cannot be placed in a sequence; there are %d", h.undated.n)
	h.tell(event.Unsorted, &h.split, "more than %d MiB of results: they come in %d parts, each in the order of time", h.limit>>20, h.split.n+1)
	return nil
}

func (h *held) tell(k event.Kind, c *count, format string, args ...any) {
	if c.n > 0 {
		h.collector.late(c.part, event.Problem{
			Kind: k, Source: c.first.Source, Member: c.first.Member, Line: c.first.Line, Offset: c.first.Offset,
			Detail: fmt.Sprintf(format, args...),
		})
	}
}

// match runs one rule on its rows and gives its findings.
func (h *held) match(l *lateRule) error {
	result := l.rule.Program.Run(l.points(), h.options.Sequences)
	for i := range result.Matches {
		f, part, err := h.finding(l, &result.Matches[i])
		if err != nil {
			return err
		}
		if err := h.collector.give(f, part); err != nil {
			return err
		}
	}
	near, err := h.nearSequences(l)
	if err != nil {
		return err
	}
	h.collector.summary.Rules[h.collector.rules[l.rule]].NearSequences = near
	if text := limits(l.rule, &result); text != "" && len(h.events) > 0 {
		c := count{n: 1}
		h.note(&c, h.events[0].pack, int(h.events[0].index), 0)
		h.tell(event.TooMany, &c, "%s", text)
	}
	return nil
}

// finding unpacks the events of a match. The part is that of the last one.
func (h *held) finding(l *lateRule, m *eval.Match) (*Finding, int, error) {
	f := &Finding{Rule: l.rule, Hits: make([]Hit, len(m.Handles))}
	part := 0
	for i, handle := range m.Handles {
		if handle < 0 {
			continue
		}
		at := h.events[handle]
		hit, err := h.unpacker.hit(at.pack, int(at.index))
		if err != nil {
			return nil, 0, err
		}
		if f.JoinKeys == nil && m.Key != nil {
			f.JoinKeys = h.joinKeys(l, m.Key, &hit)
		}
		known, in := l.rule.Scope(hit.Index)
		f.OutOfScope = f.OutOfScope || known && !in
		f.Hits[i], part = hit, at.pack.part
	}
	return f, part, nil
}

// joinKeys returns the values of a match's key as JSON: those of a sequence, of which only
// the hash was held, are read again from one of its events.
func (h *held) joinKeys(l *lateRule, k *eval.Key, hit *Hit) []byte {
	if l.keys != nil {
		return k.AppendJSON(nil)
	}
	doc, err := h.parser.ParseBytes(hit.JSON)
	if err != nil {
		return nil
	}
	h.scratch.Load(l.rule.Program.Set(), &event.Event{Doc: doc})
	point, _ := l.rule.Program.Point(h.scratch)
	for _, entry := range point.Entries {
		if hash := hashKey(entry.Key); string(hash[:]) == k.ID {
			return entry.Key.AppendJSON(nil)
		}
	}
	return nil
}
