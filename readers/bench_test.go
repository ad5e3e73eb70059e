package readers

import (
	"context"
	"strings"
	"testing"

	"kscan/readers/event"
)

// discard is a Handler that loads units and decodes nothing.
type discard struct{}

func (discard) Part(*Part)            {}
func (discard) Problem(event.Problem) {}
func (discard) Unit(u *Unit) error {
	_, err := u.Load()
	for u.More() && err == nil {
		_, err = u.Load()
	}
	u.Release()
	return err
}

// BenchmarkRead is everything but decoding, on one core.
func BenchmarkRead(b *testing.B) {
	text := docLines(400000)
	call, address := connection(1)
	records := strings.Repeat(call+address, 50000)
	for _, c := range []struct {
		name string
		data []byte
		size int
	}{
		{"plain", []byte(text), len(text)},
		{"gzip", gz(text), len(text)},
		{"zstd", zst(text), len(text)},
		{"audit", []byte(records), len(records)},
		{"array", []byte("[" + strings.ReplaceAll(strings.TrimSpace(text), "\n", ",") + "]"), len(text)},
	} {
		b.Run(c.name, func(b *testing.B) {
			path := write(b, "x", c.data)
			b.SetBytes(int64(c.size))
			b.ReportAllocs()
			for b.Loop() {
				if err := Read(context.Background(), Group{Files: []File{{Path: path}}}, Options{}, discard{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
