package triage

import (
	"kscan/readers/event"
	"kscan/rule"
	"kscan/rule/eval"
	"kscan/scan"
)

// Note is a condition of a playbook's step that held for hits of a group.
type Note struct {
	Label  string // what the hits are, "" if the condition has no name for it
	Reason string
	Change int   // of the priority
	Hits   int64 // that it held for
}

// conditions says which conditions of a playbook hold for a finding, by step.
type conditions struct {
	scratch *eval.Scratch
	held    [][]bool
}

// check tests the conditions on the events of a finding: one holds if it does for any.
func (c *conditions) check(book *rule.Playbook, d *documents) [][]bool {
	if c.scratch == nil {
		c.scratch = eval.NewScratch()
	}
	for len(c.held) < len(book.Steps) {
		c.held = append(c.held, nil)
	}
	c.held = c.held[:len(book.Steps)]
	for i := range book.Steps {
		c.held[i] = append(c.held[i][:0], make([]bool, len(book.Steps[i].Conditions))...)
	}
	for i := range d.events {
		if d.events[i].Doc != nil {
			c.add(book, &d.events[i])
		}
	}
	return c.held
}

// add tests the conditions on one event, which is loaded once for all of a set.
func (c *conditions) add(book *rule.Playbook, e *event.Event) {
	var loaded *eval.Set
	for i := range book.Steps {
		for j := range book.Steps[i].Conditions {
			p := book.Steps[i].Conditions[j].Program
			if p.Set() != loaded {
				loaded = p.Set()
				c.scratch.Load(loaded, e)
			}
			c.held[i][j] = c.held[i][j] || p.Matches(c.scratch)
		}
	}
}

// weigh adds what the conditions of one step say: the greatest raise and the greatest
// lowering count once, so that two words for the same thing do not add up.
func weigh(changes []int) int {
	up, down := 0, 0
	for _, change := range changes {
		up, down = max(up, change), min(down, change)
	}
	return up + down
}

// judgeByPlaybook gives a finding its priority: the rule's severity, moved by the
// conditions that hold.
func judgeByPlaybook(f *scan.Finding, held [][]bool) (Priority, []string) {
	priority, reasons := severityOf(f.Rule)
	for i := range held {
		var changes []int
		for j, holds := range held[i] {
			if c := &f.Rule.Playbook.Steps[i].Conditions[j]; holds && c.Change != 0 {
				changes = append(changes, c.Change)
				reasons = append(reasons, c.Reason)
			}
		}
		priority += Priority(weigh(changes))
	}
	return min(max(priority, Low), Critical), reasons
}

// severityOf returns the priority that the rule's severity alone gives, with its reason.
func severityOf(r *rule.Rule) (Priority, []string) {
	if rank := SeverityRank(r.Severity); rank > 0 {
		return Priority(rank - 1), []string{"it starts at " + r.Severity + ", the rule's severity"}
	}
	return Low, []string{"the rule has no severity"}
}

// reassess gives a group its priority from all its hits and what was looked up. What
// raises counts if it is so of any hit; what lowers, only if it is so of all of them.
func (g *Group) reassess(r *rule.Rule) {
	priority, reasons := severityOf(r)
	for i := range g.Steps {
		var changes []int
		take := func(change int, reason string) {
			if change != 0 {
				changes = append(changes, change)
				reasons = appendNew(reasons, []string{reason}, len(reasons)+1)
			}
		}
		for _, note := range g.Steps[i].Notes {
			if note.Change > 0 || note.Hits == g.Count {
				take(note.Change, note.Reason)
			}
		}
		for _, l := range g.Steps[i].Lookups {
			if l.Status == Found {
				take(l.Change, l.Reason)
			}
		}
		priority += Priority(weigh(changes))
	}
	g.Priority, g.Reasons = min(max(priority, Low), Critical), reasons
}
