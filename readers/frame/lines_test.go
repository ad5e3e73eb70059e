package frame

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// joined is what the blocks of a stream come to: its bytes with skipped records left
// out, its records, and the lengths of skipped records.
type joined struct {
	Text    string
	Lines   []string
	Skipped []int64
}

// join checks what must hold for each block and puts the blocks together again.
func join(t *testing.T, next func() (Block, error), layout Layout) (joined, error) {
	t.Helper()
	var j joined
	var offset int64
	for {
		b, err := next()
		if err != nil {
			return j, err
		}
		if b.Offset != offset {
			t.Fatalf("block at %d, want %d", b.Offset, offset)
		}
		if b.Start < layout.Before || cap(b.Data)-b.End < layout.After {
			t.Fatalf("no room for margins: start %d, behind the end %d", b.Start, cap(b.Data)-b.End)
		}
		if b.Skipped != 0 {
			j.Skipped = append(j.Skipped, b.Skipped)
		}
		if (len(b.Core()) == 0) != (b.Skipped != 0) {
			t.Fatalf("core of %d bytes with %d skipped", len(b.Core()), b.Skipped)
		}
		j.Text += string(b.Core())
		for line := range strings.Lines(string(b.Core())) {
			if len(strings.TrimSuffix(line, "\n")) > max(layout.Max, layout.Size) {
				t.Fatalf("line of %d bytes in a block", len(line))
			}
			j.Lines = append(j.Lines, line)
		}
		offset += int64(len(b.Core())) + b.Skipped
		scramble(b.Data[:cap(b.Data)])
	}
}

// scramble stands for a worker that reuses the block at once.
func scramble(b []byte) {
	for i := range b {
		b[i] = '\n'
	}
}

// split is the plain way to say what join must find.
func split(text string, limit int) joined {
	var j joined
	for line := range strings.Lines(text) {
		if len(strings.TrimSuffix(line, "\n")) > limit {
			j.Skipped = append(j.Skipped, int64(len(line)))
			continue
		}
		j.Text += line
		j.Lines = append(j.Lines, line)
	}
	return j
}

func checkLines(t *testing.T, text string, layout Layout, r io.Reader) {
	t.Helper()
	l := NewLines(r, layout)
	var buf []byte
	got, err := join(t, func() (Block, error) {
		b, err := l.Next(buf)
		buf = b.Data
		return b, err
	}, layout)
	if err != io.EOF {
		t.Fatalf("got error %v", err)
	}
	want := split(text, max(layout.Max, layout.Size, 1))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("layout %+v, text %q: %s", layout, text, diff)
	}
}

func FuzzLines(f *testing.F) {
	f.Add("a\nbb\n\nccc", uint8(1), uint8(2), uint8(3))
	f.Add("\n\n\n", uint8(4), uint8(0), uint8(0))
	f.Add(strings.Repeat("x", 300)+"\ny\n", uint8(7), uint8(60), uint8(9))
	f.Fuzz(func(t *testing.T, text string, size, limit, margin uint8) {
		layout := Layout{Size: max(int(size), 1), Max: max(int(limit), int(size), 1), Before: int(margin), After: int(margin) / 2}
		checkLines(t, text, layout, strings.NewReader(text))
		checkLines(t, text, layout, iotest.OneByteReader(strings.NewReader(text)))
		checkLines(t, text, layout, iotest.DataErrReader(strings.NewReader(text)))
	})
}

func TestLinesOfEverySize(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var text strings.Builder
		for range random.IntN(40) {
			text.WriteString(strings.Repeat("x", random.IntN(30)))
			text.WriteByte('\n')
		}
		text.WriteString(strings.Repeat("y", random.IntN(3)))
		size := 1 + random.IntN(50)
		layout := Layout{Size: size, Max: size + random.IntN(50), Before: random.IntN(9), After: random.IntN(9)}
		checkLines(t, text.String(), layout, strings.NewReader(text.String()))
	}
}

// Whatever call the reader fails at, the bytes before it are handed out and the error is
// returned, not lost.
func TestLinesReaderFails(t *testing.T) {
	text := "one\ntwo\nthree is longer\nfour"
	broken := errors.New("disk on fire")
	for n := range len(text) {
		r := io.MultiReader(strings.NewReader(text[:n]), iotest.ErrReader(broken))
		layout := Layout{Size: 5, Max: 20}
		l := NewLines(r, layout)
		got, err := join(t, func() (Block, error) { return l.Next(nil) }, layout)
		if err != broken {
			t.Errorf("after %d bytes: got error %v", n, err)
		}
		if got.Text != text[:n] {
			t.Errorf("after %d bytes: got %q", n, got.Text)
		}
	}
}

func TestLinesReaderStalls(t *testing.T) {
	l := NewLines(stalled{}, Layout{Size: 5, Max: 20})
	if _, err := l.Next(nil); err != io.ErrNoProgress {
		t.Errorf("got error %v, want %v", err, io.ErrNoProgress)
	}
}

type stalled struct{}

func (stalled) Read([]byte) (int, error) { return 0, nil }

func TestHeadAndTail(t *testing.T) {
	text := []byte("aa\nbb\ncc")
	for n := range len(text) + 2 {
		head, tail := Head(text, n), Tail(text, n)
		want := 0 // the lines that begin before n
		for line := range bytes.Lines(text) {
			if want < n {
				want += len(line)
			}
		}
		if len(head) != want || !bytes.HasPrefix(text, head) || len(head) < len(text) && len(head) > 0 && head[len(head)-1] != '\n' {
			t.Errorf("Head(%d) = %q", n, head)
		}
		if len(tail) > n || !bytes.HasSuffix(text, tail) || len(tail) < len(text) && len(tail) > 0 && text[len(text)-len(tail)-1] != '\n' {
			t.Errorf("Tail(%d) = %q", n, tail)
		}
	}
	if got := string(Head(text, 4)); got != "aa\nbb\n" {
		t.Errorf("Head(4) = %q", got)
	}
	if got := string(Tail(text, 5)); got != "bb\ncc" {
		t.Errorf("Tail(5) = %q", got)
	}
	if got := string(Tail(text, 4)); got != "cc" {
		t.Errorf("Tail(4) = %q", got)
	}
}

func BenchmarkLines(b *testing.B) {
	text := bytes.Repeat([]byte(strings.Repeat("x", 999)+"\n"), 1<<14)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	buf := make([]byte, 2<<20)
	for b.Loop() {
		l := NewLines(bytes.NewReader(text), Layout{Size: 1 << 20, Max: 1 << 24})
		for {
			if _, err := l.Next(buf); err != nil {
				break
			}
		}
	}
}
