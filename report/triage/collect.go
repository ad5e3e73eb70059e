package triage

import "kscan/scan"

// Collector takes findings one by one and keeps what the Case needs of them. It is a
// scan.Sink, used from one goroutine.
type Collector struct {
	findings int64
}

// NewCollector returns an empty Collector.
func NewCollector() *Collector { return &Collector{} }

// Finding adds a finding. It keeps no reference to it and never fails.
func (c *Collector) Finding(f *scan.Finding) error {
	c.findings++
	return nil
}

// Case returns the case of the findings so far and of a run's summary.
func (c *Collector) Case(s *scan.Summary) *Case { return &Case{Summary: s} }
