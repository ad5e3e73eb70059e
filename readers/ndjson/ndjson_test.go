package ndjson

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/readers/frame"
)

// list is a sink that writes down what it gets.
type list []string

func (l *list) Event(e *event.Event) {
	text := fmt.Sprintf("%d+%d %s %s %s", e.Evidence.Line, e.Evidence.Offset, e.Index, e.Evidence.EventID, e.Doc)
	if e.Fields != nil {
		text += " fields " + e.Fields.String()
	}
	*l = append(*l, text)
}

func (l *list) Problem(p event.Problem) {
	*l = append(*l, fmt.Sprintf("%d+%d %s", p.Line, p.Offset, p.Kind))
}

// cutter is what cuts text into blocks.
type cutter interface {
	Next([]byte) (frame.Block, error)
}

func cutterOf(format, text string, layout frame.Layout) cutter {
	if format == JSON {
		return frame.NewJSON(strings.NewReader(text), layout)
	}
	return frame.NewLines(strings.NewReader(text), layout)
}

// decode cuts text into blocks and returns what the decoder makes of it, with absolute
// lines. Each block has the block before it as margin.
func decode(t *testing.T, format, text string, size int) []string {
	t.Helper()
	got := list{}
	d := New(format)
	c := cutterOf(format, text, frame.Layout{Size: size, Max: 32 << 20})
	lines := int64(0)
	var margin []byte
	for {
		b, err := c.Next(nil)
		if err != nil {
			if cut := new(frame.CutError); err != io.EOF && !asCut(err, &cut) {
				t.Fatal(err)
			}
			break
		}
		core := b.Core()
		b.Data = append(append([]byte(nil), margin...), core...)
		for i := range b.Records {
			b.Records[i].Start += len(margin)
			b.Records[i].End += len(margin)
		}
		b.Start, b.End = len(margin), len(b.Data)
		margin = frame.Tail(append(margin, core...), 4096)
		part := list{}
		n := d.Decode("s", "m", &b, &part)
		for _, text := range part {
			var line int64
			var rest string
			fmt.Sscanf(text, "%d", &line)
			_, rest, _ = strings.Cut(text, "+")
			got = append(got, fmt.Sprintf("%d+%s", line+lines, rest))
		}
		lines += n
	}
	return got
}

func asCut(err error, target **frame.CutError) bool {
	cut, ok := err.(*frame.CutError)
	*target = cut
	return ok
}

var shapes = []struct {
	name, format, text string
	want               []string
}{
	{"bare", Lines, `{"a":1,"event":{"id":"x"}}` + "\n" + `{"a.b":[2],"event.id":"y"}`, []string{
		`1+0  x {"a":1,"event":{"id":"x"}}`, `2+27  y {"a.b":[2],"event.id":"y"}`}},
	{"blank lines and carriage returns", Lines, "\r\n{\"a\":1}\r\n\n  {\"b\":2}  \r\n", []string{
		`2+2   {"a":1}`, `4+14   {"b":2}`}},
	{"elasticdump", Lines, `{"_index":"logs-x","_id":"7","_score":1,"_source":{"a":1}}`, []string{
		`1+0 logs-x 7 {"a":1}`}},
	{"event.id before _id", Lines, `{"_index":"i","_id":"7","_source":{"event":{"id":["e","f"]}}}`, []string{
		`1+0 i e {"event":{"id":["e","f"]}}`}},
	{"only fields", Lines, `{"_index":"i","_id":"7","fields":{"destination.port":[10250]}}`, []string{
		`1+0 i 7 {"destination.port":[10250]}`}},
	{"source and fields", Lines, `{"_index":"i","_id":"7","_source":{"a":1},"fields":{"b":[2]}}`, []string{
		`1+0 i 7 {"a":1} fields {"b":[2]}`}},
	{"labels named fields", Lines, `{"@timestamp":"t","fields":{"env":"prod"}}`, []string{
		`1+0   {"@timestamp":"t","fields":{"env":"prod"}}`}},
	{"beats", Lines, `{"@metadata":{"beat":"auditbeat","type":"_doc","version":"8.5.0"},"a":1}`, []string{
		`1+0 auditbeat-8.5.0  {"@metadata":{"beat":"auditbeat","type":"_doc","version":"8.5.0"},"a":1}`}},
	{"agent", Lines, `{"@metadata":{"raw_index":"logs-a-b","beat":"x","version":"1"},"data_stream":{"type":"l","dataset":"d","namespace":"n"}}`, []string{
		`1+0 logs-a-b  {"@metadata":{"raw_index":"logs-a-b","beat":"x","version":"1"},"data_stream":{"type":"l","dataset":"d","namespace":"n"}}`}},
	{"data stream", Lines, `{"data_stream":{"type":"logs","dataset":"endpoint.events.network","namespace":"default"}}`, []string{
		`1+0 logs-endpoint.events.network-default  {"data_stream":{"type":"logs","dataset":"endpoint.events.network","namespace":"default"}}`}},
	{"dotted data stream", Lines, `{"data_stream.type":"logs","data_stream.dataset":"d","data_stream.namespace":"n"}`, []string{
		`1+0 logs-d-n  {"data_stream.type":"logs","data_stream.dataset":"d","data_stream.namespace":"n"}`}},
	{"response on a line", Lines, `{"took":1,"hits":{"hits":[{"_index":"i","_id":"1","_source":{"a":1}},{"_id":"2","_source":{"a":2}}]}}`, []string{
		`1+0 i 1 {"a":1}`, `1+0  2 {"a":2}`}},
	{"msearch on a line", Lines, `{"responses":[{"hits":{"hits":[{"_id":"1","_source":{"a":1}}]}},{"hits":{"hits":[{"_id":"2","_source":{"a":2}}]}}]}`, []string{
		`1+0  1 {"a":1}`, `1+0  2 {"a":2}`}},
	{"kibana on a line", Lines, `{"id":"x","rawResponse":{"hits":{"hits":[{"_id":"1","_source":{"a":1}}]}}}`, []string{
		`1+0  1 {"a":1}`}},
	{"response that is a document", Lines, `{"response":{"status":200},"hits":3,"responses":[]}`, []string{
		`1+0   {"response":{"status":200},"hits":3,"responses":[]}`}},
	{"array on a line", Lines, `[{"a":1},{"a":2},3]`, []string{`1+0   {"a":1}`, `1+0   {"a":2}`, `1+0 broken`}},
	{"bulk", Lines, strings.Join([]string{
		`{"index":{"_index":"i","_id":"1"}}`, `{"a":1}`, `{"create":{}}`, `{"a":2}`, `{"delete":{"_id":"9"}}`,
		`{"update":{"_id":"3","_index":"j"}}`, `{"doc":{"a":3}}`, `{"index":{"_index":"k"}}`, `{"index":{"_id":"5"}}`}, "\n"), []string{
		`2+35 i 1 {"a":1}`, `4+57   {"a":2}`, `7+124 j 3 {"a":3}`, `9+165 k  {"index":{"_id":"5"}}`}},
	{"document with an index object", Lines, `{"index":{"name":"x"}}`, []string{`1+0   {"index":{"name":"x"}}`}},
	{"broken among good", Lines, "{\"a\":1}\n{\"a\":\n\x00\x00\n{\"a\":2}\n7\n\"s\"\nnull\nhello\n{\"a\":3}", []string{
		`1+0   {"a":1}`, `2+8 broken`, `3+14 broken`, `4+17   {"a":2}`, `5+25 broken`, `6+27 broken`, `7+31 broken`, `8+36 broken`, `9+42   {"a":3}`}},
	{"NUL bytes around", Lines, "\x00\x00{\"a\":1}\x00\n{\"a\":2}", []string{`1+0 broken`, `1+2   {"a":1}`, `2+11   {"a":2}`}},
	{"cut", Lines, "{\"a\":1}\n{\"a\":\"x", []string{`1+0   {"a":1}`, `2+8 truncated`}},
	{"not UTF-8", Lines, "{\"a\":\"\xff\"}\n{\"a\":\"ü\"}", []string{"1+0 invalid_utf8", "1+0   {\"a\":\"\xff\"}", `2+10   {"a":"ü"}`}},
	{"too deep", Lines, deep(10000) + "\n" + `{"a":1}`, []string{`1+0 too_deep`, `2+60002   {"a":1}`}},
	{"deep enough", Lines, deep(299), []string{`1+0   ` + deep(299)}},
	{"lenient", Lines, "{\"a\":\"tab\there\",\"b\":NaN,\"c\":01}", []string{"1+0   {\"a\":\"tab\there\",\"b\":NaN,\"c\":01}"}},
	{"array over lines", JSON, "[\n {\"a\":1},\n {\n\"a\":2},\n 3]", []string{`2+3   {"a":1}`, `3+13   {"a":2}`, `5+24 broken`}},
	{"response over lines", JSON, "{\"took\":1,\n\"hits\":{\"hits\":[\n{\"_index\":\"i\",\"_id\":\"1\",\n\"_source\":{\"a\":1}}\n]}}", []string{
		`3+28 i 1 {"a":1}`}},
	{"too deep in an array", JSON, "[" + deep(400) + ",{}]", []string{`1+1 too_deep`, `1+2403   {}`}},
}

// deep is a document of so many levels.
func deep(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }

func TestDecodeEveryShape(t *testing.T) {
	for _, s := range shapes {
		if s.name == "too deep" {
			s.want[1] = fmt.Sprintf(`2+%d   {"a":1}`, len(deep(10000))+1)
		}
		for _, size := range []int{1, 30, 1 << 20} {
			if diff := cmp.Diff(s.want, decode(t, s.format, s.text, size)); diff != "" {
				t.Errorf("%s in blocks of %d: %s", s.name, size, diff)
			}
		}
	}
}

// The same documents come out of lines, an array and a response, big records included.
func TestDecodeBigRecords(t *testing.T) {
	big := `{"a":"` + strings.Repeat("x", 2*bigRecord) + `"}`
	many := `{"a":[1` + strings.Repeat(",1", maxValues) + `]}`
	hits := `{"hits":{"hits":[{"_source":{"a":1}}` + strings.Repeat(`,{"_source":{"b":[1,2,3,4,5,6,7,8,9]}}`, maxValues/8) + `]}}`
	got := decode(t, Lines, big+"\n"+many+"\n"+hits+"\n"+`{"a":2}`, 1<<20)
	if len(got) != 4+maxValues/8 || !strings.HasPrefix(got[0], "1+0   {\"a\":\"xxx") || !strings.HasSuffix(got[1], string(event.TooMany)) ||
		!strings.HasSuffix(got[2], `{"a":1}`) || !strings.HasSuffix(got[len(got)-1], `{"a":2}`) {
		for i, line := range got[:min(len(got), 8)] {
			t.Errorf("%d: %.80s", i, line)
		}
		t.Errorf("%d entries", len(got))
	}
}

// Words that no parser knows, at the bottom of a deep and long record, must not make an
// error message of the record's length at each level.
func TestDecodeBadWordInLongRecord(t *testing.T) {
	text := strings.Repeat(`{"a":`, 290) + `txxx` + strings.Repeat("x", 8<<20)
	d := New(Lines)
	got := list{}
	allocated := testing.AllocsPerRun(1, func() {
		b := frame.Block{Data: []byte(text), End: len(text)}
		d.Decode("", "", &b, &got)
	})
	if len(got) == 0 || allocated > 100 {
		t.Errorf("%d problems, %v allocations", len(got), allocated)
	}
}

func TestDecodeSaysWhatIsBroken(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":{"b":"x`:       `missing closing '"' (record of 12 bytes)`,
		`{"a":{"b"::1}}`:     `unexpected char: ":", before ":1}}" (record of 14 bytes)`,
		`{"a":1`:             `unexpected end of object (record of 6 bytes)`,
		`{"a: b":cannot}`:    `unexpected char: "c", before "cannot}" (record of 15 bytes)`,
		"\x00\x00\x00":       `NUL bytes in place of what was written (3 of them)`,
		`{"a":1} {"b":2}`:    `unexpected tail: "{\"b\":2}" (record of 15 bytes)`,
		`{"a":1}` + "\x00\t": `NUL bytes in place of what was written (1 of them)`,
	} {
		k := &taker{t: t}
		d := New(Lines)
		text += "\n"
		d.Decode("a", "", &frame.Block{Data: []byte(text), End: len(text)}, k)
		if len(k.problems) != 1 || k.problems[0].Detail != want {
			t.Errorf("%q: %v, want %s", text, k.problems, want)
		}
	}
}

func TestDecodeSkipped(t *testing.T) {
	for _, format := range []string{Lines, JSON} {
		got := list{}
		lines := New(format).Decode("", "", &frame.Block{Offset: 7, Skipped: 99}, &got)
		if diff := cmp.Diff(list{"1+7 too_long"}, got); diff != "" || lines != 1 {
			t.Errorf("%s: %d lines: %s", format, lines, diff)
		}
	}
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	text := []byte(strings.Repeat(document+"\n", 100))
	d := New(Lines)
	allocated := testing.AllocsPerRun(10, func() {
		d.Decode("", "", &frame.Block{Data: text, End: len(text)}, nothing{})
	})
	if allocated > 1 {
		t.Errorf("%v allocations for 100 events", allocated)
	}
}

type nothing struct{}

func (nothing) Event(*event.Event)    {}
func (nothing) Problem(event.Problem) {}

func TestSniff(t *testing.T) {
	for _, s := range []struct {
		head        string
		whole       bool
		lines, json bool
	}{
		{`{"a":1}` + "\n", false, true, true},
		{`{"a":1}`, true, true, true},
		{`{"a":1}`, false, false, true},
		{"junk\n{\"a\":1}\n{\"a\":2}\n", false, true, false},
		{"{\"a\":1}\n{\"a\n{\"b\n{\"c\n", true, true, true},
		{"{\n  \"a\": 1\n}\n", true, false, true},
		{"[\n{\"a\":1},\n{\"a\":2}\n]", true, false, true},
		{"[{\"a\":1}]", true, false, true},
		{"[2026-11-20] info\n", true, false, false},
		{"", true, false, false},
		{"type=SYSCALL msg=audit(1.000:1): x\n", true, false, false},
		{"\x7fELF\x00\x00{\"a\":1}\n", true, false, false},
	} {
		lines, json := SniffLines([]byte(s.head), s.whole), SniffJSON([]byte(s.head))
		if (lines == nil) != s.lines || (json == nil) != s.json {
			t.Errorf("%q: lines %v, json %v", s.head, lines, json)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range shapes {
		if len(s.text) < 1000 {
			f.Add(s.text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, format := range []string{Lines, JSON} {
			want := decode(t, format, text, 1<<20)
			if diff := cmp.Diff(want, decode(t, format, text, 9)); diff != "" {
				t.Errorf("%s: %s", format, diff)
			}
		}
		_ = SniffLines([]byte(text), true)
		_ = SniffJSON([]byte(text))
		Any([]byte(text), func(*fastjson.Value) bool { return false })
	})
}

const document = `{"@timestamp":"2026-11-20T08:30:12.123Z","agent":{"id":"1fa0","type":"endpoint","version":"8.15.0"},"data_stream":{"dataset":"endpoint.events.network","namespace":"default","type":"logs"},"destination":{"address":"10.12.3.9","ip":"10.12.3.9","port":443},"ecs":{"version":"8.10.0"},"event":{"action":"connection_attempted","category":["network"],"created":"2026-11-20T08:30:12.123Z","dataset":"endpoint.events.network","id":"NaB2+1","kind":"event","module":"endpoint","sequence":12345,"type":["start"]},"host":{"architecture":"x86_64","hostname":"web-3","id":"77c1","ip":["10.12.0.4","fe80::1"],"name":"web-3","os":{"family":"ubuntu","full":"Ubuntu 24.04","kernel":"6.8.0-40-generic","name":"Linux","platform":"ubuntu","type":"linux","version":"24.04"}},"network":{"direction":"egress","transport":"tcp","type":"ipv4"},"process":{"command_line":"curl -sk https://10.12.3.9/","entity_id":"MWZhMC0x","executable":"/usr/bin/curl","name":"curl","pid":4711,"parent":{"pid":4700}},"source":{"address":"10.12.0.4","ip":"10.12.0.4","port":51514},"user":{"id":"1000","name":"deploy"}}`

func BenchmarkDecode(b *testing.B) {
	text := []byte(strings.Repeat(document+"\n", 900))
	d := New(Lines)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		d.Decode("", "", &frame.Block{Data: text, End: len(text)}, nothing{})
	}
}
