package readers

import "io"

// sniffLen is how much of a stream is looked at to tell its format: enough for a few
// records of any log.
const sniffLen = 64 << 10

// peeked is a reader whose first bytes are known. Its error, once seen, stays.
type peeked struct {
	head []byte // what is at the front; less than sniffLen only at the stream's end
	rest []byte // of head, not read yet
	r    io.Reader
	err  error
	buf  []byte // the memory of head, if it is its own
}

// peek reads what is at the front of r, which has about size bytes, -1 if that is unknown.
func peek(r io.Reader, size int64) *peeked {
	p := &peeked{}
	p.begin(r, size)
	return p
}

// begin makes p what peek returns, in the memory that it has.
func (p *peeked) begin(r io.Reader, size int64) {
	buf := p.buf[:0]
	if cap(buf) == 0 {
		first := 4096
		if size >= 0 {
			first = int(min(size+1, sniffLen)) // the byte more is room to see the end
		}
		buf = make([]byte, 0, first)
	}
	*p = peeked{r: r}
	for empty := 0; len(buf) < sniffLen && p.err == nil; {
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, min(4*cap(buf), sniffLen)), buf...)
		}
		var n int
		n, p.err = r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if empty++; n > 0 {
			empty = 0
		}
		if empty > maxEmptyReads && p.err == nil {
			p.err = io.ErrNoProgress
		}
	}
	p.buf, p.head, p.rest = buf, buf, buf
}

// maxEmptyReads is how often a reader may return nothing before it counts as broken.
const maxEmptyReads = 100

func (p *peeked) Read(dst []byte) (int, error) {
	if len(p.rest) > 0 {
		n := copy(dst, p.rest)
		p.rest = p.rest[n:]
		return n, nil
	}
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.r.Read(dst)
	p.err = err
	return n, err
}

// whole reports whether head is all there is.
func (p *peeked) whole() bool { return p.err != nil }
