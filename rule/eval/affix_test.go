package eval

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPartsOfTexts holds the ways to find which of many strings a text starts with, ends
// with and contains to asking each.
func TestPartsOfTexts(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 13))
		word := func(n int) string {
			b := make([]byte, n)
			for i := range b {
				b[i] = "ab\xc3"[r.IntN(3)]
			}
			return string(b)
		}
		parts := map[string]*indexNode{}
		for range 1 + r.IntN(20) {
			parts[word(1+r.IntN(5))] = nil
		}
		all := slices.Sorted(maps.Keys(parts))
		starts, ends, inside := newAffixes(parts, false), newAffixes(parts, true), newAutomaton(all)
		for range 20 {
			text := word(r.IntN(9))
			got := [3][]string{starts.all(text), ends.all(text), nil}
			state := int32(0)
			for i := range len(text) {
				state = inside.step(state, text[i])
				for p := inside.ends[state]; p != 0; p = inside.shorter[p] {
					got[2] = append(got[2], all[p-1])
				}
			}
			var want [3][]string
			for i, has := range []func(s, part string) bool{strings.HasPrefix, strings.HasSuffix, strings.Contains} {
				slices.Sort(got[i])
				got[i] = slices.Compact(got[i])
				for _, part := range all {
					if has(text, part) {
						want[i] = append(want[i], part)
					}
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%q of %q: %s", text, all, diff)
			}
		}
	}
}

func (a *affixes) all(text string) (found []string) {
	for i := a.longest([]byte(text)); i >= 0; i = a.shorter[i] {
		found = append(found, a.texts[i])
	}
	return found
}
