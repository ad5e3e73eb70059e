package scan

import (
	"context"

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

	part     *Part    // the part being collected
	problems problems // of that part
	lines    int64    // of that part, before the unit being collected
	held     *held
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

// collect empties the queues in order. After the sink's first error it cancels the run
// and goes on emptying, so that nobody waits for it for ever.
func (c *collector) collect(queues []*queue, b *budget, cancel context.CancelFunc) error {
	var failed error
	for i, q := range queues {
		b.advance(i)
		for items := q.take(); len(items) > 0; items = q.take() {
			for _, it := range items {
				if err := c.item(it, b, failed != nil); err != nil && failed == nil {
					failed = err
					cancel()
				}
			}
		}
		queues[i] = nil
		c.endPart()
	}
	b.advance(len(queues))
	if failed == nil {
		failed = c.held.finish()
	}
	return failed
}

func (c *collector) item(it item, b *budget, discard bool) error {
	switch {
	case it.part != nil:
		c.endPart()
		c.beginPart(it.part)
	case it.problem != nil:
		c.problem(*it.problem)
	case it.slot != nil:
		<-it.slot.ready
		defer b.add(it.slot.group, -it.slot.result.weight)
		if !discard {
			return c.result(it.slot.result)
		}
	}
	return nil
}

func (c *collector) beginPart(p *readers.Part) {
	c.part = &Part{
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
	c.part, c.problems, c.lines = nil, problems{}, 0
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
	c.part.Counts.add(&r.counts)
	c.part.First, c.part.Last = span(c.part.First, c.part.Last, r.first, r.last)
	c.summary.Outside.First, c.summary.Outside.Last = span(c.summary.Outside.First, c.summary.Outside.Last, r.outside.First, r.outside.Last)
	c.categories.merge(r.categories)
	for i := range r.coverage {
		c.coverage[i].Merge(r.coverage[i])
	}
	for _, p := range r.problems.list {
		if p.Line > 0 {
			p.Line += c.lines
		}
		c.problems.add(p)
	}
	c.account.merge(r.account, c.lines)
	err := c.findings(r)
	if err == nil {
		err = c.held.add(&r.late, len(c.summary.Parts), c.lines)
	}
	if r.probe != nil {
		c.probe.Collect(r.probe, c.lines)
	}
	c.lines += r.counts.Lines
	if c.part.Compression == "" {
		c.progress(r.counts.Bytes)
	}
	return err
}

func (c *collector) findings(r *result) error {
	for _, f := range r.findings {
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
