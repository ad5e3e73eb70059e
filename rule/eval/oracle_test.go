package eval

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"kscan/readers/event"
	"kscan/rule/eql"
)

// The oracle evaluates a tree as docs and tests of Elasticsearch describe it: naively,
// walking the tree for each combination of field values, and sharing no code with the
// compiler but the reading of numbers, dates and addresses.

type oracle struct {
	event *event.Event
	types func(string) (event.Type, bool)
}

type tri int

const (
	null tri = iota
	no
	yes
)

func triOf(b bool) tri {
	if b {
		return yes
	}
	return no
}

func (x tri) not() tri {
	switch x {
	case yes:
		return no
	case no:
		return yes
	}
	return null
}

type binding map[string]event.Value

// cond evaluates a condition: three-valued connectives over predicates, which are
// plainly true or false as soon as they read a field.
func (o *oracle) cond(e eql.Expr) tri {
	switch e := e.(type) {
	case *eql.Unary:
		if e.Op == eql.Not {
			return o.cond(e.X).not()
		}
	case *eql.Binary:
		if x, want, ok := testedForTruth(e); ok {
			if got := o.cond(x); want {
				return got
			} else {
				return got.not()
			}
		}
		switch e.Op {
		case eql.And:
			return min3(o.cond(e.X), o.cond(e.Y))
		case eql.Or:
			return min3(o.cond(e.X).not(), o.cond(e.Y).not()).not()
		case eql.Ne:
			return o.cond(&eql.Binary{Op: eql.Eq, X: e.X, Y: e.Y}).not()
		}
	case *eql.In:
		if e.Not {
			return o.cond(&eql.In{X: e.X, List: e.List, Fold: e.Fold}).not()
		}
	}
	var fields []string
	walk(e, func(e eql.Expr) {
		if f, ok := e.(*eql.Field); ok {
			fields = append(fields, f.Name)
		}
	})
	if len(fields) == 0 {
		return truth(o.value(e, nil))
	}
	return triOf(o.exists(e, fields, binding{}))
}

// testedForTruth opens comparisons of an operation on fields with true and false, which
// Elasticsearch's optimizer removes: x == false is not x, also where x is null.
func testedForTruth(e *eql.Binary) (x eql.Expr, want, ok bool) {
	literal, x := e.Y, e.X
	if _, ok := x.(*eql.Bool); ok {
		literal, x = e.X, e.Y
	}
	b, ok := literal.(*eql.Bool)
	if !ok || e.Op != eql.Eq && e.Op != eql.Ne {
		return nil, false, false
	}
	reads := false
	walk(x, func(e eql.Expr) {
		_, is := e.(*eql.Field)
		reads = reads || is
	})
	switch x := x.(type) {
	case *eql.Unary:
		ok = x.Op == eql.Not
	case *eql.Binary:
		ok = !slices.Contains([]eql.Op{eql.Add, eql.Sub, eql.Mul, eql.Div, eql.Mod}, x.Op)
	case *eql.In, *eql.Match:
	case *eql.Call:
		ok = slices.Contains([]string{"cidrMatch", "startsWith", "endsWith", "stringContains"}, x.Func)
	default:
		ok = false
	}
	return x, b.Value == (e.Op == eql.Eq), ok && reads
}

func min3(a, b tri) tri {
	switch {
	case a == no || b == no:
		return no
	case a == null || b == null:
		return null
	}
	return yes
}

func truth(v event.Value) tri {
	if v.Type != event.Boolean {
		return null
	}
	return triOf(v.Int == 1)
}

func (o *oracle) exists(e eql.Expr, fields []string, b binding) bool {
	if len(fields) == 0 {
		if f, ok := e.(*eql.Field); ok {
			e = &eql.Binary{Op: eql.Eq, X: f, Y: &eql.Bool{Value: true}}
		}
		return truth(o.value(e, b)) == yes
	}
	name := fields[0]
	if _, ok := b[name]; ok {
		return o.exists(e, fields[1:], b)
	}
	defer delete(b, name)
	values := o.values(name)
	if len(values) == 0 {
		values = append(values, event.Value{})
	}
	for _, v := range values {
		b[name] = v
		if o.exists(e, fields[1:], b) {
			return true
		}
	}
	return false
}

func (o *oracle) values(name string) []event.Value {
	typ, _ := o.types(name)
	var out []event.Value
	for _, j := range event.NewPath(name).Append(nil, o.event) {
		var c event.Coercer
		var v event.Value
		if c.Coerce(&v, event.ScalarOf(j), typ) {
			out = append(out, v)
		}
	}
	return out
}

func (o *oracle) value(e eql.Expr, b binding) event.Value {
	switch e := e.(type) {
	case *eql.Null:
		return event.Value{}
	case *eql.Bool:
		return boolValue(e.Value)
	case *eql.Int:
		return event.Value{Type: event.Long, Int: e.Value}
	case *eql.Float:
		return event.Value{Type: event.Double, Float: e.Value}
	case *eql.String:
		return textValue([]byte(e.Value))
	case *eql.Field:
		return b[e.Name]
	case *eql.Unary:
		v := o.value(e.X, b)
		switch {
		case e.Op == eql.Not:
			return fromTri(truth(v).not())
		case v.Type == event.Long:
			return event.Value{Type: event.Long, Int: -v.Int}
		case v.Type == event.Double:
			return event.Value{Type: event.Double, Float: -v.Float}
		}
		return event.Value{}
	case *eql.Binary:
		return o.binary(e, b)
	case *eql.In:
		return o.in(e, b)
	case *eql.Match:
		return o.match(e, b)
	case *eql.Call:
		return o.call(e, b)
	}
	panic("unknown node")
}

func fromTri(x tri) event.Value {
	if x == null {
		return event.Value{}
	}
	return boolValue(x == yes)
}

func (o *oracle) binary(e *eql.Binary, b binding) event.Value {
	x, y := o.value(e.X, b), o.value(e.Y, b)
	switch e.Op {
	case eql.And:
		return fromTri(min3(truth(x), truth(y)))
	case eql.Or:
		return fromTri(min3(truth(x).not(), truth(y).not()).not())
	case eql.Add, eql.Sub, eql.Mul, eql.Div, eql.Mod:
		return calculate(string(e.Op), x, y)
	}
	_, nullX := e.X.(*eql.Null)
	_, nullY := e.Y.(*eql.Null)
	if (nullX || nullY) && (e.Op == eql.Eq || e.Op == eql.Ne) {
		return boolValue((x.Type == 0 && y.Type == 0) == (e.Op == eql.Eq))
	}
	return fromTri(o.compare(string(e.Op), e.X, e.Y, x, y))
}

// compare orders x and y; a literal beside a field is read as the type of the value.
func (o *oracle) compare(op string, ex, ey eql.Expr, x, y event.Value) tri {
	if x.Type == 0 || y.Type == 0 {
		return null
	}
	fx, isX := ex.(*eql.Field)
	_, isY := ey.(*eql.Field)
	isX, isY = isX && !hasField(ey), isY && !hasField(ex)
	if isY && !isX {
		return o.compare(map[string]string{"<": ">", ">": "<", "<=": ">=", ">=": "<="}[op]+map[string]string{"==": "==", "!=": "!="}[op], ey, ex, y, x)
	}
	if isX {
		typ, _ := o.types(fx.Name)
		if typ == event.Unknown && x.Type == event.Keyword && y.Type != event.Keyword {
			// Without a mapping, text beside a number is read as one.
			f, err := strconv.ParseFloat(string(x.Text), 64)
			if err != nil || y.Type == event.Boolean {
				equal := string(x.Text) == describe(y)
				return triOf(op == "==" && equal || op == "!=" && !equal)
			}
			x = event.Value{Type: event.Double, Float: f}
		}
		low, high, ok := literalAs(x.Type, y)
		switch {
		case !ok:
			return triOf(op == "!=")
		case op == "==":
			return triOf(order(x, low) >= 0 && order(x, high) <= 0)
		case op == "!=":
			return triOf(order(x, low) < 0 || order(x, high) > 0)
		case op == "<":
			return triOf(order(x, low) < 0)
		case op == "<=":
			return triOf(order(x, high) <= 0)
		case op == ">":
			return triOf(order(x, high) > 0)
		}
		return triOf(order(x, low) >= 0)
	}
	if x.Type == event.Long && y.Type == event.Double || x.Type == event.Double && y.Type == event.Long {
		x, y = asDouble(x), asDouble(y)
	}
	if x.Type != y.Type {
		switch op {
		case "==":
			return no
		case "!=":
			return yes
		}
		return null
	}
	c := order(x, y)
	return triOf(map[string]bool{"==": c == 0, "!=": c != 0, "<": c < 0, "<=": c <= 0, ">": c > 0, ">=": c >= 0}[op])
}

func asDouble(v event.Value) event.Value {
	if v.Type == event.Long {
		return event.Value{Type: event.Double, Float: float64(v.Int)}
	}
	return v
}

func order(a, b event.Value) int {
	if a.Type == event.Long && b.Type == event.Double || a.Type == event.Double && b.Type == event.Long {
		a, b = asDouble(a), asDouble(b)
	}
	less, more := false, false
	switch a.Type {
	case event.Keyword:
		less, more = string(a.Text) < string(b.Text), string(a.Text) > string(b.Text)
	case event.Long, event.Boolean, event.Date:
		less, more = a.Int < b.Int, a.Int > b.Int
	case event.Double:
		nanA, nanB := math.IsNaN(a.Float), math.IsNaN(b.Float)
		less, more = a.Float < b.Float || !nanA && nanB, a.Float > b.Float || nanA && !nanB
	case event.IP:
		less, more = a.IP.Less(b.IP), b.IP.Less(a.IP)
	}
	switch {
	case less:
		return -1
	case more:
		return 1
	}
	return 0
}

// literalAs reads a literal as a type: the first and last value that it stands for.
func literalAs(typ event.Type, v event.Value) (low, high event.Value, ok bool) {
	text := describe(v)
	switch typ {
	case event.Keyword:
		low = textValue([]byte(text))
		return low, low, true
	case event.Long, event.Double:
		if v.Type == event.Boolean {
			return low, low, false
		}
		if v.Type == event.Keyword {
			f, err := strconv.ParseFloat(text, 64)
			v = event.Value{Type: event.Double, Float: f}
			return v, v, err == nil
		}
		return v, v, true
	case event.Boolean:
		low = boolValue(text == "true")
		return low, low, text == "true" || text == "false"
	case event.IP:
		if p, err := netip.ParsePrefix(text); err == nil {
			raw := p.Masked().Addr().AsSlice()
			for i := p.Bits(); i < len(raw)*8; i++ {
				raw[i/8] |= 1 << (7 - i%8)
			}
			last, _ := netip.AddrFromSlice(raw)
			return event.Value{Type: typ, IP: p.Masked().Addr()}, event.Value{Type: typ, IP: last}, true
		}
		a, err := netip.ParseAddr(text)
		low = event.Value{Type: typ, IP: a}
		return low, low, err == nil
	case event.Date:
		t, ok := event.ParseTime([]byte(text))
		low, high = event.Value{Type: typ, Int: t.UnixMilli()}, event.Value{Type: typ, Int: t.UnixMilli()}
		if len(text) == len("2026-11-23") && strings.Count(text, "-") == 2 {
			high.Int += 86399999
		}
		return low, high, ok
	}
	return low, high, false
}

// describe is the string function.
func describe(v event.Value) string {
	switch v.Type {
	case event.Keyword:
		return string(v.Text)
	case event.Long:
		return strconv.FormatInt(v.Int, 10)
	case event.Double:
		s := strconv.FormatFloat(v.Float, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	case event.Boolean:
		return strconv.FormatBool(v.Int == 1)
	case event.IP:
		return v.IP.String()
	case event.Date:
		return string(appendText(nil, &v))
	}
	return ""
}

func calculate(op string, x, y event.Value) event.Value {
	number := func(v event.Value) bool { return v.Type == event.Long || v.Type == event.Double }
	if !number(x) || !number(y) {
		return event.Value{}
	}
	if x.Type == event.Long && y.Type == event.Long {
		if y.Int == 0 && (op == "/" || op == "%") {
			return event.Value{}
		}
		n := map[string]func() int64{
			"+": func() int64 { return x.Int + y.Int }, "-": func() int64 { return x.Int - y.Int }, "*": func() int64 { return x.Int * y.Int },
			"/": func() int64 { return x.Int / y.Int }, "%": func() int64 { return x.Int % y.Int },
		}[op]()
		return event.Value{Type: event.Long, Int: n}
	}
	a, b := asDouble(x).Float, asDouble(y).Float
	f := map[string]float64{"+": a + b, "-": a - b, "*": a * b, "/": a / b, "%": math.Mod(a, b)}[op]
	return event.Value{Type: event.Double, Float: f}
}

func (o *oracle) in(e *eql.In, b binding) event.Value {
	x := o.value(e.X, b)
	if x.Type == 0 {
		return x
	}
	out := no
	for _, m := range e.List {
		y := o.value(m, b)
		equal := o.compare("==", e.X, m, x, y)
		if e.Fold && x.Type == event.Keyword && (y.Type == event.Keyword || isFieldExpr(e.X) && y.Type != 0) {
			equal = triOf(equal == yes || lowerASCII(string(x.Text)) == lowerASCII(describe(y)))
		}
		if equal == yes {
			out = yes
			break
		}
		if equal == null {
			out = null
		}
	}
	if e.Not {
		out = out.not()
	}
	return fromTri(out)
}

func isFieldExpr(e eql.Expr) bool { _, ok := e.(*eql.Field); return ok }

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func (o *oracle) match(e *eql.Match, b binding) event.Value {
	x := o.value(e.X, b)
	if x.Type == 0 {
		return x
	}
	for _, p := range e.Patterns {
		pattern, text := describe(o.value(p, nil)), describe(x)
		if e.Op != eql.Like && e.Op != eql.Regex {
			pattern, text = lowerASCII(pattern), lowerASCII(text)
		}
		if (e.Op == eql.Like || e.Op == eql.LikeFold || e.Op == eql.Colon) && naiveWildcard(pattern, text) {
			return boolValue(true)
		}
		if (e.Op == eql.Regex || e.Op == eql.RegexFold) && naiveRegex(pattern, text) {
			return boolValue(true)
		}
	}
	return boolValue(false)
}

// naiveRegex knows ".*", "." and ordinary characters: enough for random queries.
func naiveRegex(pattern, text string) bool {
	return naiveWildcard(strings.NewReplacer(".*", "*", ".", "?").Replace(pattern), text)
}

func (o *oracle) call(e *eql.Call, b binding) event.Value {
	var args []event.Value
	for _, a := range e.Args {
		args = append(args, o.value(a, b))
	}
	arg := func(i int) event.Value {
		if i < len(args) {
			return args[i]
		}
		return event.Value{}
	}
	text := func(i int) string {
		s := describe(arg(i))
		if e.Fold {
			s = strings.ToLower(s)
		}
		return s
	}
	for i, a := range args {
		if optional := i == 2 && (e.Func == "indexOf" || e.Func == "substring") || i == 1 && (e.Func == "number" || e.Func == "substring"); a.Type == 0 && !optional {
			return event.Value{}
		}
	}
	for i := range args {
		if wantsText(e.Func, i) && args[i].Type != event.Keyword && args[i].Type != event.IP && args[i].Type != event.Date {
			return event.Value{}
		}
	}
	long := func(n int) event.Value { return event.Value{Type: event.Long, Int: int64(n)} }
	str := func(s string) event.Value { return textValue([]byte(s)) }
	switch e.Func {
	case "add", "subtract", "multiply", "divide", "modulo":
		op := map[string]string{"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "modulo": "%"}[e.Func]
		return calculate(op, args[0], args[1])
	case "startsWith":
		return boolValue(strings.HasPrefix(text(0), text(1)))
	case "endsWith":
		return boolValue(strings.HasSuffix(text(0), text(1)))
	case "stringContains":
		return boolValue(text(0) != "" && text(1) != "" && strings.Contains(text(0), text(1)))
	case "length":
		return long(len(utf16.Encode([]rune(text(0)))))
	case "concat":
		s := ""
		for _, a := range args {
			s += describe(a)
		}
		return str(s)
	case "string":
		return str(describe(args[0]))
	case "indexOf":
		s := utf16.Encode([]rune(text(0)))
		start := 0
		if len(args) > 2 && args[2].Type != 0 {
			start = max(0, min(len(s), int(args[2].Int)))
		}
		at := strings.Index(string(utf16.Decode(s[start:])), text(1))
		if at < 0 {
			return event.Value{}
		}
		return long(start + len(utf16.Encode([]rune(string(utf16.Decode(s[start:]))[:at]))))
	case "substring":
		s := utf16.Encode([]rune(describe(args[0])))
		if args[1].Type == 0 {
			return args[0]
		}
		start, end := int(args[1].Int), len(s)
		if len(args) > 2 && args[2].Type != 0 {
			end = int(args[2].Int)
		}
		if start < 0 {
			start += len(s)
		}
		if end < 0 {
			end += len(s)
		}
		start, end = max(start, 0), min(end, len(s))
		if start >= end {
			return str("")
		}
		return str(string(utf16.Decode(s[start:end])))
	case "between":
		s, left, right := text(0), text(1), text(2)
		if s == "" || left == "" || right == "" {
			return args[0]
		}
		_, rest, ok := strings.Cut(s, left)
		end := strings.Index(rest, right)
		if len(args) > 3 && args[3].Int == 1 {
			end = strings.LastIndex(rest, right)
		}
		if !ok || end < 0 {
			return str("")
		}
		from := len(s) - len(rest)
		return str(describe(args[0])[from : from+end])
	case "cidrMatch":
		a, err := netip.ParseAddr(describe(args[0]))
		for _, block := range args[1:] {
			p, _ := netip.ParsePrefix(string(block.Text))
			if err == nil && (p.Masked().Contains(a.Unmap()) || p.Masked().Contains(netip.AddrFrom16(a.As16()))) {
				return boolValue(true)
			}
		}
		return boolValue(false)
	case "number":
		if f, err := strconv.ParseFloat(string(args[0].Text), 64); err == nil {
			if n, err := strconv.ParseInt(string(args[0].Text), 10, 64); err == nil {
				return event.Value{Type: event.Long, Int: n}
			}
			return event.Value{Type: event.Double, Float: f}
		}
		return event.Value{}
	}
	panic("unknown function " + e.Func)
}

func wantsText(name string, i int) bool {
	switch name {
	case "startsWith", "endsWith", "stringContains", "length":
		return true
	case "indexOf":
		return i < 2
	case "substring", "number":
		return i == 0
	case "between":
		return i < 3
	}
	return false
}
