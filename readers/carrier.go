package readers

import (
	"math"

	"kscan/readers/auditd"
	"kscan/readers/event"
	"kscan/readers/frame"
	"kscan/readers/ndjson"
)

// carrier decodes documents of which some carry raw audit records and others are events
// themselves. It gives both in the order of the input.
type carrier struct {
	records   *auditd.Decoder
	documents *ndjson.Decoder
}

func newCarrier(format string) *carrier {
	c := &carrier{
		records:   auditd.New(auditd.Options{JSON: true, Others: true}),
		documents: ndjson.New(format),
	}
	c.documents.Pass = auditd.Carries
	return c
}

func (c *carrier) Decode(source, member string, b *frame.Block, sink event.Sink) int64 {
	c.documents.Begin(source, member, b, sink)
	if b.Skipped == 0 {
		c.records.Decode(source, member, b, &merger{sink, c.documents})
	}
	return c.documents.Until(math.MaxInt64)
}

// merger is the sink of the audit records. Before each it lets the documents up to there
// be decoded.
type merger struct {
	event.Sink
	documents *ndjson.Decoder
}

func (m *merger) Event(e *event.Event) {
	m.documents.Until(e.Evidence.Offset)
	m.Sink.Event(e)
}

func (m *merger) Problem(p event.Problem) {
	m.documents.Until(p.Offset)
	m.Sink.Problem(p)
}

// documents decodes JSON documents. A block in which audit records are carried although
// the start of the part showed none is decoded as a carrier's; it has no margins, so that
// an event that lies across its border is reported as incomplete.
type documents struct {
	*ndjson.Decoder
	format  string
	carrier *carrier // made when it is needed
	carried bool     // the last block was the carrier's
}

func newDocuments(format string, i event.Interest) *documents {
	d := &documents{Decoder: ndjson.New(format), format: format}
	d.Look(i)
	return d
}

func (d *documents) Decode(source, member string, b *frame.Block, sink event.Sink) int64 {
	if d.carried = d.Carries(source, b); !d.carried {
		return d.Decoder.Decode(source, member, b, sink)
	}
	if d.carrier == nil {
		d.carrier = newCarrier(d.format)
	}
	return d.carrier.Decode(source, member, b, sink)
}

// Passed returns how many records the last Decode passed over.
func (d *documents) Passed() int64 {
	if d.carried {
		return 0
	}
	return d.Decoder.Passed()
}

// Facts returns what is known of the block that was decoded last.
func (d *documents) Facts() *Facts {
	if d.carried {
		return nil
	}
	return d.Decoder.Facts()
}
