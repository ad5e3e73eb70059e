package readers

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"kscan/readers/event"
)

func TestDamageOfUnits(t *testing.T) {
	u := &Unit{Part: &Part{Source: "a"}}
	if p := u.Damage(errShrunk); p.Kind != event.Truncated || p.Source != "a" {
		t.Errorf("a file that shrank: %+v", p)
	}
	if p := u.Damage(errors.New("input/output error")); p.Kind != event.Unreadable {
		t.Errorf("a file that does not read: %+v", p)
	}
}

// A range is read whole, whatever is read at a time, and its end is told.
func TestRangedFileReadsAll(t *testing.T) {
	content := make([]byte, 3*maxRead+5)
	for i := range content {
		content[i] = byte(i % 251)
	}
	f := &rangedFile{ctx: t.Context(), at: bytes.NewReader(content)}
	for _, off := range []int{0, 1, maxRead - 1, maxRead, len(content) - 1, len(content)} {
		for _, size := range []int{0, 1, maxRead, maxRead + 1, len(content), len(content) + 1} {
			p := make([]byte, size)
			n, err := f.ReadAt(p, int64(off))
			want := content[off:min(off+size, len(content))]
			if !bytes.Equal(p[:n], want) || (n < size) != (err == io.EOF) {
				t.Errorf("%d bytes from %d: got %d, %v; want %d", size, off, n, err, len(want))
			}
		}
	}
}

// The units of a file are whole stretches, none is large, and the last ones are small.
func TestUnitsOfRanges(t *testing.T) {
	for _, count := range []int64{1, 3, 4, 5, 31, 32, 33, 100, 511, 512, 513, 5000, 1 << 20} {
		var o Options
		units, last, left := int64(0), int64(0), count
		for ; left > 0; left -= last {
			last = o.ranges(count, left, stretchRanges)
			if last%stretchRanges != 0 || last < stretchRanges || last > mostRanges*stretchRanges {
				t.Fatalf("%d ranges, %d left: a unit of %d", count, left, last)
			}
			units++
		}
		if least := min(leastUnits, count/stretchRanges); units < least {
			t.Errorf("%d ranges: %d units, want %d at least", count, units, least)
		}
		if most := max(stretchRanges, count/leastUnits/endUnits, mostRanges*stretchRanges/endUnits); last > most {
			t.Errorf("%d ranges: the last unit has %d, want %d at most", count, last, most)
		}
	}
}
