package ndjson

import (
	"encoding/binary"
	"math/bits"
)

// thin lists the places where a literal may make its line a candidate, as far as a glance
// tells, and notes whether an AuditMark stands anywhere.
func (f *filter) thin() {
	f.places, f.tried, f.carried = f.places[:0], 0, false
	last := len(f.data) - glanceRoom
	for w, word := range f.hits {
		for ; word != 0; word &= word - 1 {
			i := w*64 + bits.TrailingZeros64(word)
			if i >= glanceRoom && i <= last {
				set, known := f.finder.Known(binary.LittleEndian.Uint32(f.data[i:]))
				if known && set&(set-1) == 0 && f.glances[bits.TrailingZeros64(set)&63].refuses(f.data, i) {
					continue
				}
			}
			if !f.refuses(i) {
				f.places = append(f.places, int32(i))
			}
		}
	}
}

// refuses reports whether surely no literal at a place makes its line a candidate.
func (f *filter) refuses(i int) bool {
	set := f.finder.Fits(f.data, i)
	if set>>f.audit&1 != 0 && f.finder.Stands(f.audit, f.data, i) {
		f.carried = true
	}
	if i < glanceRoom || i > len(f.data)-glanceRoom {
		return false
	}
	for ; set != 0; set &= set - 1 {
		if !f.glances[bits.TrailingZeros64(set)].refuses(f.data, i) {
			return false
		}
	}
	return true
}
