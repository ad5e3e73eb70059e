package readers

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"

	"kscan/readers/event"
)

// gunzip reads gzip members one after another. Padding of zeros behind a member is
// passed over. After a member that does not decode it goes on at the next place that
// looks like the start of a member, and what was lost is told: a line that the damage cut
// is ended with a newline of our own, so that it is not glued to what follows.
type gunzip struct {
	raw     *counted
	in      *bufio.Reader // of raw; the decompressor is fastest with this very type
	z       *gzip.Reader
	begun   bool  // a member is open
	out     int64 // bytes given out
	last    byte  // the last of them
	newline bool  // a newline of our own comes next
	problem func(event.Kind, int64, string)
	err     error
}

// counted counts what is read.
type counted struct {
	r     io.Reader
	count int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.count += int64(n)
	return n, err
}

func newGunzip() *gunzip {
	raw := &counted{}
	return &gunzip{raw: raw, in: bufio.NewReaderSize(raw, readSize), z: new(gzip.Reader)}
}

// begin makes it read r.
func (g *gunzip) begin(r io.Reader, problem func(kind event.Kind, offset int64, detail string)) {
	*g.raw = counted{r: r}
	g.in.Reset(g.raw)
	*g = gunzip{raw: g.raw, in: g.in, z: g.z, problem: problem}
}

// position returns how many compressed bytes are used.
func (g *gunzip) position() int64 { return g.raw.count - int64(g.in.Buffered()) }

func (g *gunzip) Read(p []byte) (int, error) {
	for len(p) > 0 && g.err == nil {
		if g.newline {
			p[0], g.newline = '\n', false
			return g.gave(p[:1]), nil
		}
		if !g.begun {
			g.err = g.next()
			continue
		}
		n, err := g.z.Read(p)
		g.gave(p[:n])
		if err != nil {
			g.begun = false
			if err != io.EOF {
				g.err = g.damaged(err, g.out > 0 && g.last != '\n')
			}
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, g.err
}

func (g *gunzip) gave(p []byte) int {
	if len(p) > 0 {
		g.out += int64(len(p))
		g.last = p[len(p)-1]
	}
	return len(p)
}

// next opens the member at the current position.
func (g *gunzip) next() error {
	if err := g.padding(); err != nil {
		return err
	}
	start := g.position()
	if head, _ := g.in.Peek(memberMagic); len(head) == memberMagic && !isHeader(head) {
		g.problem(event.Corrupt, g.out, fmt.Sprintf("no gzip member at compressed byte %d", start))
		return g.resync()
	}
	err := g.z.Reset(g.in)
	if err == nil {
		g.z.Multistream(false)
		g.begun = true
		return nil
	}
	return g.damaged(err, false)
}

// padding passes over zeros, which tapes and block devices put behind the data.
func (g *gunzip) padding() error {
	for {
		b, err := g.in.Peek(1)
		if err != nil {
			return err
		}
		if b[0] != 0 {
			return nil
		}
		if _, err := g.in.Discard(1); err != nil {
			return err
		}
	}
}

// damaged tells of a member that does not decode, and looks for the next one. Errors of
// the file itself end the stream.
func (g *gunzip) damaged(err error, midLine bool) error {
	if isRead(err) {
		return err
	}
	at := g.position()
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		g.problem(event.Truncated, g.out, fmt.Sprintf("gzip data ends inside a member, at compressed byte %d", at))
		return io.EOF
	}
	g.problem(event.Corrupt, g.out, fmt.Sprintf("gzip member does not decode near compressed byte %d: %v", at, err))
	g.newline = midLine
	return g.resync()
}

// resync goes to the next place that looks like the start of a member.
func (g *gunzip) resync() error {
	from := g.position()
	for {
		b, err := g.in.Peek(memberMagic)
		if len(b) < memberMagic {
			if g.newline = false; err == nil || err == io.ErrUnexpectedEOF {
				err = io.EOF
			}
			return err
		}
		if isMember(b) {
			g.problem(event.Corrupt, g.out, fmt.Sprintf("compressed bytes %d to %d were not examined; goes on at a gzip member", from, g.position()))
			return nil
		}
		if _, err := g.in.Discard(1); err != nil {
			return err
		}
	}
}

// memberMagic is how many bytes isMember looks at.
const memberMagic = 10

// isHeader reports whether b is the fixed part of a member's header.
func isHeader(b []byte) bool { return b[0] == 0x1f && b[1] == 0x8b && b[2] == 8 && b[3]&0xe0 == 0 }

// isMember is a stricter isHeader, for searching: XFL and OS have values that are in use.
// By chance a place is so once in 10^11 bytes.
func isMember(b []byte) bool {
	return isHeader(b) && (b[8] == 0 || b[8] == 2 || b[8] == 4) && (b[9] <= 13 || b[9] == 255)
}
