package auditd

import (
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
	"kscan/readers/frame"
)

// counting is a log that counts how often it is read again.
type counting struct {
	io.ReaderAt
	reads int
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	c.reads++
	return c.ReaderAt.ReadAt(p, off)
}

// decodeLight decodes a log as one unit of blocks that end at the cuts and have no margin in
// front where the decoder allows it.
func decodeLight(d *Decoder, log string, cuts []int, window int, again io.ReaderAt) (s *seen, light int) {
	s = &seen{}
	start, line := 0, int64(0)
	before := frame.Block{}
	for _, end := range append(cuts, len(log)) {
		if end <= start {
			continue
		}
		b := blockOf(log, start, end, window)
		b.Follows, b.Open, b.Line = start > 0, end < len(log), line
		if b.Open {
			b.Data = b.Data[:b.End:b.End]
		}
		if before.Light {
			keep(b, before.Keep)
			light++
		}
		if b.Follows {
			b.Again = again
		}
		line += d.Decode("log", "", b, s)
		s.passed += d.Passed()
		before, start = *b, end
	}
	return s, light
}

// rareLog is a log of which few events hold the need, with the records of others mixed into
// theirs.
func rareLog(r *rand.Rand) string {
	g := generator{Rand: r, nodes: r.IntN(2) == 0, enriched: r.IntN(3) == 0, odd: r.IntN(2) == 0}
	log := g.log(120, 1+r.IntN(60))
	if r.IntN(2) == 0 {
		log = untidy(&g, log)
	}
	return log
}

// TestAgain holds that events are the same whether their records are still there or read
// again.
func TestAgain(t *testing.T) {
	blocks, reads := 0, 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 21))
		log := rareLog(r)
		o := Options{Window: 500 + r.IntN(6000)}
		needs := []event.Need{needList[r.IntN(len(needList))]}
		cuts := randomCuts(r, log, 1+r.IntN(12))
		results := [2]*seen{}
		for i := range results {
			d := New(o)
			d.whole, d.sample = 0, 0
			d.Look(event.Interest{Needs: needs})
			if i == 0 {
				results[i] = decodeWith(d, log, cuts, 2*o.Window)
				continue
			}
			again := &counting{ReaderAt: strings.NewReader(log)}
			light := 0
			results[i], light = decodeLight(d, log, cuts, 2*o.Window, again)
			blocks, reads = blocks+light, reads+again.reads
		}
		if diff := cmp.Diff(wantedOf(results[0], needs), wantedOf(results[1], needs)); diff != "" {
			t.Fatalf("seed %d (-kept +again):\n%s", seed, diff)
		}
		if diff := cmp.Diff(results[0].problems, results[1].problems); diff != "" {
			t.Fatalf("seed %d: problems (-kept +again):\n%s", seed, diff)
		}
		if kept, again := results[0].total(), results[1].total(); kept != again {
			t.Fatalf("seed %d: %d events, %d when they are read again", seed, kept, again)
		}
	}
	if blocks < 100 || reads < 100 {
		t.Errorf("%d blocks had no margin in front, and %d reads", blocks, reads)
	}
}

func (s *seen) total() int64 { return int64(len(s.events)) + s.passed }

// wantedOf returns the events that hold a need: the others are a sample, which depends on
// the units.
func wantedOf(s *seen, needs []event.Need) (list []decoded) {
	for _, e := range s.events {
		if needed(e.Fields, needs) {
			list = append(list, e)
		}
	}
	return list
}

// changed is a log that is no longer what it was.
type changed struct{ text string }

func (c changed) ReadAt(p []byte, off int64) (int, error) {
	if c.text == "" {
		return 0, errors.New("input/output error")
	}
	for i := range p {
		p[i] = c.text[(int(off)+i)%len(c.text)]
	}
	return len(p), nil
}

// TestChangedLog holds that an event whose records cannot be read again is told of, and the
// others are not affected.
func TestChangedLog(t *testing.T) {
	for _, text := range []string{"", "\x00", "\n", "type=SYSCALL msg=audit(1.1:1): \n"} {
		told, events := 0, 0
		for seed := range uint64(40) {
			r := rand.New(rand.NewPCG(seed, 22))
			log := rareLog(r)
			d := New(Options{Window: 3000})
			d.whole, d.sample = 0, 0
			d.Look(event.Interest{Needs: []event.Need{needList[r.IntN(len(needList))]}})
			s, _ := decodeLight(d, log, randomCuts(r, log, 5), 6000, changed{text})
			events += len(s.events)
			for _, p := range s.problems {
				if p.Kind == event.Unreadable {
					told++
				}
			}
		}
		if told < 20 || events < 20 {
			t.Errorf("%q: %d events are told of, %d were read", text, told, events)
		}
	}
}
