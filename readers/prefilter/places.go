package prefilter

import "math/bits"

// PlacesRoom is how many places a list needs room for that Places makes of so many words.
func PlacesRoom(words int) int { return 64*words + 2 }

// Places makes a list of the bits that are set in the words, numbered from the first, and
// returns how many there are. The list has PlacesRoom; what is behind those it returns is
// of no matter.
func Places(list []int32, words []uint64) int {
	if len(words) == 0 {
		return 0
	}
	_ = list[PlacesRoom(len(words))-1]
	return places(list, words)
}

// placesPlain is the plain form of Places.
func placesPlain(list []int32, words []uint64) (n int) {
	for w, set := range words {
		for ; set != 0; set &= set - 1 {
			list[n] = int32(w*64 + bits.TrailingZeros64(set))
			n++
		}
	}
	return n
}

// ScanLines is Scan for the first 64*words bytes of data, or all if it is shorter, and makes a
// list of the newlines there as Places does. It overwrites newlines, or leaves them.
func (f *Finder) ScanLines(data []byte, words int, list []int32, newlines, hits []uint64) (n int, plain bool) {
	if f.isSharp && hasLinesVector() && words > 0 && len(data) >= words*64+Tail {
		_, _ = list[PlacesRoom(words)-1], hits[words-1]
		odd, n := linesVector(&data[0], words, &f.sharp, &list[0], &hits[0])
		return n, odd == 0
	}
	plain = f.Scan(data, newlines, hits)
	return Places(list, newlines[:words]), plain
}
