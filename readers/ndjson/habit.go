package ndjson

import (
	"encoding/binary"

	"kscan/readers/event"
)

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
	head    [2]word
	skipped bool   // it is not special and has nothing below
	special bool   // it may mean something at the top of a document
	below   *level // nil if no wanted name goes on with the key
	kept    bool   // it is one of the level's members
	next    *member
}

// word is up to eight bytes of a key.
type word struct{ bytes, mask uint64 }

func newWord(text string) word {
	var bytes, mask [8]byte
	for i := range copy(bytes[:], text) {
		mask[i] = 0xFF
	}
	return word{binary.LittleEndian.Uint64(bytes[:]), binary.LittleEndian.Uint64(mask[:])}
}

// fits reports whether a text, of eight bytes or more, begins with the word.
func (w *word) fits(text []byte) bool { return (binary.LittleEndian.Uint64(text)^w.bytes)&w.mask == 0 }

// Limits on what is remembered: a log may have any number of made-up keys.
const (
	maxMembers   = 256 // of a level
	maxMemberKey = 64  // bytes of a key
)

// name returns the key.
func (m *member) name() string { return m.text[1 : len(m.text)-2] }

// stands reports whether the member's key stands at i in a text. It compares the first 16
// bytes as two numbers, which is what most keys are shorter than.
func (m *member) stands(text []byte, i int) bool {
	if i+16 <= len(text) {
		if !m.head[0].fits(text[i:]) || !m.head[1].fits(text[i+8:]) {
			return false
		}
		if len(m.text) <= 16 {
			return true
		}
	}
	return i+len(m.text) <= len(text) && string(text[i:i+len(m.text)]) == m.text
}

// member returns the member for a key, which has no escapes.
func (l *level) member(key []byte) *member {
	if m := l.members[string(key)]; m != nil {
		return m
	}
	m := &member{text: `"` + string(key) + `":`, special: l.top && isSpecial(key)}
	m.head = [2]word{newWord(m.text), newWord(m.text[min(8, len(m.text)):])}
	if next := l.node.Child(key); next != nil {
		m.below = &level{node: next}
	}
	m.skipped = !m.special && m.below == nil
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
