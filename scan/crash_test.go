package scan_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"kscan/readers"
	"kscan/readers/event"
	"kscan/scan"
)

// faulty is a probe that fails on one event, and notes the places of the others.
type faulty struct {
	at   string // the id of the event
	seen map[string]int64
}

type faultyUnit struct {
	*faulty
	lines map[string]int64
}

func (f *faulty) Worker() scan.ProbeWorker               { return f }
func (f *faulty) Interest() event.Interest               { return event.Interest{} }
func (f *faulty) Reads(int64) ([]scan.BlockPlace, bool)  { return nil, true }
func (f *faulty) Unit(int64) scan.ProbeUnit              { return &faultyUnit{f, map[string]int64{}} }
func (u *faultyUnit) Wants(*event.Event, time.Time) bool { return true }
func (u *faultyUnit) Weight() int64                      { return 0 }

func (f *faulty) Collect(u scan.ProbeUnit, lines int64) {
	for id, line := range u.(*faultyUnit).lines {
		f.seen[id] = lines + line
	}
}

func (u *faultyUnit) Event(e *event.Event, _ time.Time) {
	if e.Evidence.EventID == u.at {
		panic("this event is too much")
	}
	u.lines[strings.Clone(e.Evidence.EventID)] = e.Evidence.Line
}

// TestCrashCostsOneBlock holds that the blocks of a unit behind one on which kscan fails are
// examined, and that their lines are counted on.
func TestCrashCostsOneBlock(t *testing.T) {
	dir := t.TempDir()
	var log strings.Builder
	const events, unit = 400, 70 // an event is more than 350 bytes, and so small a unit is handed out at its end
	for n := range events {
		log.WriteString(strings.Join(audit(5000+n, false), ""))
	}
	write(t, dir, "audit.log", []byte(log.String()))
	f := &faulty{at: "1795168800.200:5200", seen: map[string]int64{}}
	o := scan.Options{Jobs: 1, Probe: f, NoPrefilter: true, Readers: readers.Options{BlockSize: 3000, Ranges: 8}}
	var r recorder
	s, err := scan.Run(context.Background(), o, []string{dir}, builtin(t), &r)
	if err != nil {
		t.Fatal(err)
	}
	crashes := 0
	for _, p := range s.Problems {
		if p.Kind == event.Crashed {
			crashes++
		}
	}
	if crashes != 1 || len(f.seen) < events-unit || len(f.seen) == events {
		t.Errorf("%d crashes, %d of %d events seen: %v", crashes, len(f.seen), events, s.Problems)
	}
	for n := range events {
		id := fmt.Sprintf("1795168800.%03d:%d", (5000+n)%1000, 5000+n)
		if line, ok := f.seen[id]; ok && line != int64(1+3*n) {
			t.Fatalf("event %s is at line %d, want %d", id, line, 1+3*n)
		}
	}
}
