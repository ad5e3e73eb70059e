package eval

import (
	"encoding/binary"

	"kscan/readers/event"
)

// A field mostly has a value that it had in an event before. Of such values a Scratch
// remembers what they are when coerced, what the tests of one value came to, and the terms
// that a gate table finds by them: then a value costs one lookup, whatever is asked of it.

// Limits on what is remembered of a column.
const (
	maxRemembered     = 256 // values
	maxRememberedText = 256 // bytes of one
	// firstPatience is how many values that are not remembered make a memory begin anew;
	// a memory that helped little is twice as patient after that, up to lastPatience.
	firstPatience = 16 * maxRemembered
	lastPatience  = 1 << 20
)

// memory is the values of a column that a Scratch remembers. Of values whose texts have one
// place it remembers the first.
type memory struct {
	words    int // of cell.answers
	places   [places]*cell
	kept     int
	hits     int
	misses   int // when there was no room
	patience int
}

// places is how many places a memory has: enough for most values to have one of their own.
const places = 1 << placeBits

const placeBits = 9

// newMemory returns a memory for a column, nil for one of a type that is cheap to coerce and
// to test, or of which each value is another.
func newMemory(c *column, tests int) *memory {
	switch c.typ {
	case event.Keyword, event.Flattened, event.Version, event.Unknown:
		return &memory{words: (tests*answerBits + 63) / 64, patience: firstPatience}
	}
	return nil
}

// place returns the place of a text, by its length and its ends.
func place(text []byte) uint64 {
	const odd = 0x9E3779B97F4A7C15
	n := len(text)
	var first, last uint64
	switch {
	case n >= 8:
		first, last = binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[n-8:])
	case n >= 4:
		first, last = uint64(binary.LittleEndian.Uint32(text)), uint64(binary.LittleEndian.Uint32(text[n-4:]))
	case n > 0:
		first, last = uint64(text[0])|uint64(text[n/2])<<8, uint64(text[n-1])
	}
	return ((first*odd ^ last + uint64(n)) * odd) >> (64 - placeBits)
}

// find returns the cell of a value that is remembered, and else a new one with a copy of
// the value, which is then to be coerced; nil if the value is not to be remembered.
func (m *memory) find(v event.Scalar) (c *cell, known bool) {
	if len(v.Text) > maxRememberedText {
		return nil, false
	}
	at := &m.places[place(v.Text)]
	switch c := *at; {
	case c != nil && c.raw == string(v.Text) && c.json == v.Type:
		m.hits++
		return c, true
	case c != nil || m.kept == maxRemembered:
		m.misses++
		return nil, false
	}
	m.kept++
	*at = &cell{raw: string(v.Text), json: v.Type, answers: make([]uint64, m.words)}
	return *at, false
}

// isStale reports whether values that are not remembered have been many.
func (m *memory) isStale() bool { return m != nil && m.misses >= m.patience }

// renew lets the columns whose memory is stale forget all. Nothing may point to its cells.
func (s *Scratch) renew() {
	s.stale = false
	for i := range s.cells {
		m := s.cells[i].memory
		if !m.isStale() {
			continue
		}
		if m.hits < m.misses {
			m.patience = min(2*m.patience, lastPatience)
		}
		clear(m.places[:])
		m.kept, m.hits, m.misses = 0, 0, 0
	}
}

// What a cell remembers of a test, in answerBits.
const (
	answerBits   = 2
	answerKnown  = 1
	answerHolds  = 2
	answersAWord = 64 / answerBits
)

// passes returns test of the cell. It is asked once if the value is remembered: number is
// that of the test among those of the column.
func (c *cell) passes(s *Scratch, number int, test func(*Scratch, *cell) bool) bool {
	if number/answersAWord >= len(c.answers) {
		return test(s, c)
	}
	word, shift := &c.answers[number/answersAWord], number%answersAWord*answerBits
	if bits := *word >> shift; bits&answerKnown != 0 {
		return bits&answerHolds != 0
	}
	holds := test(s, c)
	*word |= answerKnown << shift
	if holds {
		*word |= answerHolds << shift
	}
	return holds
}

// each makes a test of a column's values, which holds if it does of any of them. What it
// says of a value must hang on nothing but the value.
func (c *compiler) each(column int, test func(*Scratch, *cell) bool) func(*Scratch) bool {
	number := c.set.tests[column]
	c.set.tests[column]++
	return func(s *Scratch) bool {
		for _, v := range s.column(column) {
			if v.passes(s, number, test) {
				return true
			}
		}
		return false
	}
}
