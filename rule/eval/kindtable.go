package eval

import (
	"bytes"
	"encoding/binary"

	"kscan/readers/event"
)

const (
	kindBits = 10
	kindWays = 4 // kinds that may have one place
	// kindPatience is how many kinds are looked into of which no event came again: a log of
	// which each event is of another kind costs no more for it than that.
	kindPatience = 4 * kindWays << kindBits
	// maxKindText is how many bytes the texts of a kind may have.
	maxKindText = 2048
)

// KindTable remembers something of each kind of events. It belongs to one worker.
type KindTable[T any] struct {
	of       *Kinds
	places   [1 << kindBits][kindWays]*tableKind[T] // by their hash
	made     uint
	patience int
	next     *tableKind[T] // that Of did not find
}

type tableKind[T any] struct {
	values []kindValue
	bits   uint64
	hash   uint64
	what   T
}

// kindValue is a value of one of the texts that tell kinds apart.
type kindValue struct {
	slot int
	event.Scalar
}

// NewKindTable returns an empty table, nil for no kinds.
func NewKindTable[T any](of *Kinds) *KindTable[T] {
	if of == nil {
		return nil
	}
	return &KindTable[T]{of: of, patience: kindPatience}
}

// Of returns what is remembered of the loaded event's kind, one of the set that the kinds are of;
// nil if nothing is, and false if nothing is to be.
func (t *KindTable[T]) Of(s *Scratch) (what *T, ok bool) {
	if t == nil || t.patience < 0 && !t.renew() {
		return nil, false
	}
	t.next = nil
	bits := t.of.Bits(s)
	hash, size := t.of.hash(bits, s.found)
	if size > maxKindText {
		return nil, false
	}
	places := &t.places[hash>>(64-kindBits)]
	for _, k := range places {
		if k != nil && k.hash == hash && k.is(bits, s.found, t.of.texts) {
			t.patience = min(t.patience+1, kindPatience)
			return &k.what, true
		}
	}
	t.patience--
	t.next = &tableKind[T]{bits: bits, hash: hash}
	for _, slot := range t.of.texts {
		for _, v := range s.found.Values(slot) {
			t.next.values = append(t.next.values, kindValue{slot, event.Scalar{Type: v.Type, Text: bytes.Clone(v.Text)}})
		}
	}
	return nil, true
}

// Put remembers what Of did not find.
func (t *KindTable[T]) Put(what T) *T {
	k := t.next
	k.what, t.next = what, nil
	t.made++
	t.places[k.hash>>(64-kindBits)][t.made%kindWays] = k
	return &k.what
}

// renew begins anew without comparing what differs in most of the kinds, such as ids. It returns
// false if nothing does.
func (t *KindTable[T]) renew() bool {
	if t.of == nil {
		return false
	}
	of, varying := t.of, t.varying()
	if t.of = nil; len(varying) > 0 {
		t.of = of.set.kinds(varying)
	}
	if t.of == nil || len(t.of.texts) == len(of.texts) {
		t.of = nil
		return false
	}
	clear(t.places[:])
	t.patience = kindPatience
	return true
}

// varying returns the slots of which most kinds have a value of their own, and those that are
// not compared as it is.
func (t *KindTable[T]) varying() map[int]bool {
	values, all := map[int]map[string]bool{}, 0
	for i := range t.places {
		for _, k := range t.places[i] {
			if k == nil {
				continue
			}
			all++
			for _, v := range k.values {
				if values[v.slot] == nil {
					values[v.slot] = map[string]bool{}
				}
				values[v.slot][string(v.Text)] = true
			}
		}
	}
	slots := map[int]bool{}
	for _, slot := range t.of.has {
		slots[slot] = true
	}
	for slot, texts := range values {
		if 2*len(texts) > all {
			slots[slot] = true
		}
	}
	return slots
}

// hash returns a number that events of one kind share, and how many bytes their texts have.
func (k *Kinds) hash(bits uint64, found *event.Found) (hash uint64, size int) {
	const odd = 0x9E3779B97F4A7C15
	hash = bits
	for _, slot := range k.texts {
		for _, v := range found.Values(slot) {
			hash = (hash ^ ends(v.Text) ^ uint64(slot)) * odd
			hash ^= hash >> 29
			size += len(v.Text)
		}
	}
	return hash * odd, size
}

// ends returns a number made of the ends of a text, and of its length.
func ends(text []byte) uint64 {
	const odd = 0xC2B2AE3D27D4EB4F
	n := len(text)
	switch {
	case n >= 8:
		return (binary.LittleEndian.Uint64(text)*odd ^ binary.LittleEndian.Uint64(text[n-8:])) + uint64(n)
	case n >= 4:
		return uint64(binary.LittleEndian.Uint32(text)) | uint64(binary.LittleEndian.Uint32(text[n-4:]))<<32 + uint64(n)
	case n > 0:
		return uint64(text[0]) | uint64(text[n/2])<<8 | uint64(text[n-1])<<16 + uint64(n)<<24
	}
	return 0
}

// is reports whether events with some values are of the kind.
func (k *tableKind[T]) is(bits uint64, found *event.Found, texts []int) bool {
	if k.bits != bits {
		return false
	}
	i := 0
	for _, slot := range texts {
		for _, v := range found.Values(slot) {
			if i == len(k.values) {
				return false
			}
			if w := &k.values[i]; w.slot != slot || w.Type != v.Type || string(w.Text) != string(v.Text) {
				return false
			}
			i++
		}
	}
	return i == len(k.values)
}
