//go:build amd64 || arm64

package prefilter

// scanVector marks words*64 places from data on; it reads window-1 bytes more.
// high is not 0 if a byte among them is over 127.
//
//go:noescape
func scanVector(data *byte, words int, tables *[2 * window][16]byte, newlines, hits *uint64) (high int)

// markVector marks 64*words bytes of text, as markWord does.
//
//go:noescape
func markVector(text *byte, words int, marks *Mark)
