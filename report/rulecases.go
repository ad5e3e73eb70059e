package report

import (
	"fmt"
	"io"

	"charm.land/lipgloss/v2"

	"kscan/report/safe"
	"kscan/rule"
)

// CaseResult is what a case of a rule came to.
type CaseResult struct {
	Case   rule.Case
	Events int64 // in the case
	Found  int64 // findings of the rule
	// Skipped says why the case was not run, "" if it was.
	Skipped string
	// Failures are the first things that are not as the case demands; none if it passed.
	Failures []CaseFailure
	// More counts the failures beyond these.
	More int64
}

// CaseFailure is one thing that is not as a case demands.
type CaseFailure struct {
	Line    int64 // of the case; 0 if it is about all of it
	Message string
}

// CaseRun is the cases of a pack.
type CaseRun struct {
	Results []CaseResult
	Without []*rule.Rule // rules that run and have no cases
}

// Count counts the cases by what they came to.
func (r *CaseRun) Count() (passed, failed, skipped int) {
	for i := range r.Results {
		switch c := &r.Results[i]; {
		case c.Skipped != "":
			skipped++
		case len(c.Failures) > 0:
			failed++
		default:
			passed++
		}
	}
	return passed, failed, skipped
}

// maxWithout is how many rules without cases are named.
const maxWithout = 20

// RuleCases writes a line for each case, and below it one for each failure, as
// FILE:LINE: error: MESSAGE. The lines are not wrapped: programs read them too.
func RuleCases(w io.Writer, r *CaseRun, o TerminalOptions) error {
	p := newPage(o)
	for i := range r.Results {
		p.caseResult(&r.Results[i])
	}
	for _, without := range r.Without[:min(len(r.Without), maxWithout)] {
		p.line(p.look.paint(p.look.label, "none") + "  " + safe.Text(without.Path) + ": no cases for " + cell(without.Name))
	}
	if more := len(r.Without) - maxWithout; more > 0 {
		p.line(p.look.paint(p.look.label, "none") + "  " + count(int64(more), "more rule") + " without cases")
	}
	p.caseCount(r)
	return p.flush(w)
}

func (p *page) caseResult(c *CaseResult) {
	path := safe.Text(c.Case.Path)
	switch {
	case c.Skipped != "":
		p.line(p.look.paint(p.look.label, "skip") + "  " + path + ": " + safe.Text(safe.Clip(c.Skipped, maxDetail)))
	case len(c.Failures) > 0:
		p.line(p.look.paint(p.look.bad, "FAIL") + "  " + path + ": " + caseText(c))
	default:
		p.line(p.look.paint(p.look.good, "ok") + "    " + path + ": " + caseText(c))
	}
	for _, f := range c.Failures {
		place := path
		if f.Line > 0 {
			place += fmt.Sprintf(":%d", f.Line)
		}
		p.line(place + ": error: " + safe.Text(safe.Clip(f.Message, maxDetail)))
	}
	if c.More > 0 {
		p.line(path + ": error: " + count(c.More, "more failure"))
	}
}

func caseText(c *CaseResult) string {
	return count(c.Found, "finding") + " in " + count(c.Events, "event")
}

func (p *page) caseCount(r *CaseRun) {
	passed, failed, skipped := r.Count()
	text := fmt.Sprintf("%s: %d passed, %d failed", count(int64(len(r.Results)), "case"), passed, failed)
	if skipped > 0 {
		text += fmt.Sprintf(", %d skipped", skipped)
	}
	if len(r.Without) > 0 {
		text += "; " + count(int64(len(r.Without)), "rule") + " without cases"
	}
	styles := map[bool]lipgloss.Style{true: p.look.good, false: p.look.bad}
	p.line(p.look.paint(styles[failed == 0 && passed > 0], text))
}

type jsonCase struct {
	Rule     jsonRule          `json:"rule"`
	RulePath string            `json:"rule_path"`
	Path     string            `json:"path"`
	Want     rule.Want         `json:"want"`
	Result   string            `json:"result"`
	Reason   string            `json:"reason"`
	Events   int64             `json:"events"`
	Findings int64             `json:"findings"`
	Failures []jsonCaseFailure `json:"failures"`
	More     int64             `json:"more_failures"`
}

type jsonCaseFailure struct {
	Line    int64  `json:"line"`
	Message string `json:"message"`
}

// RuleCasesJSON writes what RuleCases does as one object.
func RuleCasesJSON(w io.Writer, r *CaseRun) error {
	passed, failed, skipped := r.Count()
	return WriteJSON(w, struct {
		Passed  int          `json:"passed"`
		Failed  int          `json:"failed"`
		Skipped int          `json:"skipped"`
		Cases   []jsonCase   `json:"cases"`
		Without []jsonListed `json:"without_cases"`
	}{passed, failed, skipped, each(r.Results, caseResultOf), each(r.Without, listedOf)})
}

func caseResultOf(c CaseResult) jsonCase {
	r := c.Case.Rule
	result := "passed"
	switch {
	case c.Skipped != "":
		result = "skipped"
	case len(c.Failures) > 0:
		result = "failed"
	}
	return jsonCase{
		Rule: jsonRule{r.ID, r.Name, r.Severity, r.RiskScore}, RulePath: r.Path, Path: c.Case.Path, Want: c.Case.Want,
		Result: result, Reason: c.Skipped, Events: c.Events, Findings: c.Found,
		Failures: each(c.Failures, func(f CaseFailure) jsonCaseFailure { return jsonCaseFailure(f) }), More: c.More,
	}
}
