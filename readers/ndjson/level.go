package ndjson

import "kscan/readers/event"

// level is a place in the names of wanted fields, with the keys that objects there had.
type level struct {
	node    *event.Node
	of      *member // whose value it is, nil for a document
	top     bool    // of a document
	members map[string]*member
}

// member is a key of an object.
type member struct {
	name    string
	special bool   // it may mean something at the top of a document
	below   *level // nil if no wanted name goes on with the key
}

// Limits on what is remembered: a log may have any number of made-up keys.
const (
	maxMembers   = 256 // of a level
	maxMemberKey = 64  // bytes of a key
)

// member returns the member for a key, which has no escapes.
func (l *level) member(key []byte) *member {
	if m := l.members[string(key)]; m != nil {
		return m
	}
	m := &member{name: string(key), special: l.top && isSpecial(key)}
	if next := l.node.Child(key); next != nil {
		m.below = &level{node: next, of: m}
	}
	if len(l.members) < maxMembers && len(key) <= maxMemberKey {
		if l.members == nil {
			l.members = make(map[string]*member)
		}
		l.members[m.name] = m
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
