package event

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/valyala/fastjson"
)

// AppendJSON appends the document to dst as one line of valid JSON in UTF-8, whatever
// the evidence held: bytes that are not UTF-8 become U+FFFD, numbers that JSON does not
// have become strings, and control characters, line separators and marks that reorder
// text are escaped, so that a terminal shows the line as it is. A key that occurs twice
// is written twice. Fields that only Event.Fields has follow those of the document,
// under their dotted names.
func (e *Event) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	n := len(dst)
	var skip func(string) bool
	if e.Fields != nil {
		skip = e.covered
	}
	if e.Doc != nil && e.Doc.Type() == fastjson.TypeObject {
		dst = appendMembers(dst, e.Doc.GetObject(), skip, 0)
	}
	if e.Fields == nil || e.Fields.Type() != fastjson.TypeObject {
		return append(dst, '}')
	}
	more := appendMembers(append(dst, ','), e.Fields.GetObject(), e.has, 0)
	switch {
	case len(more) == len(dst)+1: // nothing but the comma
		more = more[:len(dst)]
	case len(dst) == n: // nothing before the comma
		more = append(more[:n], more[n+1:]...)
	}
	return append(more, '}')
}

// AppendJSON appends the value as JSON, with the same care: a number as a number, an
// address and a date as text, and null for the zero Value.
func (v *Value) AppendJSON(dst []byte) []byte {
	switch v.Type {
	case Keyword, Version:
		return appendString(dst, v.Text)
	case Long:
		return strconv.AppendInt(dst, v.Int, 10)
	case Double:
		if math.IsInf(v.Float, 0) || math.IsNaN(v.Float) {
			return append(dst, "null"...)
		}
		return strconv.AppendFloat(dst, v.Float, 'g', -1, 64)
	case Boolean:
		return strconv.AppendBool(dst, v.Int != 0)
	case IP:
		return append(v.IP.AppendTo(append(dst, '"')), '"')
	case Date, DateNanos:
		return append(v.AppendDate(append(dst, '"')), '"')
	}
	return append(dst, "null"...)
}

// AppendDate appends a Date or DateNanos as Elasticsearch writes it: with milliseconds, and
// with as many more digits as nanoseconds need.
func (v *Value) AppendDate(dst []byte) []byte {
	if v.Type == Date {
		return time.UnixMilli(v.Int).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
	}
	dst = time.Unix(0, v.Int).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000000")
	for millis := len(dst) - 6; len(dst) > millis && dst[len(dst)-1] == '0'; {
		dst = dst[:len(dst)-1]
	}
	return append(dst, 'Z')
}

// has reports whether the document itself has a value, or an object, for a dotted name.
func (e *Event) has(name string) bool {
	if v := e.Doc.Get(name); v != nil && v.Type() == fastjson.TypeObject {
		return true
	}
	return len(NewPath(name).Append(nil, &Event{Doc: e.Doc})) > 0
}

// covered reports whether Fields has the value that the document leaves empty.
func (e *Event) covered(name string) bool {
	return e.Fields.Get(name) != nil && !e.has(name)
}

// appendMembers appends the members of an object for which skip is false.
func appendMembers(dst []byte, o *fastjson.Object, skip func(string) bool, level int) []byte {
	first := true
	o.Visit(func(key []byte, v *fastjson.Value) {
		if skip != nil && skip(string(key)) {
			return
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = appendString(dst, key)
		dst = append(dst, ':')
		dst = appendValue(dst, v, level+1)
	})
	return dst
}

// appendValue appends a value; below maxDepth, which no decoder lets through, null.
func appendValue(dst []byte, v *fastjson.Value, level int) []byte {
	if v == nil || level > maxDepth {
		return append(dst, "null"...)
	}
	switch v.Type() {
	case fastjson.TypeString:
		return appendString(dst, v.GetStringBytes())
	case fastjson.TypeNumber:
		n := len(dst)
		dst = v.MarshalTo(dst)
		if !validNumber(dst[n:]) {
			text := string(dst[n:])
			return appendString(dst[:n], []byte(text))
		}
		return dst
	case fastjson.TypeObject:
		dst = append(dst, '{')
		dst = appendMembers(dst, v.GetObject(), nil, level)
		return append(dst, '}')
	case fastjson.TypeArray:
		dst = append(dst, '[')
		for i, element := range v.GetArray() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendValue(dst, element, level+1)
		}
		return append(dst, ']')
	}
	return v.MarshalTo(dst) // null, true or false
}

func appendNumber(dst, text []byte) []byte {
	if validNumber(text) {
		return append(dst, text...)
	}
	return appendString(dst, text)
}

// validNumber reports whether text is a number in the grammar of JSON.
func validNumber(text []byte) bool {
	s := strings.TrimPrefix(string(text), "-")
	whole := leadingDigits(s)
	if whole == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	s = s[whole:]
	if strings.HasPrefix(s, ".") {
		n := leadingDigits(s[1:])
		if n == 0 {
			return false
		}
		s = s[1+n:]
	}
	if s == "" {
		return true
	}
	if s[0] != 'e' && s[0] != 'E' {
		return false
	}
	s = s[1:]
	if strings.HasPrefix(s, "+") || strings.HasPrefix(s, "-") {
		s = s[1:]
	}
	return s != "" && leadingDigits(s) == len(s)
}

func leadingDigits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

const hexDigits = "0123456789abcdef"

func appendString(dst, s []byte) []byte {
	dst = append(dst, '"')
	for len(s) > 0 {
		if n := plain(s); n > 0 {
			dst, s = append(dst, s[:n]...), s[n:]
			continue
		}
		r, size := utf8.DecodeRune(s)
		s = s[size:]
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == utf8.RuneError && size == 1:
			dst = append(dst, "\uFFFD"...)
		case unsafeToShow(r):
			dst = append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

// plain returns how many bytes of s, from its start, JSON writes as they are.
func plain(s []byte) int {
	i := 0
	for i+8 <= len(s) && plain8(binary.LittleEndian.Uint64(s[i:])) {
		i += 8
	}
	for ; i < len(s); i++ {
		if ch := s[i]; ch < ' ' || ch == '"' || ch == '\\' || ch >= 0x7F {
			return i
		}
	}
	return i
}

// plain8 reports whether JSON writes eight bytes as they are. Each term has the high bit
// of a byte set if the byte is one that is not: the first of them in any case, those in
// front of it perhaps.
func plain8(w uint64) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quotes, slashes := w^ones*'"', w^ones*'\\'
	return (w|(w-ones*' ')|(w+ones)|(quotes-ones)|(slashes-ones))&highs == 0
}

// unsafeToShow reports whether a character could drive a terminal or hide what is in
// the text: controls, line and paragraph separators, and marks of direction. All are
// in the basic plane, so one \u escape writes them.
func unsafeToShow(r rune) bool {
	switch {
	case r < ' ', r >= 0x7F && r <= 0x9F:
		return true
	case r == 0x061C, r == 0x200E, r == 0x200F, r >= 0x2028 && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return false
}
