package auditd

import (
	"math/rand/v2"
	"strings"
	"testing"

	"kscan/readers/event"
	"kscan/readers/frame"
)

// discard is a sink that counts.
type discard struct{ events, problems int }

func (d *discard) Event(*event.Event)    { d.events++ }
func (d *discard) Problem(event.Problem) { d.problems++ }

// connectLog is a log of little but connects, about as many bytes as asked.
func connectLog(size int) string {
	g := generator{Rand: rand.New(rand.NewPCG(1, 1))}
	var b strings.Builder
	for b.Len() < size {
		g.serial++
		id := "audit(1700000000.123:" + decimalOf(g.serial) + "): "
		for _, line := range g.connect(id) {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

func decimalOf(n int) string {
	d := Decoder{}
	return string(d.decimal(uint64(n)))
}

func BenchmarkDecodeConnects(b *testing.B) {
	log := connectLog(8 << 20)
	block := &frame.Block{Data: []byte(log), End: len(log)}
	d := New(Options{})
	var sink discard
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	for b.Loop() {
		d.Decode("log", "", block, &sink)
	}
	b.ReportMetric(float64(sink.events)/float64(b.N), "events/op")
}

// BenchmarkJoin is all but decoding: what a block costs of which no event is wanted.
func BenchmarkJoin(b *testing.B) {
	log := connectLog(8 << 20)
	block := &frame.Block{Data: []byte(log), End: len(log)}
	d := New(Options{})
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	for b.Loop() {
		d.problems = d.problems[:0]
		d.joiner.reset()
		d.findRecords(block)
	}
}

// BenchmarkLook is a log of connects of which none is wanted.
func BenchmarkLook(b *testing.B) {
	log := connectLog(8 << 20)
	block := &frame.Block{Data: []byte(log), End: len(log)}
	d := New(Options{})
	d.Look(event.Interest{Needs: []event.Need{{Field: "destination.port", Number: 4001}, {Field: "destination.port", Number: 4002}}})
	var sink discard
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	for b.Loop() {
		d.Decode("log", "", block, &sink)
	}
}

// BenchmarkPartial is a log of connects of which each holds a need and is shown in part.
func BenchmarkPartial(b *testing.B) {
	log := connectLog(8 << 20)
	block := &frame.Block{Data: []byte(log), End: len(log)}
	d := New(Options{})
	d.Look(event.Interest{
		Needs:  []event.Need{{Field: "process.executable", Text: "/usr/bin"}, {Field: "process.executable", Text: "/tmp/"}},
		Finder: finderOf("event.action", "process.name", "process.executable", "destination.ip", "destination.port", "user.name"),
	})
	var sink discard
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	for b.Loop() {
		d.Decode("log", "", block, &sink)
	}
}
