// Package safe makes text of unknown origin harmless to look at: values from logs, file
// names, and the texts of rules. It is the one place where kscan escapes. Text is for
// terminals, AppendJSON for JSON, Clip cuts what is too long and says so.
//
// What a terminal is shown is visible and takes part in no layout but its own: no
// control character, escape sequence, invisible character or change of the writing
// direction passes. The escapes are for reading, not for decoding: a backslash stays
// as it is, so that paths look like paths. JSON output is exact.
package safe

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many combining marks may follow one character: what scripts in use
// need, and too few to paint over the lines above and below.
const maxMarks = 4

// Text returns s for a terminal. Characters that are not plainly visible become escapes
// such as \x1b, \n, \u202e and \U000e0001; bytes that are not UTF-8 become \x and two
// digits.
func Text(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + len(s)/4)
	marks := maxMarks // a mark at the start would join what is printed before s
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
			marks = 0
		case unicode.Is(unicode.M, r) && !hidden(r):
			if marks++; marks > maxMarks {
				escape(&b, r)
			} else {
				b.WriteRune(r)
			}
		case hidden(r) || !unicode.IsPrint(r):
			escape(&b, r)
			marks = 0
		default:
			b.WriteRune(r)
			marks = 0
			if r == ' ' {
				marks = maxMarks // no mark on a space: it is where lines are cut
			}
		}
		i += size
	}
	return b.String()
}

// plain reports whether s is printable ASCII.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func escape(b *strings.Builder, r rune) {
	switch {
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\t':
		b.WriteString(`\t`)
	case r == '\r':
		b.WriteString(`\r`)
	case r < 0x80:
		fmt.Fprintf(b, `\x%02x`, r)
	case r < 0x10000:
		fmt.Fprintf(b, `\u%04x`, r)
	default:
		fmt.Fprintf(b, `\U%08x`, r)
	}
}

// hidden reports whether r is a character that is not seen but changes what is: control
// and format characters (direction overrides, isolates, zero-width characters, tags),
// line and paragraph separators, and those that Unicode lists as default ignorable.
func hidden(r rune) bool {
	return r >= 0x7f && (unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector))
}

// Clip returns the first limit characters of s, and how many more there were.
func Clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	n, end := 0, 0
	for i := range s {
		if n == limit {
			end = i
			break
		}
		n++
	}
	if n < limit || end == 0 {
		return s
	}
	return s[:end] + fmt.Sprintf("… (%d more characters)", utf8.RuneCountInString(s[end:]))
}

// AppendJSON appends JSON text to dst with the same meaning and no hidden character:
// they become \u escapes. Line ends outside strings stay. Bytes that are not UTF-8
// become U+FFFD: JSON cannot hold them.
func AppendJSON(dst, raw []byte) []byte {
	start := 0
	for i := 0; i < len(raw); {
		if raw[i] < 0x7f {
			i++
			continue
		}
		r, size := utf8.DecodeRune(raw[i:])
		if invalid := r == utf8.RuneError && size == 1; invalid || hidden(r) {
			dst = append(dst, raw[start:i]...)
			dst = appendUnit(dst, r)
			start = i + size
		}
		i += size
	}
	return append(dst, raw[start:]...)
}

// AppendJSONLine is AppendJSON for one line: line ends and tabs, which valid JSON has
// only between its tokens, are left out.
func AppendJSONLine(dst, raw []byte) []byte {
	n := len(dst)
	dst = AppendJSON(dst, raw)
	line := dst[:n]
	for _, c := range dst[n:] {
		if c >= ' ' {
			line = append(line, c)
		}
	}
	return line
}

func appendUnit(dst []byte, r rune) []byte {
	if r < 0x10000 {
		return fmt.Appendf(dst, `\u%04x`, r)
	}
	r -= 0x10000
	return fmt.Appendf(dst, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
}
