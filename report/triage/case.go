// Package triage turns findings into a Case: what an analyst is shown, built once and
// rendered by package report. A Collector takes findings as they come and makes the
// Case at the end; an Assessor judges one finding on its own, for output that streams.
//
// Memory is bounded whatever the number of findings: a Collector keeps groups, and of
// each group a few values and places. What is beyond a limit is counted.
package triage

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"kscan/readers/event"
	"kscan/rule"
	"kscan/scan"
)

// Case is what every renderer shows. Its texts are raw: a renderer escapes them.
type Case struct {
	Summary *scan.Summary
	// Rules are those that ran: with findings first, then by severity, risk score, name
	// and id.
	Rules    []*Rule
	Findings int64
	Groups   int
	// NotRun are the rules that cannot run here; Rules may not have them.
	NotRun []*rule.Rule
	// First and Last are the earliest and latest time in the evidence; zero if none.
	First, Last time.Time
	// Second is what the second pass, for evidence, examined; nil if there was none.
	Second *scan.Summary
	// Unnoted counts the process starts that there was no room to note in the second pass: the
	// parents among them were looked for in passes of their own, MaxFurther at most.
	Unnoted int64
	// Exceptions are those that were given, and what came of each.
	Exceptions []*ExceptionUse
	// Unanswered says why nothing was looked up, "" if it was or there was nothing to.
	Unanswered string
}

// Rule is one rule with what it found and what it had to work with.
type Rule struct {
	Rule       *rule.Rule
	Guide      Guide
	Findings   int64
	OutOfScope int64 // findings from an index that the rule does not search
	// Groups are the findings by host, process, user and target: by priority, then by
	// time.
	Groups []*Group
	// Expected are the findings that exceptions cover; they are in no group.
	Expected         []*ExpectedHits
	ExpectedFindings int64
	// Ungrouped counts the findings whose groups are beyond the limit.
	Ungrouped int64
	Coverage  Coverage
	Schedule  *Schedule        // nil if it is not known, or nothing was found
	Near      *scan.NearMisses // nil if none were looked for
	// NearSequences are those of a sequence, nil as Near is.
	NearSequences *scan.NearSequences
	// Story is what the hits and the evidence say, in the order of time.
	Story []*Moment
}

// Key is what the findings of a group have in common. A part that the events do not
// say is "".
type Key struct {
	Host string
	// Folder is where the logs are; set only when Host is "", to keep the logs of
	// different hosts apart.
	Folder  string
	Process string // the executable's path, or the name if there is none
	User    string
	// Target is what else the event is about: a file, a name, or a destination, and then
	// that of the first finding: destinations do not keep findings apart.
	Target string

	spread bool // Target is a destination
}

// Group is findings of one rule that belong together.
type Group struct {
	ID          string // the same for the same rule and key, in any run
	Key         Key
	Name        string // the process name of the first finding, or the end of its path
	Count       int64
	OutOfScope  int64
	Undated     int64     // findings without a time
	First, Last time.Time // zero if all are undated
	Priority    Priority
	Reasons     []string
	Facts       []Fact
	// Evidence are the places of the first findings, one for each event.
	Evidence []event.Evidence
	// FirstEvidence is the place of the earliest event.
	FirstEvidence event.Evidence
	// Events counts the events of all findings: those of a sequence are several.
	Events int64
	// Assumed are the fields that kscan set and the logs do not say.
	Assumed []string
	// Targets are the destinations, in the order of the findings; none if Target is not one.
	Targets []*Target
	// MoreTargets counts the findings whose destination is beyond the limit.
	MoreTargets int64
	// Indices are the indices out of the rule's scope that the documents named.
	Indices []string
	// Sample is the first finding's first event as JSON; nil if it was too long to keep.
	Sample []byte

	// Steps are the steps of the rule's playbook, answered; nil without one.
	Steps []StepAnswer
	// StartedBy are the groups of processes that are parents of this one's, Started those of
	// processes that this one's is a parent of.
	StartedBy, Started []*Group

	addresses map[netip.Addr]bool // of the host, as its events say
	requests  []request           // of the playbook's evidence queries, in their order
	held      [][]int64           // how many hits each condition held for, by step

	own     map[*start]bool // starts of the group's processes
	parents map[*start]bool // starts of their parents

	values map[string]*Values // by field name or pattern, as the guide names them
}

// Target is a destination that a process reached or tried to.
type Target struct {
	Text          string // address and port
	Address, Port string
	Count         int64
}

// Addresses returns how many different addresses the group's destinations have. Those of
// loopback are one.
func (g *Group) Addresses() int {
	seen := make(map[string]bool, len(g.Targets))
	for _, t := range g.Targets {
		address := t.Address
		if addr, ok := event.ParseIP([]byte(address)); ok && addr.IsLoopback() {
			address = "loopback"
		}
		seen[address] = true
	}
	return len(seen)
}

// Fact is one detail of a group.
type Fact struct {
	Label  string
	Fields []string // where it comes from
	Values
}

// Values are the different texts of one field in the findings of a group.
type Values struct {
	Seen  []string // the first of them
	Other int64    // findings that have another
}

// maxValue is how many characters of a value are kept: a long command line, not a
// payload. What is cut is said at its end.
const maxValue = 1000

// Severities in Elastic's order; an unknown one ranks below them.
var severities = []string{"low", "medium", "high", "critical"}

// SeverityRank returns the place of a severity: 0 unknown, 1 low, … 4 critical.
func SeverityRank(severity string) int {
	return slices.Index(severities, severity) + 1
}

func sortRules(rules []*Rule) {
	slices.SortStableFunc(rules, func(a, b *Rule) int {
		return cmp.Or(
			-cmp.Compare(min(a.Findings, 1), min(b.Findings, 1)),
			-cmp.Compare(SeverityRank(a.Rule.Severity), SeverityRank(b.Rule.Severity)),
			-cmp.Compare(a.Rule.RiskScore, b.Rule.RiskScore),
			cmp.Compare(a.Rule.Name, b.Rule.Name),
			cmp.Compare(a.Rule.ID, b.Rule.ID))
	})
}

func sortGroups(groups []*Group) {
	slices.SortStableFunc(groups, func(a, b *Group) int {
		return cmp.Or(
			-cmp.Compare(a.Priority, b.Priority),
			compareTimes(a.First, b.First),
			cmp.Compare(a.Key.Host, b.Key.Host),
			cmp.Compare(a.Key.Folder, b.Key.Folder),
			cmp.Compare(a.Key.Process, b.Key.Process),
			cmp.Compare(a.Key.User, b.Key.User),
			cmp.Compare(a.Key.Target, b.Key.Target),
			cmp.Compare(a.ID, b.ID))
	})
}

// compareTimes orders by time, none last.
func compareTimes(a, b time.Time) int {
	if a.IsZero() != b.IsZero() {
		if a.IsZero() {
			return 1
		}
		return -1
	}
	return a.Compare(b)
}
