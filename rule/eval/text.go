package eval

import (
	"unicode"
	"unicode/utf8"
	"unsafe"
)

// view returns the bytes of a string without copying them. They must not be changed.
func view(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// foldASCII is the folding of case of the ~ operators on fields: Elasticsearch's
// case-insensitive term and wildcard queries fold ASCII letters only.
func foldASCII(s string) string { return string(appendFolded(nil, []byte(s))) }

func appendFolded(dst, text []byte) []byte {
	for _, ch := range text {
		if 'A' <= ch && ch <= 'Z' {
			ch += 'a' - 'A'
		}
		dst = append(dst, ch)
	}
	return dst
}

// appendLower appends text in lower case, as the ~ functions see it: all of Unicode.
func appendLower(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		ch := text[i]
		if ch < utf8.RuneSelf {
			if 'A' <= ch && ch <= 'Z' {
				ch += 'a' - 'A'
			}
			dst = append(dst, ch)
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, ch)
		} else {
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
		}
		i += size
	}
	return dst
}

// units returns the length of text in UTF-16 units, which is how Elasticsearch counts
// characters. A byte that is not UTF-8 is one.
func units(text []byte) int {
	n := 0
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i++
			n++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		i += size
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

// offsetOf returns the byte offset of a position in UTF-16 units. A position inside a
// pair of units, which has none, gives that of the next character and false.
func offsetOf(text []byte, position int) (offset int, exact bool) {
	n := 0
	for offset < len(text) && n < position {
		r, size := utf8.DecodeRune(text[offset:])
		offset += size
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return offset, n <= position
}

// slice returns the text between two positions in UTF-16 units, start < end; half of a
// pair is U+FFFD.
func (s *Scratch) slice(text []byte, start, end int) []byte {
	from, whole := offsetOf(text, start)
	to, wholeEnd := offsetOf(text, end)
	if whole && wholeEnd {
		return text[from:to]
	}
	return s.keep(func(dst []byte) []byte {
		if !whole {
			dst = utf8.AppendRune(dst, utf8.RuneError)
		}
		if !wholeEnd {
			_, size := utf8.DecodeLastRune(text[:to])
			if to -= size; to >= from {
				dst = utf8.AppendRune(append(dst, text[from:to]...), utf8.RuneError)
			}
			return dst
		}
		return append(dst, text[from:to]...)
	})
}
