package readers

import (
	"sync"

	"kscan/readers/frame"
)

// Unit is a piece of a part that one worker loads and decodes on its own.
type Unit struct {
	Part *Part

	block frame.Block
	buf   []byte     // the memory of the block
	pool  *sync.Pool // where buf goes back to
}

// Load returns the unit's block: read now from a plain file, or already there for a
// stream. The block is valid until Release. Errors reading are problems of the part.
func (u *Unit) Load() (*frame.Block, error) { return &u.block, nil }

// Release gives the block's memory back for reuse; call it once, after Load.
func (u *Unit) Release() {
	if u.pool != nil {
		buf := u.buf
		u.pool.Put(&buf)
	}
	u.block, u.buf, u.pool = frame.Block{}, nil, nil
}
