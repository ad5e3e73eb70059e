package ndjson

import "kscan/readers/event"

// level is a place in the names of wanted fields, with the keys that objects there had.
type level struct {
	node    *event.Node
	of      *member // whose value it is, nil for a document
	top     bool    // of a document
	members map[string]*member
	others  *member // stands for those that are new and of no field
}

// member is a key of an object.
type member struct {
	name    string
	in      *level
	special bool   // it may mean something at the top of a document
	below   *level // nil if no wanted name goes on with the key
	stops   *stop  // behind its values
}

// Limits on what is remembered: a log may have any number of made-up keys.
const (
	maxMembers   = 256 // of a level
	maxMemberKey = 64  // bytes of a key
)

// source is the member of a search hit that has the document.
const source = "_source"

// member returns the member for a key, which has no escapes, and whether it was there before.
func (l *level) member(key []byte) (m *member, known bool) {
	if m := l.members[string(key)]; m != nil {
		return m, true
	}
	m = &member{name: string(key), in: l, special: l.top && isSpecial(key)}
	if m.special && m.name == source {
		m.below = &level{node: l.node, of: m}
	} else if next := l.node.Child(key); next != nil {
		m.below = &level{node: next, of: m}
	}
	if len(l.members) < maxMembers && len(key) <= maxMemberKey {
		if l.members == nil {
			l.members = make(map[string]*member)
		}
		l.members[m.name] = m
	}
	return m, false
}

// other returns the member that stands for those of no field.
func (l *level) other() *member {
	if l.others == nil {
		l.others = &member{in: l}
	}
	return l.others
}

// isSpecial reports whether a key at the top of a document may be a wrapper's.
func isSpecial(key []byte) bool {
	switch string(key) {
	case "hits", "response", "responses", "rawResponse", "index", "create", "update", "delete", "fields":
		return true
	}
	return len(key) > 0 && key[0] == '_'
}
