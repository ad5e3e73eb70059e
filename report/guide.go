package report

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"kscan/report/safe"
	"kscan/report/triage"
)

// guide writes a rule's guide with the values of a group.
func (p *page) guide(g *triage.Group, guide *triage.Guide) {
	for _, section := range guide.Sections {
		if section.Kind == triage.Overview {
			continue
		}
		p.blank()
		if section.Title != "" {
			p.text(groupIndent, p.look.heading, safe.Text(safe.Clip(section.Title, maxCell)))
		}
		p.steps(groupIndent, section.Kind == triage.Investigation, section.Steps, g)
	}
}

// sameGuide writes those steps of the guide whose values are not those of the rule's
// first group, under which the guide stands in full.
func (p *page) sameGuide(first, g *triage.Group, guide *triage.Guide) {
	told := false
	for _, section := range guide.Sections {
		if section.Kind == triage.Overview {
			continue
		}
		list := stepList{indent: groupIndent, numbered: section.Kind == triage.Investigation}
		for i := range section.Steps {
			s := &section.Steps[i]
			prefix := list.prefix(s)
			if g.SameAnswers(first, s) {
				continue
			}
			if !told {
				p.blank()
				p.text(groupIndent, p.look.heading, "The guide is as under 1, with these values:")
				told = true
			}
			p.step(prefix, s, g)
		}
	}
	if !told && len(guide.Sections) > 0 {
		p.blank()
		p.text(groupIndent, p.look.heading, "The guide is as under 1, with the same values.")
	}
}

// stepList gives the steps of a section their indent and number.
type stepList struct {
	indent   int
	numbered bool
	n        int
}

// prefix returns what stands before a step; each step takes one.
func (l *stepList) prefix(s *triage.Step) string {
	nested := 2
	if l.numbered {
		nested = len("1. ")
	}
	prefix := strings.Repeat(" ", l.indent+nested*max(0, s.Depth-1))
	switch {
	case s.Code:
		return prefix + "  "
	case s.Depth == 1 && l.numbered:
		l.n++
		return prefix + fmt.Sprintf("%d. ", l.n)
	case s.Depth > 0:
		return prefix + "- "
	}
	return prefix
}

// steps writes the steps of a section, numbered or not, with a group's values if there
// is a group.
func (p *page) steps(indent int, numbered bool, steps []triage.Step, g *triage.Group) {
	list := stepList{indent: indent, numbered: numbered}
	for i := range steps {
		if i > 0 && steps[i].Depth == 0 {
			p.blank()
		}
		p.step(list.prefix(&steps[i]), &steps[i], g)
	}
}

func (p *page) step(prefix string, s *triage.Step, g *triage.Group) {
	if s.Code {
		for line := range strings.SplitSeq(s.Text, "\n") {
			p.hanging(prefix, p.look.label, safe.Text(line))
		}
		return
	}
	if g == nil {
		p.prose(prefix, safe.Text(s.Text))
		return
	}
	p.prose(prefix, safe.Text(g.Text(s)))
	p.answers(lipgloss.Width(prefix), g.Answers(s))
}

// prose writes running text, not wider than is easy to read.
func (p *page) prose(prefix, text string) {
	width := p.width
	p.width = min(p.width, maxTextWidth)
	p.hanging(prefix, p.look.plain, text)
	p.width = width
}

// answers writes the values of the fields that a step names.
func (p *page) answers(indent int, answers []triage.Answer) {
	width := 0
	for _, a := range answers {
		width = max(width, len(a.Field)+2)
	}
	width = min(width, p.width/2)
	for _, a := range answers {
		label := safe.Text(a.Field)
		if len(a.Seen) == 0 {
			p.entry(entry{indent: indent, width: width, label: label, lead: "not recorded",
				value: "not recorded", style: p.look.label})
		}
		for _, line := range valueLines(&a.Values) {
			p.entry(entry{indent: indent, width: width, label: label, value: line})
			label = ""
		}
	}
}
