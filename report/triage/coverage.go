package triage

import (
	"strconv"

	"kscan/scan"
)

// Verdict says whether the logs could have shown what a rule looks for.
type Verdict string

// The verdicts. They are part of the JSON output.
const (
	NotRun       Verdict = "not_run"        // the rule cannot run here
	CouldNotFire Verdict = "could_not_fire" // no event is what it looks at and has what it needs
	InPart       Verdict = "in_part"        // a field it reads is in no event, or a host's events lack one
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
	// Could counts the events that are of the kind the rule looks at and have the fields
	// it needs: with other values it would have fired on them.
	Could   int64
	looked  int64    // events of the category that were decoded
	Reasons []Reason // why it could not have fired, if it could not
	// Blind are the streams with events of the rule's category on none of which it could
	// have fired.
	Blind []Blind
	// OutOfRange is set when all events lie outside the range of time that was asked for.
	OutOfRange bool
	// Needed are the audit rules that the rule's setup asks for, if it was not all there.
	Needed []string
}

// Reason is a condition of a rule that no event of its category could have met.
type Reason struct {
	Condition string   // as the rule has it
	Fields    []string // that are in no event; none if the events are of another kind
	Text      string
}

// Blind is a stream on which a rule could not have fired, and why.
type Blind struct {
	Stream  *scan.Stream
	Events  int64 // in the rule's category
	Reasons []Reason
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

// Number writes an integer with commas between thousands, as all texts of a report do.
func Number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
