// Package scan is the pipeline: it reads groups of files in parallel, runs rules on
// their events and gives findings to a sink in the order of the input. Run is the way
// in. The package owns the goroutines, the order, the back-pressure and the error
// policy; it prints nothing.
package scan

import (
	"fmt"
	"time"

	"kscan/readers/event"
	"kscan/rule"
	"kscan/rule/eql"
	"kscan/rule/eval"
)

// Finding is one match of one rule. It holds copies, never parts of the evidence.
type Finding struct {
	Rule *rule.Rule
	// Hits are the events that matched: one for an event rule, several for a sequence,
	// in its order; a missing event's slot is the zero Hit.
	Hits []Hit
	// Expected is the exception that says that the finding is nothing to look at; nil for
	// most. Run does not set it: a Sink may.
	Expected *rule.Exception
	// OutOfScope is set when the event names an index that the rule does not search.
	OutOfScope bool
	// JoinKeys are the values that the events of a sequence or sample share, as a JSON
	// array in the order of the keys; nil if there are none.
	JoinKeys []byte
}

// IsEvent reports whether the finding is of an event query, not of a sequence or sample.
func (f *Finding) IsEvent() bool {
	_, ok := f.Rule.Program.Query().(*eql.EventQuery)
	return ok
}

// Hit is one event of a finding.
type Hit struct {
	Evidence event.Evidence
	// JSON is the ECS document as valid JSON, in UTF-8.
	JSON []byte
	// Time is @timestamp in UTC; zero if the event has none.
	Time time.Time
	// Index is the index or data stream that the document named, "" if none.
	Index string
	// Assumed names the fields that kscan set and the log did not say.
	Assumed []string
}

// Sink takes findings in input order, from one goroutine.
type Sink interface {
	Finding(*Finding) error
}

// Counts says what was examined. Bytes, Lines, Events, Lost and Findings are of all of it.
// When Passed is not 0, the prefilter passed over events that cannot match without decoding
// them, and what is said of the contents of events (Undated, the first and last time,
// categories, coverage) is of Sampled events alone: the start and the end of each block,
// and the first event of some of very many small files.
type Counts struct {
	Bytes      int64 `json:"bytes"`        // decompressed
	Lines      int64 `json:"lines"`        // newlines, and a last line without one
	Events     int64 `json:"events"`       // ECS documents or joined audit events
	Passed     int64 `json:"passed"`       // of Events, those that the prefilter passed over
	Sampled    int64 `json:"sampled"`      // of Events, those that the contents are counted of
	Undated    int64 `json:"undated"`      // of Sampled, events without a usable @timestamp
	OutOfRange int64 `json:"out_of_range"` // of Sampled, events outside --from and --to
	Incomplete int64 `json:"incomplete"`   // audit events that lack a record they need
	Lost       int64 `json:"lost"`         // problems that mean evidence was not examined
	Notices    int64 `json:"notices"`      // problems that do not
}

// Part is one log that was examined: a file, or a member of an archive.
type Part struct {
	Source      string
	Member      string
	Format      string // "" if it was not recognised
	Compression string // "gzip", "zstd" or ""
	Size        int64  // bytes on disk
	Counts      Counts
	First, Last time.Time // earliest and latest @timestamp; zero if none
	Findings    int64
}

// RuleCoverage says what a rule had to work with.
type RuleCoverage struct {
	Rule *rule.Rule
	// InCategory counts the events in the rule's category.
	InCategory int64
	// Fields are the fields the rule reads, sorted; WithField[i] counts the events in
	// the category that have Fields[i].
	Fields    []string
	WithField []int64
	Findings  int64
	// Reach says how far the decoded events got, also those that were decoded because they
	// may match. Near are the near misses, nil if none were looked for.
	Reach eval.Reach
	Near  *NearMisses
	// NearSequences are the near misses of a sequence, nil as Near is.
	NearSequences *NearSequences
}

// Span is the earliest and the latest of some times; zero if there are none.
type Span struct{ First, Last time.Time }

func (s *Span) widen(t time.Time) { s.First, s.Last = span(s.First, s.Last, t, t) }

// Summary is what is known at the end of a run.
type Summary struct {
	Parts  []Part // in input order
	Counts Counts // totals
	Rules  []RuleCoverage
	// Problems are in input order, at most MaxProblems of each kind for each part; the
	// counts hold all of them. Those of later runs come last.
	Problems []event.Problem
	// Categories counts events by each value of event.category (the first 64 values).
	Categories map[string]int64
	// Streams say what telemetry there is, by host and source. Unshaped counts the events
	// that no Reach has.
	Streams  []Stream
	Unshaped int64
	// Outside is when the events were that --from and --to leave out, those of the sample.
	Outside     Span
	Started     time.Time
	Elapsed     time.Duration
	Interrupted bool
}

// MaxProblems is how many problems of one kind are kept for one part: enough to see
// what is wrong with a file. All are counted.
const MaxProblems = 20

// AllOutOfRange reports whether all events of which the time is known lie outside
// Options.From and To.
func (s *Summary) AllOutOfRange() bool {
	return s.Counts.OutOfRange > 0 && s.Counts.OutOfRange == s.Counts.Sampled
}

// Incomplete reports whether evidence was not examined in full, or there was none.
func (s *Summary) Incomplete() bool {
	return s.Counts.Lost > 0 || s.Counts.Events == 0
}

// AddLater tells of this run also what a later one over the same paths could not examine
// and this one could: a file that is gone or has changed since, a block that kscan failed on.
// What is wrong with single records this run told.
func (s *Summary) AddLater(later *Summary) {
	type place struct {
		kind           event.Kind
		source, member string
	}
	told := map[place]bool{}
	for _, p := range s.Problems {
		told[place{p.Kind, p.Source, p.Member}] = true
	}
	for _, p := range later.Problems {
		switch p.Kind {
		case event.Crashed, event.Unreadable, event.Unrecognised, event.Corrupt, event.Truncated:
		default:
			continue
		}
		if !told[place{p.Kind, p.Source, p.Member}] {
			s.addLater(p)
		}
	}
	sizes := map[place]int64{}
	for i := range later.Parts {
		sizes[place{"", later.Parts[i].Source, later.Parts[i].Member}] = later.Parts[i].Size
	}
	for i := range s.Parts {
		if later.Interrupted {
			break
		}
		part := &s.Parts[i]
		p := event.Problem{Kind: event.Unreadable, Source: part.Source, Member: part.Member, Offset: -1, Detail: "it was not there any more"}
		size, there := sizes[place{"", part.Source, part.Member}]
		if there {
			p.Kind, p.Detail = event.Truncated, fmt.Sprintf("it had become shorter, %d bytes of %d", size, part.Size)
		}
		if (!there || size < part.Size) && !told[place{p.Kind, p.Source, p.Member}] {
			s.addLater(p)
		}
	}
}

func (s *Summary) addLater(p event.Problem) {
	p.Detail = "when evidence was looked up: " + p.Detail
	s.Problems = append(s.Problems, p)
	s.Counts.count(&p)
}
