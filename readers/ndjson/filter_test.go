package ndjson

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
	"kscan/readers/frame"
)

var testNeeds = []event.Need{
	{Field: "destination.port", Number: 10250},
	{Field: "destination.port", Number: 10255},
	{Field: "process.name", Text: "Kube/let-x", Fold: true},
	{Field: "process.executable", Text: "/opt/sus\"pect"},
	{Field: "process.pid", Type: event.Long, Among: event.NewSet("7", "4242"), And: []event.Need{{Field: "process.name", Text: "curl"}}},
	{Field: "process.parent.entity_id", Type: event.Keyword, Among: event.NewSet("ent-1", "ent-2")},
	{Field: "host.ip", Type: event.IP, Among: event.NewSet("10.0.0.7", "fd00::7")},
	{Field: "auditID", Exists: true},
}

// taker keeps the offsets of the events that have what the needs say.
type taker struct {
	t        *testing.T
	matches  []int64
	events   int64
	problems []event.Problem
	needs    []event.Need
	c        event.Coercer
	partial  int64 // events of which only the fields were wanted
	again    int64 // the offset from which an event is to come again, -1 if none
}

func (k *taker) Problem(p event.Problem) { k.problems = append(k.problems, p) }

func (k *taker) Event(e *event.Event) {
	matches := k.matched(e)
	if k.again >= 0 && (e.Partial || e.Evidence.Offset != k.again) {
		k.t.Errorf("the event at %d does not come again", k.again)
	}
	k.again = -1
	switch {
	case e.Partial && matches:
		e.Wanted, k.again = true, e.Evidence.Offset
		return
	case e.Partial:
		k.partial++
	case matches:
		k.matches = append(k.matches, e.Evidence.Offset)
	}
	k.events++
}

func (k *taker) matched(e *event.Event) bool {
	for _, need := range k.needs {
		if k.holds(e, need) && !slices.ContainsFunc(need.And, func(n event.Need) bool { return !k.holds(e, n) }) {
			return true
		}
	}
	return false
}

func (k *taker) holds(e *event.Event, need event.Need) bool {
	return slices.ContainsFunc(valuesFor(e, need.Field), func(v event.Scalar) bool { return k.has(v, need) })
}

func valuesFor(e *event.Event, name string) (values []event.Scalar) {
	if e.Found != nil {
		slot, _ := e.Found.Finder().Slot(name)
		return e.Found.Values(slot)
	}
	for _, v := range event.NewPath(name).Append(nil, e) {
		values = append(values, event.ScalarOf(v))
	}
	return values
}

func (k *taker) has(v event.Scalar, need event.Need) bool {
	var out event.Value
	typ, _ := event.TypeOf(need.Field)
	if !k.c.Coerce(&out, v, typ) {
		return false
	}
	switch {
	case need.Exists:
		return true
	case need.Among != nil && need.Type == event.Long:
		return need.Among.Has([]byte(strconv.FormatInt(out.Int, 10)))
	case need.Among != nil && need.Type == event.IP:
		return need.Among.Has([]byte(out.IP.String()))
	case need.Among != nil:
		return need.Among.Has(out.Text)
	case need.Text == "":
		return out.Int == need.Number
	}
	text := string(out.Text)
	switch {
	case need.Fold:
		return strings.EqualFold(text, need.Text)
	case need.Whole:
		return text == need.Text
	}
	return strings.Contains(text, need.Text)
}

func finderOf(names ...string) *event.Finder {
	f := event.NewFinder()
	for _, name := range names {
		f.Add(name)
	}
	return f
}

var testFields = []string{"destination.port", "process.name", "process.executable", "process.pid", "process.parent.entity_id", "host.ip", "auditID"}

func decodeAll(t *testing.T, text []byte, i event.Interest) (*taker, *Decoder, int64) {
	k := &taker{t: t, needs: testNeeds, again: -1}
	d := New(Lines)
	d.Look(i)
	if (d.filter == nil) != (i.Needs == nil) || (d.picker == nil) != (i.Finder == nil) {
		t.Fatal("the interest is not taken up")
	}
	lines := d.Decode("a", "", &frame.Block{Data: text, End: len(text)}, k)
	return k, d, lines
}

// check demands that passing over lines loses no match and no problem that the ends of a
// line show, and that all lines and documents are counted.
func check(t *testing.T, text []byte) {
	t.Helper()
	want, _, wantLines := decodeAll(t, text, event.Interest{})
	checkInterest(t, text, event.Interest{Needs: testNeeds}, want, wantLines)
	checkInterest(t, text, event.Interest{Needs: testNeeds, Finder: finderOf(testFields...)}, want, wantLines)
	only, _, lines := decodeAll(t, text, event.Interest{Needs: testNeeds, Finder: finderOf(testFields...), Only: true})
	if diff := cmp.Diff(want.matches, only.matches); diff != "" || lines != wantLines {
		t.Errorf("%d lines, want %d; matches (-all +those that are asked for):\n%s", lines, wantLines, diff)
	}
	// Without needs nothing is taken on trust.
	checkInterest(t, text, event.Interest{Finder: finderOf(testFields...)}, want, wantLines)
	got, _, _ := decodeAll(t, text, event.Interest{Finder: finderOf(testFields...)})
	if diff := cmp.Diff(want.problems, got.problems); diff != "" {
		t.Errorf("problems (-all +picked):\n%s", diff)
	}
}

func checkInterest(t *testing.T, text []byte, i event.Interest, want *taker, wantLines int64) {
	t.Helper()
	got, d, lines := decodeAll(t, text, i)
	if diff := cmp.Diff(want.matches, got.matches); diff != "" {
		t.Errorf("matches (-all +filtered):\n%s", diff)
	}
	if lines != wantLines {
		t.Errorf("%d lines, want %d", lines, wantLines)
	}
	if len(want.problems) == 0 && got.events+d.Passed() != want.events {
		t.Errorf("%d events and %d passed over, want %d", got.events, d.Passed(), want.events)
	}
}

// forms are ways to write a port: what encoders do, and what they might.
var forms = []string{
	"10250", `"10250"`, "10250.0", "1.025e4", "1.0250E4", "1025e1", "102.5e2", "10.25E+3", "102500e-1", `"\u0031\u0030250"`,
	`"1025\u0030"`, "10255", "1.0255e4", "[1,10255]", `["10250"]`, "10250.75", "0.10250e5", "10251", "1025", "110250", "443", "80", "null", `"x"`,
}

var texts = []string{
	`"curl"`, `"kube\/LET-X"`, `"kube/let-x"`, `"KUBE/LET\u002dx"`, `"kubelet"`, `"/opt/sus\"pect/a"`, `"\/opt\/sus\"pect"`, `"\/opt\/sus\u0022pect"`, `"/opt"`,
}

// members are ways to write other fields that are looked for by the ends of their keys.
var members = []string{
	`"process":{"name":"curl","pid":7}`, `"process":{"pid":"4242","name":"curl"}`, `"process.name":"curl","process":{"parent":{"pid":7},"pid" : [ 1, 7 ]}`,
	`"process":{"parent":{"pid":7},"name":"curl"}`, `"process":{"name":"curl","pid":7.9}`, `"process":{"name":"curl","pid":" 7"}`, `"process":{"name":"curl","p\u0069d":7}`,
	`"process":{"entity_id":"ent-1","parent":{"entity_id":"x"}}`, `"process":{"parent":{"name":"}{\"","entity_id":"ent-1"}}`, `"process":{"parent":[{"a":[1]},{"entity_id":["x","ent-2"]}]}`,
	`"process.parent":{"entity_id":"e\u006et-1"}`, `"process.parent.entity_id":"ent-2"`, `"parent":{"entity_id":"ent-2"}`, `"process":{"parent.entity_id":["ent\/1",null,"ent-1"]}`,
	`"host":{"name":"a","ip":["10.0.0.8","10.0.0.7"]}`, `"host":{"ip":"::ffff:10.0.0.7"}`, `"host.ip":"FD00:0::7%eth0"`, `"host":{"os":{"x":[]},"ip":["10.0.0.8","::1"]}`, `"source":{"ip":"10.0.0.7"}`,
	`"auditID":"x"`, `"auditID":null`, `"auditID" : 5`, `"a":"auditID"`, `"kubernetes":{"audit":{"auditID":""}}`,
}

func randomLine(r *rand.Rand, n int) string {
	switch r.IntN(40) {
	case 0:
		return "\n"
	case 1:
		return `{"index":{"_index":"i","_id":"` + fmt.Sprint(n) + `"}}` + "\n"
	}
	if r.IntN(3) == 0 {
		return fmt.Sprintf(`{"n":%d,%s}`, n, members[r.IntN(len(members))]) + "\n"
	}
	filler := strings.Repeat("x10.25y", r.IntN(30))
	line := fmt.Sprintf(`{"n":%d,"filler":%q,"destination":{"ip":"10.25.0.1","port":%s},"process":{"name":%s,"executable":%s}}`,
		n, filler, forms[r.IntN(len(forms))], texts[r.IntN(len(texts))], texts[r.IntN(len(texts))])
	if r.IntN(3) == 0 {
		return line + "\r\n"
	}
	return line + "\n"
}

func TestFilterLosesNothing(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 7))
		var text strings.Builder
		// The sample is regular, so that the filter is at work in what follows.
		for text.Len() < sampleBytes {
			text.WriteString(`{"destination":{"port":443}}` + "\n")
		}
		for n := 0; text.Len() < 3*wholeBlock; n++ {
			text.WriteString(randomLine(r, n))
		}
		if seed%2 == 0 {
			text.WriteString(`{"destination":{"port":10250}}`)
		}
		check(t, []byte(text.String()))
	}
}

func TestFilterPassesOver(t *testing.T) {
	text := strings.Repeat(`{"destination":{"port":443},"source":{"ip":"10.25.102.5"}}`+"\n", 4000)
	got, d, lines := decodeAll(t, []byte(text), event.Interest{Needs: testNeeds})
	if lines != 4000 || got.events > 100 || got.events+d.Passed() != 4000 {
		t.Errorf("%d lines, %d events, %d passed over", lines, got.events, d.Passed())
	}
}

func TestFilterKeepsProblems(t *testing.T) {
	good := strings.Repeat(`{"destination":{"port":443}}`+"\n", 4000)
	for _, broken := range []string{deep(400) + "\n", deep(10000) + "\n", "{\"a\":1\x00}\n", "\x00\x00{\"a\":1}\n", "{\"a\":[" + strings.Repeat("1 ", maxPassed) + "]}\n", "not JSON\n", "{\"a\":\n", "\"text\"\n", "[1]\n", "}\n", "{\"a\":\"\xff\"}\n"} {
		text := good + broken + good
		want, _, _ := decodeAll(t, []byte(text), event.Interest{})
		got, _, _ := decodeAll(t, []byte(text), event.Interest{Needs: testNeeds, Finder: finderOf(testFields...)})
		if len(want.problems) == 0 {
			t.Fatalf("%q is no problem", broken)
		}
		if diff := cmp.Diff(want.problems, got.problems); diff != "" {
			t.Errorf("%q: problems (-all +filtered):\n%s", broken, diff)
		}
	}
}

func TestFieldsDecide(t *testing.T) {
	text := strings.Repeat(`{"destination":{"port":443},"source":{"port":10250}}`+"\n", 4000) + `{"destination":{"port":10250}}` + "\n" +
		strings.Repeat(`{"destination":{"port":443}}`+"\n", 10)
	got, d, _ := decodeAll(t, []byte(text), event.Interest{Needs: testNeeds, Finder: finderOf(testFields...)})
	if got.partial < 3800 || len(got.matches) != 1 || got.events+d.Passed() != 4011 {
		t.Errorf("%d of %d events partial, %d passed over, matches at %v", got.partial, got.events, d.Passed(), got.matches)
	}
}

// TestCarries holds Carries against a plain search, on texts of a small alphabet.
func TestCarries(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 20000 {
		var text strings.Builder
		for range r.IntN(8) {
			text.WriteString([]string{"audit", "(", "audi", "t", "t(", "x"}[r.IntN(6)])
		}
		want := strings.Contains(text.String(), AuditMark)
		if got := Carries([]byte(text.String())); got != want {
			t.Fatalf("%q: %v", text.String(), got)
		}
		if want {
			found++
		}
	}
	if found == 0 {
		t.Error("no text has the mark")
	}
}

// FuzzFilter puts any line between good ones: what it matches must be found.
func FuzzFilter(f *testing.F) {
	for _, form := range forms {
		f.Add([]byte(`{"destination":{"port":`+form+`}}`), 0)
	}
	for _, text := range texts {
		f.Add([]byte(`{"process":{"name":`+text+`,"executable":`+text+`}}`), 3)
	}
	for _, member := range members {
		f.Add([]byte(`{`+member+`}`), 1)
	}
	f.Add([]byte(`{"update":{}}`+"\n"+`{"doc":{"destination.port":[10250]}}`), 1)
	good := strings.Repeat(`{"destination":{"port":443}}`+"\n", 3000)
	f.Fuzz(func(t *testing.T, line []byte, shift int) {
		pad := strings.Repeat(" ", shift&63)
		check(t, []byte(good+pad+"\n"+string(line)+"\n"+good))
	})
}

func BenchmarkFilter(b *testing.B) {
	line := `{"@timestamp":"2025-11-20T10:00:00.000Z","destination":{"ip":"10.20.0.1","port":%d},"process":{"pid":10253,"name":"kubelet",` +
		`"args":["--config","/etc/kubernetes/kubelet.conf"]},"source":{"port":10250}}` + "\n"
	for name, text := range map[string]string{
		"none": strings.Repeat(strings.ReplaceAll(fmt.Sprintf(line, 443), "10250", "5000"), 5000),
		"all":  strings.Repeat(fmt.Sprintf(line, 443), 5000),
	} {
		b.Run(name, func(b *testing.B) {
			d := New(Lines)
			d.Look(event.Interest{Needs: testNeeds[:2], Finder: finderOf(testFields[:1]...)})
			k := &taker{again: -1}
			block := &frame.Block{Data: []byte(text), End: len(text)}
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				d.Decode("a", "", block, k)
			}
		})
	}
}
