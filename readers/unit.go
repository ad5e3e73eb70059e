package readers

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"kscan/readers/event"
	"kscan/readers/frame"
)

// Unit is a piece of a part that one worker loads and decodes on its own.
type Unit struct {
	Part *Part

	block frame.Block
	buf   []byte      // the memory of the block
	pool  *sync.Pool  // where buf goes back to
	file  *rangedFile // what Load reads, nil for a stream
	// The ranges of the file: the next to be read, and the last.
	next, last int64
	only       []BlockPlace // that are to be read, in order; nil for all
	whole      bool
	units      *sync.Pool // where the unit itself goes back to, with buf
	// front and behind are what the margins of the ranges reach of other parts: whole lines.
	front, behind []byte
}

// size is how many bytes of its part the unit stands for.
func (u *Unit) size() int {
	if u.file == nil {
		return len(u.block.Core())
	}
	from, to := u.bounds()
	return int(to - from)
}

// Place returns where the unit starts in its part, and about where it ends, and tells it
// apart from the others of the part. It must not have been loaded.
func (u *Unit) Place() (from, to int64) {
	if u.file == nil {
		return u.block.Offset, u.block.Offset + int64(len(u.block.Core())) + u.block.Skipped
	}
	return u.bounds()
}

// bounds returns where the unit's ranges start and end. None must have been read.
func (u *Unit) bounds() (from, to int64) {
	from, _ = u.file.ranges.Bounds(u.next)
	_, to = u.file.ranges.Bounds(u.last)
	return from, to
}

// Whole reports whether the unit is all of its part, small, and in memory.
func (u *Unit) Whole() bool { return u.whole }

// Load returns the unit's first block, or the next: read now from a plain file, or already
// there for a stream. The block is valid until the next Load and until Release. Its Line is
// left to the caller, unless the unit is read in part. An error is the context's, or one of reading, which Damage makes a
// problem of; the block beside it has the records that could be read.
func (u *Unit) Load() (*frame.Block, error) {
	if u.file == nil {
		return &u.block, nil
	}
	if u.pool == nil {
		u.pool = u.file.pool
		if b, ok := u.pool.Get().(*[]byte); ok {
			u.buf = *b
		}
	}
	before := u.block
	u.block = frame.Block{}
	i, last := u.choose()
	u.next = i + 1
	var err error
	u.block, u.buf, err = u.file.ranges.Next(i, last, before, u.buf)
	u.block.Sampling = u.file.sampling(i)
	if u.only != nil {
		u.block.Line, u.only = u.only[0].Line, u.only[1:]
	}
	if u.block.Again != nil {
		u.block.Again = u.file.at // a run that is interrupted ends between blocks
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errShrunk
	}
	if len(u.front)+len(u.behind) > 0 {
		u.addMargins()
	}
	return &u.block, err
}

// More reports whether there is another block to load, for the decoder of the last one.
func (u *Unit) More() bool {
	if u.only != nil {
		return len(u.only) > 0
	}
	return u.file != nil && u.next <= u.last
}

// BlockPlace is where the core of a block starts, in its part, and how many lines of its unit are in
// front of it.
type BlockPlace struct{ Offset, Line int64 }

// Only makes Load read of a plain file those blocks that are at some places, in order, and set
// their Line. It must be called before Load, and returns false if there is none of them; a unit
// of a stream is as it was.
func (u *Unit) Only(places []BlockPlace) bool {
	if u.file == nil {
		return true
	}
	u.only = make([]BlockPlace, 0, len(places))
	from, to := u.bounds()
	for _, p := range places {
		if p.Offset >= from && p.Offset < to { // else the file was written to meanwhile
			u.only = append(u.only, p)
		}
	}
	return len(u.only) > 0
}

// InPart reports whether not all of the unit is read.
func (u *Unit) InPart() bool { return u.only != nil }

// choose returns the range to be read next, and the last of those that follow on it, as far as
// that matters.
func (u *Unit) choose() (next, last int64) {
	if u.only == nil {
		return u.next, u.last
	}
	next = u.file.ranges.At(u.only[0].Offset)
	if len(u.only) > 1 && u.file.ranges.At(u.only[1].Offset) == next+1 {
		return next, next + 1
	}
	return next, next
}

// addMargins adds to the margins what they reach of other parts.
func (u *Unit) addMargins() {
	b, ranges := &u.block, &u.file.ranges
	var front, behind []byte
	if low := b.Offset - int64(b.Start); low == ranges.Layout.Offset && !b.Follows {
		front = frame.Tail(u.front, ranges.Layout.Before-b.Start)
	}
	if high := b.Offset + int64(len(b.Data)-b.Start); high == ranges.Size && !b.Open {
		behind = frame.Head(u.behind, ranges.Layout.After-(len(b.Data)-b.End))
	}
	if len(b.Core()) == 0 && !b.Follows || len(front)+len(behind) == 0 {
		return
	}
	data := append(make([]byte, 0, len(front)+len(b.Data)+1+len(behind)), front...)
	data = append(data, b.Data...)
	if len(behind) > 0 {
		data = append(endLine(data), behind...)
	}
	b.Data, b.Start, b.End = data, b.Start+len(front), b.End+len(front)
}

// Damage returns the problem that an error of Load is.
func (u *Unit) Damage(err error) event.Problem {
	p := event.Problem{Kind: event.Unreadable, Source: u.Part.Source, Member: u.Part.Member, Offset: u.block.Offset, Detail: reason(err)}
	if errors.Is(err, errShrunk) {
		p.Kind = event.Truncated
	}
	return p
}

// Release gives the unit and its memory back for reuse; call it once, after Load.
func (u *Unit) Release() {
	if u.pool != nil {
		buf := u.buf[:0]
		u.pool.Put(&buf)
	}
	if u.file != nil {
		u.file.release()
	}
	if u.units == nil {
		*u = Unit{Part: u.Part}
		return
	}
	*u = Unit{buf: u.buf, units: u.units}
	u.units.Put(u)
}

// rangedFile is a plain file that units share. It is closed when the last lets go of it.
type rangedFile struct {
	ctx    context.Context
	ranges frame.Ranges
	at     io.ReaderAt
	close  func() error
	pool   *sync.Pool
	users  atomic.Int64
	// stretch is how many ranges are one stretch of log, of which start and end are the
	// sample.
	stretch int64
}

// sampling says how much of a range is decoded whatever it holds.
func (f *rangedFile) sampling(i int64) frame.Sampling {
	starts := i%f.stretch == 0
	ends := i%f.stretch == f.stretch-1 || i == f.ranges.Count()-1
	switch {
	case starts && ends:
		return frame.BySize
	case starts:
		return frame.Starts
	case ends:
		return frame.Ends
	}
	return frame.Inside
}

// maxRead is how many bytes are read by one system call. Of one that takes longer than some
// 20 µs the Go scheduler thinks that it waits: it gives the core to another thread, and the two
// of them are in each other's way. Copying this much from the page cache takes less.
const maxRead = 128 << 10

// ReadAt reads from the file, unless the context has ended.
func (f *rangedFile) ReadAt(p []byte, off int64) (n int, err error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	for n < len(p) && err == nil {
		var m int
		m, err = f.at.ReadAt(p[n:min(len(p), n+maxRead)], off+int64(n))
		n += m
	}
	return n, err
}

// read returns what can be read of the bytes from one position to another. What cannot be
// read, the units there tell.
func (f *rangedFile) read(from, to int64) []byte {
	buf := make([]byte, to-from)
	n, _ := f.ReadAt(buf, from)
	return buf[:n]
}

// tail returns the last n bytes, or all that there are.
func (f *rangedFile) tail(n int) []byte {
	return f.read(max(f.ranges.Size-int64(n), f.ranges.Layout.Offset), f.ranges.Size)
}

func (f *rangedFile) release() error {
	if f.users.Add(-1) == 0 {
		return f.close()
	}
	return nil
}
