package frame

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// cutJSON returns the records of a stream and how it ended. It checks that the cores are
// the stream.
func cutJSON(t *testing.T, text string, r io.Reader, layout Layout) (records []string, skipped []int64, err error) {
	t.Helper()
	j := NewJSON(r, layout)
	var buf []byte
	offset := int64(0)
	for {
		var b Block
		if b, err = j.Next(buf); err != nil {
			break
		}
		if b.Offset != offset {
			t.Fatalf("block at %d, want %d (layout %+v, text %q)", b.Offset, offset, layout, text)
		}
		if b.Start != layout.Before || cap(b.Data)-b.End < layout.After {
			t.Fatalf("no room for margins: start %d, behind the end %d", b.Start, cap(b.Data)-b.End)
		}
		core := string(b.Core())
		if b.Skipped != 0 {
			skipped = append(skipped, b.Skipped)
		} else if core != text[offset:][:len(core)] || core == "" {
			t.Fatalf("core at %d is %q, text %q", offset, core, text)
		}
		at := b.Start
		for _, r := range b.Records {
			if r.Start < at || r.End <= r.Start || r.End > b.End {
				t.Fatalf("record %v behind %d in a core up to %d", r, at, b.End)
			}
			at = r.End
			records = append(records, string(b.Data[r.Start:r.End]))
		}
		offset += int64(len(core)) + b.Skipped
		scramble(b.Data[:cap(b.Data)])
		buf = b.Data
	}
	if offset != int64(len(text)) {
		t.Fatalf("blocks end at %d of %d (layout %+v, text %q)", offset, len(text), layout, text)
	}
	return records, skipped, err
}

func checkJSON(t *testing.T, text string, want []string) {
	t.Helper()
	for _, size := range []int{1, 2, 3, 7, 20, 64, 1000} {
		layout := Layout{Size: size, Max: 1 << 20, Before: size % 5, After: size % 3}
		for _, r := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
			got, skipped, err := cutJSON(t, text, r, layout)
			if diff := cmp.Diff(want, got); diff != "" || skipped != nil || err != io.EOF {
				t.Errorf("blocks of %d, %q: error %v, skipped %d, records %s", size, text, err, skipped, diff)
			}
		}
	}
}

// shapes are the ways in which documents are put together in one text.
var shapes = map[string]func(docs []string) string{
	"lines":   func(docs []string) string { return strings.Join(docs, "\n") },
	"glued":   func(docs []string) string { return strings.Join(docs, "") },
	"array":   func(docs []string) string { return "[" + strings.Join(docs, ",") + "]" },
	"arrays":  func(docs []string) string { return "[" + strings.Join(docs, "]\n[") + "]\n" },
	"listing": func(docs []string) string { return "[\n  " + strings.Join(docs, ",\n  ") + "\n]\n" },
	"search":  search,
	"kibana":  func(docs []string) string { return `{"id":"x","rawResponse":` + search(docs) + `,"isRunning":false}` },
	"async":   func(docs []string) string { return `{"is_partial":false,"response":` + search(docs) + `}` },
	"msearch": func(docs []string) string {
		half := len(docs) / 2
		return `{"took":1,"responses":[` + search(docs[:half]) + "," + search(docs[half:]) + `]}`
	},
	"pages": func(docs []string) string {
		half := len(docs) / 2
		return search(docs[:half]) + "\n" + search(docs[half:])
	},
}

func search(docs []string) string {
	return `{"took": 3, "_scroll_id": "hits\"", "_shards": {"total": 1, "hits": {}},
  "hits": {"total": {"value": 7}, "max_score": null, "hits": [
    ` + strings.Join(docs, ",\n    ") + `
  ]}, "aggregations": {"hits": {"hits": 1}}}`
}

var oddDocuments = []string{
	`{"a":1}`,
	`{"_index":"x","_source":{"hits":{"total":1},"b":[1,{"c":"}"}]}}`,
	`{}`,
	`{"s":"\\","t":"\"{[","u":"\\\""}`,
	"{\n  \"pretty\": {\n    \"x\": [\n      1,\n      2\n    ]\n  }\n}",
	`{"response":{"status":200},"responses":[{"x":1}],"hits":3,"rawResponse":"x"}`,
	`{"hits":{"hit":[{"a":1}]}}`,
	`{"n":-1.5e+7,"t":true,"f":false,"z":null,"nan":NaN}`,
}

func TestJSONFindsDocumentsInEveryShape(t *testing.T) {
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) { checkJSON(t, shape(oddDocuments), oddDocuments) })
	}
}

func TestJSONValuesThatAreNoDocuments(t *testing.T) {
	checkJSON(t, ``, nil)
	checkJSON(t, ` [ ] `, nil)
	checkJSON(t, `[1, "a,b]", null, {"a":1}]`, []string{`1`, `"a,b]"`, `null`, `{"a":1}`})
	checkJSON(t, `[[1,2],{"a":1}]`, []string{`[1,2]`, `{"a":1}`})
	checkJSON(t, "garbage: here\n{\"a\":1}\nmore\n", []string{"garbage: here", `{"a":1}`, "more"})
	checkJSON(t, `{"a":1}}{"b":2}]`, []string{`{"a":1}`, `}`, `{"b":2}`, `]`})
}

// One document is damaged in some way: all others must still be found, and every byte of
// it that is not white space or a comma must be in a record.
func TestJSONGoesOnBehindDamage(t *testing.T) {
	doc := func(i int) string {
		return fmt.Sprintf(`{"_index":"logs","_id":"%d","_source":{"a":[1,2],"message":"some text, and more"}}`, i)
	}
	for name, shape := range shapes {
		for _, damage := range []func(string) string{
			func(s string) string { return s[:len(s)-2] },                         // a lost end
			func(s string) string { return s[:30] },                               // cut in the middle
			func(s string) string { return strings.Replace(s, `"}`, `}`, 1) },     // a lost quote
			func(s string) string { return strings.Replace(s, `[1`, `1`, 1) },     // a lost bracket
			func(s string) string { return strings.Replace(s, `]`, `}`, 1) },      // a wrong bracket
			func(s string) string { return s + "}" },                              // one too many
			func(s string) string { return s[:40] + "\x00\x01\x02\xff" + s[50:] }, // binary
		} {
			docs := []string{doc(0), doc(1), damage(doc(2)), doc(3), doc(4), doc(5)}
			text := shape(docs)
			got, _, _ := cutJSON(t, text, strings.NewReader(text), Layout{Size: 50, Max: 1 << 20})
			found := map[string]bool{}
			for _, record := range got {
				found[record] = true
			}
			for _, i := range []int{0, 1, 3, 4, 5} {
				if !found[doc(i)] {
					t.Errorf("%s: document %d is lost behind %q: %q", name, i, docs[2], got)
				}
			}
		}
	}
}

func TestJSONCutAnywhere(t *testing.T) {
	docs := []string{`{"_id":"a","x":1}`, `{"_id":"b","y":"z"}`}
	for name, shape := range shapes {
		text := shape(docs)
		for n := range len(text) {
			got, _, err := cutJSON(t, text[:n], strings.NewReader(text[:n]), Layout{Size: 9, Max: 1 << 20})
			var cut *CutError
			if strings.Contains(text[:n], docs[1]) && !strings.Contains(strings.Join(got, "\n"), docs[1]) && name != "kibana" {
				t.Errorf("%s cut at %d: %q", name, n, got)
			}
			if err != io.EOF && !errors.As(err, &cut) {
				t.Errorf("%s cut at %d: error %v", name, n, err)
			}
			if err == io.EOF && name == "array" && n > 0 {
				t.Errorf("cut at %d: an array that is not closed is not told", n)
			}
		}
	}
}

func TestJSONPassesOverLongRecords(t *testing.T) {
	long := `{"a":"` + strings.Repeat(`x{\"\\`, 300) + `"}`
	for name, shape := range shapes {
		text := shape([]string{`{"a":1}`, long, `{"a":2}`, `{"b":3}`})
		for _, size := range []int{1, 10, 60} {
			got, skipped, err := cutJSON(t, text, strings.NewReader(text), Layout{Size: size, Max: 400})
			want := []string{`{"a":1}`, `{"a":2}`, `{"b":3}`}
			if diff := cmp.Diff([]int64{int64(len(long))}, skipped); diff != "" {
				t.Errorf("%s, blocks of %d: skipped %s", name, size, diff)
			}
			if diff := cmp.Diff(want, got); diff != "" || err != io.EOF {
				t.Errorf("%s, blocks of %d: error %v, records %s", name, size, err, diff)
			}
		}
	}
}

func TestJSONReaderFails(t *testing.T) {
	text := `[{"a":1},{"a":2}]`
	broken := errors.New("disk on fire")
	for n := range len(text) {
		r := io.MultiReader(strings.NewReader(text[:n]), iotest.ErrReader(broken))
		if _, _, err := cutJSON(t, text[:n], r, Layout{Size: 4, Max: 100}); err != broken {
			t.Errorf("after %d bytes: got error %v", n, err)
		}
	}
}

func TestJSONDeepNesting(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 10000) + "1" + strings.Repeat("}", 10000)
	checkLayout := Layout{Size: 1000, Max: 1 << 20}
	got, _, err := cutJSON(t, deep+"\n{}", strings.NewReader(deep+"\n{}"), checkLayout)
	if len(got) != 2 || got[0] != deep || err != io.EOF {
		t.Errorf("got %d records, error %v", len(got), err)
	}
}

// Text that breaks at every byte must not take time quadratic in its length. The bound is
// on bytes scanned again, not on time.
func TestJSONDamageIsLinear(t *testing.T) {
	for _, unit := range []string{`{"a":`, `{"a"{`, `{"a":"`, `[`, `"`, `{"hits":{"hits":[`, `{"response":`} {
		text := strings.Repeat(unit, 400000)
		j := NewJSON(strings.NewReader(text), Layout{Size: 1 << 16, Max: 1 << 18})
		for {
			if _, err := j.Next(nil); err != nil {
				break
			}
		}
		if limit := int64(freeAgain + 4*len(text)); j.again > limit {
			t.Errorf("%q: %d bytes scanned again, limit %d", unit, j.again, limit)
		}
	}
}

func FuzzJSON(f *testing.F) {
	for _, shape := range shapes {
		f.Add(shape(oddDocuments[:4]), uint8(5), uint8(90))
	}
	f.Add(`[{"a":1},{"a":"2},{"a":3}]`, uint8(1), uint8(3))
	f.Add("x\n{\"a\":\x00}\n{\"a\":1}", uint8(2), uint8(9))
	f.Fuzz(func(t *testing.T, text string, size, limit uint8) {
		cutJSON(t, text, strings.NewReader(text), Layout{Size: int(size), Max: int(limit), Before: 3, After: 2})
		large := Layout{Size: 1 << 16, Max: 1 << 20}
		want, _, wantErr := cutJSON(t, text, strings.NewReader(text), large)
		small := Layout{Size: int(size), Max: 1 << 20}
		got, _, gotErr := cutJSON(t, text, strings.NewReader(text), small)
		if diff := cmp.Diff(want, got); diff != "" || fmt.Sprint(wantErr) != fmt.Sprint(gotErr) {
			t.Errorf("blocks of %d: errors %v and %v, records %s", size, wantErr, gotErr, diff)
		}
	})
}

func TestJSONRandomDocuments(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		var docs []string
		for range 2 + random.IntN(10) {
			docs = append(docs, "{"+strings.TrimSuffix(randomMembers(random, 0), ",")+"}")
		}
		for _, shape := range shapes {
			checkJSON(t, shape(docs), docs)
		}
	}
}

func randomMembers(random *rand.Rand, depth int) string {
	var b strings.Builder
	for i := range random.IntN(4) {
		fmt.Fprintf(&b, `"k%d":`, i)
		switch n := random.IntN(5); {
		case n == 0 && depth < 4:
			b.WriteString("{" + strings.TrimSuffix(randomMembers(random, depth+1), ",") + "}")
		case n == 1:
			b.WriteString(`[1,"x",{"y":[]}]`)
		default:
			b.WriteString([]string{`"te\"xt"`, `12.5`, `null`, `"\\"`, `"{"`}[random.IntN(5)])
		}
		b.WriteByte(',')
	}
	return b.String()
}

func BenchmarkJSON(b *testing.B) {
	doc := `{"_index":"logs-x","_id":"abcdefg","_source":{"@timestamp":"2026-11-20T00:00:00.000Z","event":{"category":["network"],"type":["start"]},"process":{"pid":1234,"name":"curl","executable":"/usr/bin/curl","args":["curl","-k","https://10.0.0.1:10250/pods"]},"host":{"name":"web-1","os":{"type":"linux"}}}}`
	text := []byte(search(strings.Split(strings.Repeat(doc+"\n", 20000), "\n")[:20000]))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	buf := make([]byte, 2<<20)
	for b.Loop() {
		j := NewJSON(bytes.NewReader(text), Layout{Size: 1 << 20, Max: 1 << 24})
		for {
			if _, err := j.Next(buf); err != nil {
				break
			}
		}
	}
}
