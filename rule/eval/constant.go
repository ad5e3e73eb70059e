package eval

import (
	"bytes"
	"cmp"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"kscan/readers/event"
	"kscan/rule/eql"
)

// constant is a literal made ready for comparing with values of any type: a literal
// takes the type of the field, as in Elasticsearch. 10250, 10250.0 and "10250" are the
// same beside a long.
type constant struct {
	value event.Value // the literal's own type; Unknown for null
	// loose is set when the field has no type of its own: text that is compared with a
	// number is then read as one.
	loose bool

	numeric      bool // number holds the literal as a number
	number       event.Value
	boolean      int64 // 0, 1; -1 if the literal is no boolean
	addressed    bool  // the literal is an address or a block
	first, last  netip.Addr
	dated        bool  // the literal is a date: a whole day, if that is all it says
	from, to     int64 // in milliseconds
	precise      bool  // the literal is a time that has nanoseconds
	nanos        [2]int64
	versionParts version
}

// literalValue returns the value of a literal node, or of a literal with a sign.
func literalValue(e eql.Expr) (event.Value, bool) {
	switch e := e.(type) {
	case *eql.Null:
		return event.Value{}, true
	case *eql.Bool:
		return boolValue(e.Value), true
	case *eql.Int:
		return event.Value{Type: event.Long, Int: e.Value}, true
	case *eql.Float:
		return event.Value{Type: event.Double, Float: e.Value}, true
	case *eql.String:
		return event.Value{Type: event.Keyword, Text: []byte(e.Value)}, true
	}
	return event.Value{}, false
}

func boolValue(b bool) event.Value {
	v := event.Value{Type: event.Boolean}
	if b {
		v.Int = 1
	}
	return v
}

// constant returns a literal to compare a field with.
func (c *compiler) constant(f *eql.Field, v event.Value) *constant {
	k := newConstant(v)
	col := c.set.columns[c.column(f.Name)]
	k.loose = col.typ == event.Unknown
	if col.format != nil {
		if t, ok := col.format.Parse(k.value.Text); ok {
			k.from, k.to, k.dated = t.UnixMilli(), t.UnixMilli(), true
			k.nanos, k.precise = [2]int64{t.UnixNano(), t.UnixNano()}, true
		}
	}
	return k
}

func newConstant(v event.Value) *constant {
	text := appendText(nil, &v)
	k := &constant{value: v, boolean: -1}
	k.value.Text = text
	switch v.Type {
	case event.Long, event.Double:
		k.numeric, k.number = true, v
	case event.Boolean:
		k.boolean = v.Int
		return k
	case event.Keyword:
		k.numeric = setNumber(&k.number, text)
		k.boolean = slicesIndex(string(text), "false", "true")
		k.first, k.last, k.addressed = addressRange(string(text))
	}
	k.from, k.to, k.dated = dateRange(text)
	k.nanos, k.precise = nanoRange(text, k.from, k.to)
	k.versionParts = parseVersion(text)
	return k
}

func slicesIndex(s string, all ...string) int64 {
	for i, one := range all {
		if s == one {
			return int64(i)
		}
	}
	return -1
}

func setNumber(v *event.Value, text []byte) bool {
	if n, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		*v = event.Value{Type: event.Long, Int: n}
		return true
	}
	f, ok := event.ParseDouble(text)
	*v = event.Value{Type: event.Double, Float: f}
	return ok
}

// dateRange returns the first and last millisecond that a date literal stands for:
// what it leaves out is filled with the lowest and the highest value.
func dateRange(text []byte) (from, to int64, ok bool) {
	t, ok := event.ParseTime(text)
	if !ok {
		n, err := strconv.ParseInt(string(text), 10, 64)
		return n, n, err == nil
	}
	from = t.UnixMilli()
	clock := ""
	if i := bytes.IndexAny(text, "Tt "); i >= 0 {
		clock = strings.TrimRight(string(text[i+1:]), "Zz")
		if i := strings.IndexAny(clock, "+-"); i >= 0 {
			clock = clock[:i]
		}
	} else if len(text) > len("2006-01-02") || len(text) != 4 && bytes.IndexByte(text, '-') != 4 {
		return from, from, true // milliseconds since 1970
	}
	switch {
	case strings.ContainsAny(clock, ".,"):
		return from, from, true
	case strings.Count(clock, ":") == 2:
		return from, from + time.Second.Milliseconds() - 1, true
	case strings.Count(clock, ":") == 1:
		return from, from + time.Minute.Milliseconds() - 1, true
	case clock != "":
		return from, from + time.Hour.Milliseconds() - 1, true
	}
	return from, from + 24*time.Hour.Milliseconds() - 1, true
}

// nanoRange is dateRange in nanoseconds, for the years that have them. A number is all of
// its millisecond.
func nanoRange(text []byte, from, to int64) (nanos [2]int64, ok bool) {
	t, ok := event.ParseTime(text)
	first, last := time.Unix(0, math.MinInt64), time.Unix(0, math.MaxInt64)
	if !ok || t.Before(first) || time.UnixMilli(to+1).After(last) {
		return nanos, false
	}
	nanos = [2]int64{t.UnixNano(), t.UnixNano()}
	if from != to || bytes.IndexByte(text, ':') < 0 {
		nanos[1] = to*1e6 + 999_999
	}
	return nanos, true
}

// compare reports whether "v op k" holds. Values that cannot be compared make it false.
func (k *constant) compare(op eql.Op, v *event.Value) bool {
	if k.value.Type == event.Unknown {
		return false
	}
	switch v.Type {
	case event.Keyword:
		if k.loose && k.value.Type != event.Keyword {
			return k.compareLoose(op, v)
		}
		return holds(op, bytes.Compare(v.Text, k.value.Text))
	case event.Long, event.Double:
		return k.numeric && compareNumbers(op, v, &k.number)
	case event.Boolean:
		return k.boolean >= 0 && holds(op, cmp.Compare(v.Int, k.boolean))
	case event.IP:
		return k.addressed && inRange(op, v.IP.Compare(k.first), v.IP.Compare(k.last))
	case event.Date:
		return k.dated && inRange(op, cmp.Compare(v.Int, k.from), cmp.Compare(v.Int, k.to))
	case event.DateNanos:
		if !k.precise { // a date before or after all that have nanoseconds
			return k.dated && holds(op, cmp.Compare(v.Int/1e6, k.from))
		}
		return inRange(op, cmp.Compare(v.Int, k.nanos[0]), cmp.Compare(v.Int, k.nanos[1]))
	case event.Version:
		return holds(op, parseVersion(v.Text).compare(k.versionParts))
	}
	return false
}

// compareLoose compares text without a mapping with a number or boolean.
func (k *constant) compareLoose(op eql.Op, v *event.Value) bool {
	var number event.Value
	if k.numeric && setNumber(&number, v.Text) {
		return compareNumbers(op, &number, &k.number)
	}
	return op == eql.Eq && bytes.Equal(v.Text, k.value.Text)
}

// holds reports whether an operator accepts a three-way comparison.
func holds(op eql.Op, order int) bool {
	switch op {
	case eql.Eq:
		return order == 0
	case eql.Lt:
		return order < 0
	case eql.Le:
		return order <= 0
	case eql.Gt:
		return order > 0
	case eql.Ge:
		return order >= 0
	}
	return false
}

// inRange compares with a range: equal is inside it, less is before its first.
func inRange(op eql.Op, first, last int) bool {
	switch op {
	case eql.Eq:
		return first >= 0 && last <= 0
	case eql.Lt, eql.Ge:
		return holds(op, first)
	}
	return holds(op, last)
}

// compareNumbers compares two numbers: integers exactly; NaN, which only arithmetic
// makes, is greater than all others, as Java's Double.compare has it.
func compareNumbers(op eql.Op, a, b *event.Value) bool {
	if a.Type == event.Long && b.Type == event.Long {
		return holds(op, cmp.Compare(a.Int, b.Int))
	}
	x, y := toFloat(a), toFloat(b)
	order := cmp.Compare(x, y)
	if math.IsNaN(x) != math.IsNaN(y) {
		order = -order // cmp puts it first
	}
	return holds(op, order)
}

func toFloat(v *event.Value) float64 {
	if v.Type == event.Long {
		return float64(v.Int)
	}
	return v.Float
}

// appendText appends the text of a value as Elasticsearch's string function gives it.
func appendText(dst []byte, v *event.Value) []byte {
	switch v.Type {
	case event.Keyword, event.Version:
		return append(dst, v.Text...)
	case event.Long:
		return strconv.AppendInt(dst, v.Int, 10)
	case event.Double:
		return appendDouble(dst, v.Float)
	case event.Boolean:
		return strconv.AppendBool(dst, v.Int != 0)
	case event.IP:
		return v.IP.AppendTo(dst)
	case event.Date, event.DateNanos:
		return v.AppendDate(dst)
	}
	return dst
}

// appendDouble writes a number as Java does: with a point always, and in scientific
// notation below 1e-3 and from 1e7.
func appendDouble(dst []byte, f float64) []byte {
	if math.IsInf(f, 0) {
		if f < 0 {
			dst = append(dst, '-')
		}
		return append(dst, "Infinity"...)
	}
	size := math.Abs(f)
	if size == 0 || size >= 1e-3 && size < 1e7 {
		n := len(dst)
		dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
		if bytes.IndexByte(dst[n:], '.') < 0 {
			dst = append(dst, ".0"...)
		}
		return dst
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'E', -1, 64), "E")
	dst = append(dst, mantissa...)
	if !strings.Contains(mantissa, ".") {
		dst = append(dst, ".0"...)
	}
	n, _ := strconv.Atoi(exponent)
	return strconv.AppendInt(append(dst, 'E'), int64(n), 10)
}
