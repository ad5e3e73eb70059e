package eval

import (
	"slices"

	"kscan/rule/eql"
)

// HasAlmost reports whether Almost can tell anything: of sequences of at least two steps
// that forbid no events. An event that must be missing is looked for up to the last step,
// so without that there is no telling.
func (p *Program) HasAlmost() bool {
	q, ok := p.query.(*eql.Sequence)
	if !ok {
		return false
	}
	m := newMachine(p, q, RunOptions{})
	return len(m.stages) > 1 && len(m.missing) == 0
}

// Almost returns, for each key under which a sequence has no match, the last match of all
// its steps but the last one, in the order of their ends. Where the last step is to come
// several times, all but one are there. Of events that a pipe would leave out nothing is
// said. It puts the points in the order of time.
func (p *Program) Almost(points []Point, o RunOptions) []Match {
	if o.MaxKeys == 0 {
		o.MaxKeys = DefaultMaxKeys
	}
	q := p.query.(*eql.Sequence)
	SortPoints(points)
	whole := map[string]bool{}
	for _, m := range newMachine(p, q, o).run(points).Matches {
		whole[m.id()] = true
	}
	short := newMachine(p, q, o)
	last := len(short.stages) - 1
	term := short.stages[last]
	short.stages, short.slots, short.size = short.stages[:last], short.slots[:last], last
	short.stagesOf[term] = slices.DeleteFunc(short.stagesOf[term], func(stage int) bool { return stage == last })
	var list []Match
	seen := map[string]bool{}
	for _, m := range slices.Backward(short.run(points).Matches) {
		if id := m.id(); !whole[id] && !seen[id] {
			seen[id] = true
			list = append(list, m)
		}
	}
	slices.Reverse(list)
	return list
}

func (m *Match) id() string {
	if m.Key == nil {
		return ""
	}
	return m.Key.ID
}
