// Package rule loads what users write: Elastic's detection rules in TOML. Builtin gives
// the embedded rule, Load those of a file or folder. A Rule is compiled when it is
// loaded and never changes after that.
package rule

import "kscan/rule/eval"

// Rule is one detection rule. The names are those of Elastic's rule schema.
type Rule struct {
	ID             string
	Name           string
	Description    string
	Severity       string // low, medium, high or critical
	RiskScore      int    // 0 to 100
	Type           string // eql, query, threshold, …
	Language       string
	Query          string
	Index          []string
	Interval, From string
	MaxSignals     int
	Version        int // 0 in a rule of Elastic's repository, which keeps versions apart
	License        string
	Author         []string
	References     []string
	Tags           []string
	FalsePositives []string
	Note, Setup    string // Markdown
	Threats        []Threat

	EventCategoryOverride string
	TimestampOverride     string // the field of the schedule's time range
	TimestampField        string // the field that orders sequences
	TiebreakerField       string
	// BuildingBlock is set when the rule's findings are no alerts of their own but
	// material for other rules.
	BuildingBlock bool

	// Playbook is what to look up when the rule fires; nil if nobody wrote one.
	Playbook *Playbook
	// OwnNote is set when Playbook came with kscan for a rule with another Note.
	OwnNote bool
	// Path is the file the rule came from, "builtin" for the embedded one.
	Path string
	// NotRunnable says why the rule cannot run here, "" if it can.
	NotRunnable string
	// Program is the compiled query; nil when NotRunnable is set.
	Program *eval.Program
}

// Threat is one ATT&CK tactic with its techniques.
type Threat struct {
	Framework  string
	Tactic     Attack
	Techniques []Technique
}

// Attack is an entry of ATT&CK.
type Attack struct{ ID, Name, Reference string }

// Technique is a technique with its sub-techniques.
type Technique struct {
	Attack
	Subtechniques []Attack
}
