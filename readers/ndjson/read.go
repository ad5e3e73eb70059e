package ndjson

import (
	"bytes"
	"strings"

	"kscan/readers/event"
)

// reader goes key by key from one value of a document to the next that the picker takes or
// steps over.
type reader struct {
	top    level   // of a document
	open   []byte  // brackets, from the outer to the inner
	level  *level  // of the innermost object
	member *member // of the value in front, or of the array around
	node   *event.Node
	state
	resets bool // a _source began
	known  bool // all keys were there before
}

// state is what the top of a document had so far.
type state struct {
	wrapped      bool // _source was taken: the rest is not the document
	meta, fields bool // there are members of a search hit, or "fields"
}

// read goes from a stop, which is at a place of the text, to the next value, or the end, and
// returns the step there. It returns nil if there is something that is left to the parser.
func (p *picker) read(at *stop, start int) *step {
	r := &p.reader
	r.begin(at)
	end := p.forward(start)
	if end < 0 {
		return nil
	}
	s := &p.track.step
	s.size, s.kind, s.node, s.resets, s.next = end-start, finish, r.node, r.resets, nil
	if len(r.open) > 0 {
		if s.kind = kindOf(p.text[end]); s.kind == quoted || s.kind == container {
			s.size++
		}
		s.next = p.track.stop(r)
	}
	return p.track.add(at, s, p.text[start:start+s.size], r.known)
}

// begin makes r stand at a stop.
func (r *reader) begin(at *stop) {
	r.open, r.member, r.state = append(r.open[:0], at.open...), at.member, at.state
	if r.level = nil; at.member != nil {
		r.level = at.member.in
	}
	r.node, r.resets, r.known = nil, false, true
}

// forward returns where the next value is that is taken or stepped over, from behind a value
// on, or the end of the text; -1 if there is something that is left to the parser.
func (p *picker) forward(i int) int {
	r := &p.reader
	opened := len(r.open) == 0 // what was in front of i is a bracket, not a value
	if opened {
		if p.at(i) != '{' {
			return -1
		}
		r.enter('{', &r.top)
		i++
	}
	for {
		i = p.space(i)
		if c := p.at(i); c == r.open[len(r.open)-1]+2 { // that closes, in ASCII
			i++
			if r.leave(); len(r.open) == 0 {
				return r.finish(i, len(p.text))
			}
			opened = false
			continue
		} else if !opened {
			if c != ',' {
				return -1
			}
			i = p.space(i + 1)
		}
		var ok bool
		if i, ok = p.item(i); !ok || i >= len(p.text) {
			return -1
		}
		if opened = r.enters(p.text[i]); !opened {
			return i
		}
		if i++; len(r.open) > maxPickDepth+1 {
			return -1
		}
	}
}

// finish returns the end of the text if the document ends there and is no wrapper of another
// kind, else -1.
func (r *reader) finish(i, end int) int {
	if i != end || r.meta && r.fields {
		return -1
	}
	return end
}

// enter is behind a bracket that opens; leave behind one that closes.
func (r *reader) enter(bracket byte, l *level) { r.open, r.level = append(r.open, bracket), l }

func (r *reader) leave() {
	last := len(r.open) - 1
	if r.open[last] == '{' {
		if r.member = r.level.of; r.member == nil {
			r.level = nil
		} else {
			r.level = r.member.in
		}
	}
	r.open = r.open[:last]
}

// item reads the key at i, if there must be one, and returns where the value is.
func (p *picker) item(i int) (int, bool) {
	r := &p.reader
	if r.open[len(r.open)-1] == '[' {
		return i, true
	}
	m, i, ok := p.key(i, r.level)
	if !ok {
		return i, false
	}
	r.member = m
	i = p.space(i)
	return i, !m.special || r.special(m, p.at(i))
}

// key reads the key at i, and the colon. It returns the member, and where the colon ends.
func (p *picker) key(start int, l *level) (*member, int, bool) {
	if p.at(start) != '"' {
		return nil, start, false
	}
	end := p.quote(start + 1)
	i := p.space(end + 1)
	if p.at(i) != ':' {
		return nil, i, false
	}
	key := p.text[start+1 : end]
	if p.slashes && bytes.IndexByte(key, '\\') >= 0 {
		return nil, i, false
	}
	m, known := l.member(key)
	p.reader.known = p.reader.known && known
	return m, i + 1, true
}

// special notes a member of a document's top whose value begins with a byte. It reports false
// if it makes the document a wrapper that is left to the parser.
func (r *reader) special(m *member, first byte) bool {
	switch m.name {
	case "hits", "response", "responses", "rawResponse", "index", "create", "update", "delete":
		return false
	case "fields":
		r.fields = true
	case source:
		if r.wrapped || first != '{' {
			return false
		}
		r.wrapped, r.resets = true, true
	}
	r.meta = r.meta || strings.HasPrefix(m.name, "_")
	return true
}

// enters reports whether there may be values of wanted fields in the value at i, of a member
// or in its array, and enters it. Of any other it notes at which node it is taken.
func (r *reader) enters(first byte) bool {
	m := r.member
	switch {
	case m.name == source && m.special:
		r.enter('{', m.below)
	case m.below == nil || r.level.top && r.wrapped:
		return false
	case first == '[':
		r.enter('[', r.level)
	case first == '{' && m.below.node.HasBelow():
		r.enter('{', m.below)
	default:
		if first != '{' && m.below.node.IsName() {
			r.node = m.below.node
		}
		return false
	}
	return true
}

// kindOf returns what begins with a byte.
func kindOf(first byte) kind {
	switch first {
	case '"':
		return quoted
	case '{', '[':
		return container
	}
	return plain
}
