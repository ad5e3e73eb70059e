package report

import (
	"fmt"
	"io"
	"strings"

	"charm.land/lipgloss/v2"

	"kscan/report/safe"
	"kscan/rule"
)

// idWidth is the width of an id, a UUID: it stays in one piece where there is room.
const idWidth = 36

// listWidth is from where on the id of a rule has a column of its own.
const listWidth = 120

// RuleList writes rules as a table, then why some of them do not run.
func RuleList(w io.Writer, rules []*rule.Rule, o TerminalOptions) error {
	p := newPage(o)
	reasons := newReasons(rules)
	if len(rules) > 0 {
		p.table(0, p.ruleColumns(rules, reasons))
		p.blank()
	}
	p.text(0, p.look.heading, count(int64(len(rules)), "rule")+": "+reasons.summary(len(rules)))
	for i, reason := range reasons.texts {
		p.hanging(fmt.Sprintf("(%d) ", i+1), p.look.plain, reason)
	}
	return p.flush(w)
}

// newPage returns a page for a terminal.
func newPage(o TerminalOptions) *page {
	p := &page{width: max(o.Width, minWidth), look: newLook(o.Color, o.Background)}
	if o.Width <= 0 {
		p.width = defaultWidth
	}
	return p
}

func (p *page) ruleColumns(rules []*rule.Rule, reasons *reasons) []column {
	severity := column{title: "Severity", fixed: true,
		style: func(row int) lipgloss.Style { return p.look.severity(rules[row].Severity) }}
	name := column{title: "Rule", least: 24, style: func(int) lipgloss.Style { return p.look.plain }}
	kind := column{title: "Type", least: 9}
	tactic := column{title: "Tactic", least: 12}
	runs := column{title: "Runs", fixed: true}
	id := column{title: "ID", fixed: true}
	if p.width < listWidth {
		name.least = idWidth
	}
	for _, r := range rules {
		severity.cells = append(severity.cells, cell(r.Severity))
		kind.cells = append(kind.cells, cell(r.Type))
		tactic.cells = append(tactic.cells, cell(strings.Join(Tactics(r), ", ")))
		runs.cells = append(runs.cells, reasons.mark(r))
		id.cells = append(id.cells, cell(r.ID))
		text := cell(r.Name)
		if p.width < listWidth {
			text += "\n" + cell(r.ID)
		}
		name.cells = append(name.cells, text)
	}
	if p.width < listWidth {
		return []column{severity, name, kind, tactic, runs}
	}
	return []column{severity, name, kind, tactic, runs, id}
}

// Tactics returns the names of a rule's ATT&CK tactics, each once.
func Tactics(r *rule.Rule) []string {
	names := []string{}
	seen := map[string]bool{}
	for _, t := range r.Threats {
		if name := t.Tactic.Name; name != "" && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

// reasons numbers why rules do not run.
type reasons struct {
	texts  []string
	number map[string]int // from 1, by the text as it is in the rule
	runs   int
}

func newReasons(rules []*rule.Rule) *reasons {
	rs := &reasons{number: map[string]int{}}
	for _, r := range rules {
		if r.NotRunnable == "" {
			rs.runs++
		} else if rs.number[r.NotRunnable] == 0 {
			rs.texts = append(rs.texts, safe.Text(safe.Clip(r.NotRunnable, maxDetail)))
			rs.number[r.NotRunnable] = len(rs.texts)
		}
	}
	return rs
}

func (rs *reasons) mark(r *rule.Rule) string {
	if r.NotRunnable == "" {
		return "yes"
	}
	return fmt.Sprintf("no (%d)", rs.number[r.NotRunnable])
}

func (rs *reasons) summary(total int) string {
	switch {
	case total == 0:
		return "none to show"
	case rs.runs == total && total == 1:
		return "it runs"
	case rs.runs == total:
		return "all run"
	case rs.runs == 0:
		return "none runs"
	}
	verb, others := "run", "do not"
	if rs.runs == 1 {
		verb = "runs"
	}
	if total-rs.runs == 1 {
		others = "does not"
	}
	return fmt.Sprintf("%d %s, %d %s", rs.runs, verb, total-rs.runs, others)
}
