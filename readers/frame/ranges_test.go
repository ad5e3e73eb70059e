package frame

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// checkRanges reads all ranges and compares them with the lines of the text.
func checkRanges(t *testing.T, text string, layout Layout) {
	t.Helper()
	s := &Ranges{R: strings.NewReader(text), Layout: layout, Size: int64(len(text))}
	var got joined
	offset := layout.Offset
	var buf []byte
	for i := range s.Count() {
		b, memory, err := s.Block(i, buf)
		if err != nil {
			t.Fatalf("range %d of %q: %v", i, text, err)
		}
		core := string(b.Core())
		if len(core) > 0 || b.Skipped > 0 {
			if b.Offset != offset {
				t.Fatalf("layout %+v, text %q: range %d at %d, want %d", layout, text, i, b.Offset, offset)
			}
			offset += int64(len(core)) + b.Skipped
		}
		margin := text[layout.Offset:b.Offset]
		if b.Skipped == 0 && len(core) > 0 && string(b.Data[:b.Start]) != string(Tail([]byte(margin), layout.Before)) {
			t.Fatalf("layout %+v, text %q: range %d has margin %q behind %q", layout, text, i, b.Data[:b.Start], margin)
		}
		behind := ""
		for line := range strings.Lines(string(Head([]byte(text[b.Offset+int64(len(core)):]), layout.After))) {
			if len(strings.TrimSuffix(line, "\n")) > layout.Max {
				break
			}
			behind += line
		}
		if b.Skipped == 0 && len(core) > 0 && string(b.Data[b.End:]) != behind {
			t.Fatalf("layout %+v, text %q: range %d has margin %q, want %q", layout, text, i, b.Data[b.End:], behind)
		}
		got.Text += core
		for line := range strings.Lines(core) {
			got.Lines = append(got.Lines, line)
		}
		if b.Skipped > 0 {
			got.Skipped = append(got.Skipped, b.Skipped)
		}
		scramble(b.Data[:cap(b.Data)])
		buf = memory
	}
	if diff := cmp.Diff(split(text[layout.Offset:], layout.Max), got); diff != "" {
		t.Fatalf("layout %+v, text %q: %s", layout, text, diff)
	}
}

// checkRuns reads ranges one after another and demands that each block is what it is alone,
// but for the margin between blocks that follow each other, of which some are light.
func checkRuns(t *testing.T, text string, layout Layout, each int64) {
	t.Helper()
	s := &Ranges{R: strings.NewReader(text), Layout: layout, Size: int64(len(text))}
	var buf []byte
	for first := int64(0); first < s.Count(); first += each {
		before, floor := Block{}, layout.Offset // of what may be in front
		for i := first; i < min(first+each, s.Count()); i++ {
			want, _, err := s.Block(i, nil)
			if err != nil {
				t.Fatal(err)
			}
			b, memory, err := s.Next(i, min(first+each, s.Count())-1, before, buf)
			if err != nil {
				t.Fatal(err)
			}
			behind := want.Data[want.End:]
			if b.Open {
				behind = nil
			}
			if len(want.Core()) == 0 && want.Skipped == 0 { // a long line that the block before has
				want.Offset = b.Offset
				behind = b.Data[b.End:]
			}
			if string(b.Core()) != string(want.Core()) || b.Offset != want.Offset || b.Skipped != want.Skipped || string(b.Data[b.End:]) != string(behind) {
				t.Fatalf("layout %+v, text %q, %d at a time: range %d is %+v, want %+v", layout, text, each, i, b, want)
			}
			if floor = min(floor, b.Offset); before.Light {
				floor = b.Offset - int64(len(Tail([]byte(text[floor:b.Offset]), min(before.Keep, layout.Before))))
			} else if !b.Follows {
				floor = layout.Offset
			}
			margin := Tail([]byte(text[floor:b.Offset]), layout.Before)
			if b.Follows != (b.Again != nil) || b.Follows != before.Open || b.Skipped == 0 && (b.Follows || len(want.Core()) > 0) && string(b.Data[:b.Start]) != string(margin) {
				t.Fatalf("layout %+v, text %q, %d at a time: range %d has margin %q, want %q", layout, text, each, i, b.Data[:b.Start], margin)
			}
			b.Light, b.Keep = b.Open && i%4 == 1, int(i/4%3)*layout.Before/3
			before, buf = b, memory
		}
	}
}

func FuzzRanges(f *testing.F) {
	f.Add("a\nbb\n\nccc", uint8(1), uint8(3), uint8(3), false)
	f.Add("\n\n\n", uint8(4), uint8(0), uint8(0), true)
	f.Add(strings.Repeat("x", 300)+"\ny\n"+strings.Repeat("z", 50), uint8(7), uint8(60), uint8(9), false)
	f.Add("xy"+strings.Repeat("x\n", 100)+strings.Repeat("z", 50), uint8(20), uint8(0), uint8(30), true)
	f.Fuzz(func(t *testing.T, text string, size, limit, margin uint8, mark bool) {
		layout := Layout{Size: max(int(size), 1), Max: max(int(limit), 2*int(size), 2), Before: int(margin)}
		layout.After = min(int(margin)/2, layout.Max)
		if mark && len(text) > 3 {
			layout.Offset = 3
		}
		checkRanges(t, text, layout)
		checkRuns(t, text, layout, 1+int64(limit)%9)
	})
}

func TestRangesOverSmallAlphabet(t *testing.T) {
	for n := range 11 {
		for bits := range 1 << n {
			text := []byte(strings.Repeat("x", n))
			for i := range text {
				if bits>>i&1 == 1 {
					text[i] = '\n'
				}
			}
			for size := 1; size <= 3; size++ {
				layout := Layout{Size: size, Max: 2 * size, Before: 2, After: n % 4}
				checkRanges(t, string(text), layout)
				checkRuns(t, string(text), layout, 3)
			}
		}
	}
}

// failing is a file of which the bytes from a position on cannot be read.
type failing struct {
	text string
	at   int64
	err  error
}

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	n, err := strings.NewReader(f.text[:f.at]).ReadAt(p, off)
	if err == io.EOF {
		err = f.err
	}
	return n, err
}

// Wherever reading fails, the lines before that place are handed out, and the failure is
// told by at least one range.
func TestRangesReaderFails(t *testing.T) {
	text := strings.Repeat("some line\nanother, longer line\n", 5)
	for _, broken := range []error{errors.New("disk on fire"), io.EOF} {
		for at := range len(text) {
			s := &Ranges{R: failing{text, int64(at), broken}, Layout: Layout{Size: 25, Max: 60}, Size: int64(len(text))}
			var got []byte
			failed := 0
			for i := range s.Count() {
				b, _, err := s.Block(i, nil)
				got = append(got, b.Core()...)
				if err != nil {
					failed++
				}
			}
			if failed == 0 || !strings.HasPrefix(text, string(got)) || len(got) < bytes.LastIndexByte([]byte(text[:at]), '\n')+1 {
				t.Errorf("at %d: %d ranges failed, got %q", at, failed, got)
			}
		}
	}
}
