package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"kscan/report/safe"
	"kscan/report/triage"
)

// TerminalOptions says what the terminal is like. The zero value is plain text of 80
// columns.
type TerminalOptions struct {
	Width int  // columns; 0 means 80
	Color bool // whether escape sequences for colour and weight may be written
	// Background is what the colours must be readable on.
	Background Background
}

// Background is the colour behind the text, as far as it is known.
type Background int

const (
	UnknownBackground Background = iota
	DarkBackground
	LightBackground
)

const (
	defaultWidth = 80
	// minWidth is the least width that the report is laid out for; narrower terminals
	// wrap it themselves.
	minWidth = 40
	// mediumWidth and wideWidth are where the table of groups gets more columns.
	mediumWidth = 110
	wideWidth   = 150
	// maxTextWidth is how wide running text becomes: longer lines are hard to read.
	maxTextWidth = 120
)

// What the terminal shows of each rule; the JSON report has all groups.
const (
	maxRows    = 500 // rows of the table of groups
	maxDetails = 50  // groups with their details and guide
)

// Terminal writes the case for a person.
func Terminal(w io.Writer, c *triage.Case, o TerminalOptions) error {
	p := newPage(o)
	p.lookedUp = c.Second != nil
	p.text(0, p.look.heading, summaryText(c.Summary, c.Groups))
	if !c.First.IsZero() {
		preposition := "from "
		if c.First.Equal(c.Last) {
			preposition = "at "
		}
		p.text(0, p.look.label, "events "+preposition+spanText(c.First, c.Last))
	}
	p.state(c)
	for _, r := range c.Rules {
		if r.Findings > 0 {
			p.rule(r)
			if err := p.flush(w); err != nil {
				return err
			}
		}
	}
	p.examined(c)
	p.coverage(c)
	p.nearMisses(c)
	p.exceptions(c.Exceptions)
	p.problems(c.Summary)
	return p.flush(w)
}

// flush writes what is laid out, so that a long report is never held whole.
func (p *page) flush(w io.Writer) error {
	text := p.b.String()
	p.b.Reset()
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// state says up front what makes the result less than complete.
func (p *page) state(c *triage.Case) {
	s := c.Summary
	if s.Interrupted {
		p.text(0, p.look.bad, interrupted)
	}
	if s.Counts.Events == 0 {
		p.text(0, p.look.bad, "no events were examined")
	}
	if s.AllOutOfRange() {
		p.text(0, p.look.bad, "nothing was examined: "+triage.AllOutOfRange(s))
	}
	p.impossible(c)
	if c.Unanswered != "" {
		p.text(0, p.look.bad, "evidence for the steps below was "+safe.Text(c.Unanswered))
	}
	if c.Second != nil {
		p.text(0, p.look.label, "evidence for the steps below was looked up in a second pass over the logs")
	}
	if c.Unnoted > 0 {
		p.text(0, p.look.label, fmt.Sprintf("the second pass had no room to note %s: parents of parents among them were looked for in further passes, %d generations at most",
			count(c.Unnoted, "process start"), triage.MaxFurther))
	}
	if s.Counts.Lost > 0 {
		p.text(0, p.look.bad, "incomplete: "+count(s.Counts.Lost, "problem")+" kept evidence from being examined; see the end")
	}
}

// impossible says up front that no findings mean nothing: no rule could have fired.
func (p *page) impossible(c *triage.Case) {
	if c.Summary.Counts.Events == 0 || c.Summary.AllOutOfRange() || len(c.Rules) == 0 ||
		slices.ContainsFunc(c.Rules, func(r *triage.Rule) bool { return r.Coverage.Verdict != triage.CouldNotFire }) {
		return
	}
	what := c.Rules[0].Coverage.Text
	if len(c.Rules) > 1 {
		what = fmt.Sprintf("none of the %d rules could have fired on these logs", len(c.Rules))
	}
	p.text(0, p.look.bad, "\"no hits\" proves nothing here: "+safe.Text(what)+"; see below")
}

// rule writes a rule with its groups.
func (p *page) rule(r *triage.Rule) {
	p.blank()
	p.title(safe.Text(r.Rule.Name))
	p.ruleHeader(r)
	p.overview(r)
	p.blank()
	p.groups(r)
	p.story(r)
	p.told = map[string]int{}
	for i, g := range r.Groups[:min(len(r.Groups), maxDetails)] {
		p.blank()
		p.group(i+1, g, r.Groups)
		if len(g.Steps) > 0 {
			p.playbook(i+1, g)
		}
		if len(g.Steps) > 0 && !r.Rule.OwnNote {
			continue
		}
		if i == 0 && r.Rule.OwnNote {
			p.blank()
			p.text(groupIndent, p.look.heading, "The guide of this rule itself, "+safe.Text(r.Rule.Path)+
				": the playbook above is that of the built-in rule, whose guide is another")
		}
		if i == 0 {
			p.guide(g, &r.Guide)
		} else {
			p.sameGuide(r.Groups[0], g, &r.Guide)
		}
	}
	p.leftOut(r)
	p.expected(r)
}

// ruleHeader writes what is said once for each rule.
func (p *page) ruleHeader(r *triage.Rule) {
	text := count(r.Findings, "hit") + " in " + count(int64(len(r.Groups)), "group")
	if r.Rule.Severity != "" {
		severity := safe.Text(safe.Clip(r.Rule.Severity, maxCell))
		p.entry(entry{width: labelWidth, label: "severity", lead: severity, style: p.look.severity(r.Rule.Severity),
			value: severity + fmt.Sprintf(", risk score %d; %s", r.Rule.RiskScore, text)})
	} else {
		p.field(0, "found", text)
	}
	if r.Rule.ID != "" {
		p.field(0, "rule", safe.Text(r.Rule.ID)+" ("+safe.Text(r.Rule.Path)+")")
	}
	p.field(0, "ATT&CK", attack(r)...)
	var references []string
	for _, reference := range r.Rule.References {
		references = append(references, safe.Text(safe.Clip(reference, maxDetail)))
	}
	p.field(0, "references", references...)
	p.field(0, "in Elastic", scheduleLines(r.Schedule)...)
	if r.OutOfScope > 0 {
		p.field(0, "out of scope", count(r.OutOfScope, "hit")+" in indices that the rule does not search")
	}
}

// attack lists the tactics of a rule, each with its techniques.
func attack(r *triage.Rule) (lines []string) {
	for _, t := range r.Rule.Threats {
		names := []string{t.Tactic.ID + " " + t.Tactic.Name}
		for _, technique := range t.Techniques {
			names = append(names, technique.ID+" "+technique.Name)
			for _, sub := range technique.Subtechniques {
				names = append(names, sub.ID+" "+sub.Name)
			}
		}
		lines = append(lines, safe.Text(safe.Clip(strings.Join(names, ", "), maxDetail)))
	}
	return lines
}

// overview writes the guide's own words on what the rule finds, or the description.
func (p *page) overview(r *triage.Rule) {
	told := false
	for _, section := range r.Guide.Sections {
		if section.Kind != triage.Overview {
			continue
		}
		for _, step := range section.Steps {
			p.blank()
			p.steps(0, false, []triage.Step{step}, nil)
			told = true
		}
	}
	if text := strings.Join(strings.Fields(r.Rule.Description), " "); !told && text != "" {
		p.blank()
		p.prose("", safe.Text(text))
	}
}

// leftOut says which groups are not shown in full.
func (p *page) leftOut(r *triage.Rule) {
	n := len(r.Groups)
	if n > maxDetails {
		p.blank()
		p.text(0, p.look.label, fmt.Sprintf("Details are shown for the first %d of %s groups; the JSON report (-f json) has all.",
			maxDetails, triage.Number(int64(n))))
	}
	if r.Ungrouped > 0 {
		p.blank()
		p.text(0, p.look.bad, fmt.Sprintf("%s more are counted but not in any group: there are too many different ones. "+
			"The findings (-f jsonl) have all.", count(r.Ungrouped, "hit")))
	}
}
