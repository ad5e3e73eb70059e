package triage

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestRequestFinds holds the tuples of a request to a map of them, however many there are.
func TestRequestFinds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var r request
	want := map[string]*tuple{}
	for range 40 * fewTuples {
		key := fmt.Sprint(random.IntN(4 * fewTuples))
		got := r.find([]byte(key))
		if got != want[key] {
			t.Fatalf("with %d tuples %q gives %v, not %v", len(r.tuples), key, got, want[key])
		}
		if got == nil {
			want[key] = &tuple{key: key}
			r.keep(want[key])
		}
		if len(r.tuples) != len(want) {
			t.Fatalf("%d tuples, not %d", len(r.tuples), len(want))
		}
	}
	if r.byKey == nil || len(want) != 4*fewTuples {
		t.Fatalf("%d tuples, found by looking through them", len(want))
	}
}
