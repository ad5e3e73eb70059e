// Package report renders what a scan found: Terminal for people, JSON for the whole
// case, JSONL for findings as they come.
package report

import (
	"io"

	"kscan/readers/event"
	"kscan/report/triage"
	"kscan/scan"
)

// TerminalOptions says what the terminal is like. The zero value is plain text of 80
// columns.
type TerminalOptions struct {
	Width int  // columns; 0 means 80
	Color bool // whether escape sequences for colour and weight may be written
	Dark  bool // whether the background is dark
}

// Terminal writes the case for a person.
func Terminal(w io.Writer, c *triage.Case, o TerminalOptions) error { return nil }

// JSON writes the case as one JSON document.
func JSON(w io.Writer, c *triage.Case) error { return nil }

// JSONL writes findings as JSON, one a line, as they come. It is a scan.Sink.
type JSONL struct{ w io.Writer }

// NewJSONL returns a JSONL that writes to w. It writes whole lines, unbuffered.
func NewJSONL(w io.Writer) *JSONL { return &JSONL{w: w} }

// Finding writes one line.
func (j *JSONL) Finding(f *scan.Finding) error { return nil }

// Problems writes a line for each problem: "kscan: error: FILE:LINE: KIND: DETAIL" where
// evidence was not examined, "kscan: notice: …" elsewhere.
func Problems(w io.Writer, problems []event.Problem) error { return nil }

// Summary writes one line that says what was examined and found.
func Summary(w io.Writer, s *scan.Summary) error { return nil }
