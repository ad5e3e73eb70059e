package scan

import (
	"time"

	"kscan/readers/event"
)

// Probe sees the events of a run beside the rules, on the goroutines of the workers, and
// makes of each unit what it likes. It sees all of them: nothing is passed over. The
// results come back in the order of the input.
type Probe interface {
	// Unit returns what takes the events of one unit. Workers call it at the same time.
	Unit() ProbeUnit
	// Collect takes a unit that saw its last event, in the order of the input, from one
	// goroutine. Lines of evidence count from the start of the unit: lines are before it.
	Collect(u ProbeUnit, lines int64)
}

// ProbeUnit takes the events of one unit, from one goroutine.
type ProbeUnit interface {
	// Event takes one event with its time, which is zero if it has none.
	Event(e *event.Event, t time.Time)
	// Weight returns about how many bytes the unit holds.
	Weight() int64
}
