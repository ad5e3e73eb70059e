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
	return &u.block, err
}

// Damage returns the problem that an error of Load is.
func (u *Unit) Damage(err error) event.Problem {
	p := event.Problem{Kind: event.Unreadable, Source: u.Part.Source, Member: u.Part.Member, Offset: u.block.Offset, Detail: reason(err)}
	if errors.Is(err, errShrunk) {
		p.Kind = event.Truncated
	}
	return p
}

// Release gives the block's memory back for reuse; call it once, after Load.
func (u *Unit) Release() {
	if u.pool != nil {
		buf := u.buf[:0]
		u.pool.Put(&buf)
	}
	if u.file != nil {
		u.file.release()
	}
	u.block, u.buf, u.pool, u.file = frame.Block{}, nil, nil, nil
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

func (f *rangedFile) release() error {
	if f.users.Add(-1) == 0 {
		return f.close()
	}
	return nil
}
