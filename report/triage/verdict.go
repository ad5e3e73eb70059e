package triage

import (
	"fmt"
	"slices"
	"strings"

	"kscan/report/safe"
	"kscan/rule"
	"kscan/rule/eval"
	"kscan/scan"
)

const (
	// maxBlind is how many blind streams of a rule are kept.
	maxBlind = 100
	// maxCondition is how many characters of a condition are quoted.
	maxCondition = 120
)

// newCoverage judges what the logs had for rule i of the summary.
func newCoverage(i int, s *scan.Summary, g *Guide) Coverage {
	r := &s.Rules[i]
	if r.Rule.Program == nil {
		return Coverage{Verdict: NotRun, Text: "the rule was not run: " + r.Rule.NotRunnable, Examined: s.Counts.Events}
	}
	c := Coverage{Category: r.Rule.Program.CategoryName(), Examined: s.Counts.Events, Sampled: s.Counts.Passed > 0,
		InCategory: r.InCategory, Could: r.Reach.Could}
	c.looked = r.Reach.InCategory
	var missing []string
	for j, field := range r.Fields {
		c.Fields = append(c.Fields, FieldCount{field, r.WithField[j]})
		if j < len(r.Reach.WithField) && r.Reach.WithField[j] == 0 {
			missing = append(missing, field)
		}
	}
	if s.Unshaped == 0 {
		c.Reasons = reasons(r.Rule, &r.Reach)
		c.blind(i, s)
	}
	c.Verdict, c.Text = c.verdict(r, s, missing)
	c.OutOfRange = s.AllOutOfRange()
	if (c.Verdict != CouldFire || len(c.Blind) > 0) && !c.OutOfRange {
		c.Needed = auditRules(g)
	}
	return c
}

// events writes a number of events of a kind.
func events(n int64, kind string) string {
	if n == 1 {
		kind = strings.Replace(kind, "events", "event", 1)
	}
	return Number(n) + " " + kind
}

// kind names what the rule looks at, in the plural.
func (c *Coverage) kind() string {
	if c.Category == "" {
		return "events that the rule looks at"
	}
	return c.Category + " events"
}

// AllOutOfRange says of a run that had no event in the range of time that it was to look
// at where the events are.
func AllOutOfRange(s *scan.Summary) string {
	what := "all " + events(s.Counts.Events, "events") + " lie"
	switch {
	case s.Counts.Passed > 0:
		what = fmt.Sprintf("all of a sample of %s lie", events(s.Counts.Sampled, "events"))
	case s.Counts.Events == 1:
		what = "the one event lies"
	}
	return fmt.Sprintf("%s outside the range of --from and --to: they are from %s to %s", what,
		s.Outside.First.Format(timeLayout), s.Outside.Last.Format(timeLayout))
}

// inRange is what a count of events is to say of the range of time, if there is one.
func inRange(s *scan.Summary) string {
	if s.Counts.OutOfRange == 0 {
		return ""
	}
	return ", in the range of --from and --to"
}

func (c *Coverage) verdict(r *scan.RuleCoverage, s *scan.Summary, missing []string) (Verdict, string) {
	looked := r.Reach.InCategory
	kind := c.kind()
	if c.Sampled {
		kind = "decoded " + kind // the sample, and those that hold a value that a match needs
	}
	switch {
	case r.Findings > 0 && c.Sampled:
		return CouldFire, "the rule fired on " + events(r.Findings, "events")
	case r.Findings > 0:
		return CouldFire, fmt.Sprintf("the rule fired on %s of %s", Number(r.Findings), events(r.InCategory, kind))
	case s.Counts.Events == 0:
		return CouldNotFire, "no events were examined: this rule could not have fired"
	case looked == 0 && s.AllOutOfRange():
		return CouldNotFire, AllOutOfRange(s) + ": this rule had nothing to fire on"
	case looked == 0 && c.Sampled:
		return CouldNotFire, fmt.Sprintf("no %s in a sample of %s%s, and no other event holds a value that a match needs: this rule could hardly have fired",
			c.kind(), events(s.Counts.Sampled, "events"), inRange(s))
	case looked == 0:
		return CouldNotFire, "no " + kind + " in these logs" + inRange(s) + ": this rule could not have fired"
	case c.Could == 0 && s.Unshaped == 0:
		return CouldNotFire, fmt.Sprintf("this rule could not have fired on the %s: %s", events(looked, kind), reasonText(c.Reasons)) + incomplete(s)
	case len(missing) > 0:
		return InPart, fmt.Sprintf("none of the %s has %s: this rule could have fired only where its conditions do without",
			events(looked, kind), strings.Join(missing, ", "))
	case len(c.Blind) > 0:
		return InPart, fmt.Sprintf("%s of %s with what the rule needs, and none matched: this rule could have fired, but not everywhere",
			Number(c.Could), events(looked, kind))
	case c.Could < looked:
		return CouldFire, fmt.Sprintf("%s of %s with what the rule needs, and none matched: this rule could have fired",
			Number(c.Could), events(looked, kind))
	}
	return CouldFire, events(looked, kind) + " examined, and none matched: this rule could have fired"
}

// incomplete says that fields are missing because records of audit events are.
func incomplete(s *scan.Summary) string {
	if s.Counts.Incomplete == 0 {
		return ""
	}
	what := "lack a record that such fields come from"
	if s.Counts.Incomplete == 1 {
		what = "lacks a record that such fields come from"
	}
	return fmt.Sprintf("; %s %s, the SOCKADDR record in most cases", events(s.Counts.Incomplete, "audit events"), what)
}

func reasonText(list []Reason) string {
	if len(list) == 0 {
		return "no event has all that it needs at once"
	}
	var texts []string
	for _, r := range list {
		texts = append(texts, r.Text)
	}
	return strings.Join(texts, "; ")
}

// Why is the reason in a few words why the rule could not have fired, the same for rules
// with the same reason.
func (c *Coverage) Why() string {
	if c.looked == 0 {
		return "no " + c.kind()
	}
	return c.kind() + ": " + reasonText(c.Reasons)
}

// reasons are the conditions that no event could have met.
func reasons(r *rule.Rule, reach *eval.Reach) (list []Reason) {
	if reach.Could > 0 || reach.InCategory == 0 {
		return nil
	}
	clauses := r.Program.Clauses()
	for i, n := range reach.Clauses {
		if n == 0 {
			list = append(list, newReason(r.Program, &clauses[i], reach))
		}
	}
	if len(clauses) > 0 {
		return list
	}
	for i, t := range reach.Terms {
		if t.Missing || t.Could > 0 {
			continue
		}
		what := "events of any category"
		if t.Category != "" {
			what = t.Category + " events"
		}
		text := fmt.Sprintf("no event could be step %d, which looks at %s: there are %s of them", i+1, what, Number(t.InCategory))
		list = append(list, Reason{Condition: fmt.Sprintf("step %d", i+1), Text: text})
	}
	return list
}

// newReason says why a clause could hold of no event: its fields are missing, or they say
// that the events are of another kind.
func newReason(p *eval.Program, c *eval.Clause, reach *eval.Reach) Reason {
	r := Reason{Condition: safe.Clip(c.Expr.String(), maxCondition)}
	for _, field := range c.Fields() {
		if at, ok := slices.BinarySearch(p.Fields(), field); ok && reach.WithField[at] == 0 {
			r.Fields = append(r.Fields, field)
		}
	}
	switch {
	case len(r.Fields) > 0:
		r.Text = "none has " + strings.Join(r.Fields, " or ")
	case c.IsKind():
		r.Text = "none is of the kind " + r.Condition
	default:
		r.Text = "none has the fields of " + r.Condition
	}
	return r
}

// blind finds the streams on which rule i could not have fired.
func (c *Coverage) blind(i int, s *scan.Summary) {
	for j := range s.Streams {
		st := &s.Streams[j]
		if i >= len(st.Reach) || len(c.Blind) >= maxBlind {
			continue
		}
		if reach := &st.Reach[i].Reach; reach.InCategory > 0 && reach.Could == 0 && len(reach.Clauses) > 0 {
			c.Blind = append(c.Blind, Blind{st, reach.InCategory, reasons(s.Rules[i].Rule, reach)})
		}
	}
}

// Text says why the rule could not have fired on the stream.
func (b *Blind) Text() string { return reasonText(b.Reasons) }

// auditRules returns the rules for auditctl in a rule's setup.
func auditRules(g *Guide) (lines []string) {
	for _, section := range g.Setup {
		for _, step := range section.Steps {
			if !step.Code {
				continue
			}
			for line := range strings.Lines(step.Text) {
				if line = strings.TrimSpace(line); strings.HasPrefix(line, "-a ") || strings.HasPrefix(line, "-w ") {
					lines = append(lines, line)
				}
			}
		}
	}
	return lines
}
