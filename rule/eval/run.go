package eval

import (
	"slices"

	"kscan/rule/eql"
)

// Match is one match of a query: the handles of its events in the order of the steps
// (a step that is repeated has a slot for each run), -1 in the slot of a missing event.
type Match struct {
	Handles []int
	Key     *Key // nil without join keys
}

// RunOptions are the limits of a Run. The zero value of each means its default.
type RunOptions struct {
	MaxKeys          int // join keys that a sequence keeps state for at once
	MaxSamplesPerKey int // samples for each key; the default is 1, as Elasticsearch's
}

// DefaultMaxKeys bounds the state of one sequence to some hundred megabytes.
const DefaultMaxKeys = 1 << 20

// Result is what a Run found, and what it could not look at.
type Result struct {
	Matches []Match
	Undated int // events without a usable timestamp, which a sequence cannot place
	Dropped int // events that began nothing because MaxKeys was reached
	GivenUp int // keys whose samples were not all tried (maxSampleSteps)
}

// NeedsRun reports whether matches are made of all points together: those of sequences
// and samples, and those that pipes pick. Otherwise each event that Matches is one.
func (p *Program) NeedsRun() bool {
	_, isEvent := p.query.(*eql.EventQuery)
	return !isEvent || len(p.query.PipeList()) > 0
}

// Run matches the query on the points of all events, which come in the order of the
// input. It puts the points in the order of time.
func (p *Program) Run(points []Point, o RunOptions) Result {
	if o.MaxKeys == 0 {
		o.MaxKeys = DefaultMaxKeys
	}
	if o.MaxSamplesPerKey == 0 {
		o.MaxSamplesPerKey = 1
	}
	var r Result
	switch q := p.query.(type) {
	case *eql.Sequence:
		SortPoints(points)
		r = newMachine(p, q, o).run(points)
	case *eql.Sample:
		r = p.sample(points, o)
	default:
		SortPoints(points)
		for i := range points {
			r.Matches = append(r.Matches, Match{Handles: []int{points[i].Handle}})
		}
	}
	for _, pipe := range p.query.PipeList() {
		n := min(pipe.Count, len(r.Matches))
		if pipe.Kind == eql.Head {
			r.Matches = r.Matches[:n]
		} else {
			r.Matches = r.Matches[len(r.Matches)-n:]
		}
	}
	return r
}

// SortPoints puts points in the order of time, then tiebreaker, then input.
func SortPoints(points []Point) {
	slices.SortStableFunc(points, func(a, b Point) int { return comparePoints(&a, &b) })
}
