package readers

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"kscan/readers/event"
)

// unzstd reads zstd frames one after another. After a frame that does not decode it goes
// on at the next place that looks like the start of one, as gunzip does with members.
type unzstd struct {
	raw     *counted
	in      *bufio.Reader // of raw
	z       *zstd.Decoder
	failure error // of the frame
	out     int64 // bytes given out
	last    byte  // the last of them
	newline bool  // a newline of our own comes next
	problem func(event.Kind, int64, string)
	err     error
}

func newUnzstd() (*unzstd, error) {
	u := &unzstd{raw: &counted{}}
	u.in = bufio.NewReaderSize(u.raw, readSize)
	var err error
	u.z, err = zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(1), // the workers have the cores; and it reads no further than it must
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxZstdWindow),
		zstd.WithDecoderMaxMemory(1<<63), // of a whole stream: it is never held
	)
	return u, err
}

// begin makes it read r.
func (u *unzstd) begin(r io.Reader, problem func(kind event.Kind, offset int64, detail string)) error {
	*u.raw = counted{r: r}
	u.in.Reset(u.raw)
	*u = unzstd{raw: u.raw, in: u.in, z: u.z, problem: problem}
	return u.z.Reset(u.in)
}

// rest lets go of what it read and reports whether it can begin again.
func (u *unzstd) rest() bool {
	u.raw.r, u.problem = nil, nil
	return u.z.Reset(nil) == nil
}

// position returns how many compressed bytes are used.
func (u *unzstd) position() int64 { return u.raw.count - int64(u.in.Buffered()) }

func (u *unzstd) Read(p []byte) (int, error) {
	for len(p) > 0 && u.err == nil {
		if u.newline {
			p[0], u.newline = '\n', false
			u.gave(p[:1])
			return 1, nil
		}
		n, err := u.z.Read(p)
		u.gave(p[:n])
		switch {
		case n > 0:
			return n, nil
		case err == nil:
		case err != io.EOF && u.failure == nil:
			u.failure = err // a block that fails its checksum comes with the next read
		default:
			u.err = u.damaged(cmp.Or(u.failure, err))
			u.failure = nil
		}
	}
	return 0, u.err
}

func (u *unzstd) gave(p []byte) {
	if len(p) > 0 {
		u.out += int64(len(p))
		u.last = p[len(p)-1]
	}
}

// damaged tells of a frame that does not decode, and looks for the next one. The end of
// the stream and errors of the file itself end it.
func (u *unzstd) damaged(err error) error {
	if err == io.EOF || isRead(err) {
		return err
	}
	at := u.position()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		u.problem(event.Truncated, u.out, fmt.Sprintf("zstd data ends inside a frame, at compressed byte %d", at))
		return io.EOF
	case errors.Is(err, zstd.ErrMagicMismatch):
		at -= int64(len(frameMagic))
		u.problem(event.Corrupt, u.out, fmt.Sprintf("no zstd frame at compressed byte %d", at))
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		u.problem(event.Corrupt, u.out, fmt.Sprintf("a zstd frame needs a window over the limit of %d MiB", maxZstdWindow>>20))
	default:
		u.problem(event.Corrupt, u.out, fmt.Sprintf("zstd frame does not decode near compressed byte %d: %v", at, err))
	}
	return u.resync()
}

// frameMagic is how a zstd frame starts. Skippable frames start in 16 ways of their own,
// which are not searched for: one that is none would hide what is behind it.
var frameMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

// resync goes to the next place that looks like the start of a frame.
func (u *unzstd) resync() error {
	from := u.position()
	for {
		if _, err := u.in.Peek(len(frameMagic)); err != nil {
			return ended(err)
		}
		b, _ := u.in.Peek(u.in.Buffered())
		i := bytes.Index(b, frameMagic)
		skip := i
		if i < 0 {
			skip = len(b) - len(frameMagic) + 1
		}
		if _, err := u.in.Discard(skip); err != nil {
			return ended(err)
		}
		if i < 0 {
			continue
		}
		if at := u.position(); at > from {
			u.problem(event.Corrupt, u.out, fmt.Sprintf("compressed bytes %d to %d were not examined; goes on at a zstd frame", from, at))
		}
		u.newline = u.out > 0 && u.last != '\n'
		return u.z.Reset(u.in)
	}
}

// ended is the error of a stream of which nothing more is to be had.
func ended(err error) error {
	if isRead(err) {
		return err
	}
	return io.EOF
}
