package event

import (
	"bytes"
	"slices"
	"time"

	"github.com/valyala/fastjson"
)

// Time returns @timestamp with the precision that the document has, in UTC, and whether
// it has a usable one: of several values the first that is a date. An audit event of the
// Kubernetes API as the API server writes it has none; its time is that of its request.
func (e *Event) Time() (time.Time, bool) {
	if e.Found != nil {
		return e.Found.time()
	}
	if t, ok := memberTime(e.Doc, timeFields[slotTimestamp]); ok {
		return t, true
	}
	if t, ok := memberTime(e.Fields, timeFields[slotTimestamp]); ok {
		return t, true
	}
	if !isKubernetes(e.Doc) {
		return time.Time{}, false
	}
	return memberTime(e.Doc, timeFields[slotRequestTime])
}

// IsKubernetesAudit reports whether the event is an audit event of the Kubernetes API, as the
// API server writes them.
func (e *Event) IsKubernetesAudit() bool {
	if e.Found != nil {
		return slices.ContainsFunc(e.Found.values[slotVersion], isKubernetesVersion)
	}
	return isKubernetes(e.Doc)
}

// time is Event.Time.
func (r *Found) time() (time.Time, bool) {
	if r.dated {
		return r.at, true
	}
	if t, ok := firstTime(r.values[slotTimestamp]); ok {
		return t, true
	}
	if !slices.ContainsFunc(r.values[slotVersion], isKubernetesVersion) {
		return time.Time{}, false
	}
	return firstTime(r.values[slotRequestTime])
}

func firstTime(values []Scalar) (time.Time, bool) {
	for _, v := range values {
		if t, ok := scalarTime(v); ok {
			return t, true
		}
	}
	return time.Time{}, false
}

// isKubernetesVersion reports whether a version is that of an audit event of the Kubernetes
// API.
func isKubernetesVersion(v Scalar) bool {
	return v.Type == fastjson.TypeString && bytes.HasPrefix(v.Text, []byte("audit.k8s.io/"))
}

func isKubernetes(doc *fastjson.Value) (is bool) {
	doc.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		is = is || string(key) == timeFields[slotVersion] && someVersion(v, 0)
	})
	return is
}

func someVersion(v *fastjson.Value, level int) bool {
	if v.Type() != fastjson.TypeArray {
		return v.Type() == fastjson.TypeString && isKubernetesVersion(ScalarOf(v))
	}
	return level < maxDepth && slices.ContainsFunc(v.GetArray(), func(v *fastjson.Value) bool { return someVersion(v, level+1) })
}

// memberTime returns the first value of a member of an object that is a date.
func memberTime(doc *fastjson.Value, name string) (t time.Time, ok bool) {
	doc.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		if !ok && string(key) == name {
			t, ok = valueTime(v, 0)
		}
	})
	return t, ok
}

func valueTime(v *fastjson.Value, level int) (time.Time, bool) {
	if level > maxDepth {
		return time.Time{}, false
	}
	switch v.Type() {
	case fastjson.TypeArray:
		for _, element := range v.GetArray() {
			if t, ok := valueTime(element, level+1); ok {
				return t, true
			}
		}
	case fastjson.TypeString:
		return ParseTime(v.GetStringBytes())
	case fastjson.TypeNumber:
		var buf [32]byte
		return ParseTime(v.MarshalTo(buf[:0]))
	}
	return time.Time{}, false
}

func scalarTime(v Scalar) (time.Time, bool) {
	if v.Type != fastjson.TypeString && v.Type != fastjson.TypeNumber {
		return time.Time{}, false
	}
	return ParseTime(v.Text)
}

// ParseTime reads a date as Elasticsearch does by default: strict_date_optional_time
// (a year, then as much of month, day, "T", hour, minute, second and fraction as there
// is, then Z or an offset, UTC if neither), else milliseconds since 1970. So "2020" is
// a year. More lenient than Elasticsearch, which would not have taken the document, it
// accepts a space for the "T" and lower case.
func ParseTime(s []byte) (time.Time, bool) {
	if t, ok := parseUTC(s); ok {
		return t, true
	}
	if t, ok := parseISO(s); ok {
		return t, true
	}
	return parseMillis(s)
}

// parseUTC reads the form that most logs have, 2006-01-02T15:04:05.999999999Z with any number
// of digits of the fraction up to nine. What it does not read may be a date all the same.
func parseUTC(s []byte) (time.Time, bool) {
	const seconds, most = len("2006-01-02T15:04:05"), len("2006-01-02T15:04:05.999999999Z")
	n := len(s) - 1
	if n < seconds || n >= most || s[n] != 'Z' || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return time.Time{}, false
	}
	year, month, day := twoDigits(s)*100+twoDigits(s[2:]), twoDigits(s[5:]), twoDigits(s[8:])
	hour, minute, second := twoDigits(s[11:]), twoDigits(s[14:]), twoDigits(s[17:])
	// A year below zero is one that has no digits.
	if year < 0 || month < 1 || month > 12 || day < 1 || day > daysIn(month, year) || hour < 0 || hour > 23 ||
		minute < 0 || minute > 59 || second < 0 || second > 59 {
		return time.Time{}, false
	}
	nanos := int64(0)
	if n > seconds {
		digits := s[seconds+1 : n]
		var ok bool
		if nanos, ok = shortInt(digits); !ok || s[seconds] != '.' {
			return time.Time{}, false
		}
		for range 9 - len(digits) {
			nanos *= 10
		}
	}
	of := int64(daysBefore(year, month)+day-1)*86400 + int64(hour*3600+minute*60+second)
	return time.Unix(of, nanos).UTC(), true
}

// twoDigits returns the value of two digits, a number below zero that stays below when it is
// multiplied and another is added if they are none.
func twoDigits(s []byte) int {
	high, low := s[0]-'0', s[1]-'0'
	if high > 9 || low > 9 {
		return -1 << 20
	}
	return int(high)*10 + int(low)
}

// daysBefore returns how many days lie between the first of 1970 and the first of a month.
func daysBefore(year, month int) int {
	// Counted from March on, a leap day is the last of its year, and the months before a
	// month have a number of days that is linear but for rounding.
	if month <= 2 {
		year, month = year-1, month+12
	}
	const toEpoch = 719468 // from March of the year 0 to 1970
	return year*365 + floorDiv(year, 4) - floorDiv(year, 100) + floorDiv(year, 400) + (153*(month-3)+2)/5 - toEpoch
}

// floorDiv divides and rounds down, also below zero.
func floorDiv(a, b int) int {
	if a < 0 {
		return -1 - (-1-a)/b
	}
	return a / b
}

// clock reads the parts of a date from the left; it fails for good at the first part
// that is not what it must be.
type clock struct {
	rest   []byte
	failed bool
}

// digits reads exactly n digits whose value is in [low, high].
func (c *clock) digits(n, low, high int) int {
	if len(c.rest) < n {
		c.failed = true
		return low
	}
	v := 0
	for _, ch := range c.rest[:n] {
		if ch < '0' || ch > '9' {
			c.failed = true
			return low
		}
		v = v*10 + int(ch-'0')
	}
	c.rest = c.rest[n:]
	if v < low || v > high {
		c.failed = true
	}
	return v
}

// skip reads one byte if it is one of chars.
func (c *clock) skip(chars string) bool {
	if len(c.rest) == 0 || c.failed {
		return false
	}
	for i := range len(chars) {
		if c.rest[0] == chars[i] {
			c.rest = c.rest[1:]
			return true
		}
	}
	return false
}

func parseISO(s []byte) (time.Time, bool) {
	c := clock{rest: s}
	year, month, day := c.digits(4, 0, 9999), 1, 1
	var hour, minute, second, nanos, offset int
	if c.skip("-") {
		month = c.digits(2, 1, 12)
		if c.skip("-") {
			day = c.digits(2, 1, daysIn(month, year))
		}
	}
	if c.skip("Tt ") && len(c.rest) > 0 {
		hour = c.digits(2, 0, 23)
		if c.skip(":") {
			minute = c.digits(2, 0, 59)
			if c.skip(":") {
				second = c.digits(2, 0, 59)
				if c.skip(".,") {
					nanos = c.fraction()
				}
			}
		}
		offset = c.zone()
	}
	if c.failed || len(c.rest) > 0 {
		return time.Time{}, false
	}
	return time.Date(year, time.Month(month), day, hour, minute, second-offset, nanos, time.UTC), true
}

// fraction reads 1 to 9 digits and returns nanoseconds.
func (c *clock) fraction() int {
	nanos, n := 0, 0
	for ; n < len(c.rest) && c.rest[n] >= '0' && c.rest[n] <= '9'; n++ {
		if n < 9 {
			nanos = nanos*10 + int(c.rest[n]-'0')
		}
	}
	c.failed = c.failed || n == 0 || n > 9
	c.rest = c.rest[n:]
	for ; n < 9; n++ {
		nanos *= 10
	}
	return nanos
}

// zone reads "", "Z", "+hh", "+hhmm" or "+hh:mm" and returns seconds east of UTC.
func (c *clock) zone() int {
	if len(c.rest) == 0 || c.skip("Zz") {
		return 0
	}
	sign := 1
	if c.rest[0] == '-' {
		sign = -1
	}
	if !c.skip("+-") {
		c.failed = true
		return 0
	}
	seconds := c.digits(2, 0, 18) * 3600
	if c.skip(":") || len(c.rest) > 0 {
		seconds += c.digits(2, 0, 59) * 60
	}
	return sign * seconds
}

func daysIn(month, year int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// maxMillis is the last millisecond of the year 9999: later ones are not log times.
const maxMillis = 253402300799999

// parseMillis reads milliseconds since 1970, which may have a fraction.
func parseMillis(s []byte) (time.Time, bool) {
	whole, fraction, _ := bytes.Cut(s, []byte{'.'})
	if millis, ok := parseInt(whole); ok && millis <= maxMillis && millis >= -maxMillis {
		c := clock{rest: fraction}
		nanos := 0
		if len(fraction) > 0 {
			nanos = c.fraction() / 1000
		}
		if whole[0] == '-' {
			nanos = -nanos
		}
		if !c.failed && len(c.rest) == 0 {
			return time.UnixMilli(millis).Add(time.Duration(nanos)).UTC(), true
		}
	}
	// A number may come in another form: 1.75e12.
	f, ok := ParseDouble(s)
	if !ok || f > maxMillis || f < -maxMillis {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(f)).UTC(), true
}
