package readers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"kscan/readers/frame"
)

// readSize is the size of reads from a file: system calls cost nothing at this size.
const readSize = 256 << 10

// opened is a file as it is read: raw bytes, counted, with errors of its own kind.
type opened struct {
	ctx   context.Context
	r     io.Reader
	file  *os.File // nil if it is a stream
	size  int64    // when it was opened; -1 if it is a stream
	count int64    // bytes read
	close func() error

	unit     *Unit // a small file that was read at once is in its memory
	sampling frame.Sampling
}

// done closes the file and gives its memory back, unless the unit was handed out.
func (o *opened) done() {
	if o.close != nil {
		o.close()
	}
	if o.unit != nil {
		o.unit.Release()
	}
}

// readError is an error of reading a file, as opposed to one of what is in it.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

// shrunk is the error of a file that ends before the size that it had when opened.
var errShrunk = errors.New("the file became shorter while it was read")

// open opens a file read-only. Pipes and standard input are read in a goroutine of their
// own, so that waiting for them can be cancelled.
func open(ctx context.Context, f File, stdin io.Reader) (*opened, error) {
	if f.Path == "-" {
		if stdin == nil {
			stdin = os.Stdin
		}
		return newPipe(ctx, func() (io.Reader, error) { return stdin, nil }), nil
	}
	info, err := os.Stat(f.Path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("read %s: is a directory", f.Path)
	}
	if !info.Mode().IsRegular() {
		return newPipe(ctx, func() (io.Reader, error) { return os.Open(f.Path) }), nil
	}
	file, err := os.Open(f.Path)
	if err != nil {
		return nil, err
	}
	if info, err = file.Stat(); err != nil {
		file.Close()
		return nil, err
	}
	return &opened{ctx: ctx, r: file, file: file, size: info.Size(), close: file.Close}, nil
}

// Read reads from the file. All its errors but io.EOF and the context's are readErrors.
func (o *opened) Read(p []byte) (int, error) {
	if err := o.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := o.r.Read(p)
	o.count += int64(n)
	if err == nil || o.ctx.Err() != nil && errors.Is(err, o.ctx.Err()) {
		return n, err
	}
	if err != io.EOF {
		return n, &readError{err}
	}
	if o.count < o.size {
		return n, &readError{errShrunk}
	}
	return n, err
}

// chunk is what one read of a pipe gave.
type chunk struct {
	data []byte
	err  error
}

// pipe reads in a goroutine. When its context ends while a read waits, that goroutine
// stays until the read returns: a read of a pipe cannot be interrupted on all systems.
type pipe struct {
	ctx    context.Context
	chunks chan chunk
	have   chunk
}

func newPipe(ctx context.Context, open func() (io.Reader, error)) *opened {
	ctx, cancel := context.WithCancel(ctx)
	p := &pipe{ctx: ctx, chunks: make(chan chunk)}
	go p.pump(open)
	return &opened{ctx: ctx, r: p, size: -1, close: func() error { cancel(); return nil }}
}

func (p *pipe) pump(open func() (io.Reader, error)) {
	r, err := open()
	if err != nil {
		p.send(chunk{err: err})
		return
	}
	if file, ok := r.(io.Closer); ok && r != io.Reader(os.Stdin) {
		defer file.Close()
	}
	for {
		data := make([]byte, readSize)
		n, err := r.Read(data)
		if !p.send(chunk{data[:n], err}) || err != nil {
			return
		}
	}
}

func (p *pipe) send(c chunk) bool {
	select {
	case p.chunks <- c:
		return true
	case <-p.ctx.Done():
		return false
	}
}

func (p *pipe) Read(dst []byte) (int, error) {
	if len(p.have.data) == 0 && p.have.err == nil {
		select {
		case p.have = <-p.chunks:
		case <-p.ctx.Done():
			return 0, p.ctx.Err()
		}
	}
	n := copy(dst, p.have.data)
	p.have.data = p.have.data[n:]
	if len(p.have.data) == 0 {
		return n, p.have.err
	}
	return n, nil
}
