package scan_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
	"kscan/rule"
	"kscan/scan"
)

// everything is a probe that asks for all events and keeps them.
type everything struct{ seen []string }

type everythingUnit struct{ seen []string }

func (p *everything) Worker() scan.ProbeWorker               { return p }
func (p *everything) Interest() event.Interest               { return event.Interest{} }
func (p *everything) Unit(int64) scan.ProbeUnit              { return &everythingUnit{} }
func (p *everything) Reads(int64) ([]scan.BlockPlace, bool)  { return nil, true }
func (u *everythingUnit) Wants(*event.Event, time.Time) bool { return true }
func (u *everythingUnit) Weight() int64                      { return 0 }
func (p *everything) Collect(u scan.ProbeUnit, _ int64) {
	p.seen = append(p.seen, u.(*everythingUnit).seen...)
}
func (u *everythingUnit) Event(e *event.Event, at time.Time) {
	u.seen = append(u.seen, fmt.Sprintf("%d %v %s", e.Evidence.Line, at, e.AppendJSON(nil)))
}

// TestProbeOfEverything holds that a probe whose Interest is the zero one is shown every
// event, whole, beside rules and without.
func TestProbeOfEverything(t *testing.T) {
	dir := t.TempDir()
	var log, documents strings.Builder
	const events = 3000 // more than is decoded in any case
	for n := range events {
		log.WriteString(strings.Join(audit(n, n%500 == 0), ""))
		fmt.Fprintf(&documents, `{"event":{"id":"d%d","category":"file"},"message":"nobody asks for this"}`+"\n", n)
	}
	write(t, dir, "audit.log", []byte(log.String()))
	write(t, dir, "events.ndjson", []byte(documents.String()))
	for name, rules := range map[string][]*rule.Rule{"with rules": builtin(t), "without": nil} {
		var of [2]everything
		for i, plain := range []bool{true, false} {
			s, err := scan.Run(context.Background(), scan.Options{Probe: &of[i], NoPrefilter: plain}, []string{dir}, rules, &recorder{})
			if err != nil || s.Counts.Lost > 0 || len(s.Problems) > 0 || s.Counts.Events != 2*events {
				t.Fatalf("%s: %v, %+v, %v", name, err, s.Counts, s.Problems)
			}
		}
		if len(of[0].seen) != 2*events {
			t.Errorf("%s: the probe saw %d events", name, len(of[0].seen))
		}
		if diff := cmp.Diff(of[0].seen, of[1].seen); diff != "" {
			t.Errorf("%s (-all decoded +not all):\n%s", name, diff)
		}
	}
}
