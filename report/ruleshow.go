package report

import (
	"fmt"
	"io"
	"strings"

	"kscan/report/safe"
	"kscan/report/triage"
	"kscan/rule"
)

// RulePage writes one rule for a person: what it is, its query, guide and setup.
func RulePage(w io.Writer, r *rule.Rule, o TerminalOptions) error {
	p := newPage(o)
	guide := triage.GuideOf(r)
	p.title(safe.Text(safe.Clip(r.Name, maxDetail)))
	p.ruleFacts(r)
	if text := strings.Join(strings.Fields(r.Description), " "); text != "" {
		p.blank()
		p.prose("", safe.Text(text))
	}
	p.query(r.Query)
	p.sections(guide.Sections)
	p.sections(guide.Setup)
	return p.flush(w)
}

// ruleFacts writes what is known of a rule in few words each.
func (p *page) ruleFacts(r *rule.Rule) {
	short := func(s string) string { return safe.Text(safe.Clip(s, maxDetail)) }
	severity := short(r.Severity)
	p.entry(entry{width: labelWidth, label: "severity", lead: severity, style: p.look.severity(r.Severity),
		value: fmt.Sprintf("%s, risk score %d", severity, r.RiskScore)})
	p.field(0, "rule", short(r.ID)+" ("+short(r.Path)+")")
	if r.NotRunnable == "" {
		p.field(0, "type", short(r.Type)+", runs")
	} else {
		lead := "does not run"
		p.entry(entry{width: labelWidth, label: "type", lead: lead, style: p.look.bad,
			value: lead + ": " + short(r.NotRunnable)})
	}
	if r.BuildingBlock {
		p.field(0, "", "a building block: its findings are no alerts of their own")
	}
	p.field(0, "ATT&CK", attack(&triage.Rule{Rule: r})...)
	p.field(0, "searches", joined(r.Index)...)
	p.field(0, "schedule", fmt.Sprintf("every %s, from %s, at most %d alerts", short(r.Interval), short(r.From), r.MaxSignals))
	for _, f := range []struct{ label, name string }{
		{"category", r.EventCategoryOverride}, {"timestamp", r.TimestampField},
		{"tiebreaker", r.TiebreakerField},
	} {
		if f.name != "" {
			p.field(0, f.label, "the field "+short(f.name))
		}
	}
	p.field(0, "tags", joined(r.Tags)...)
	p.field(0, "author", joined(r.Author)...)
	if r.License != "" {
		p.field(0, "license", short(r.License))
	}
	for i, reference := range r.References {
		label := ""
		if i == 0 {
			label = "references"
		}
		p.field(0, label, short(reference))
	}
}

// joined returns a list as one line, no line if it is empty.
func joined(items []string) []string {
	if len(items) == 0 {
		return nil
	}
	return []string{safe.Text(strings.Join(items, ", "))}
}

// tabWidth is the distance of tab stops in a query, in columns.
const tabWidth = 4

// query writes a query line by line.
func (p *page) query(query string) {
	query = strings.Trim(query, "\r\n")
	if strings.TrimSpace(query) == "" {
		return
	}
	p.blank()
	p.text(0, p.look.heading, "Query")
	for line := range strings.SplitSeq(query, "\n") {
		line = strings.ReplaceAll(strings.TrimSuffix(line, "\r"), "\t", strings.Repeat(" ", tabWidth))
		text := strings.TrimLeft(line, " ")
		indent := min(len(line)-len(text), p.width/2)
		p.queryLine(strings.Repeat(" ", indent+2), safe.Text(text))
	}
}

// queryLine writes one line of a query, what is too long under it with more indent than
// the line after it can have.
func (p *page) queryLine(prefix, text string) {
	for i, line := range wrap(text, p.width-len(prefix)-tabWidth) {
		if i == 1 {
			prefix += strings.Repeat(" ", tabWidth)
		}
		p.line(prefix + line)
	}
}

// sections writes a guide without values: its placeholders stand as they are.
func (p *page) sections(sections []triage.Section) {
	for _, s := range sections {
		p.blank()
		if s.Title != "" {
			p.text(0, p.look.heading, safe.Text(safe.Clip(s.Title, maxCell)))
		}
		list := stepList{indent: 0, numbered: s.Kind == triage.Investigation}
		for i := range s.Steps {
			step := &s.Steps[i]
			if i > 0 && step.Depth == 0 {
				p.blank()
			}
			p.step(list.prefix(step), step, nil)
		}
	}
}
