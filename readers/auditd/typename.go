package auditd

import "bytes"

// typeName is the name of a record type as it begins a line: "type=NAME".
type typeName struct {
	head, tail uint64 // its first and its last 8 bytes, which are all of it
	size       int
	typ        uint16
	brings     marks // to its event
	asks       asking
}

// nameRoom is the most bytes of a name that two words hold.
const nameRoom = 16

// typeNames are the names that came before, so that each is read once and then compared
// as two words. They are where their heads say; one may push out another.
type typeNames struct {
	names [1 << nameBits]typeName
	long  typeName // the last that did not fit in two words
}

const (
	nameBits = 5
	// nameFactor spreads the names that fill a log, by their first three letters.
	nameFactor = 0x2cae43b1cc74b3bf
)

func newTypeNames() *typeNames {
	var t typeNames
	for i := range t.names {
		t.names[i].size = nameRoom / 2
	}
	return &t
}

// like returns the name that is known of those that begin with head, or another.
func (t *typeNames) like(head uint64) *typeName {
	return &t.names[head>>40*nameFactor>>(64-nameBits)]
}

// nameAt returns the name that begins text[at:end], and where it ends if what follows is
// a space; nil if there is none.
func (d *Decoder) nameAt(at, end int) (n *typeName, after int) {
	if len(d.text)-at >= nameRoom {
		head := load(d.text[at:])
		if n = d.types.like(head); n.head == head && load(d.text[at+n.size-8:]) == n.tail {
			return n, at + n.size
		}
	}
	if n = d.types.learn(d.tables, d.text[at:end]); n == nil {
		return nil, 0
	}
	return n, at + n.size
}

// learn returns the name that begins a line, in its place if it fits.
func (t *typeNames) learn(tables *tables, line []byte) *typeName {
	size := typeSize(line)
	if size == 0 {
		return nil
	}
	n := &t.long
	name := line[:size]
	if size >= 8 && size <= nameRoom {
		n = t.like(load(name))
		n.head, n.tail = load(name), load(name[size-8:])
	}
	n.size, n.typ = size, tables.typeNumber(name[len(typeToken):])
	n.asks, n.brings = asksNothing, 0
	switch {
	case n.typ == typeSockaddr:
		n.asks, n.brings = asksAddress, hasContent|hasAddress
	case n.typ == typeSyscall, tables.kindsOf(n.typ) != 0:
		n.asks = asksMarks
	case n.typ != typeEOE:
		n.brings = broughtBy(n.typ)
	}
	return n
}

// typeSize returns the size of "type=NAME" at the start of a line, 0 if it begins in
// another way.
func typeSize(line []byte) int {
	if !bytes.HasPrefix(line, []byte(typeToken)) {
		return 0
	}
	i := len(typeToken)
	for i < len(line) && line[i] != ' ' && i-len(typeToken) <= maxTypeName {
		i++
	}
	if i == len(typeToken) || i >= len(line) || line[i] != ' ' {
		return 0
	}
	return i
}
