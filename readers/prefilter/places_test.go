package prefilter

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// FuzzPlaces compares Places with its plain form on words of random density.
func FuzzPlaces(f *testing.F) {
	f.Add(uint64(1), uint8(1), uint8(0))
	f.Add(uint64(2), uint8(255), uint8(3))
	f.Fuzz(func(t *testing.T, seed uint64, size, thin uint8) {
		r := rand.New(rand.NewPCG(seed, 0))
		words := make([]uint64, size)
		for i := range words {
			words[i] = r.Uint64()
			for range thin % 8 {
				words[i] &= r.Uint64()
			}
			if r.IntN(8) == 0 {
				words[i] = ^uint64(0) * uint64(r.IntN(2))
			}
		}
		got, want := make([]int32, PlacesRoom(len(words))), make([]int32, PlacesRoom(len(words)))
		n, m := Places(got, words), placesPlain(want, words)
		if !slices.Equal(got[:n], want[:m]) {
			t.Errorf("Places(%x) = %v, want %v", words, got[:n], want[:m])
		}
	})
}

func BenchmarkPlaces(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 0))
	words := make([]uint64, 256)
	for i := range words {
		if r.IntN(5) < 2 {
			words[i] = 1 << r.IntN(64)
		}
	}
	list := make([]int32, PlacesRoom(len(words)))
	b.SetBytes(int64(len(words)) * 64)
	for b.Loop() {
		Places(list, words)
	}
}
