package scan

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestIntervals holds intervals to sorting all times and looking at neighbours, however
// the times come and are merged.
func TestIntervals(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 31))
		gap := int64(1 + r.IntN(20))
		var times []int64
		parts := make([]intervals, 1+r.IntN(4))
		for range 1 + r.IntN(60) {
			at := r.Int64N(400) - 100
			times = append(times, at)
			parts[r.IntN(len(parts))].add(at, gap)
		}
		var got intervals
		for i := range parts {
			got.merge(&parts[i], gap)
		}
		slices.Sort(times)
		want := []interval{{times[0], times[0]}}
		for _, at := range times {
			if last := &want[len(want)-1]; at-last.last <= gap {
				last.last = at
			} else {
				want = append(want, interval{at, at})
			}
		}
		if diff := cmp.Diff(want, got.list, cmp.AllowUnexported(interval{})); diff != "" {
			t.Fatalf("seed %d, gap %d (-want +got):\n%s", seed, gap, diff)
		}
		if len(got.gaps()) != len(want)-1 {
			t.Errorf("seed %d: %d gaps", seed, len(got.gaps()))
		}
	}
}

func TestTooManyIntervals(t *testing.T) {
	var s intervals
	for i := range int64(maxIntervals + 10) {
		s.add(i*1000, 10)
	}
	first, last := s.span()
	if !s.beyond || len(s.list) != 1 || first.UnixMilli() != 0 || last.UnixMilli() != (maxIntervals+9)*1000 {
		t.Errorf("beyond %v, %v", s.beyond, s.list)
	}
}

// TestSerials: what is missing is found whatever the order within a boot, and boots are
// told apart.
func TestSerials(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 32))
		var all, one serials
		parts := make([]serials, 3)
		missing := int64(0)
		boots := 1 + r.IntN(3)
		n := 0
		for boot := range boots {
			low := int64(1 + r.IntN(5))
			var list []int64
			for i := range int64(30_000) {
				if i > 0 && i < 29_999 && r.IntN(100) == 0 {
					missing++
					continue
				}
				list = append(list, low+i)
			}
			for i := 0; i+8 < len(list); i += 8 { // out of order
				r.Shuffle(8, func(a, b int) { list[i+a], list[i+b] = list[i+b], list[i+a] })
			}
			for i, serial := range list {
				one.add(serial)
				parts[(boot*len(list)+i)*len(parts)/(boots*len(list)+1)].add(serial)
				n++
			}
		}
		for i := range parts {
			all.merge(&parts[i])
		}
		for _, s := range []serials{one, all} {
			st := stream{serials: s}
			if got := st.lostEvents(false); got.Serials != missing || got.Runs != boots || !got.Known {
				t.Fatalf("seed %d: %+v, want %d missing in %d boots", seed, got, missing, boots)
			}
			if got := st.lostEvents(true); got.Known || got.Serials != 0 {
				t.Fatalf("of events that were not all decoded: %+v", got)
			}
		}
	}
}

// TestStreamsWeight holds that each stream is counted once, and never again.
func TestStreamsWeight(t *testing.T) {
	ss := newStreams(0, 2)
	if n := ss.weight(); n != 0 {
		t.Errorf("without streams the weight is %d", n)
	}
	ss.of(streamKey{host: "a"})
	one := ss.weight()
	ss.of(streamKey{host: "a"})
	if again := ss.weight(); one < streamSize || again != 0 {
		t.Errorf("a stream weighs %d, then %d", one, again)
	}
	for i := range 2 * maxStreams {
		ss.of(streamKey{host: string(rune('A' + i))})
	}
	if n := ss.weight(); n < (maxStreams-1)*one || n > maxStreams*one {
		t.Errorf("%d streams weigh %d", len(ss.list), n)
	}
}
