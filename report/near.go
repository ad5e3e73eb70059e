package report

import (
	"fmt"
	"strings"

	"kscan/report/safe"
	"kscan/report/triage"
	"kscan/scan"
)

// maxBlindLines is how many streams on which a rule could not have fired are shown; the
// JSON report has more.
const maxBlindLines = 5

// maxClause is how many characters of a condition are shown in a table.
const maxClause = 90

// blind says on which hosts a rule could not have fired.
func (p *page) blind(r *triage.Rule) {
	blind := r.Coverage.Blind
	if r.Coverage.Verdict == triage.CouldNotFire { // the verdict says it of all
		return
	}
	for i := range blind[:min(len(blind), maxBlindLines)] {
		b := &blind[i]
		category := "event"
		if r.Coverage.Category != "" {
			category = safe.Text(safe.Clip(r.Coverage.Category, maxCell)) + " event"
		}
		if r.Coverage.Sampled {
			category = "decoded " + category
		}
		p.hanging("  - ", p.look.bad, fmt.Sprintf("it could not have fired on %s: of %s, %s", streamName(b.Stream),
			count(b.Events, category), safe.Text(b.Text())))
	}
	if more := len(blind) - maxBlindLines; more > 0 {
		p.text(2, p.look.label, "… nor on "+triage.Number(int64(more))+" more; the JSON report (-f json) has them")
	}
	if r.Coverage.Verdict == triage.InPart && len(r.Coverage.Needed) > 0 {
		p.text(2, p.look.plain, "From audit records it needs what these audit rules record:")
		for _, line := range r.Coverage.Needed {
			p.hanging("    ", p.look.label, safe.Text(line))
		}
	}
}

// streamName names a host and the kind of its telemetry.
func streamName(s *scan.Stream) string {
	return hostName(s.Host, s.Folder) + " (" + cell(s.Source) + ")"
}

// hostName names the host, or where the logs are that do not name it.
func hostName(host, folder string) string {
	switch {
	case host != "":
		return cell(host)
	case folder != "":
		return "an unknown host, in " + cell(folder)
	}
	return "an unknown host"
}

// nearMisses writes, for each rule, the events that met all conditions but one, and the
// sequences that came to all steps but the last.
func (p *page) nearMisses(c *triage.Case) {
	told := false
	for _, r := range c.Rules {
		if !hasNear(r) {
			continue
		}
		p.blank()
		if !told {
			p.title("Near misses")
			told = true
		}
		p.ruleNearMisses(r)
	}
}

// hasNear reports whether there is something to say of a rule's near misses.
func hasNear(r *triage.Rule) bool {
	s := r.NearSequences
	return r.Near != nil && r.Near.Events > 0 || s != nil && (s.Count > 0 || s.Unknown != "")
}

func (p *page) ruleNearMisses(r *triage.Rule) {
	p.hanging("", p.look.heading, safe.Text(safe.Clip(r.Rule.Name, maxDetail)))
	if r.NearSequences != nil {
		p.nearSequence(r.NearSequences)
		return
	}
	p.text(2, p.look.plain, nearText(r.Near))
	condition := column{title: "CONDITION THAT ALONE FAILED", least: 30}
	events := column{title: "EVENTS", right: true, fixed: true}
	why := column{title: "AMONG THEM", least: 20}
	for i := range r.Near.Clauses {
		n := &r.Near.Clauses[i]
		if n.Events == 0 {
			continue
		}
		condition.cells = append(condition.cells, safe.Text(safe.Clip(n.Text, maxClause)))
		events.cells = append(events.cells, triage.Number(n.Events))
		why.cells = append(why.cells, telling(n))
	}
	p.table(2, dropEmpty([]column{condition, events, why}))
	for _, reason := range []scan.NearReason{scan.NearMissing, scan.NearName, scan.NearAddress} {
		p.nearList(r.Near, reason)
	}
}

func nearText(n *scan.NearMisses) string {
	text := count(n.Events, "event") + " met every condition but one"
	for i := range n.Clauses {
		if n.Clauses[i].NotCounted {
			text += "; those that fail " + safe.Text(safe.Clip(n.Clauses[i].Text, maxClause)) + " are not counted"
		}
	}
	return text
}

// telling says what is telling about the near misses of one clause.
func telling(n *scan.NearClause) string {
	var parts []string
	for _, part := range []struct {
		n    int64
		text string
	}{
		{n.Missing, "without the field"},
		{n.ByName, "by the name of the process alone"},
		{n.ByAddress, "to an address out of range"},
	} {
		if part.n > 0 {
			parts = append(parts, triage.Number(part.n)+" "+part.text)
		}
	}
	return strings.Join(parts, ", ")
}

// nearTitles say what the near misses of a reason have in common.
func nearTitle(reason scan.NearReason) string {
	switch reason {
	case scan.NearMissing:
		return "A field is missing; with it the rule might have fired:"
	case scan.NearName:
		return "process.name does not fit, the name of the executable's file would have:"
	}
	return "All fits but the address:"
}

func (p *page) nearList(n *scan.NearMisses, reason scan.NearReason) {
	told := false
	for i := range n.Listed {
		m := &n.Listed[i]
		if m.Reason != reason {
			continue
		}
		if !told {
			p.blank()
			p.text(2, p.look.plain, nearTitle(reason))
			told = true
		}
		p.hanging("  - ", p.look.plain, nearLine(n, m))
	}
}

func nearLine(n *scan.NearMisses, m *scan.NearMiss) string {
	who := m.Process
	if who == "" {
		who = m.Name
	}
	text := cell(who)
	if m.Name != "" && m.Reason == scan.NearName {
		text += " as " + cell(m.Name)
	}
	if m.User != "" {
		text += " (" + cell(m.User) + ")"
	}
	text += " on " + hostName(m.Host, "")
	if m.Target != "" {
		text += " to " + cell(m.Target)
	}
	if !m.Time.IsZero() {
		text += ", " + timeText(m.Time)
	}
	if m.Reason == scan.NearMissing {
		text += ", without " + safe.Text(safe.Clip(strings.Join(n.Clauses[m.Clause].Fields, " and "), maxClause))
	}
	return text + ": " + place(m.Evidence.Source, m.Evidence.Member, m.Evidence.Line, m.Evidence.Offset)
}
