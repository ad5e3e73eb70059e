package eval

import "slices"

// maxSampleSteps bounds the search for events that are all different, for one key:
// many terms that the same few events match could take for ever.
const maxSampleSteps = 1 << 20

// sampleKey is the events of one key: for each term the handles of those that match.
type sampleKey struct {
	key    *Key
	events [][]int
}

// sample finds events of the same key, one for each term and all different: for each
// key the first in the order of the input.
func (p *Program) sample(points []Point, o RunOptions) Result {
	keys := make(map[string]*sampleKey)
	// More events of a term than this cannot be needed: every one before it would have
	// to be taken by another term or an earlier sample.
	enough := len(p.terms) * o.MaxSamplesPerKey
	var order []*sampleKey
	for i := range points {
		for _, entry := range points[i].Entries {
			k := keys[entry.Key.ID]
			if k == nil {
				k = &sampleKey{entry.Key, make([][]int, len(p.terms))}
				keys[entry.Key.ID] = k
				order = append(order, k)
			}
			if len(k.events[entry.Term]) < enough {
				k.events[entry.Term] = append(k.events[entry.Term], points[i].Handle)
			}
		}
	}
	slices.SortStableFunc(order, func(a, b *sampleKey) int { return compareKeys(a.key, b.key) })
	var r Result
	for _, k := range order {
		search := sampleSearch{k: k, want: o.MaxSamplesPerKey, steps: maxSampleSteps}
		search.from(make([]int, 0, len(p.terms)))
		if search.steps < 0 {
			r.GivenUp++
		}
		r.Matches = append(r.Matches, search.found...)
	}
	return r
}

// sampleSearch takes the first event of each term that is not taken yet, and goes back
// when there is none.
type sampleSearch struct {
	k     *sampleKey
	want  int
	steps int
	found []Match
}

func (s *sampleSearch) from(chosen []int) {
	if len(chosen) == len(s.k.events) {
		s.found = append(s.found, Match{slices.Clone(chosen), s.k.key})
		return
	}
	for _, handle := range s.k.events[len(chosen)] {
		if s.steps--; s.steps < 0 || len(s.found) == s.want {
			return
		}
		if !slices.Contains(chosen, handle) {
			s.from(append(chosen, handle))
		}
	}
}
