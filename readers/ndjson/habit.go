package ndjson

import "kscan/readers/event"

// The objects of a log are much alike: after one key mostly comes the one that came the
// last time. A level remembers that, so that a key is compared rather than read.

// level is a place in the names of wanted fields, with the keys that objects there had.
type level struct {
	node    *event.Node
	top     bool    // of a document
	first   *member // of the last object
	members map[string]*member
}

// member is a key of an object.
type member struct {
	text    string // with its quotes and the colon
	special bool   // it may mean something at the top of a document
	below   *level // nil if no wanted name goes on with the key
	kept    bool   // it is one of the level's members
	next    *member
}

// Limits on what is remembered: a log may have any number of made-up keys.
const (
	maxMembers   = 256 // of a level
	maxMemberKey = 64  // bytes of a key
)

// name returns the key.
func (m *member) name() string { return m.text[1 : len(m.text)-2] }

// stands reports whether a text begins with the member's key.
func (m *member) stands(text []byte) bool {
	return len(text) >= len(m.text) && string(text[:len(m.text)]) == m.text
}

// member returns the member for a key, which has no escapes.
func (l *level) member(key []byte) *member {
	if m := l.members[string(key)]; m != nil {
		return m
	}
	m := &member{text: `"` + string(key) + `":`, special: isSpecial(key)}
	if next := l.node.Child(key); next != nil {
		m.below = &level{node: next}
	}
	if len(l.members) < maxMembers && len(key) <= maxMemberKey {
		if l.members == nil {
			l.members = make(map[string]*member)
		}
		l.members[m.name()], m.kept = m, true
	}
	return m
}

// isSpecial reports whether a key at the top of a document may be a wrapper's.
func isSpecial(key []byte) bool {
	switch string(key) {
	case "hits", "response", "responses", "rawResponse", "index", "create", "update", "delete", "fields":
		return true
	}
	return len(key) > 0 && key[0] == '_'
}
