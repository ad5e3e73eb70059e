package prefilter

import (
	"cmp"
	"math/bits"
	"slices"
)

// sharp finds windows that are alike by three of their bytes, each with some bits of no
// matter: that takes less than half as long as tables do. The vector code knows its layout.
type sharp struct {
	places [sharpPlaces]int // in the window
	masks  [sharpPlaces]byte
	bytes  [sharpPlaces]byte // with the bits of the masks set
}

const (
	sharpPlaces = 3
	// maxBlur is how many bits of no matter sharp may have, apart from the case of letters.
	maxBlur = 1
)

// newSharp returns the sharp for the windows of some literals, and false if they are not
// alike.
func newSharp(windows []Literal) (s sharp, ok bool) {
	type place struct {
		at, blur, rarity int
		mask, byte       byte
	}
	var places [window]place
	for j := range places {
		p := place{at: j}
		for i, w := range windows {
			if len(w.Text) <= j {
				return s, false
			}
			c := w.Text[j]
			if i == 0 {
				p.byte, p.rarity = c, rarity(c)
			}
			p.mask |= c ^ p.byte
			if lower := c | 0x20; w.Fold && lower >= 'a' && lower <= 'z' {
				p.mask |= 0x20
			}
		}
		p.byte |= p.mask
		p.blur = bits.OnesCount8(p.mask &^ 0x20)
		places[j] = p
	}
	slices.SortStableFunc(places[:], func(a, b place) int { return cmp.Or(a.blur-b.blur, b.rarity-a.rarity) })
	blur := 0
	for k := range sharpPlaces {
		p := &places[k]
		s.places[k], s.masks[k], s.bytes[k] = p.at, p.mask, p.byte
		blur += p.blur
	}
	return s, blur <= maxBlur
}

// at is the plain form of the search, for the bytes of one window.
func (s *sharp) at(window *[window]byte) bool {
	for k, place := range s.places {
		if window[place]|s.masks[k] != s.bytes[k] {
			return false
		}
	}
	return true
}
