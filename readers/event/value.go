package event

import (
	"bytes"
	"math"
	"net/netip"
	"strconv"
	"time"
	"unsafe"

	"github.com/valyala/fastjson"
)

// Value is one value of a field, coerced to the field's type.
type Value struct {
	// Type says which of the others is set: Keyword, Long, Double, Boolean, IP, Date,
	// DateNanos or Version.
	Type  Type
	Text  []byte     // Keyword, Version: the text
	Int   int64      // Long; Boolean: 0 or 1; Date: milliseconds since 1970; DateNanos: nanoseconds
	Float float64    // Double
	IP    netip.Addr // IP: without a zone, and IPv4 if it is IPv4-mapped
}

// Coercer makes Values of the values of documents. It belongs to one goroutine.
type Coercer struct {
	// Failed counts the values that could not be coerced to the type of their field:
	// they are missing for every rule.
	Failed int64
}

// CoerceDate is Coerce for a Date or DateNanos with a format of its own.
func (c *Coercer) CoerceDate(dst *Value, v Scalar, t Type, format *DateFormat) bool {
	at, ok := format.Parse(v.Text)
	*dst = Value{Type: t}
	if t == DateNanos {
		dst.Int, ok = nanos(at, ok)
	} else {
		dst.Int = at.UnixMilli()
	}
	if !ok && len(v.Text) > 0 {
		c.Failed++
	}
	return ok
}

// Coerce makes dst the value v as Elasticsearch's mapping of type t would index it. It
// reports false, and counts, when the mapping would refuse the value. The text of dst
// is that of v.
func (c *Coercer) Coerce(dst *Value, v Scalar, t Type) bool {
	switch t {
	case Unknown, GeoPoint, Object:
		t = natural(v)
	case Flattened:
		t = Keyword
	}
	*dst = Value{Type: t}
	text := v.Text
	ok := false
	switch t {
	case Keyword, Version:
		dst.Text, ok = text, true
	case Long:
		dst.Int, ok = ParseLong(text)
	case Number:
		ok = dst.setNumber(text)
	case Double:
		dst.Float, ok = ParseDouble(text)
	case Boolean:
		dst.Int, ok = parseBoolean(text)
	case IP:
		dst.IP, ok = ParseIP(text)
	case Date:
		dst.Int, ok = parseDate(text)
	case DateNanos:
		dst.Int, ok = nanos(ParseTime(text))
	}
	if !ok && len(text) > 0 { // "" is null for these types, not an error
		c.Failed++
	}
	return ok
}

// natural is the type of a value without a mapping.
func natural(v Scalar) Type {
	switch v.Type {
	case fastjson.TypeNumber:
		return Number
	case fastjson.TypeTrue, fastjson.TypeFalse:
		return Boolean
	}
	return Keyword
}

// parseDate reads a date as milliseconds. Numbers beyond the year 9999, which are no
// times, have an order all the same.
func parseDate(text []byte) (int64, bool) {
	if t, ok := ParseTime(text); ok {
		return t.UnixMilli(), true
	}
	return parseInt(text)
}

// nanos returns a time as Elasticsearch's date_nanos holds it: from 1970 until 64 bits end.
func nanos(t time.Time, ok bool) (int64, bool) {
	const last = 2262 // in its April
	n := t.UnixNano()
	return n, ok && t.Year() >= 1970 && t.Year() <= last && n >= 0
}

func (v *Value) setNumber(text []byte) bool {
	if n, ok := parseInt(text); ok {
		v.Type, v.Int = Long, n
		return true
	}
	f, ok := ParseDouble(text)
	v.Type, v.Float = Double, f
	return ok
}

// ParseLong reads an integer as Elasticsearch's long with coerce: a fraction is cut
// off. Spaces around it, which Elasticsearch refuses together with the document, are
// let through.
func ParseLong(text []byte) (int64, bool) {
	if n, ok := shortInt(text); ok {
		return n, true
	}
	text = bytes.TrimSpace(text)
	if n, ok := parseInt(text); ok {
		return n, true
	}
	f, ok := ParseDouble(text)
	if !ok || f >= math.MaxInt64 || f <= math.MinInt64 {
		return 0, false
	}
	return int64(f), true
}

func parseInt(text []byte) (int64, bool) {
	if n, ok := shortInt(text); ok {
		return n, true
	}
	n, err := strconv.ParseInt(view(text), 10, 64)
	return n, err == nil
}

// shortInt reads a number of a few digits, as ports and ids are.
func shortInt(text []byte) (n int64, ok bool) {
	const most = 18 // digits, which are less than 1<<63
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, len(text) > 0 && len(text) <= most
}

// ParseDouble reads a finite decimal number.
func ParseDouble(text []byte) (float64, bool) {
	text = bytes.TrimSpace(text)
	for _, ch := range text {
		// strconv knows more forms than JSON has: hexadecimal, underscores, names.
		if (ch < '0' || ch > '9') && ch != '.' && ch != '-' && ch != '+' && ch != 'e' && ch != 'E' {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(view(text), 64)
	return f, err == nil
}

func parseBoolean(text []byte) (int64, bool) {
	switch string(text) {
	case "true":
		return 1, true
	case "false", "":
		return 0, true
	}
	return 0, false
}

// ParseIP reads an address. A zone is dropped and an IPv4-mapped IPv6 address is the
// IPv4 address, as when Elasticsearch indexes it.
func ParseIP(text []byte) (netip.Addr, bool) {
	if addr, ok := parseIPv4(text); ok {
		return addr, true
	}
	if i := bytes.IndexByte(text, '%'); i >= 0 {
		text = text[:i]
	}
	if len(text) == 0 || len(text) > len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255") {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(view(text))
	return addr.Unmap(), err == nil
}

// parseIPv4 reads four decimal numbers without leading zeros; what it does not read may be
// an address all the same.
func parseIPv4(text []byte) (netip.Addr, bool) {
	var addr [4]byte
	part, value, digits := 0, 0, 0
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9' && (digits == 0 || value > 0) && digits < 3:
			value = value*10 + int(c-'0')
			digits++
		case c == '.' && digits > 0 && part < 3 && value <= 255:
			addr[part] = byte(value)
			part++
			value, digits = 0, 0
		default:
			return netip.Addr{}, false
		}
	}
	if part != 3 || digits == 0 || value > 255 {
		return netip.Addr{}, false
	}
	addr[3] = byte(value)
	return netip.AddrFrom4(addr), true
}

// view returns the bytes as a string without copying them. The string must not be kept.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
