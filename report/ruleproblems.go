package report

import (
	"fmt"
	"io"
	"strings"

	"charm.land/lipgloss/v2"

	"kscan/rule"
)

// RuleProblems writes what is wrong with a pack of rules and its playbooks, each problem with its place,
// and counts it.
func RuleProblems(w io.Writer, checked rule.Checked, o TerminalOptions) error {
	p := newPage(o)
	for _, problem := range checked.Problems {
		severity, style := "error:", p.look.bad
		if problem.Warning {
			severity, style = "warning:", p.look.levels[1]
		}
		text, ok := strings.CutPrefix(problem.RenderWidth(p.width), severity)
		if ok {
			text = p.look.paint(style, severity) + text
		}
		p.b.WriteString(text)
		p.blank()
		if err := p.flush(w); err != nil {
			return err
		}
	}
	p.problemCount(checked)
	return p.flush(w)
}

func (p *page) problemCount(checked rule.Checked) {
	errors, warnings := countProblems(checked.Problems)
	var style lipgloss.Style
	text := loaded(checked) + " loaded: "
	switch {
	case errors > 0:
		style = p.look.bad
		text += count(int64(errors), "error") + ", " + count(int64(warnings), "warning")
	case warnings > 0:
		style = p.look.levels[1]
		text += count(int64(warnings), "warning")
	default:
		style = p.look.good
		text += "no problems"
	}
	p.text(0, style, text)
}

// loaded names what was loaded, playbooks only if there are any.
func loaded(checked rule.Checked) string {
	rules, playbooks := count(int64(len(checked.Rules)), "rule"), count(int64(checked.Playbooks), "playbook")
	switch {
	case checked.Playbooks == 0:
		return rules
	case len(checked.Rules) == 0:
		return playbooks
	}
	return rules + " and " + playbooks
}

func countProblems(problems rule.Problems) (errors, warnings int) {
	for _, p := range problems {
		if p.Warning {
			warnings++
		} else {
			errors++
		}
	}
	return errors, warnings
}

type jsonRuleProblem struct {
	Severity string `json:"severity"`
	Path     string `json:"path"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Message  string `json:"message"`
	Hint     string `json:"hint"`
}

// RuleProblemsJSON writes what RuleProblems does as one object.
func RuleProblemsJSON(w io.Writer, checked rule.Checked) error {
	errors, warnings := countProblems(checked.Problems)
	return WriteJSON(w, struct {
		Rules     int               `json:"rules"`
		Playbooks int               `json:"playbooks"`
		Errors    int               `json:"errors"`
		Warnings  int               `json:"warnings"`
		Problems  []jsonRuleProblem `json:"problems"`
	}{len(checked.Rules), checked.Playbooks, errors, warnings, each(checked.Problems, ruleProblemOf)})
}

func ruleProblemOf(p *rule.Problem) jsonRuleProblem {
	severity := "error"
	if p.Warning {
		severity = "warning"
	}
	return jsonRuleProblem{severity, p.Path, p.Line, p.Column, p.Message, p.Hint}
}

// RuleErrors writes the problems that keep rules from loading: the first ones, and how
// many more there are.
func RuleErrors(w io.Writer, problems rule.Problems) error {
	shown, total := 0, 0
	for _, p := range problems {
		if p.Warning {
			continue
		}
		if total++; shown == maxRuleErrors {
			continue
		}
		shown++
		if _, err := io.WriteString(w, p.Render()); err != nil {
			return fmt.Errorf("write the problems: %w", err)
		}
	}
	if total > shown {
		_, err := fmt.Fprintf(w, "error: %d more; kscan rules check PATH shows all\n", total-shown)
		return err
	}
	return nil
}

// maxRuleErrors is how many errors a command that needs rules shows: more scroll the
// first out of sight.
const maxRuleErrors = 20
