package auditd

import (
	"bytes"
	"os"
	"testing"

	"kscan/readers/event"
	"kscan/readers/frame"
)

func benchReal(b *testing.B, file string) {
	f, err := os.Open(file)
	if err != nil {
		b.Skip(err)
	}
	defer f.Close()
	all := make([]byte, 64<<20)
	f.ReadAt(all, 0)
	all = all[:bytes.LastIndexByte(all, '\n')+1]
	var blocks []frame.Block
	for at := 0; at < len(all); {
		end := min(at+8<<20, len(all))
		end = bytes.LastIndexByte(all[:end], '\n') + 1
		blocks = append(blocks, frame.Block{Data: all[:end], Start: at, End: end, Offset: int64(at), Follows: at > 0, Open: end < len(all)})
		at = end
	}
	d := New(Options{})
	d.Look(event.Interest{Needs: []event.Need{{Field: "destination.port", Number: 10250}, {Field: "destination.port", Number: 10255}}})
	var sink discard
	b.SetBytes(int64(len(all)))
	lines := int64(0)
	for b.Loop() {
		for i := range blocks {
			lines += d.Decode("log", "", &blocks[i], &sink)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(lines), "ns/line")
}

func BenchmarkReal(b *testing.B)  { benchReal(b, "/tmp/bench1g/audit.log") }
func BenchmarkDense(b *testing.B) { benchReal(b, "/tmp/bench1g/audit-dense.log") }
