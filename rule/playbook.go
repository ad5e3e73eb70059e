package rule

import (
	"time"

	"kscan/rule/eql"
	"kscan/rule/eval"
)

// Playbook is what to look up when a rule has fired: the steps of its guide, as queries.
type Playbook struct {
	RuleID string
	Path   string // the file it came from, "builtin" for an embedded one
	Steps  []PlaybookStep
}

// PlaybookStep is one step, in the order in which an analyst takes them.
type PlaybookStep struct {
	Title, Text string
	Kind        string // investigation, false_positives or response
	Fields      []string
	Analysis    Analysis
	Conditions  []Condition
	Evidence    []Evidence
}

// Analysis names an answer that kscan works out itself, since no query can.
type Analysis string

// The analyses.
const (
	NoAnalysis  Analysis = ""
	Destination Analysis = "destination" // whose the addresses are that were reached
	Response    Analysis = "response"    // what is concerned, and what to do about it
)

// Condition is a test of a hit that moves the priority of its group.
type Condition struct {
	Text    string // in EQL
	Program *eval.Program
	Change  int // by how many priorities: up if positive
	Reason  string
	Label   string // what hits like this one are, "" if they have no name
}

// HostScope says on which hosts an evidence query looks.
type HostScope string

// The scopes.
const (
	SameHost  HostScope = "same"
	OtherHost HostScope = "other"
	AnyHost   HostScope = "any"
)

// Evidence is a query for events that answer a step, with the values of a hit as
// parameters.
type Evidence struct {
	Label string
	Query *eql.Template
	// Telemetry matches the events of which there must be some for "not found" to mean
	// anything: of the same host if Host says so.
	Telemetry *eql.Template
	// TelemetryName says what these are: "process events".
	TelemetryName string
	Host          HostScope
	// Follow is set when the parents of the hit's process are added to what the query
	// finds, and theirs, through the events that Telemetry matches.
	Follow bool
	// Windowed is set when the event must lie in a time window around the hit, which
	// begins Before it and ends After it.
	Windowed      bool
	Before, After time.Duration
	Show          []string // fields to show of each event
	CountBy       []string // fields by which to count them, in place of showing each
	Max           int      // how many to show
	// Last is how many events of each set of values count, the latest: a pid is used again,
	// and what is asked for is its last process. 0 means all.
	Last   int
	Change int    // of the priority if there is any
	Reason string // of the change
	Absent string // what it means when there is none, "" if nothing
	// Caveat is what to say of what was found for a hit that has no value for any of the
	// optional parameters: that it may belong to another.
	Caveat string
}

// The bounds of a playbook: more is no guide that a person follows.
const (
	maxPlaybookSteps = 32
	maxStepItems     = 32 // conditions, and evidence queries, of a step
	maxShown         = 50 // events that an answer shows
	defaultShown     = 5
	maxWindow        = 400 * 24 * time.Hour
)
