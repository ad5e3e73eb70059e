package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fastjson"
)

func parse(t testing.TB, s string) *fastjson.Value {
	t.Helper()
	v, err := new(fastjson.Parser).Parse(s)
	if err != nil {
		t.Fatalf("test document %q: %v", s, err)
	}
	return v
}

func TestTypeOf(t *testing.T) {
	tests := []struct {
		name  string
		want  Type
		known bool
	}{
		{"@timestamp", Date, true},
		{"destination.port", Long, true},
		{"destination.ip", IP, true},
		{"process.name", Keyword, true},
		{"event.ingested", Date, true},
		{"problemchild.prediction_probability", Number, true},
		{"log.syslog.structured_data.origin.ip", Keyword, true},
		{"process.Ext.token.integrity_level_name", Keyword, true},
		{"destination", Unknown, false},
		{"no.such.field", Unknown, false},
		{"", Unknown, false},
	}
	for _, test := range tests {
		if got, known := TypeOf(test.name); got != test.want || known != test.known {
			t.Errorf("TypeOf(%q) = %v, %v; want %v, %v", test.name, got, known, test.want, test.known)
		}
	}
}

func TestTableIsSortedAndUnique(t *testing.T) {
	for i := 1; i < len(fields); i++ {
		if fields[i-1].name >= fields[i].name {
			t.Errorf("%q is not before %q", fields[i-1].name, fields[i].name)
		}
	}
	if len(fields) < 2000 {
		t.Errorf("only %d fields: ECS has more", len(fields))
	}
}

func TestNearest(t *testing.T) {
	for name, want := range map[string]string{
		"process.nam": "process.name", "Process.Name": "process.name",
		"destination.prot": "destination.port", "entirely.different.thing": "",
	} {
		if got, ok := Nearest(name); got != want || ok != (want != "") {
			t.Errorf("Nearest(%q) = %q, %v; want %q", name, got, ok, want)
		}
	}
}

func texts(values []*fastjson.Value) []string {
	var out []string
	for _, v := range values {
		out = append(out, string(ScalarOf(v).AppendJSON(nil)))
	}
	return out
}

func scalarTexts(values []Scalar) []string {
	var out []string
	for _, v := range values {
		out = append(out, string(v.AppendJSON(nil)))
	}
	return out
}

func TestPathAndFinder(t *testing.T) {
	tests := []struct{ name, doc, fields string }{
		{"a.b.c", `{"a":{"b":{"c":1}}}`, ""},
		{"a.b.c", `{"a.b":{"c":1},"a":{"b.c":[2,[3,null]]},"a.b.c":"4"}`, ""},
		{"a.b.c", `{"a":[{"b":{"c":1}},{"b":[{"c":[2]},{"c":{}}]},7,null]}`, ""},
		{"a.b.c", `{"a":{"b":null}}`, `{"a.b.c":[1,2]}`},
		{"a.b.c", `{"a":{"b":{"c":0}}}`, `{"a.b.c":[1,2]}`},
		{"a.b.c", `{"a":{"b":1}}`, ""},
		{"a.b.c", `{"a":{"b":{"c":{"d":1}}}}`, ""},
		{"a.b.c", `{"a":{"b":{"c":1},"b":{"c":2}},"a":{"b":{"c":3}}}`, ""},
		{"a.b.c", `{"\u0061":{"b.\u0063":1}}`, ""},
		{"a", `{"a":true,"":{"a":1},".a":2,"a.":3}`, ""},
		{"a.b", `{"a.b":1,"a":{"b":2,"b.c":3}}`, ""},
	}
	for _, test := range tests {
		e := &Event{Doc: parse(t, test.doc)}
		if test.fields != "" {
			e.Fields = parse(t, test.fields)
		}
		f, r := NewFinder(), new(Found)
		f.Add("zz.other")
		slot := f.Add(test.name)
		f.Add("a.b.c.d.e")
		if f.Add(test.name) != slot || f.Len() != 3+len(timeFields) {
			t.Errorf("adding %q again gave it another number", test.name)
		}
		want := texts(NewPath(test.name).Append(nil, e))
		for range 2 {
			f.Find(e, r)
			if diff := cmp.Diff(want, scalarTexts(r.Values(slot))); diff != "" {
				t.Errorf("%s in %s: finder and path differ (-path +finder):\n%s", test.name, test.doc, diff)
			}
		}
	}
	e := &Event{Doc: parse(t, tests[1].doc)}
	if got := texts(NewPath("a.b.c").Append(nil, e)); !slices.Equal(got, []string{"1", "2", "3", `"4"`}) {
		t.Errorf("nested and dotted names mixed: %v", got)
	}
}

func TestFinderKeepsNulls(t *testing.T) {
	tests := []struct {
		doc, fields string
		want        []string
	}{
		{`{"a":{"b":null}}`, ``, []string{"null"}},
		{`{"a.b":[1,null,[null]]}`, ``, []string{"1", "null", "null"}},
		{`{"a":null}`, ``, nil},
		{`{"a":{"b":[]}}`, ``, nil},
		{`{"a":{"b":null}}`, `{"a.b":1}`, []string{"null"}},
	}
	for _, test := range tests {
		f, r := NewFinder(), new(Found)
		other, slot := f.Add("a"), f.AddNulls("a.b")
		e := &Event{Doc: parse(t, test.doc)}
		if test.fields != "" {
			e.Fields = parse(t, test.fields)
		}
		f.Find(e, r)
		if got := scalarTexts(r.Values(slot)); !slices.Equal(got, test.want) || len(r.Values(other)) > 0 {
			t.Errorf("%s %s: %v and %v, want %v", test.doc, test.fields, got, scalarTexts(r.Values(other)), test.want)
		}
	}
}

func TestLookupDoesNotAllocate(t *testing.T) {
	e := &Event{Doc: parse(t, `{"process":{"name":"curl","args":["a","b"]},"destination":{"port":"10250","ip":"10.0.0.1"},"event.category":["network"],"@timestamp":"2026-01-01T00:00:00.123Z"}`)}
	p, f, r := NewPath("process.args"), NewFinder(), new(Found)
	port, ip, date := f.Add("destination.port"), f.Add("destination.ip"), f.Add("@timestamp")
	f.Add("event.category")
	var c Coercer
	var v Value
	buf := p.Append(nil, e)
	f.Find(e, r)
	if n := testing.AllocsPerRun(100, func() {
		buf = p.Append(buf[:0], e)
		f.Find(e, r)
		c.Coerce(&v, r.Values(port)[0], Long)
		c.Coerce(&v, r.Values(ip)[0], IP)
		c.Coerce(&v, r.Values(date)[0], Date)
	}); n != 0 {
		t.Errorf("%v allocations per event, want none", n)
	}
}

func TestCoerce(t *testing.T) {
	ip := func(s string) Value { return Value{Type: IP, IP: netip.MustParseAddr(s)} }
	long := func(n int64) Value { return Value{Type: Long, Int: n} }
	text := func(s string) Value { return Value{Type: Keyword, Text: []byte(s)} }
	none := Value{}
	tests := []struct {
		typ  Type
		json string
		want Value // none: not coercible
	}{
		{Long, `10250`, long(10250)}, {Long, `"10250"`, long(10250)}, {Long, `10250.0`, long(10250)},
		{Long, `"10250.9"`, long(10250)}, {Long, `-1.9`, long(-1)}, {Long, `1e3`, long(1000)}, {Long, `" 7"`, long(7)},
		{Long, `"abc"`, none}, {Long, `""`, none}, {Long, `true`, none}, {Long, `1e30`, none}, {Long, `"0x10"`, none}, {Long, `"1_0"`, none},
		{Long, `9223372036854775807`, long(1<<63 - 1)}, {Long, `9223372036854775808`, none}, {Long, `"Infinity"`, none},
		{Number, `7`, long(7)}, {Number, `"0.98"`, Value{Type: Double, Float: 0.98}},
		{Double, `"1.5"`, Value{Type: Double, Float: 1.5}}, {Double, `2`, Value{Type: Double, Float: 2}}, {Double, `NaN`, none},
		{Boolean, `true`, Value{Type: Boolean, Int: 1}}, {Boolean, `"true"`, Value{Type: Boolean, Int: 1}},
		{Boolean, `"false"`, Value{Type: Boolean}}, {Boolean, `""`, Value{Type: Boolean}}, {Boolean, `1`, none}, {Boolean, `"True"`, none},
		{IP, `"10.0.0.1"`, ip("10.0.0.1")}, {IP, `"::ffff:10.0.0.1"`, ip("10.0.0.1")}, {IP, `"fe80::1%eth0"`, ip("fe80::1")},
		{IP, `"010.0.0.1"`, none}, {IP, `""`, none}, {IP, `12`, none}, {IP, `"%eth0"`, none},
		{Keyword, `"x"`, text("x")}, {Keyword, `""`, text("")}, {Keyword, `1.50`, text("1.50")}, {Keyword, `true`, text("true")},
		{Date, `"2026-11-20T00:00:00.002Z"`, Value{Type: Date, Int: 1795132800002}}, {Date, `1795132800002`, Value{Type: Date, Int: 1795132800002}},
		{DateNanos, `"2026-11-20T00:00:00.002000001Z"`, Value{Type: DateNanos, Int: 1795132800002000001}}, {DateNanos, `15000`, Value{Type: DateNanos, Int: 1.5e10}},
		{DateNanos, `"1969-12-31T23:59:59Z"`, none}, {DateNanos, `"2263-01-01"`, none}, {DateNanos, `"2262-05-01"`, none}, {DateNanos, `"9999-01-01"`, none},
		{Unknown, `"1"`, text("1")}, {Unknown, `1`, long(1)}, {Unknown, `1.5`, Value{Type: Double, Float: 1.5}}, {Unknown, `false`, Value{Type: Boolean}},
		{Version, `"1.2.3"`, Value{Type: Version, Text: []byte("1.2.3")}},
	}
	for _, test := range tests {
		var c Coercer
		var got Value
		ok := c.Coerce(&got, ScalarOf(parse(t, test.json)), test.typ)
		if ok != (test.want.Type != Unknown) {
			t.Errorf("Coerce(%s, %v) = %v", test.json, test.typ, ok)
			continue
		}
		if diff := cmp.Diff(test.want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); ok && diff != "" {
			t.Errorf("Coerce(%s, %v) (-want +got):\n%s", test.json, test.typ, diff)
		}
		if counted := c.Failed == 1; counted != (!ok && test.json != `""`) {
			t.Errorf("Coerce(%s, %v): counted as failed: %v", test.json, test.typ, counted)
		}
	}
}

func TestParseTime(t *testing.T) {
	tests := map[string]string{
		"2026":                                "2026-01-01T00:00:00Z",
		"2026-11":                             "2026-11-01T00:00:00Z",
		"2026-11-23":                          "2026-11-23T00:00:00Z",
		"2026-11-23T":                         "2026-11-23T00:00:00Z",
		"2026-11-23T10":                       "2026-11-23T10:00:00Z",
		"2026-11-23T10:11":                    "2026-11-23T10:11:00Z",
		"2026-11-23T10:11:12":                 "2026-11-23T10:11:12Z",
		"2026-11-23T10:11:12Z":                "2026-11-23T10:11:12Z",
		"2026-11-23T10:11:12.5Z":              "2026-11-23T10:11:12.5Z",
		"2026-11-23T10:11:12,123456789+02:30": "2026-11-23T07:41:12.123456789Z",
		"2026-11-23T10:11:12-0100":            "2026-11-23T11:11:12Z",
		"2026-11-23T10:11:12+01":              "2026-11-23T09:11:12Z",
		"2026-11-23 10:11:12z":                "2026-11-23T10:11:12Z",
		"2024-02-29":                          "2024-02-29T00:00:00Z",
		"1492753107096":                       "2017-04-21T05:38:27.096Z",
		"1492753107096.25":                    "2017-04-21T05:38:27.09625Z",
		"1.492753107096e12":                   "2017-04-21T05:38:27.096Z",
		"-1":                                  "1969-12-31T23:59:59.999Z",
		"0":                                   "1970-01-01T00:00:00Z",
		"2026-02-29":                          "", "2026-13-01": "", "2026-11-23T24:00:00Z": "", "2026-11-23T10:60:00Z": "", "2026-11-23T10:11:12.Z": "",
		"2026-11-23T10:11:12.1234567890Z": "", "2026-11-23T10:11:12+1": "", "2026-11-23T10:11:12Zx": "", "": "", "x": "", "1e300": "", "NaN": "", "2026-": "",
	}
	for in, want := range tests {
		got, ok := ParseTime([]byte(in))
		if ok != (want != "") || ok && got.Format(time.RFC3339Nano) != want {
			t.Errorf("ParseTime(%q) = %v, %v; want %q", in, got.Format(time.RFC3339Nano), ok, want)
		}
	}
}

func TestTime(t *testing.T) {
	want := "2026-11-20T00:00:00.002Z"
	for _, e := range []*Event{
		{Doc: parse(t, `{"@timestamp":"2026-11-20T00:00:00.002Z"}`)},
		{Doc: parse(t, `{"@timestamp":["x","2026-11-20T02:00:00.002+02:00"]}`)},
		{Doc: parse(t, `{"@timestamp":1795132800002}`)},
		{Doc: parse(t, `{"@timestamp":null}`), Fields: parse(t, `{"@timestamp":["2026-11-20T00:00:00.002Z"]}`)},
	} {
		if got, ok := e.Time(); !ok || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%v: Time() = %v, %v", e.Doc, got, ok)
		}
	}
	for _, doc := range []string{`{}`, `{"@timestamp":{}}`, `{"@timestamp":true}`, `{"@timestamp":[]}`} {
		if got, ok := (&Event{Doc: parse(t, doc)}).Time(); ok {
			t.Errorf("%s: Time() = %v, want none", doc, got)
		}
	}
}

func TestAppendJSON(t *testing.T) {
	tests := []struct{ doc, fields, want string }{
		{`{"a":[1,-0.5,1e+3,true,null,"x",{}]}`, "", `{"a":[1,-0.5,1e+3,true,null,"x",{}]}`},
		{`{"a":01,"c":1.2.3,"d":NaN,"e":1.,"f":+1,"g":inf}`, "", `{"a":"01","c":"1.2.3","d":"NaN","e":"1.","f":"+1","g":"inf"}`},
		{"{\"a\x01\":\"\x1b[31m\x7f\xff\\q\"}", "", `{"a\u0001":"\u001b[31m\u007f` + "\uFFFD" + `\\q"}`},
		{`{"a":"\u202e\u0085\u2028é\"\\\/\ud83d\ude00\ud800"}`, "", `{"a":"\u202e\u0085\u2028é\"\\/😀\\ud800"}`},
		{`{"a":null,"b":{"c":1}}`, `{"a":[1],"b.c":[2],"b.d":[3]}`, `{"b":{"c":1},"a":[1],"b.d":[3]}`},
		{`{}`, `{"a.b":["x"]}`, `{"a.b":["x"]}`},
		{`{"a":1}`, `{"a":[1]}`, `{"a":1}`},
		{`{"a":1}`, `{}`, `{"a":1}`},
		{`{"a":1,"a":2}`, "", `{"a":1,"a":2}`},
	}
	for _, test := range tests {
		e := &Event{Doc: parse(t, test.doc)}
		if test.fields != "" {
			e.Fields = parse(t, test.fields)
		}
		got := string(e.AppendJSON([]byte("x")))
		if got != "x"+test.want {
			t.Errorf("%s + %s:\n got %s\nwant x%s", test.doc, test.fields, got, test.want)
		}
	}
}

func TestValueAppendJSON(t *testing.T) {
	for want, v := range map[string]Value{
		`null`:                           {},
		`"a\u001b\""`:                    {Type: Keyword, Text: []byte("a\x1b\"")},
		`-7`:                             {Type: Long, Int: -7},
		`1e+300`:                         {Type: Double, Float: 1e300},
		`0.5`:                            {Type: Double, Float: 0.5},
		`true`:                           {Type: Boolean, Int: 1},
		`"10.0.0.1"`:                     {Type: IP, IP: netip.MustParseAddr("10.0.0.1")},
		`"2026-11-20T00:00:00.002Z"`:     {Type: Date, Int: 1795132800002},
		`"2026-11-20T00:00:00.000Z"`:     {Type: DateNanos, Int: 1795132800000000000},
		`"2026-11-20T00:00:00.0020003Z"`: {Type: DateNanos, Int: 1795132800002000300},
	} {
		if got := string(v.AppendJSON(nil)); got != want || !json.Valid([]byte(got)) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// nested returns a document of n levels, built rather than parsed.
func nested(n int) *fastjson.Value {
	var a fastjson.Arena
	v := a.NewString("deep")
	for range n {
		o := a.NewObject()
		o.Set("a", v)
		v = o
	}
	return v
}

func TestDepthIsBounded(t *testing.T) {
	e := &Event{Doc: nested(5000)}
	if out := e.AppendJSON(nil); !json.Valid(out) {
		t.Error("a deep document does not become valid JSON")
	}
	name := strings.TrimSuffix(strings.Repeat("a.", 299), ".")
	deep := &Event{Doc: nested(299)}
	if got := NewPath(name).Append(nil, deep); len(got) != 1 {
		t.Errorf("a value at fastjson's greatest depth: found %d times", len(got))
	}
}

func FuzzAppendJSON(f *testing.F) {
	for _, s := range []string{`{"a":01}`, "{\"\x80\":\"\xed\xa0\x80\\u12\"}", `{"a":[{"b":+1}],"a.b":NaN}`, `{"@timestamp":[1.5e3]}`} {
		f.Add([]byte(s), []byte(`{"a.b":[1]}`))
	}
	f.Fuzz(func(t *testing.T, doc, fields []byte) {
		var p, q fastjson.Parser
		v, err := p.ParseBytes(doc)
		if err != nil || v.Type() != fastjson.TypeObject {
			t.Skip()
		}
		e := &Event{Doc: v}
		if w, err := q.ParseBytes(fields); err == nil {
			e.Fields = w
		}
		out := e.AppendJSON(nil)
		if !json.Valid(out) || !utf8.Valid(out) {
			t.Fatalf("not valid: %q", out)
		}
		if bytes.ContainsAny(out, "\x1b\x7f\n") {
			t.Fatalf("control character in %q", out)
		}
		again := &Event{Doc: parse(t, string(out))}
		if second := again.AppendJSON(nil); !bytes.Equal(out, second) {
			t.Fatalf("not stable:\n%s\n%s", out, second)
		}
		e.Time()
		finder, found := NewFinder(), new(Found)
		for _, name := range []string{"a", "a.b", "@timestamp", "a.a.a"} {
			slot := finder.Add(name)
			finder.Find(e, found)
			if got, want := fmt.Sprint(scalarTexts(found.Values(slot))), fmt.Sprint(texts(NewPath(name).Append(nil, e))); got != want {
				t.Fatalf("%s: finder %s, path %s", name, got, want)
			}
		}
	})
}

// TestPlain puts each byte at each place of a text.
func TestPlain(t *testing.T) {
	for ch := range 256 {
		for i := range 19 {
			text := bytes.Repeat([]byte(" ~"), 10)[:19]
			text[i] = byte(ch)
			want := len(text)
			if ch < ' ' || ch == '"' || ch == '\\' || ch >= 0x7F {
				want = i
			}
			if got := plain(text); got != want {
				t.Errorf("%q: the first %d bytes are plain, want %d", text, got, want)
			}
		}
	}
}

// TestShortForms holds the quick ways to read a date, an address and a number against the
// general ones, on texts that are nearly right.
func TestShortForms(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	seen := [3]int{}
	for i := range 200000 {
		text := []byte(time.Unix(r.Int64N(253402300800+62167219200)-62167219200, r.Int64N(1e9)).UTC().Format("2006-01-02T15:04:05.999999999Z"))
		number := []byte(strconv.FormatUint(r.Uint64()>>r.IntN(64), 10))
		address := fmt.Appendf(nil, "%d.%d.%d.%d", r.IntN(300), r.IntN(256), r.IntN(256), r.IntN(256))
		if i%4 > 0 {
			for _, text := range [][]byte{text, number, address} {
				text[r.IntN(len(text))] = "0123456789.:-TZ+ "[r.IntN(17)]
			}
		}
		if i%8 == 7 {
			text, number, address = text[:r.IntN(len(text))], number[:r.IntN(len(number))], address[:r.IntN(len(address))]
		}
		if got, ok := parseUTC(text); ok {
			seen[0]++
			if want, is := parseISO(text); !is || !got.Equal(want) || got.Location() != want.Location() {
				t.Fatalf("%s: %v, want %v %v", text, got, want, is)
			}
		}
		if got, ok := parseIPv4(address); ok {
			seen[1]++
			if want, err := netip.ParseAddr(string(address)); err != nil || got != want {
				t.Fatalf("%s: %v, want %v %v", address, got, want, err)
			}
		}
		if got, ok := shortInt(number); ok {
			seen[2]++
			if want, err := strconv.ParseInt(string(number), 10, 64); err != nil || got != want {
				t.Fatalf("%s: %v, want %v %v", number, got, want, err)
			}
		}
	}
	for i, n := range seen {
		if n < 50000 {
			t.Errorf("form %d: %d texts read", i, n)
		}
	}
}
