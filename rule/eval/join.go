package eval

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"kscan/readers/event"
	"kscan/rule/eql"
)

// term is one step of a sequence or sample, or the whole of an event query.
type term struct {
	filter
	keys    []joinKey
	runs    int
	missing bool // "![…]"
}

// joinKey is a field whose value the events of a match have in common.
type joinKey struct {
	column   int
	optional bool // null is a value like any other
}

// Key is the values of the join keys that the events of one match share. Keys with the
// same ID are the same.
type Key struct {
	ID     string
	Values []event.Value // Type Unknown is null; the texts are copies
}

// Entry says that an event can be a step, under one key.
type Entry struct {
	Term int
	Key  *Key
}

// Point is what a Run needs of one event: what it can be, and where it is in time. It
// holds no part of the event.
type Point struct {
	Entries []Entry
	Time    int64 // milliseconds since 1970, as Elasticsearch keeps dates
	Nanos   int32 // and nanoseconds, if the timestamp is mapped to have them
	Dated   bool
	Tie     event.Value // the tiebreaker; Type Unknown if there is none
	Handle  int         // the caller's, to know the event again; ascending in the order of the input
}

// maxTuples bounds how many keys one event gives one term: each combination of the
// values of array fields is a key. Scratch.Cut counts the events that had more.
const maxTuples = 10_000

// maxKeyText is the longest text of a join key, in bytes: no term of an Elasticsearch
// index can be longer. Longer values are missing, and counted in Scratch.Cut.
const maxKeyText = 32766

// Point returns what the loaded event is to the query; false if it can be no step.
func (p *Program) Point(s *Scratch) (Point, bool) {
	var out Point
	for i := range p.terms {
		t := &p.terms[i]
		if !t.inCategory(s) || !t.holds(s) {
			continue
		}
		for _, key := range t.tuples(s) {
			out.Entries = append(out.Entries, Entry{i, key})
		}
	}
	if len(out.Entries) == 0 {
		return out, false
	}
	if values := s.column(p.timestamp); len(values) > 0 {
		out.Time, out.Dated = values[0].Int, true
		if values[0].Type == event.DateNanos { // which is never before 1970
			out.Time, out.Nanos = values[0].Int/1e6, int32(values[0].Int%1e6)
		}
	}
	if p.tiebreaker >= 0 {
		if values := s.column(p.tiebreaker); len(values) > 0 {
			out.Tie = owned(values[0].Value)
		}
	}
	return out, true
}

func owned(v event.Value) event.Value {
	v.Text = slices.Clone(v.Text)
	return v
}

// tuples returns the keys that the loaded event has: none if one is missing that must
// not be.
func (t *term) tuples(s *Scratch) []*Key {
	tuples := [][]event.Value{nil}
	for _, k := range t.keys {
		values := s.keyValues(k.column)
		if len(values) == 0 && !k.optional {
			return nil
		}
		var longer [][]event.Value
		for _, tuple := range tuples {
			if len(values) == 0 {
				longer = append(longer, append(slices.Clip(tuple), event.Value{}))
			}
			for i := range values {
				longer = append(longer, append(slices.Clip(tuple), owned(values[i].Value)))
			}
			if len(longer) > maxTuples {
				s.Cut++
				longer = longer[:maxTuples]
				break
			}
		}
		tuples = longer
	}
	var keys []*Key
	seen := make(map[string]bool)
	for _, tuple := range tuples {
		if key := newKey(tuple); !seen[key.ID] {
			seen[key.ID] = true
			keys = append(keys, key)
		}
	}
	return keys
}

// AppendJSON appends the values as a JSON array.
func (k *Key) AppendJSON(dst []byte) []byte {
	dst = append(dst, '[')
	for i := range k.Values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = k.Values[i].AppendJSON(dst)
	}
	return append(dst, ']')
}

// keyValues returns the values of a column that can be join keys.
func (s *Scratch) keyValues(column int) []*cell {
	values := s.column(column)
	long := func(c *cell) bool { return len(c.Text) > maxKeyText }
	if !slices.ContainsFunc(values, long) {
		return values
	}
	s.Cut++
	return slices.DeleteFunc(slices.Clone(values), long)
}

// newKey gives the values an ID: their texts, each with its length. A number and its
// text are the same key, as they would be under one mapping.
func newKey(values []event.Value) *Key {
	var id []byte
	for i := range values {
		if values[i].Type == event.Unknown {
			id = append(id, 0)
			continue
		}
		text := appendText(nil, &values[i])
		id = binary.AppendUvarint(id, uint64(len(text))+1)
		id = append(id, text...)
	}
	return &Key{string(id), values}
}

// compareKeys orders keys as Elasticsearch does those of samples: null first, then by
// the value.
func compareKeys(a, b *Key) int {
	for i := range a.Values {
		if c := compareOrdered(&a.Values[i], &b.Values[i]); c != 0 {
			return c
		}
	}
	return 0
}

// compareOrdered is a total order of values: null, then numbers, then texts and booleans,
// then those of each other type.
func compareOrdered(a, b *event.Value) int {
	if x, y := rank(a), rank(b); x != y || x == 0 {
		return x - y
	}
	switch {
	case isNumber(a) && compareNumbers(eql.Lt, a, b):
		return -1
	case isNumber(a) && compareNumbers(eql.Gt, a, b):
		return 1
	case isNumber(a):
		return 0
	}
	switch a.Type {
	case event.Date, event.DateNanos:
		return cmp.Compare(a.Int, b.Int)
	case event.IP:
		x, y := a.IP.As16(), b.IP.As16() // IPv4 among IPv6, as Elasticsearch keeps them
		return slices.Compare(x[:], y[:])
	case event.Version:
		return cmp.Or(parseVersion(a.Text).compare(parseVersion(b.Text)), bytes.Compare(a.Text, b.Text))
	}
	return slices.Compare(appendText(nil, a), appendText(nil, b))
}

func rank(v *event.Value) int {
	switch {
	case v.Type == event.Unknown:
		return 0
	case isNumber(v):
		return 1
	case v.Type == event.Keyword || v.Type == event.Boolean:
		return 2
	}
	return 3 + int(v.Type)
}

// comparePoints orders by time, those without one first; then tiebreaker, those without
// one last; then as the events come in the input. The last is what Elasticsearch does with
// the order of the documents in a shard.
func comparePoints(a, b *Point) int {
	switch {
	case a.Dated != b.Dated:
		return last(a.Dated)
	case a.Time != b.Time:
		return last(a.Time > b.Time)
	case a.Nanos != b.Nanos:
		return last(a.Nanos > b.Nanos)
	}
	noA, noB := a.Tie.Type == event.Unknown, b.Tie.Type == event.Unknown
	if noA != noB {
		return last(noA)
	}
	return cmp.Or(compareOrdered(&a.Tie, &b.Tie), cmp.Compare(a.Handle, b.Handle))
}

func last(first bool) int {
	if first {
		return 1
	}
	return -1
}
