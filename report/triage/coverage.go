package triage

import (
	"fmt"
	"strconv"
	"strings"

	"kscan/scan"
)

// Verdict says whether the logs could have shown what a rule looks for.
type Verdict string

// The verdicts. They are part of the JSON output.
const (
	NotRun       Verdict = "not_run"        // the rule cannot run here
	CouldNotFire Verdict = "could_not_fire" // there was no event it looks at
	InPart       Verdict = "in_part"        // a field it reads is in none of the events
	CouldFire    Verdict = "could_fire"
)

// Coverage says what a rule had to work with.
type Coverage struct {
	Verdict Verdict
	Text    string // the verdict in words, with its reason
	// Category is what the rule's query begins with ("network"), "" if it is not plain.
	Category string
	Examined int64 // events of any category
	// Sampled is set when InCategory and Fields are counted on a sample of the events: the
	// others hold none of the values that a match needs, and were not decoded.
	Sampled    bool
	InCategory int64
	Fields     []FieldCount
}

// Full reports whether each event of the category has all fields that the rule reads.
func (c *Coverage) Full() bool {
	for _, f := range c.Fields {
		if f.Events < c.InCategory {
			return false
		}
	}
	return true
}

// FieldCount says how many events of the rule's category have a field that it reads.
type FieldCount struct {
	Field  string
	Events int64
}

func newCoverage(r *scan.RuleCoverage, s *scan.Summary) Coverage {
	c := Coverage{Category: category(r.Rule.Query), Examined: s.Counts.Events, Sampled: s.Counts.Passed > 0, InCategory: r.InCategory}
	var missing []string
	for i, field := range r.Fields {
		c.Fields = append(c.Fields, FieldCount{field, r.WithField[i]})
		if r.WithField[i] == 0 {
			missing = append(missing, field)
		}
	}
	c.Verdict, c.Text = c.verdict(r, s, missing)
	return c
}

func (c *Coverage) verdict(r *scan.RuleCoverage, s *scan.Summary, missing []string) (Verdict, string) {
	kind := "events that the rule looks at"
	if c.Category != "" {
		kind = c.Category + " events"
	}
	if c.Sampled {
		kind = "sampled " + kind
	}
	switch {
	case r.Rule.NotRunnable != "":
		return NotRun, "the rule was not run: " + r.Rule.NotRunnable
	case r.Findings > 0 && c.Sampled:
		return CouldFire, fmt.Sprintf("the rule fired on %s events", Number(r.Findings))
	case r.Findings > 0:
		return CouldFire, fmt.Sprintf("the rule fired on %s of %s %s", Number(r.Findings), Number(r.InCategory), kind)
	case s.Counts.Events == 0:
		return CouldNotFire, "no events were examined: this rule could not have fired"
	case r.InCategory == 0 && c.Sampled:
		return CouldNotFire, fmt.Sprintf("no %s among %s, and no other event holds a value that a match needs: this rule could hardly have fired",
			kind, Number(s.Counts.Sampled))
	case r.InCategory == 0:
		return CouldNotFire, "no " + kind + " in these logs: this rule could not have fired"
	case len(missing) > 0:
		return InPart, fmt.Sprintf("none of the %s %s has %s: this rule could have fired only where its conditions do without",
			Number(r.InCategory), kind, strings.Join(missing, ", "))
	}
	return CouldFire, fmt.Sprintf("%s %s were examined and none matched: this rule could have fired", Number(r.InCategory), kind)
}

// category returns the category of an event query: the word before "where".
func category(query string) string {
	words := strings.Fields(query)
	if len(words) < 2 || words[1] != "where" {
		return ""
	}
	name := strings.Trim(words[0], `"`)
	if name == "any" || strings.ContainsAny(name, "/*[|`") {
		return ""
	}
	return name
}

// Number writes an integer with commas between thousands, as all texts of a report do.
func Number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
