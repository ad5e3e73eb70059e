package triage

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kscan/rule"
	"kscan/scan"
)

// TestSchedule holds the simulation to asking every run about every hit.
func TestSchedule(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 51))
		from := []string{"now-9m", "now-5m", "now-1h", "now-2m"}[r.IntN(4)]
		x := &rule.Rule{Interval: "5m", From: from, MaxSignals: 1 + r.IntN(6)}
		lookback, _ := lengthOf(strings.TrimPrefix(from, "now-"))
		base := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC).UnixMilli()
		var moments []moment
		for i := range 1 + r.Int64N(40) {
			m := moment{at: base + r.Int64N(3*3600)*1000, order: i}
			if r.IntN(3) == 0 {
				m.arrived = m.at + r.Int64N(1200)*1000
			}
			moments = append(moments, m)
		}
		got := newSchedule(x, moments, 0) // sorts moments
		want := &Schedule{Interval: 5 * time.Minute, Lookback: lookback, Max: x.MaxSignals, Hits: int64(len(moments))}
		covered, shown := map[int64]bool{}, map[int64]bool{}
		for at := base; at < base+5*3600*1000; at += 5 * 60 * 1000 {
			n := 0
			for _, m := range moments {
				if m.at > at || m.at < at-lookback.Milliseconds() || m.arrived > at {
					continue
				}
				covered[m.order] = true
				if n++; n <= x.MaxSignals {
					shown[m.order] = true
				}
			}
			if n > 0 {
				want.Runs++
			}
			if n > x.MaxSignals && len(want.Capped) < maxCapped {
				want.Capped = append(want.Capped, CappedRun{time.UnixMilli(at).UTC(), int64(n), int64(n - x.MaxSignals)})
			} else if n > x.MaxSignals {
				want.MoreCapped++
			}
		}
		for _, m := range moments {
			if m.arrived != 0 {
				want.Ingested++
			}
			if !covered[m.order] {
				want.Late++
			} else if !shown[m.order] {
				want.CutOff++
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

// TestScheduleOfAScan: two alerts a run are kept, and one hit comes ten minutes late.
func TestScheduleOfAScan(t *testing.T) {
	var log strings.Builder
	for i := range 5 {
		log.WriteString(strings.Replace(connection("a"), "10:00:00Z", fmt.Sprintf("10:01:0%dZ", i), 1))
	}
	late := strings.Replace(connection("a"), "10:00:00Z", "12:00:00Z", 1)
	log.WriteString(strings.Replace(late, "{", `{"event.ingested":"2026-11-20T12:09:01Z",`, 1))
	log.WriteString(strings.Replace(connection("a"), `"@timestamp"`, `"when"`, 1))
	c := scanned(t, `network where destination.port == 10250`, scan.Options{}, map[string]string{"a.ndjson": log.String()})
	five := time.Date(2026, 11, 20, 10, 5, 0, 0, time.UTC)
	want := &Schedule{Interval: 5 * time.Minute, Lookback: 9 * time.Minute, Max: 2, Hits: 6, Runs: 2,
		Capped: []CappedRun{{five, 5, 3}, {five.Add(5 * time.Minute), 5, 3}}, CutOff: 3, Late: 1, Ingested: 1}
	if diff := cmp.Diff(want, c.Rules[0].Schedule); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLengthOf(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"5m": 5 * time.Minute, "540s": 9 * time.Minute, "1h": time.Hour, "2d": 48 * time.Hour, "1w": 168 * time.Hour,
		"": 0, "m": 0, "5": 0, "-5m": 0, "0m": 0, "5m/m": 0, "9999w": 0, "99999999999999999999s": 0,
	} {
		if got, ok := lengthOf(text); got != want || ok != (want > 0) {
			t.Errorf("%q is %s, %v", text, got, ok)
		}
	}
}
