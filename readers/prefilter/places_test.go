package prefilter

import (
	"bytes"
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

// FuzzScanLines compares ScanLines with Scan and the plain form of Places.
func FuzzScanLines(f *testing.F) {
	f.Add([]byte("a\nsaddr=0200280A\n\n"), uint16(500), true)
	f.Add([]byte("\n"), uint16(200), false)
	f.Add([]byte("saddr=0200280F\x80\n\x00"), uint16(9), true)
	f.Fuzz(func(t *testing.T, text []byte, times uint16, alike bool) {
		finder := New([]Literal{{Text: "saddr=0200280A"}, {Text: "saddr=0200280F"}})
		if !alike {
			finder = New([]Literal{{Text: "saddr=0200280A"}, {Text: "node="}})
		}
		if alike != finder.isSharp {
			t.Fatal(finder.isSharp)
		}
		data := bytes.Repeat(text, int(times%2000)+1)
		data = data[:min(len(data), 1<<16)]
		for _, words := range []int{Words(len(data)), max(len(data)-Tail, 0) / 64, len(data) / 128} {
			n := Words(len(data))
			newlines, hits, list := make([]uint64, n), make([]uint64, n), make([]int32, PlacesRoom(n))
			wantLines, wantHits, want := make([]uint64, n), make([]uint64, n), make([]int32, PlacesRoom(n))
			got, plain := finder.ScanLines(data, words, list, newlines, hits)
			wantPlain := finder.Scan(data, wantLines, wantHits)
			m := placesPlain(want, wantLines[:words])
			if !slices.Equal(list[:got], want[:m]) || !slices.Equal(hits[:words], wantHits[:words]) {
				t.Errorf("%q, %d words: lines %v, want %v; hits %x, want %x", data, words, list[:got], want[:m], hits[:words], wantHits[:words])
			}
			if part := data[:min(words*64, len(data))]; plain != wantPlain && plain != isPlain(part) {
				t.Errorf("%q, %d words: plain %v", data, words, plain)
			}
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
