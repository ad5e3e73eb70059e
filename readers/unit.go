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
	index int64       // of the range
	whole bool
	units *sync.Pool // where the unit itself goes back to, with buf
	// front and behind are what the margins of a range reach of other parts: whole lines.
	front, behind []byte
}

// size is how many bytes of its part the unit stands for.
func (u *Unit) size() int {
	if u.file == nil {
		return len(u.block.Core())
	}
	from, to := u.file.ranges.Bounds(u.index)
	return int(to - from)
}

// Whole reports whether the unit is all of its part, small, and in memory.
func (u *Unit) Whole() bool { return u.whole }

// Load returns the unit's block: read now from a plain file, or already there for a
// stream. The block is valid until Release. An error is the context's, or one of reading,
// which Damage makes a problem of; the block beside it has the records that could be read.
func (u *Unit) Load() (*frame.Block, error) {
	if u.file == nil {
		return &u.block, nil
	}
	u.pool = u.file.pool
	if b, ok := u.pool.Get().(*[]byte); ok {
		u.buf = *b
	}
	var err error
	u.block, u.buf, err = u.file.ranges.Block(u.index, u.buf)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errShrunk
	}
	if len(u.front)+len(u.behind) > 0 {
		u.addMargins()
	}
	return &u.block, err
}

// addMargins adds to the margins what they reach of other parts.
func (u *Unit) addMargins() {
	b, ranges := &u.block, &u.file.ranges
	var front, behind []byte
	if low := b.Offset - int64(b.Start); low == ranges.Layout.Offset {
		front = frame.Tail(u.front, ranges.Layout.Before-b.Start)
	}
	if high := b.Offset + int64(len(b.Data)-b.Start); high == ranges.Size {
		behind = frame.Head(u.behind, ranges.Layout.After-(len(b.Data)-b.End))
	}
	if len(b.Core()) == 0 || len(front)+len(behind) == 0 {
		return
	}
	data := append(make([]byte, 0, len(front)+len(b.Data)+1+len(behind)), front...)
	data = append(data, b.Data...)
	if len(behind) > 0 {
		data = append(endLine(data), behind...)
	}
	*b = frame.Block{Data: data, Start: b.Start + len(front), End: b.End + len(front), Offset: b.Offset}
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
}

// ReadAt reads from the file, unless the context has ended.
func (f *rangedFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	return f.at.ReadAt(p, off)
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
