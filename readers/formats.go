package readers

import (
	"errors"
	"fmt"
	"io"

	"kscan/readers/auditd"
	"kscan/readers/event"
	"kscan/readers/frame"
	"kscan/readers/ndjson"
)

// format is what readers must know of a kind of log.
type format struct {
	name   string
	block  int  // bytes of a block's core
	before int  // bytes of the lines in front of a block that decoding it needs
	joins  bool // records of one event may be apart, so that blocks need a window
	ranged bool // records are lines: a plain file is cut by those who read it
	// sniff returns nil if the head of a stream is of this format, or why it is not.
	sniff  func(head []byte, whole bool) error
	cutter func(io.Reader, frame.Layout) cutter
	// decode returns a decoder that may do less for events which are of no interest.
	decode func(event.Interest) blockDecoder
}

// actionRoom is the margin in front of a block of JSON lines: room for the action line
// of a bulk request whose document starts the block.
const actionRoom = 4 << 10

// room returns the bytes of margin in front of and behind a core.
func (f *format) room(o Options) (before, after int) {
	if f.joins {
		return o.window(), o.window()
	}
	return f.before, 0
}

// Names of the formats of JSON documents that carry raw audit records: their parts have
// these names, the events are of format "auditd".
const (
	auditLines = "auditd+ndjson"
	auditJSON  = "auditd+json"
)

// formats returns the formats in the order in which they are tried.
func formats() []*format {
	return []*format{
		{
			name: auditd.Format, block: joinedBlock, joins: true, ranged: true, cutter: lines,
			sniff: func(head []byte, _ bool) error { return auditd.Sniff(head) },
			decode: func(i event.Interest) blockDecoder {
				d := auditd.New(auditd.Options{})
				d.Look(i)
				return d
			},
		},
		{
			name: auditLines, block: joinedBlock, joins: true, cutter: lines, sniff: sniffCarrier(ndjson.SniffLines),
			decode: func(event.Interest) blockDecoder { return newCarrier(ndjson.Lines) },
		},
		{
			name: auditJSON, block: joinedBlock, joins: true, cutter: structure, sniff: sniffCarrier(sniffJSON),
			decode: func(event.Interest) blockDecoder { return newCarrier(ndjson.JSON) },
		},
		{
			name: ndjson.Lines, block: lineBlock, before: actionRoom, ranged: true, cutter: lines, sniff: ndjson.SniffLines,
			decode: func(i event.Interest) blockDecoder { return newDocuments(ndjson.Lines, i) },
		},
		{
			name: ndjson.JSON, block: lineBlock, cutter: structure, sniff: sniffJSON,
			decode: func(i event.Interest) blockDecoder { return newDocuments(ndjson.JSON, i) },
		},
	}
}

func sniffJSON(head []byte, _ bool) error { return ndjson.SniffJSON(head) }

// sniffCarrier returns a sniffer of documents of which some carry audit records.
func sniffCarrier(sniff func([]byte, bool) error) func([]byte, bool) error {
	return func(head []byte, whole bool) error {
		// Each carried record has its stamp in it, and most JSON has none.
		if !ndjson.Carries(head) {
			return errNoCarrier
		}
		if err := sniff(head, whole); err != nil {
			return err
		}
		if !ndjson.Any(head, auditd.Carries) {
			return errNoCarrier
		}
		return nil
	}
}

var errNoCarrier = errors.New("no document at the start carries an audit record")

func structure(r io.Reader, layout frame.Layout) cutter { return frame.NewJSON(r, layout) }

func lines(r io.Reader, layout frame.Layout) cutter { return frame.NewLines(r, layout) }

// recognise returns the first format that fits, or why each does not.
func recognise(all []*format, head []byte, whole bool) (*format, []string) {
	errs := make([]error, 0, 8)
	for _, f := range all {
		err := f.sniff(head, whole)
		if err == nil {
			return f, nil
		}
		errs = append(errs, err)
	}
	var refusals []string
	for i, err := range errs {
		refusals = append(refusals, fmt.Sprintf("%s: %v", all[i].name, err))
	}
	return nil, refusals
}

// blockDecoder is a decoder as the packages of the formats have it: they know no Part.
type blockDecoder interface {
	Decode(source, member string, b *frame.Block, sink event.Sink) (lines int64)
}

// decoder makes a Decoder of a blockDecoder.
type decoder struct{ blockDecoder }

func (d decoder) Decode(p *Part, b *frame.Block, sink event.Sink) int64 {
	return d.blockDecoder.Decode(p.Source, p.Member, b, sink)
}

// Passed returns how many records the last Decode passed over.
func (d decoder) Passed() int64 {
	if p, ok := d.blockDecoder.(interface{ Passed() int64 }); ok {
		return p.Passed()
	}
	return 0
}

// Facts returns what the decoder knows of the unit that it went over.
func (d decoder) Facts() *Facts {
	if f, ok := d.blockDecoder.(interface{ Facts() *Facts }); ok {
		return f.Facts()
	}
	return nil
}

// formatOf returns the format of a name, nil if there is none.
func formatOf(name string) *format {
	for _, f := range formats() {
		if f.name == name {
			return f
		}
	}
	return nil
}

// NewDecoder returns a decoder for the format of a part, nil if there is no such format.
// It may do less for events that are of no interest; with the zero Interest it decodes all.
func NewDecoder(name string, i event.Interest) Decoder {
	for _, f := range formats() {
		if f.name == name {
			return decoder{f.decode(i)}
		}
	}
	return nil
}
