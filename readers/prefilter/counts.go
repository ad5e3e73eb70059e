package prefilter

import "encoding/binary"

// counts says how often windows stand in a sample, by their hashes.
type counts [1 << countBits]uint16

// countBits gives a sample's windows several times the room that there are of them, as most
// stand there many times.
const countBits = 14

func countHash(window uint32) uint32 { return window * 0x9E3779B1 >> (32 - countBits) }

func countsOf(sample []byte) *counts {
	c := new(counts)
	sample = sample[:min(len(sample), MaxSample)]
	for i := range len(sample) - (window - 1) {
		c[countHash(binary.LittleEndian.Uint32(sample[i:]))]++
	}
	return c
}

// rarest returns the offset of the window of a literal that the sample has least. Of those
// that it has alike it prefers the one at an offset.
func (c *counts) rarest(literal string, offset int) int {
	if len(literal) < window {
		return offset
	}
	count := func(i int) uint16 { return c[countHash(binary.LittleEndian.Uint32([]byte(literal[i:i+window])))] }
	for i := range len(literal) - (window - 1) {
		if count(i) < count(offset) {
			offset = i
		}
	}
	return offset
}
