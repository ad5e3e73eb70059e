package scan

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// However many readers take stretches and wherever they cut them, each group is in one of
// them, and the list is in order.
func TestStretchesCoverAllGroups(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		groups := r.IntN(400)
		if seed%10 == 0 {
			groups *= 100
		}
		l := newStretches(groups)
		var held []*stretch
		seen := make([]int, groups)
		for {
			if s := l.take(); s != nil {
				held = append(held, s)
			} else if len(held) == 0 {
				break
			}
			if len(held) < 3 && r.IntN(2) == 0 {
				continue
			}
			i := r.IntN(len(held))
			s := held[i]
			held = slices.Delete(held, i, i+1)
			at := s.from + r.IntN(s.to-s.from)
			if r.IntN(2) == 0 {
				l.cut(s, at+1)
			}
			for g := s.from; g < s.to; g++ {
				seen[g]++
			}
		}
		next := 0
		for s := l.first; s != nil; s = s.next {
			if s.from != next || s.to <= s.from || s.to-s.from > maxStretch {
				t.Fatalf("seed %d: a stretch from %d to %d behind %d", seed, s.from, s.to, next)
			}
			next = s.to
		}
		if next != groups || slices.ContainsFunc(seen, func(n int) bool { return n != 1 }) {
			t.Fatalf("seed %d: %d groups, the list ends at %d; read %v", seed, groups, next, seen)
		}
	}
}

// What is cut off comes before what was never given out, in its order.
func TestStretchesAreTakenInOrder(t *testing.T) {
	l := newStretches(maxStretch * minStretches)
	a, b := l.take(), l.take()
	l.cut(b, b.from+1)
	l.cut(a, a.from+1)
	for _, want := range []int{1, maxStretch + 1, 2 * maxStretch} {
		if s := l.take(); s.from != want {
			t.Errorf("took the stretch from %d, want that from %d", s.from, want)
		}
	}
}
