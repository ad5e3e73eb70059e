package frame

import "bytes"

// Head returns the whole lines in the first n bytes of b.
func Head(b []byte, n int) []byte {
	if len(b) <= n {
		return b
	}
	return b[:bytes.LastIndexByte(b[:n], '\n')+1]
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
