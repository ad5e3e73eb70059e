package auditd

import (
	"encoding/binary"
	"math/bits"
)

// knownID is an id, " msg=audit(SEC.MS:SERIAL)", in words, so that a few instructions
// compare it.
type knownID struct {
	words  [idRoom / 8]uint64
	second uint64 // the 8 bytes up to and with the point, if the seconds have ten digits
	base   uint64 // the seconds, in milliseconds
	size   int    // in bytes, also of an id that is not in the words
	whole  bool   // it is in the words
}

// idMasks say, for each size of an id, what of its words is of it.
var idMasks = func() (masks [idRoom + 1][idRoom / 8]uint64) {
	for size := range masks {
		for i := range size {
			masks[size][i/8] |= 0xFF << (8 * (i % 8))
		}
	}
	return masks
}()

const (
	// idRoom is how many bytes the words of an id have.
	idRoom = 40
	// leastID is the least size of an id that is in the words.
	leastID = idRoom - 16
	// Where milliseconds and serial of an id are whose seconds have ten digits, as they have
	// since 2001 and until 2286.
	millisAt = len(idToken) + 11
	serialAt = millisAt + 4
)

// is reports whether a text begins with the id, which is in the words.
func (k *knownID) is(text *[idRoom]byte) bool {
	w, masks := &k.words, &idMasks[k.size]
	return (binary.LittleEndian.Uint64(text[:])^w[0])|(binary.LittleEndian.Uint64(text[8:])^w[1])|(binary.LittleEndian.Uint64(text[16:])^w[2])|
		(binary.LittleEndian.Uint64(text[24:])^w[3])&masks[3]|(binary.LittleEndian.Uint64(text[32:])^w[4])&masks[4] == 0
}

// isAt reports whether it is sure that text[at:end] begins with the id.
func (k *knownID) isAt(text []byte, at, end int) bool {
	return k.whole && at+k.size <= end && len(text)-at >= idRoom && k.is((*[idRoom]byte)(text[at:]))
}

// set makes text[at:end] the id.
func (k *knownID) set(text []byte, at, end int, stamp uint64) {
	k.size, k.base = end-at, stamp-stamp%1000
	if k.whole = k.size >= leastID && k.size <= idRoom && len(text)-at >= idRoom; k.whole {
		k.setWords((*[idRoom]byte)(text[at:]))
	}
}

func (k *knownID) setWords(id *[idRoom]byte) {
	// One by one: an array of them would be made elsewhere and copied.
	w := &k.words
	w[0], w[1], w[2], w[3], w[4] = load(id[:]), load(id[8:]), load(id[16:]), load(id[24:]), load(id[32:])
	k.second = load(id[millisAt-8:])
}

// read makes the id at the start of text[at:end] known, and returns what it says.
func (k *knownID) read(text []byte, at, end int) (stamp uint64, serial uint32, ok bool) {
	if k.whole && len(text)-at >= idRoom {
		if stamp, serial, ok = k.next((*[idRoom]byte)(text[at:])); ok && at+k.size <= end {
			return stamp, serial, true
		}
	}
	line := text[at:end]
	if len(line) < len(idToken) || string(line[:len(idToken)]) != idToken {
		return 0, 0, false
	}
	var r record
	if r.parseID(line, len(idToken)) == 0 {
		return 0, 0, false
	}
	k.set(text, at, at+r.idEnd+1, r.stamp)
	return r.stamp, r.serial, true
}

// next is read for an id of the same second as the known one, in the usual form.
func (k *knownID) next(id *[idRoom]byte) (stamp uint64, serial uint32, ok bool) {
	if load(id[:]) != k.words[0] || load(id[8:]) != k.words[1] || load(id[millisAt-8:]) != k.second || id[millisAt-1] != '.' || id[serialAt-1] != ':' {
		return 0, 0, false
	}
	a, b, c := id[millisAt]-'0', id[millisAt+1]-'0', id[millisAt+2]-'0'
	n, size := leadingDigits(load(id[serialAt:]))
	if a > 9 || b > 9 || c > 9 || size == 0 || id[serialAt+size] != ')' {
		return 0, 0, false
	}
	k.size = serialAt + size + 1
	k.setWords(id)
	return k.base + uint64(a)*100 + uint64(b)*10 + uint64(c), uint32(n), true
}

func load(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// leadingDigits returns the value of the digits that begin a word, the lowest byte first,
// and how many there are.
func leadingDigits(word uint64) (value uint64, n int) {
	const zeros, tens, highs = 0x3030303030303030, 0x7676767676767676, 0x8080808080808080
	x := word ^ zeros
	// A byte over 9 sets its high bit, and may spoil the bytes after it.
	n = bits.TrailingZeros64((x+tens|x)&highs) / 8
	x <<= 8 * (8 - n) // zeros in front
	x = (x*10 + x>>8) & 0x00FF00FF00FF00FF
	x = (x*100 + x>>16) & 0x0000FFFF0000FFFF
	return (x*10000 + x>>32) & 0xFFFFFFFF, n
}

// shortDigits is digits for numbers of up to ten digits, most of which have less than eight.
func shortDigits(text []byte, at int) (value uint64, end int) {
	if len(text)-at >= 8 {
		if value, n := leadingDigits(load(text[at:])); n > 0 && n < 8 {
			return value, at + n
		}
	}
	return digits(text, at, 10)
}
