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
			if i < glanceRoom || i > last {
				f.carried = f.carried || f.finder.Stands(f.audit, f.data, i)
			} else if f.refuses(i) {
				continue
			}
			f.places = append(f.places, int32(i))
		}
	}
}

// refuses reports whether surely no literal at a place makes its line a candidate. The place
// must be glanceRoom away from the ends of the data.
func (f *filter) refuses(i int) bool {
	set, known := f.finder.Known(binary.LittleEndian.Uint32(f.data[i:]))
	if !known {
		set = f.finder.Fits(f.data, i)
	}
	for ; set != 0; set &= set - 1 {
		k := bits.TrailingZeros64(set)
		if !f.glances[k].refuses(f.data, i) {
			f.carried = f.carried || set>>f.audit&1 != 0 && f.finder.Stands(f.audit, f.data, i)
			return false
		}
	}
	return true
}
