package readers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// inPart is a Handler that reads of each unit the blocks that are chosen, or all if none are, and
// writes down what blocks there are and the events.
type inPart struct {
	t      *testing.T
	chosen map[int64][]BlockPlace // by where the unit starts; nil for all
	places map[int64][]BlockPlace
	ends   map[int64]int64 // of blocks, by where they start
	events map[int64]string
}

func (h *inPart) Part(*Part)              {}
func (h *inPart) Problem(p event.Problem) { h.t.Errorf("%+v", p) }

func (h *inPart) Unit(u *Unit) error {
	defer u.Release()
	at, _ := u.Place()
	if h.chosen != nil && !u.Only(h.chosen[at]) {
		return nil
	}
	d, lines := NewDecoder(u.Part.Format, event.Interest{}), int64(0)
	for first := true; first || u.More(); first = false {
		b, err := u.Load()
		if err != nil {
			h.t.Error(err)
		}
		if !u.InPart() {
			b.Line = lines
		}
		lines += d.Decode(u.Part, b, h)
		if len(b.Core()) > 0 {
			h.places[at] = append(h.places[at], BlockPlace{b.Offset, b.Line})
			h.ends[b.Offset] = b.Offset + int64(len(b.Core()))
		}
	}
	return nil
}

func (h *inPart) Event(e *event.Event) {
	h.events[e.Evidence.Offset] = fmt.Sprintf("%d %s %s", e.Evidence.Line, e.Evidence.EventID, e.Doc)
}

// TestUnitInPart: of a unit that is read in part, the events of the blocks that were chosen are
// those that are found when all is read, with their lines.
func TestUnitInPart(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 21))
	var lines []string
	for i := range 900 {
		id := fmt.Sprintf("msg=audit(1763596800.%03d:%d): ", i, i)
		lines = append(lines, "type=SYSCALL "+id+"arch=c000003e syscall=59 pid=1\n", "type=PROCTITLE "+id+"proctitle=\""+strings.Repeat("x", 1+r.IntN(200))+"\"\n")
	}
	for i := range lines {
		if j := min(i+r.IntN(6), len(lines)-1); r.IntN(4) == 0 {
			lines[i], lines[j] = lines[j], lines[i]
		}
	}
	path := write(t, "audit.log", []byte(strings.Join(lines, "")))
	read := func(o Options, chosen map[int64][]BlockPlace) *inPart {
		h := &inPart{t, chosen, map[int64][]BlockPlace{}, map[int64]int64{}, map[int64]string{}}
		for g := range Walk([]string{path}, h.Problem) {
			if err := Read(t.Context(), g, o, h); err != nil {
				t.Fatal(err)
			}
		}
		return h
	}
	for range 20 {
		o := Options{BlockSize: 300 + r.IntN(5000), Ranges: 2 + r.IntN(9)}
		all := read(o, nil)
		chosen, want := map[int64][]BlockPlace{}, map[int64]string{}
		for at, places := range all.places {
			for _, p := range places {
				if r.IntN(3) > 0 {
					continue
				}
				chosen[at] = append(chosen[at], p)
				for offset, e := range all.events {
					if offset >= p.Offset && offset < all.ends[p.Offset] {
						want[offset] = e
					}
				}
			}
		}
		got := read(o, chosen)
		if diff := cmp.Diff(want, got.events); diff != "" {
			t.Fatalf("%+v:\n%s", o, diff)
		}
		if len(want) < 100 || len(want) > 700 {
			t.Errorf("%d events of 900 were chosen", len(want))
		}
	}
}
