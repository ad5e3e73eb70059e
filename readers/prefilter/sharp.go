package prefilter

import (
	"cmp"
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
	// maxChance is how often, by shares, a place of a text may be taken for one of the
	// windows: a hundred of those in a megabyte take much less than tables do.
	maxChance = 1. / 10000
)

// sharpPlace is one of the bytes of some windows.
type sharpPlace struct {
	at         int
	mask, byte byte
	chance     float64 // of a byte to fit
}

// newSharp returns the sharp for the windows of some literals, and false if they are not
// alike.
func newSharp(windows []Literal) (s sharp, ok bool) {
	list := make([]sharpPlace, 0, window)
	for j := range window {
		p, ok := placeOf(windows, j)
		if !ok {
			return s, false
		}
		list = append(list, p)
	}
	slices.SortStableFunc(list, func(a, b sharpPlace) int { return cmp.Compare(a.chance, b.chance) })
	chance := 1.0
	for k, p := range list[:sharpPlaces] {
		s.places[k], s.masks[k], s.bytes[k] = p.at, p.mask, p.byte
		chance *= p.chance
	}
	return s, chance <= maxChance
}

// placeOf returns what the bytes at a place of the windows have in common; false if there
// is none in one of them.
func placeOf(windows []Literal, at int) (p sharpPlace, ok bool) {
	p.at = at
	for i, w := range windows {
		if len(w.Text) <= at {
			return p, false
		}
		c := w.Text[at]
		if i == 0 {
			p.byte = c
		}
		p.mask |= c ^ p.byte
		if lower := c | 0x20; w.Fold && lower >= 'a' && lower <= 'z' {
			p.mask |= 0x20
		}
	}
	p.byte |= p.mask
	shares := shares()
	for c := range 256 {
		if byte(c)|p.mask == p.byte {
			p.chance += shares[c>>4][c&15]
		}
	}
	return p, true
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
