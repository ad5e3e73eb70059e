package scan

import (
	"time"

	"kscan/readers"
	"kscan/readers/event"
)

// Probe sees events of a run beside the rules, on the goroutines of the workers, and makes
// of each unit what it likes. The results come back in the order of the input.
type Probe interface {
	// Worker returns what sees the events of one worker's units. Run calls it once for each
	// worker, one after the other.
	Worker() ProbeWorker
	// Collect takes a unit that saw its last event, in the order of the input, from one
	// goroutine. Lines of evidence count from the start of the unit: lines are before it.
	Collect(u ProbeUnit, lines int64)
	// Reads returns what is to be read of the unit of an order (see ProbeWorker): all, or, of a
	// plain file, the blocks at some places, in order; nothing if there are none. Lines are not
	// counted in what is not read.
	Reads(order int64) (places []BlockPlace, all bool)
}

// BlockPlace is where a block of a unit starts, and how many lines of the unit are before it.
type BlockPlace = readers.BlockPlace

// ProbeWorker is a Probe's part of one worker.
type ProbeWorker interface {
	// Interest is what the probe asks of events: those that hold none of its needs it may
	// not be shown.
	Interest() event.Interest
	// Unit returns what takes the events of the worker's next unit. Units that come later
	// in the input have a greater order, the same in each run over the same files.
	Unit(order int64) ProbeUnit
}

// ProbeUnit takes the events of one unit, from one goroutine.
type ProbeUnit interface {
	// Wants reports whether the probe needs the whole of a partial event with its time,
	// which is zero if it has none. If nobody does, that was all of the event.
	Wants(e *event.Event, t time.Time) bool
	// Event takes one event as a whole.
	Event(e *event.Event, t time.Time)
	// Weight returns about how many bytes the unit holds.
	Weight() int64
}
