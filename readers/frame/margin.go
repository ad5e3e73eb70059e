package frame

import "bytes"

// Head returns the lines that begin in the first n bytes of b.
func Head(b []byte, n int) []byte {
	if n <= 0 {
		return nil
	}
	if len(b) <= n {
		return b
	}
	if i := bytes.IndexByte(b[n-1:], '\n'); i >= 0 {
		return b[:n+i]
	}
	return b
}

// Tail returns the whole lines in the last n bytes of b. The last one may lack its
// newline.
func Tail(b []byte, n int) []byte {
	if len(b) <= n {
		return b
	}
	from := len(b) - n
	i := bytes.IndexByte(b[from-1:], '\n')
	if i < 0 {
		return nil
	}
	return b[from+i:]
}
