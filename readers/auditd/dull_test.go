package auditd

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
	"kscan/readers/frame"
)

// someDull is a test of what does not matter that says so of the events with some values of
// the fields that are not undecided.
func someDull(fields []string, of uint32) func([]string) func(*event.Found) bool {
	return func(unknown []string) func(*event.Found) bool {
		return func(f *event.Found) bool {
			hash := fnv.New32a()
			for _, field := range fields {
				if slices.Contains(unknown, field) {
					continue
				}
				slot, _ := f.Finder().Slot(field)
				for _, v := range f.Values(slot) {
					fmt.Fprintln(hash, field, string(v.Text))
				}
			}
			return hash.Sum32()%of > 0
		}
	}
}

// bored is a sink that notes which events do not matter, and takes the others whole.
type bored struct {
	finder *event.Finder
	test   func(*event.Found) bool // of whole events
	dull   []bool                  // of each event: what it is called, or with test what it is
	events []any                   // those that were given whole, and problems
}

func (b *bored) Problem(p event.Problem) { b.events = append(b.events, p) }

func (b *bored) Event(e *event.Event) {
	switch {
	case e.Dull:
		b.dull = append(b.dull, true)
	case e.Partial:
		e.Wanted = true
	case b.test == nil:
		b.dull = append(b.dull, false)
		b.add(e)
	default:
		var found event.Found
		b.finder.Find(e, &found)
		b.dull = append(b.dull, b.test(&found))
		b.add(e)
	}
}

func (b *bored) add(e *event.Event) {
	one := decoded{Evidence: e.Evidence, Fields: flatten(e.Doc)}
	one.Evidence.EventID = strings.Clone(one.Evidence.EventID)
	b.events = append(b.events, one)
}

// boredBy decodes a log of which every event has a need.
func boredBy(log string, i event.Interest, b *bored) *bored {
	d := New(Options{})
	d.whole, d.sample = 0, 0
	d.Look(i)
	d.needs = &needs{texts: []needText{{}}} // which every record holds
	d.needs.setFinder()
	d.Decode("log", "", &frame.Block{Data: []byte(log), End: len(log)}, b)
	return b
}

// TestDullEventsDoNotMatter holds that the test says of the whole of each event that is
// called dull what it said of a part, and that all else of the log is as without it.
func TestDullEventsDoNotMatter(t *testing.T) {
	dull, events := 0, 0
	for seed := range uint64(60) {
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 21)), odd: seed%2 == 0, enriched: seed%4 == 1, nodes: seed%3 == 0}
		log := g.log(100, int(seed%3)*10)
		if seed%2 == 0 {
			log = untidy(g, log)
		}
		if seed%5 == 0 {
			log = strings.ReplaceAll(log, " pid=", g.pick(" exe=\"/x\" pid=", " lost=3 pid=", " comm=7A7A pid=", " success=yes pid=", " syscall=42 pid=", " pid=x pid="))
		}
		if seed%5 == 1 {
			log = strings.ReplaceAll(log, "proctitle=", g.pick("comm=\"a\" proctitle=", "saddr=02000050AC1000010000000000000000 proctitle=", "res=1 exe=\"/x\" proctitle=", "lost=3 proctitle="))
		}
		fields := append([]string{"process.name", "process.executable", "network.direction", "event.outcome"}, partialFields...)
		fields = fields[:1+g.IntN(len(fields))]
		if seed%4 > 0 {
			fields = slices.DeleteFunc(fields, func(f string) bool { return f == "network.direction" })
		}
		finder := finderOf(fields...)
		test := someDull(fields, 2+uint32(seed%3))
		whole := boredBy(log, event.Interest{}, &bored{finder: finder, test: test(undecided())})
		part := boredBy(log, event.Interest{Finder: finder, Dull: test}, &bored{})
		at := 0
		if len(part.dull) != len(whole.dull) {
			t.Fatalf("%d events, want %d", len(part.dull), len(whole.dull))
		}
		var want []any
		for _, e := range whole.events {
			if _, is := e.(decoded); is {
				at++
			}
			if _, is := e.(decoded); !is || !part.dull[at-1] {
				want = append(want, e)
			}
		}
		if d := cmp.Diff(want, part.events); d != "" {
			t.Fatal(d)
		}
		for i, is := range part.dull {
			if is && !whole.dull[i] {
				t.Fatalf("event %d of seed %d, fields %v, is called dull", i, seed, fields)
			}
			if is {
				dull++
			}
		}
		events += len(part.dull)
	}
	if dull < events/12 {
		t.Errorf("of %d events %d were dull", events, dull)
	}
}
