package readers

import (
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// utf16Reader turns UTF-16 into UTF-8 as it is read. Halves of a pair that stand alone
// become U+FFFD. Lines and offsets of the evidence count in the UTF-8 text.
type utf16Reader struct {
	r     io.Reader
	order binary.ByteOrder
	in    []byte // read and not used: at most one unit and a half, between calls
	out   []byte // made and not given out
	buf   []byte
	err   error
	begun bool
}

func newUTF16(r io.Reader, big bool) *utf16Reader {
	u := &utf16Reader{r: r, order: binary.LittleEndian, buf: make([]byte, 32<<10)}
	if big {
		u.order = binary.BigEndian
	}
	return u
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		var n int
		n, u.err = u.r.Read(u.buf)
		u.in = append(u.in, u.buf[:n]...)
		u.convert()
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

// convert moves whole characters from in to out, and everything at the end of the stream.
func (u *utf16Reader) convert() {
	if !u.begun && len(u.in) >= 2 {
		u.in, u.begun = u.in[2:], true // the byte order mark
	}
	u.out = u.out[:0]
	for len(u.in) >= 2 {
		c, size := rune(u.order.Uint16(u.in)), 2
		if utf16.IsSurrogate(c) {
			if len(u.in) < 4 && u.err == nil {
				break
			}
			c, size = u.pair(c)
		}
		u.out = utf8.AppendRune(u.out, c)
		u.in = u.in[size:]
	}
	if u.err != nil && len(u.in) == 1 {
		u.out = utf8.AppendRune(u.out, utf8.RuneError)
		u.in = nil
	}
	u.in = append([]byte(nil), u.in...)
}

func (u *utf16Reader) pair(first rune) (rune, int) {
	if len(u.in) >= 4 {
		if c := utf16.DecodeRune(first, rune(u.order.Uint16(u.in[2:]))); c != utf8.RuneError {
			return c, 4
		}
	}
	return utf8.RuneError, 2
}
