package scan

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"kscan/readers"
)

// However many readers take stretches and wherever they cut them, while others are added,
// each group is in one of them, and the list is in order.
func TestStretchesCoverAllGroups(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		groups := r.IntN(400)
		if seed%10 == 0 {
			groups *= 100
		}
		l := newStretches()
		seen := make([]int, groups)
		var readers sync.WaitGroup
		var mu sync.Mutex
		for range 3 {
			own := rand.New(rand.NewPCG(r.Uint64(), 2))
			readers.Go(func() {
				for s := l.take(); s != nil; s = l.take() {
					if own.IntN(2) == 0 {
						l.cut(s, 1+own.IntN(len(s.groups)))
					}
					mu.Lock()
					for i := range s.groups {
						seen[s.from+i]++
					}
					mu.Unlock()
				}
			})
		}
		addGroups(l, groups)
		l.end()
		readers.Wait()
		next := 0
		for s := l.first; s != nil; s = s.next {
			if s.from != next || len(s.groups) == 0 || len(s.groups) > maxStretch {
				t.Fatalf("seed %d: a stretch from %d of %d groups behind %d", seed, s.from, len(s.groups), next)
			}
			next += len(s.groups)
		}
		if next != groups || slices.ContainsFunc(seen, func(n int) bool { return n != 1 }) {
			t.Fatalf("seed %d: %d groups, the list ends at %d; read %v", seed, groups, next, seen)
		}
	}
}

func addGroups(l *stretches, n int) {
	for range n {
		l.add(readers.Group{})
	}
}

// What is cut off comes before what was never given out, in its order.
func TestStretchesAreTakenInOrder(t *testing.T) {
	l := newStretches()
	addGroups(l, 100*growth)
	l.end()
	var s *stretch
	for s = l.take(); len(s.groups) < 10; s = l.take() {
	}
	next := l.take()
	behind := next.from + len(next.groups)
	l.cut(next, 1)
	l.cut(s, 1)
	for _, want := range []int{s.from + 1, next.from + 1, behind} {
		if got := l.take(); got.from != want {
			t.Errorf("took the stretch from %d, want that from %d", got.from, want)
		}
	}
}
