package eval

import (
	"kscan/readers/event"
	"kscan/rule/eql"
)

// Near reports whether all clauses of an event query but one hold of the loaded event,
// and which does not. The event is in the query's category and does not match. With
// skip, a place in Clauses or -1, a failure of that clause does not count.
func (p *Program) Near(s *Scratch, skip int) (clause int, near bool) {
	clause = -1
	for i := range p.clauses {
		if p.clauses[i].holds(s) {
			continue
		}
		if clause >= 0 || i == skip {
			return -1, false
		}
		clause = i
	}
	return clause, clause >= 0
}

// NeedClause returns the place in Clauses of the one that Needs comes from, -1 if there
// are no needs. Readers that look for needs give no account of the events that fail it.
func (p *Program) NeedClause() int { return p.needClause }

func (n needer) clause(terms []eql.Expr) int {
	best, at := 0, -1
	for i, term := range terms {
		if score := telling(n.of(term)); score > best {
			best, at = score, i
		}
	}
	return at
}

// HoldsWith reports whether a clause would hold of the loaded event if a field had the
// given text for its value.
func (p *Program) HoldsWith(s *Scratch, clause int, field, text string) bool {
	slot := -1
	for i, name := range p.fields {
		if name == field {
			slot = p.slots[i]
		}
	}
	if slot < 0 {
		return p.clauses[clause].holds(s)
	}
	failed := s.coercer.Failed
	s.tick()
	for i := range p.set.columns {
		if p.set.columns[i].slot == slot {
			value := event.Value{Type: event.Keyword, Text: []byte(text)}
			s.cells[i].stamp = s.now
			s.cells[i].values = append(s.cells[i].values[:0], &cell{Value: value})
		}
	}
	holds := p.clauses[clause].holds(s)
	s.tick()
	s.coercer.Failed = failed
	return holds
}
