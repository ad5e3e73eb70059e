package main

import (
	"context"
	"errors"
	"testing"

	"kscan/scan"
)

// TestScanOutcome: an interruption is told before findings, findings before evidence that was
// not examined; also an interruption after the logs were read once.
func TestScanOutcome(t *testing.T) {
	ended, end := context.WithCancel(context.Background())
	end()
	whole, lost := scan.Counts{Events: 1}, scan.Counts{Events: 1, Lost: 1}
	for _, test := range []struct {
		ctx     context.Context
		summary scan.Summary
		reached bool
		want    int
	}{
		{context.Background(), scan.Summary{Counts: whole}, false, 0},
		{context.Background(), scan.Summary{Counts: lost}, false, exitIncomplete},
		{context.Background(), scan.Summary{}, false, exitIncomplete},
		{context.Background(), scan.Summary{Counts: lost}, true, exitFindings},
		{context.Background(), scan.Summary{Counts: lost, Interrupted: true}, true, exitInterrupted},
		{ended, scan.Summary{Counts: whole}, true, exitInterrupted},
	} {
		var got outcome
		errors.As(scanOutcome(test.ctx, &test.summary, test.reached), &got)
		if int(got) != test.want {
			t.Errorf("%+v, findings %v: exit code %d, want %d", test.summary, test.reached, got, test.want)
		}
	}
}
