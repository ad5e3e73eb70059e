package readers

import "io"

// smallFile is up to how many bytes a file is read at once: as much as is looked at to
// tell its format anyway.
const smallFile = sniffLen

// load reads a small file, with as few system calls as that takes. It returns nil for what
// has to be opened in the common way: what may be no regular file, is larger, or empty, or
// cannot be read, which is told there.
func (r *Reader) load(f File) (*opened, *peeked) {
	if !f.regular {
		return nil, nil
	}
	limit := r.options.blockSize(smallFile)
	buf := *r.memory(limit + 1)
	n, ok := readFile(f.Path, buf[:limit+1])
	in := &opened{ctx: r.ctx, size: int64(n), memory: buf, pool: &r.small}
	if !ok || n == 0 {
		in.done()
		return nil, nil
	}
	return in, &peeked{head: buf[:n], rest: buf[:n], err: io.EOF}
}

// memory returns room for n bytes.
func (r *Reader) memory(n int) *[]byte {
	if b, ok := r.small.Get().(*[]byte); ok && cap(*b) >= n {
		return b
	}
	b := make([]byte, 0, n)
	return &b
}
