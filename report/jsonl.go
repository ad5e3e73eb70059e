package report

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"kscan/readers/event"
	"kscan/report/safe"
	"kscan/report/triage"
	"kscan/scan"
)

// JSONL writes findings as JSON, one a line, as they come. It is a scan.Sink.
type JSONL struct {
	w        io.Writer
	assessor *triage.Assessor
	line     []byte // reused
}

// NewJSONL returns a JSONL that writes to w: one Write for each line, without buffering.
func NewJSONL(w io.Writer) *JSONL {
	return &JSONL{w: w, assessor: triage.NewAssessor()}
}

// jsonRule is a finding's rule.
type jsonRule struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Severity  string `json:"severity"`
	RiskScore int    `json:"risk_score"`
}

// jsonEvidence is where an event is.
type jsonEvidence struct {
	Source  string `json:"source"`
	Member  string `json:"member"`
	Format  string `json:"format"`
	Line    int64  `json:"line"`
	Offset  int64  `json:"offset"`
	EventID string `json:"event_id"`
}

func evidenceJSON(e event.Evidence) jsonEvidence {
	return jsonEvidence{e.Source, e.Member, e.Format, e.Line, e.Offset, e.EventID}
}

type jsonTriage struct {
	Group    string   `json:"group"`
	Priority string   `json:"priority"`
	Reasons  []string `json:"reasons"`
}

// jsonExpectation is the exception that covers a finding.
type jsonExpectation struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// Finding writes one line.
func (j *JSONL) Finding(f *scan.Finding) error {
	a := j.assessor.Assess(f)
	line := append(j.line[:0], `{"@timestamp":`...)
	line = appendValue(line, jsonTime(findingTime(f)))
	line = append(line, `,"rule":`...)
	line = appendValue(line, jsonRule{f.Rule.ID, f.Rule.Name, f.Rule.Severity, f.Rule.RiskScore})
	if len(f.Hits) == 1 {
		line = appendEvent(append(line, ','), &f.Hits[0])
	} else {
		line = appendEvents(line, f.Hits)
	}
	line = append(line, `,"triage":`...)
	line = appendValue(line, jsonTriage{a.Group, a.Priority.String(), a.Reasons})
	if f.Expected != nil {
		line = appendValue(append(line, `,"expected":`...), jsonExpectation{f.Expected.ID, f.Expected.Reason})
	}
	if f.OutOfScope {
		line = append(line, `,"out_of_scope":true`...)
	}
	j.line = append(line, '}', '\n')
	if _, err := j.w.Write(j.line); err != nil {
		return fmt.Errorf("write a finding: %w", err)
	}
	return nil
}

// appendEvents appends the events of a sequence; a missing one is null.
func appendEvents(line []byte, hits []scan.Hit) []byte {
	line = append(line, `,"events":[`...)
	for i := range hits {
		if i > 0 {
			line = append(line, ',')
		}
		if len(hits[i].JSON) == 0 {
			line = append(line, "null"...)
			continue
		}
		line = append(appendEvent(append(line, '{'), &hits[i]), '}')
	}
	return append(line, ']')
}

// appendEvent appends the members "evidence" and "event".
func appendEvent(line []byte, hit *scan.Hit) []byte {
	line = appendValue(append(line, `"evidence":`...), evidenceJSON(hit.Evidence))
	line = append(line, `,"event":`...)
	if len(hit.JSON) == 0 {
		return append(line, "null"...)
	}
	return safe.AppendJSONLine(line, hit.JSON)
}

// appendValue appends a value of this package's types, which always encode.
func appendValue(line []byte, v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("report: " + err.Error())
	}
	return safe.AppendJSONLine(line, raw)
}

// findingTime is the time of the first event that has one.
func findingTime(f *scan.Finding) time.Time {
	for i := range f.Hits {
		if !f.Hits[i].Time.IsZero() {
			return f.Hits[i].Time
		}
	}
	return time.Time{}
}

// jsonTime is a time as JSON: null if there is none.
func jsonTime(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := timeText(t)
	return &text
}
