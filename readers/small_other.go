//go:build !unix

package readers

import (
	"io"
	"os"
)

// readFile reads a file into p and reports whether that is all of it.
func readFile(path string, p []byte) (n int, all bool) {
	f, err := os.Open(path)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	for n < len(p) && err == nil {
		var m int
		m, err = f.Read(p[n:])
		n += m
	}
	return n, err == io.EOF
}
