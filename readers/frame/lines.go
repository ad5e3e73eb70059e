package frame

import (
	"bytes"
	"io"
)

// Lines cuts a stream into blocks of whole lines. It reads ahead by less than a block
// and holds at most one block and one record.
type Lines struct {
	r      io.Reader
	layout Layout
	// carry is what was read behind the last cut. Its first clean bytes hold no newline.
	carry  []byte
	clean  int
	offset int64 // in the stream, of the first byte of carry
	start  int   // of the core in the buffer
	err    error // of the reader, kept until the data before it is handed out
}

// Layout says how large blocks are and how much room their buffers leave for margins.
type Layout struct {
	Size   int // bytes of a core, unless one record needs more
	Max    int // bytes of the longest record, its newline not counted; at least Size
	Before int // bytes of room in front of the core
	After  int // bytes of room behind the core
	// Offset is where the stream starts in the part: behind a byte order mark.
	Offset int64
}

// NewLines returns a Lines that reads r.
func NewLines(r io.Reader, layout Layout) *Lines {
	layout.Size = max(layout.Size, 1)
	layout.Max = max(layout.Max, layout.Size)
	return &Lines{r: r, layout: layout, offset: layout.Offset}
}

// Next returns the next block. Its Data is buf, or a larger slice if buf has too little
// room: Start is at least Layout.Before and the capacity behind End is at least Layout.After. After
// the last block it returns the reader's error, io.EOF if all was read; the bytes in front
// of an error are handed out first.
func (l *Lines) Next(buf []byte) (Block, error) {
	if l.err != nil && len(l.carry) == 0 {
		return Block{}, l.err
	}
	data := l.begin(buf)
	for {
		core := data[l.start:]
		if end := l.cut(core); end > 0 {
			return l.block(data, end), nil
		}
		if len(core) > l.layout.Max {
			return l.skip(data)
		}
		if l.err != nil {
			return Block{}, l.err
		}
		data = l.fill(data)
	}
}

// begin returns a buffer with room in front and the carry behind it.
func (l *Lines) begin(buf []byte) []byte {
	// What is read next goes to a place in its page as in the file's.
	l.start = l.layout.Before + int((l.offset-int64(l.layout.Before))%readAlign+readAlign)%readAlign
	want := l.layout.Before + readAlign + max(l.layout.Size, len(l.carry)) + l.layout.After
	if cap(buf) < want {
		buf = make([]byte, want)
	}
	data := append(buf[:l.start], l.carry...)
	l.carry = l.carry[:0]
	return data
}

// cut returns how much of the core to hand out: whole lines once enough is read, and all
// there is at the end of the stream. It returns 0 when more must be read.
func (l *Lines) cut(core []byte) int {
	if l.err == nil && len(core) < l.layout.Size {
		return 0
	}
	if l.err != nil && len(core) <= l.layout.Max {
		return len(core)
	}
	i := bytes.LastIndexByte(core[l.clean:], '\n')
	if i < 0 {
		l.clean = len(core)
		return 0
	}
	return l.clean + i + 1
}

// fill reads until the core has its size, or twice what it has when it has that already.
func (l *Lines) fill(data []byte) []byte {
	have := len(data) - l.start
	want := l.layout.Size
	if have >= want {
		want = min(2*have, l.layout.Max+1)
	}
	if need := l.start + want + l.layout.After; cap(data) < need {
		data = append(make([]byte, 0, need), data...)
	}
	n, err := readFull(l.r, data[len(data):l.start+want])
	l.err = err
	return data[:len(data)+n]
}

// block ends the core after n bytes and carries the rest.
func (l *Lines) block(data []byte, n int) Block {
	end := l.start + n
	b := Block{Data: data[:end], Start: l.start, End: end, Offset: l.offset}
	l.carry = append(l.carry[:0], data[end:]...)
	l.clean = len(l.carry)
	l.offset += int64(n)
	return b
}

// skip passes over a record that is longer than the limit.
func (l *Lines) skip(data []byte) (Block, error) {
	core := data[l.start:]
	skipped := int64(len(core))
	for l.err == nil {
		n, err := l.r.Read(core[:l.layout.Size])
		l.err = err
		if i := bytes.IndexByte(core[:n], '\n'); i >= 0 {
			l.carry = append(l.carry[:0], core[i+1:n]...)
			skipped += int64(i + 1)
			break
		}
		skipped += int64(n)
	}
	b := Block{Data: data[:l.start], Start: l.start, End: l.start, Offset: l.offset, Skipped: skipped}
	l.clean = 0
	l.offset += skipped
	return b, nil
}

// maxEmptyReads is how often a reader may return nothing before it counts as broken.
const maxEmptyReads = 100

// readFull reads until p is full or the reader ends. It returns the reader's own error.
func readFull(r io.Reader, p []byte) (n int, err error) {
	for empty := 0; n < len(p) && err == nil; {
		var m int
		m, err = r.Read(p[n:])
		n += m
		if m > 0 {
			empty = 0
		} else if empty++; empty > maxEmptyReads && err == nil {
			err = io.ErrNoProgress
		}
	}
	return n, err
}
