package prefilter

import "math/bits"

// Mark is what stands at 64 places of a JSON text, a bit for each.
type Mark struct {
	Quotes  uint64 // that begin or end a string
	Slashes uint64 // backslashes
	Opens   uint64 // [ and {
	Closes  uint64 // ] and }
}

// Marks finds the strings and brackets of a JSON text. It appends to dst[:0] a Mark for
// each 64 bytes, the last of which may be short, and returns it, and whether there are
// backslashes. Quotes are those that no backslash escapes. Brackets may be in strings:
// Outside tells.
func Marks(dst []Mark, text []byte) (marks []Mark, slashes bool) {
	n := Words(len(text))
	if cap(dst) < n {
		dst = make([]Mark, n+n/2)
	}
	dst = dst[:n]
	whole := len(text) / 64
	if whole > 0 {
		mark(dst[:whole], text)
	}
	if rest := text[whole*64:]; len(rest) > 0 {
		var padded [64]byte
		copy(padded[:], rest)
		mark(dst[whole:], padded[:])
	}
	any := uint64(0)
	for i := range dst {
		any |= dst[i].Slashes
	}
	if any != 0 {
		settle(dst)
	}
	return dst, any != 0
}

// mark marks quotes, backslashes and brackets, wherever they stand.
func mark(dst []Mark, text []byte) {
	if hasVector {
		markVector(&text[0], len(dst), &dst[0])
		return
	}
	for i := range dst {
		dst[i] = markWord(text[i*64 : i*64+64])
	}
}

// markWord is the plain form of markVector, for one word.
func markWord(text []byte) Mark {
	var m Mark
	for i, c := range text {
		bit := uint64(1) << i
		switch c {
		case '"':
			m.Quotes |= bit
		case '\\':
			m.Slashes |= bit
		case '[', '{':
			m.Opens |= bit
		case ']', '}':
			m.Closes |= bit
		}
	}
	return m
}

// settle takes away the quotes that are escaped.
func settle(marks []Mark) {
	var escaped uint64 // the next byte
	for i := range marks {
		m := &marks[i]
		m.Quotes &^= escapes(m.Slashes, &escaped)
	}
}

// MarkAt returns the mark of the 64 places from a place of a text on, which has marks.
func MarkAt(marks []Mark, place int) Mark {
	w, shift := place/64, place%64
	m := marks[w]
	var n Mark
	if w+1 < len(marks) {
		n = marks[w+1]
	}
	return Mark{
		Quotes:  m.Quotes>>shift | n.Quotes<<1<<(shift^63),
		Slashes: m.Slashes>>shift | n.Slashes<<1<<(shift^63),
		Opens:   m.Opens>>shift | n.Opens<<1<<(shift^63),
		Closes:  m.Closes>>shift | n.Closes<<1<<(shift^63),
	}
}

// Outside returns the brackets of m that are outside of strings. It is asked for one mark
// after another; inside is 0 for the first, which begins outside of strings, and then what the
// call before returned.
func (m Mark) Outside(inside uint64) (opens, closes, next uint64) {
	in := parity(m.Quotes) ^ inside
	return m.Opens &^ in, m.Closes &^ in, uint64(int64(in) >> 63)
}

// escapes returns the places behind an odd number of backslashes in a row. The number
// runs on from word to word: next is 1 if the first place of the next word is escaped.
func escapes(slashes uint64, next *uint64) uint64 {
	const even = 0x5555555555555555
	slashes &^= *next
	follows := slashes<<1 | *next
	odd := slashes &^ even &^ follows // where runs begin at an odd place
	var runs uint64
	runs, *next = bits.Add64(odd, slashes, 0) // the carry goes to the end of each such run
	return (even ^ runs<<1) & follows
}

// parity sets each bit to whether the number of bits up to it is odd.
func parity(x uint64) uint64 {
	x ^= x << 1
	x ^= x << 2
	x ^= x << 4
	x ^= x << 8
	x ^= x << 16
	return x ^ x<<32
}
