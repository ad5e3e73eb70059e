package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode"

	"kscan/rule"
)

// evil is a text with all that a terminal must not be given.
const evil = "a\x1b[31m\x00\n\t\u202e\u200b\xff漢字e\u0301 \x9b2J"

// hostileRule is a rule whose texts are all hostile, and long.
func hostileRule() *rule.Rule {
	long := strings.Repeat(evil+" ", 40)
	return &rule.Rule{
		ID: evil, Name: long, Description: long, Severity: evil, Type: evil, Language: evil, Query: long + "\r\n\t" + long,
		Index: []string{long, evil}, Interval: evil, From: evil, License: long, Author: []string{long}, References: []string{long, evil},
		Tags: []string{long}, FalsePositives: []string{long}, Note: "## " + evil + "\n\n- " + long + "\n\n```\n" + long + "\n```\n",
		Setup: long, Threats: []rule.Threat{{Framework: evil, Tactic: rule.Attack{ID: evil, Name: long, Reference: evil},
			Techniques: []rule.Technique{{Attack: rule.Attack{ID: evil, Name: long}}}}},
		EventCategoryOverride: evil, TimestampField: evil, TiebreakerField: evil, BuildingBlock: true,
		Path: evil, NotRunnable: long,
	}
}

// plainRule is an ordinary rule of a pack.
func plainRule(i int) *rule.Rule {
	return &rule.Rule{
		ID: fmt.Sprintf("00000000-0000-0000-0000-%012d", i), Name: "Unusual Child Process of a Web Server", Severity: "high",
		RiskScore: 73, Type: "eql", Path: "rules/linux/web.toml", Query: "process where true",
		Threats: []rule.Threat{{Tactic: rule.Attack{Name: "Persistence"}}, {Tactic: rule.Attack{Name: "Command and Control"}},
			{Tactic: rule.Attack{Name: "Persistence"}}},
	}
}

func rulesForTest() []*rule.Rule {
	other := plainRule(2)
	other.Type, other.NotRunnable = "machine_learning", "type machine_learning: it needs a job"
	return []*rule.Rule{plainRule(1), other, hostileRule(), {}}
}

func written(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestRulesAreSafeAndFit holds what is promised of text for all that is made of rules.
func TestRulesAreSafeAndFit(t *testing.T) {
	rules := rulesForTest()
	for _, width := range []int{40, 80, 120, 200} {
		o := TerminalOptions{Width: width}
		checkPlain(t, written(t, func(w io.Writer) error { return RuleList(w, rules, o) }), width)
		for _, r := range rules {
			checkPlain(t, written(t, func(w io.Writer) error { return RulePage(w, r, o) }), width)
		}
	}
}

// TestLinesForPrograms: problems and cases are not wrapped, and as safe as the rest.
func TestLinesForPrograms(t *testing.T) {
	for name, text := range map[string]string{
		"problems": written(t, func(w io.Writer) error {
			return RuleProblems(w, rule.Checked{Problems: hostileProblems()}, TerminalOptions{Width: 40})
		}),
		"errors": written(t, func(w io.Writer) error { return RuleErrors(w, hostileProblems()) }),
		"cases":  written(t, func(w io.Writer) error { return RuleCases(w, hostileCases(), TerminalOptions{Width: 40}) }),
		"list":   written(t, func(w io.Writer) error { return RuleListJSON(w, rulesForTest()) }),
		"rule":   written(t, func(w io.Writer) error { return RuleJSON(w, hostileRule()) }),
		"lint":   written(t, func(w io.Writer) error { return RuleProblemsJSON(w, rule.Checked{Problems: hostileProblems()}) }),
		"run":    written(t, func(w io.Writer) error { return RuleCasesJSON(w, hostileCases()) }),
	} {
		for i, line := range strings.Split(text, "\n") {
			for _, r := range line {
				if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
					t.Errorf("%s: line %d has %U: %q", name, i+1, r, line)
				}
			}
		}
	}
}

func hostileProblems() rule.Problems {
	return rule.Problems{
		{Path: evil, Line: 1, Column: 3, Message: evil, Hint: evil, Text: strings.Repeat(evil, 20)},
		{Path: evil, Message: evil, Warning: true},
	}
}

func hostileCases() *CaseRun {
	c := rule.Case{Rule: hostileRule(), Path: evil, Want: rule.WantMatch}
	return &CaseRun{
		Results: []CaseResult{
			{Case: c, Failures: []CaseFailure{{Line: 3, Message: strings.Repeat(evil, 100)}}, More: 1},
			{Case: c, Skipped: evil},
			{Case: c, Events: 1, Found: 1},
		},
		Without: []*rule.Rule{hostileRule()},
	}
}

// TestColourOfRules: with the colours taken out, a text is that without colour.
func TestColourOfRules(t *testing.T) {
	for on := range palettes {
		o := TerminalOptions{Width: 100, Background: on}
		colored := o
		colored.Color = true
		for name, write := range map[string]func(io.Writer, TerminalOptions) error{
			"list": func(w io.Writer, o TerminalOptions) error { return RuleList(w, rulesForTest(), o) },
			"rule": func(w io.Writer, o TerminalOptions) error { return RulePage(w, plainRule(1), o) },
			"problems": func(w io.Writer, o TerminalOptions) error {
				return RuleProblems(w, rule.Checked{Problems: hostileProblems()}, o)
			},
			"cases": func(w io.Writer, o TerminalOptions) error { return RuleCases(w, hostileCases(), o) },
		} {
			plain := written(t, func(w io.Writer) error { return write(w, o) })
			color := written(t, func(w io.Writer) error { return write(w, colored) })
			if plain == color {
				t.Errorf("%s: no colour", name)
			}
			if got := trimLines(sgr.ReplaceAllString(color, "")); got != plain {
				t.Errorf("%s: colour changes the text:\n%s\nwithout:\n%s", name, got, plain)
			}
		}
	}
}

func trimLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

func TestRuleListJSON(t *testing.T) {
	var got struct {
		Rules []struct {
			ID, Name, Severity, Type, Reason, Path string
			Runnable                               bool
			Tactics                                []string
		}
	}
	text := written(t, func(w io.Writer) error { return RuleListJSON(w, rulesForTest()) })
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Rules) != 4 || !got.Rules[0].Runnable || got.Rules[0].Reason != "" ||
		got.Rules[1].Runnable || got.Rules[1].Reason != "type machine_learning: it needs a job" {
		t.Errorf("%+v", got.Rules)
	}
	if tactics := strings.Join(got.Rules[0].Tactics, "|"); tactics != "Persistence|Command and Control" {
		t.Errorf("tactics %q", tactics)
	}
	if empty := written(t, func(w io.Writer) error { return RuleListJSON(w, nil) }); strings.Contains(empty, "null") {
		t.Errorf("no rules: %s", empty)
	}
}

// TestRuleErrorsAreBounded: the first errors are shown and the others counted; warnings
// are no errors.
func TestRuleErrorsAreBounded(t *testing.T) {
	problems := rule.Problems{{Path: "p", Message: "warned", Warning: true}}
	for i := range maxRuleErrors + 3 {
		problems = append(problems, &rule.Problem{Path: "p", Message: fmt.Sprintf("error %d.", i)})
	}
	text := written(t, func(w io.Writer) error { return RuleErrors(w, problems) })
	if strings.Contains(text, "warned") || strings.Count(text, "error: p: ") != maxRuleErrors ||
		!strings.HasSuffix(text, "error: 3 more; kscan rules check PATH shows all\n") {
		t.Error(text)
	}
}
