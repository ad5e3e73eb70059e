package scan

import (
	"context"
	"math"
	"slices"

	"kscan/readers"
	"kscan/readers/event"
	"kscan/rule"
	"kscan/rule/eval"
)

// collector puts the results together in the order of the input.
type collector struct {
	sink       Sink
	rules      map[*rule.Rule]int
	coverage   []*eval.Coverage // one for each set of rules
	probe      Probe
	summary    *Summary
	categories categories
	account    *account

	// tell is Options.Progress; done and total are in bytes on disk.
	tell        func(done, total int64)
	done, total int64

	part     *Part // the part being collected: room, or nil
	room     Part
	problems problems // of that part
	lines    int64    // of that part, before the unit being collected
	cut      bool     // the end of the run cut off a unit of the part: the lines of the next are not known
	held     *held
	tallies  *tallies
}

func newCollector(rules []*rule.Rule, sets []ruleSet, sink Sink) *collector {
	c := &collector{sink: sink, rules: map[*rule.Rule]int{}, summary: &Summary{}}
	for i, r := range rules {
		c.rules[r] = i
		c.summary.Rules = append(c.summary.Rules, RuleCoverage{Rule: r, Fields: r.Program.Fields()})
	}
	for i := range sets {
		c.coverage = append(c.coverage, sets[i].coverage.Empty())
	}
	return c
}

// begin takes what is known when all files are listed.
func (c *collector) begin(w walked) {
	c.total = w.size
	c.summary.Parts = slices.Grow(c.summary.Parts, w.files+len(w.problems))
	for _, p := range w.problems {
		c.unlisted(p)
	}
}

// collect empties the queues in order. After the sink's first error it cancels the run
// and goes on emptying, so that nobody waits for it for ever.
func (c *collector) collect(first *stretch, b *budget, cancel context.CancelFunc) error {
	var failed error
	for s := first; s != nil; s = s.next {
		b.advance(s.from)
		for items := s.queue.take(); len(items) > 0; items = s.queue.take() {
			for i, it := range items {
				items[i] = item{} // what was collected is not held until the last of them is
				if err := c.item(s, it, b, failed != nil); err != nil && failed == nil {
					failed = err
					cancel()
				}
			}
		}
		c.endPart()
	}
	b.advance(math.MaxInt)
	if failed == nil {
		failed = c.held.finish()
	}
	return failed
}

func (c *collector) item(s *stretch, it item, b *budget, discard bool) error {
	if it.problem != nil {
		c.problem(*it.problem)
		return nil
	}
	r := it.result
	if it.slot != nil {
		<-it.slot.ready
		r = it.slot.result
	}
	defer b.add(s.from, -r.weight)
	if discard || c.cut && r.parts == nil {
		return nil
	}
	c.cut = r.cut
	return c.result(r)
}

func (c *collector) beginPart(p *readers.Part) {
	c.part = &c.room
	c.room = Part{
		Source: p.Source, Member: p.Member, Format: p.Format, Compression: p.Compression, Size: p.Size,
	}
}

func (c *collector) endPart() {
	if c.part == nil {
		return
	}
	if c.part.Compression != "" {
		c.progress(c.part.Size)
	}
	c.summary.Parts = append(c.summary.Parts, *c.part)
	c.summary.Counts.add(&c.part.Counts)
	c.summary.Problems = append(c.summary.Problems, c.problems.list...)
	c.part, c.problems, c.lines, c.cut = nil, problems{}, 0, false
}

// progress tells that n bytes more are done. Those of a compressed part are known, and told,
// when it ends.
func (c *collector) progress(n int64) {
	c.done += n
	if c.tell != nil {
		c.tell(c.done, c.total)
	}
}

// unlisted takes a problem of a path that could not be listed, which is a part of its own.
func (c *collector) unlisted(p event.Problem) {
	c.problem(p)
	c.endPart()
}

// problem takes a problem that readers found outside the units. One that comes before
// any part, such as a file that does not open, makes a part of its own.
func (c *collector) problem(p event.Problem) {
	if c.part == nil {
		c.beginPart(&readers.Part{Source: p.Source, Member: p.Member})
	}
	c.part.Counts.count(&p)
	c.problems.add(p)
}

func (c *collector) result(r *result) error {
	c.summary.Outside.First, c.summary.Outside.Last = span(c.summary.Outside.First, c.summary.Outside.Last, r.outside.First, r.outside.Last)
	c.categories.merge(r.categories)
	for i := range r.coverage {
		c.coverage[i].Merge(r.coverage[i])
	}
	before := int64(0) // a batch begins a part
	if r.parts == nil {
		before = c.lines
	}
	c.account.merge(r.account, before)
	if r.probe != nil {
		c.probe.Collect(r.probe, before)
	}
	if r.parts == nil {
		return c.tally(&r.tally)
	}
	for i := range r.parts {
		c.endPart()
		c.beginPart(r.parts[i].part)
		if err := c.tally(&r.parts[i]); err != nil {
			return err
		}
	}
	c.tallies.put(r.parts)
	return nil
}

// tally adds what a unit of the part at hand came to.
func (c *collector) tally(t *tally) error {
	c.part.Counts.add(&t.counts)
	c.part.First, c.part.Last = span(c.part.First, c.part.Last, t.first, t.last)
	for _, p := range t.problems.list {
		if p.Line > 0 {
			p.Line += c.lines
		}
		c.problems.add(p)
	}
	err := c.findings(t)
	if err == nil {
		err = c.held.add(&t.late, len(c.summary.Parts), c.lines)
	}
	c.lines += t.counts.Lines
	if c.part.Compression == "" {
		c.progress(t.counts.Bytes)
	}
	return err
}

func (c *collector) findings(t *tally) error {
	for _, f := range t.findings {
		f.Hits[0].Evidence.Line += c.lines
		c.part.Findings++
		c.summary.Rules[c.rules[f.Rule]].Findings++
		if err := c.sink.Finding(f); err != nil {
			return err
		}
	}
	return nil
}

// give gives a finding whose last event is in a part that may have been collected before.
func (c *collector) give(f *Finding, part int) error {
	c.partAt(part).Findings++
	c.summary.Rules[c.rules[f.Rule]].Findings++
	return c.sink.Finding(f)
}

// partAt returns a part by its place in Summary.Parts, where the one that is being
// collected will come last.
func (c *collector) partAt(i int) *Part {
	if i < len(c.summary.Parts) {
		return &c.summary.Parts[i]
	}
	return c.part
}

// late takes a problem that is known when all parts have been collected.
func (c *collector) late(part int, p event.Problem) {
	c.summary.Parts[part].Counts.count(&p)
	c.summary.Counts.count(&p)
	c.summary.Problems = append(c.summary.Problems, p)
}

func (c *collector) finish(sets []ruleSet) *Summary {
	c.summary.Categories = c.categories.counts()
	for i := range sets {
		for p, r := range sets[i].rules {
			rc := &c.summary.Rules[c.rules[r]]
			rc.InCategory, rc.WithField = c.coverage[i].Of(p)
		}
	}
	c.account.finish(c.summary, sets)
	return c.summary
}
