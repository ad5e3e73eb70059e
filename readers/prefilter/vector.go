//go:build amd64 || arm64

package prefilter

// scanVector marks by tables, see vector. odd is not 0 if a byte is NUL or over 127.
//
//go:noescape
func scanVector(data *byte, words int, tables *[2 * window][16]byte, newlines, hits *uint64) (odd int)

// sharpVector is scanVector for what is sharp.
//
//go:noescape
func sharpVector(data *byte, words int, s *sharp, newlines, hits *uint64) (odd int)

// markVector marks 64*words bytes of text, as markWord does.
//
//go:noescape
func markVector(text *byte, words int, marks *Mark)
