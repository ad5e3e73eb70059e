package report

import (
	"fmt"
	"io"

	"kscan/report/safe"
	"kscan/scan"
)

// Matches writes what a query matches as JSON, one match a line, as they come. It is a
// scan.Sink.
type Matches struct {
	w    io.Writer
	line []byte // reused
}

// NewMatches returns a Matches that writes to w: one Write for each line, without
// buffering.
func NewMatches(w io.Writer) *Matches { return &Matches{w: w} }

// Finding writes one line.
func (m *Matches) Finding(f *scan.Finding) error {
	line := append(m.line[:0], '{')
	if f.IsEvent() {
		line = appendEvent(line, &f.Hits[0])
	} else {
		line = appendJoinKeys(line, f)
		line = appendEvents(line, f.Hits)
	}
	m.line = append(line, '}', '\n')
	if _, err := m.w.Write(m.line); err != nil {
		return fmt.Errorf("write a match: %w", err)
	}
	return nil
}

// appendJoinKeys appends the member "join_keys".
func appendJoinKeys(line []byte, f *scan.Finding) []byte {
	line = append(line, `"join_keys":`...)
	if f.JoinKeys == nil {
		return append(line, "[]"...)
	}
	return safe.AppendJSONLine(line, f.JoinKeys)
}
