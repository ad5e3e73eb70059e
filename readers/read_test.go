package readers

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"kscan/readers/event"
)

// collector is a Handler that decodes each unit at once and writes down what it finds.
type collector struct {
	t     *testing.T
	lines int64
	bytes int64
	log   []string // parts, events and problems, in order
	start int64    // the lines in front of the unit
	limit int      // stop after that many units; 0 is no limit
	units int
}

func (c *collector) Part(p *Part) {
	c.log = append(c.log, fmt.Sprintf("part %s %s %s", filepath.Base(p.Source), p.Format, p.Compression))
	c.lines = 0
}

func (c *collector) Problem(p event.Problem) {
	c.log = append(c.log, fmt.Sprintf("%s line %d offset %d: %s", p.Kind, p.Line, p.Offset, p.Detail))
}

func (c *collector) Unit(u *Unit) error {
	c.units++
	d := NewDecoder(u.Part.Format, event.Interest{})
	start := c.lines
	for first := true; first || u.More(); first = false {
		b, err := u.Load()
		if err != nil {
			c.t.Errorf("load: %v", err)
		}
		c.bytes += int64(len(b.Core())) + b.Skipped
		b.Line = c.lines - start
		c.start = start
		c.lines += d.Decode(u.Part, b, (*decoded)(c))
	}
	u.Release()
	if c.units == c.limit {
		return io.ErrClosedPipe
	}
	return nil
}

// decoded is a collector as the sink of a decoder: lines count from the start of the unit.
type decoded collector

func (d *decoded) Event(e *event.Event) {
	d.log = append(d.log, fmt.Sprintf("event line %d offset %d %s %s %s", d.start+e.Evidence.Line, e.Evidence.Offset, e.Index, e.Evidence.EventID, e.Doc))
}

func (d *decoded) Problem(p event.Problem) {
	p.Line += d.start
	(*collector)(d).Problem(p)
}

// write makes a file in a new folder and returns its path.
func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func readAll(t *testing.T, o Options, paths ...string) *collector {
	t.Helper()
	c := &collector{t: t}
	problem := func(p event.Problem) { c.Problem(p) }
	for g := range Walk(paths, problem) {
		if err := Read(context.Background(), g, o, c); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func gz(members ...string) []byte {
	var b bytes.Buffer
	for _, member := range members {
		w := gzip.NewWriter(&b)
		io.WriteString(w, member)
		w.Close()
	}
	return b.Bytes()
}

func zst(frames ...string) []byte {
	w, _ := zstd.NewWriter(nil)
	var b []byte
	for _, frame := range frames {
		b = w.EncodeAll([]byte(frame), b)
	}
	return b
}

func docLines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"n":%d,"event":{"id":"e%d"}}`+"\n", i, i)
	}
	return b.String()
}

func TestReadIsTheSameHoweverItIsPacked(t *testing.T) {
	text := docLines(100)
	plain := readAll(t, Options{}, write(t, "x", []byte(text)))
	if len(plain.log) != 101 {
		t.Fatalf("got %d entries: %s", len(plain.log), plain.log)
	}
	for name, data := range map[string][]byte{
		"plain":   []byte(text),
		"gzip":    gz(text),
		"members": gz(text[:100], "", text[100:]),
		"zstd":    zst(text),
		"frames":  append(append([]byte("\x50\x2a\x4d\x18\x03\x00\x00\x00abc"), zst(text[:333], text[333:])...), "\x5f\x2a\x4d\x18\x00\x00\x00\x00"...),
		"twice":   gz(string(gz(text))),
		"both":    zst(string(gz(text))),
	} {
		for _, size := range []int{0, 1, 50, 1000} {
			got := readAll(t, Options{BlockSize: size}, write(t, "x", data))
			if diff := cmp.Diff(plain.log[1:], got.log[1:]); diff != "" {
				t.Errorf("%s, blocks of %d: %s", name, size, diff)
			}
			if got.bytes != int64(len(text)) {
				t.Errorf("%s, blocks of %d: %d bytes, want %d", name, size, got.bytes, len(text))
			}
		}
	}
}
