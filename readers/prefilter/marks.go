package prefilter

import "math/bits"

// Mark is what stands at 64 places of a JSON text, a bit for each.
type Mark struct {
	Quotes  uint64 // that begin or end a string
	Slashes uint64 // backslashes
	Opens   uint64 // [ and { outside of strings
	Closes  uint64 // ] and } outside of strings
}

// Marks finds the strings and brackets of a JSON text. It appends to dst[:0] a Mark for
// each 64 bytes, the last of which may be short, and returns it. Of a text that is no JSON
// it says what stands behind an odd number of quotes, each that no backslash escapes.
func Marks(dst []Mark, text []byte) []Mark {
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
	settle(dst)
	return dst
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

// settle takes away the quotes that are escaped and the brackets that are in strings.
func settle(marks []Mark) {
	var escaped, inside uint64 // the next byte, the next word
	for i := range marks {
		m := &marks[i]
		if m.Slashes|escaped != 0 {
			m.Quotes &^= escapes(m.Slashes, &escaped)
		}
		in := parity(m.Quotes) ^ inside
		inside = uint64(int64(in) >> 63)
		m.Opens &^= in
		m.Closes &^= in
	}
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
