package auditd

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
	"kscan/readers/frame"
)

// pickNeeds are needs of the kinds that a pass for few events has.
func pickNeeds(g *generator) (list []event.Need) {
	pid := func() string { return g.pick("7", "9", "13", "99", "1", "5571") }
	return []event.Need{
		{Field: "process.pid", Type: event.Long, Among: event.NewSet(pid(), pid())},
		{Field: "process.parent.pid", Type: event.Long, Among: event.NewSet(pid())},
		needList[g.IntN(len(needList))],
		{Field: "event.category", Type: event.Keyword, Among: event.NewSet(g.pick("process", "network", "file", "iam", "mac-decision"))},
	}[g.IntN(2) : 2+g.IntN(3)]
}

// fewIDs makes the pids of a log few, so that some are needed.
func fewIDs(g *generator, log string) string {
	fields := strings.SplitAfter(log, " ")
	for i, field := range fields {
		for _, key := range []string{"pid=", "ppid="} {
			if strings.HasPrefix(field, key) && strings.HasSuffix(field, " ") && g.IntN(20) != 0 {
				fields[i] = key + g.pick("7", "8", "9", "13", "99", "1", "016", "0") + " "
			}
		}
	}
	return strings.Join(fields, "")
}

func needed(fields map[string]string, list []event.Need) bool {
	return slices.ContainsFunc(list, func(n event.Need) bool {
		if n.Among == nil {
			return holds(fields, n)
		}
		for key, val := range fields {
			if (key == n.Field || strings.HasPrefix(key, n.Field+".")) && n.Among.Has([]byte(val)) {
				return true
			}
		}
		return false
	})
}

// TestPick holds that of a unit that was gone over before the events that hold a need are
// found without going over it, that they are as they were, and that nothing else is made up,
// wherever the log is cut.
func TestPick(t *testing.T) {
	picked, units, apart := 0, 0, 0
	for seed := range uint64(48) {
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 8)), odd: true, enriched: seed%5 == 0, nodes: seed%3 == 0}
		log := g.log(80, 40)
		if seed%4 < 2 {
			log = ""
			for range 80 {
				log += strings.Join(g.one(), "\n") + "\n"
			}
		}
		log = fewIDs(g, log)
		if seed%7 == 0 {
			log = untidy(g, log)
		}
		o := Options{Window: 20000 + g.IntN(100000)}
		want := map[int64]decoded{}
		for _, e := range decodeAll(o, log).events {
			want[e.Evidence.Offset] = e
		}
		for range 6 {
			cuts := randomCuts(g.Rand, log, 20+g.IntN(200))
			d := New(o)
			d.Look(event.Interest{Needs: needList[:1]})
			facts := map[int64]*frame.Facts{}
			decodeKnown(d, log, cuts, o.Window, nil, facts)
			list := pickNeeds(g)
			d = New(o)
			d.Look(event.Interest{Needs: list, Only: true})
			got := decodeKnown(d, log, cuts, o.Window, facts, nil)
			seen := map[int64]bool{}
			last := int64(-1)
			for _, e := range got.events {
				if diff := cmp.Diff(want[e.Evidence.Offset], e); diff != "" {
					t.Fatalf("seed %d, needs %v:\n%s", seed, list, diff)
				}
				if seen[e.Evidence.Offset] = true; e.Evidence.Offset <= last {
					t.Fatalf("seed %d: out of order", seed)
				}
				last = e.Evidence.Offset
			}
			for offset, e := range want {
				if !seen[offset] && needed(e.Fields, list) {
					t.Fatalf("seed %d, needs %v: not found: %v", seed, list, e)
				}
			}
			for _, f := range facts {
				if f != nil {
					if units++; f.Spread > 0 {
						apart++
					}
				}
			}
			if d.picker.on {
				picked += len(got.events)
			}
		}
	}
	if picked < 2000 || apart < 100 || units-apart < 200 {
		t.Errorf("%d events picked; %d units, %d of them with records that are no neighbours", picked, units, apart)
	}
}

// TestPickedEventsAreFew holds that what holds no need is not even decoded.
func TestPickedEventsAreFew(t *testing.T) {
	log := fewIDs(&generator{Rand: rand.New(rand.NewPCG(1, 1))}, filler(3000))
	d := New(Options{})
	d.Look(event.Interest{Needs: needList[:1]})
	b := frame.Block{Data: []byte(log), End: len(log)}
	d.Decode("", "", &b, &seen{})
	if b.Facts = d.Facts(); b.Facts == nil || b.Facts.Spread != 0 {
		t.Fatalf("of a plain log: %v", b.Facts)
	}
	d.Look(event.Interest{Only: true, Needs: []event.Need{{Field: "process.pid", Type: event.Long, Among: event.NewSet("1234567")}}})
	var got seen
	if lines := d.Decode("", "", &b, &got); lines != int64(strings.Count(log, "\n")) || len(got.events) > 0 || !d.picker.on {
		t.Errorf("%d lines, %d events", lines, len(got.events))
	}
}
