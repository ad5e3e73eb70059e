package ndjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/valyala/fastjson"
)

// checkedTexts are texts that are JSON and that are not, by one byte.
func checkedTexts() []string {
	texts := []string{
		`{}`, `[]`, `{"a":1}`, `{"a":[1,-0.5e+7,{"b":"\u00e9\n\\\""}],"c":{"d":null,"e":true,"f":false}}`, `{ "a" : [ ] , "b" : { } }`,
		`{"a":01}`, `{"a":1.}`, `{"a":.5}`, `{"a":-}`, `{"a":1e}`, `{"a":True}`, `{"a":tru}`, `{"a":"\x"}`, `{"a":"\u12g4"}`, `{"a":"b}`,
		`{"a" "b"}`, `{"a":1,}`, `{,"a":1}`, `[1,]`, `[1 2]`, `{"a":1}}`, `{"a":[1}`, `"`, `"\`, `"\\"`, `"\u00`, ``, ` `, `nul`, `-`, `{"a":1}x`,
		"{\"a\":\"\t\"}", "{\"a\":\t1}", `{a:1}`, `{"a":'b'}`, `{"a":NaN}`, strings.Repeat("[", 70) + strings.Repeat("]", 70),
	}
	for n := 55; n < 70; n++ { // across the border of a word
		pad := strings.Repeat("x", n)
		texts = append(texts, `{"`+pad+`":"\\","b":"\"}"}`, `{"`+pad+`":"\\\\\","b":"\"}"}`, fmt.Sprintf(`{"a":"%s\u00e%d"}`, pad, n%10))
	}
	return texts
}

func checkWellFormed(t *testing.T, text []byte) {
	t.Helper()
	well := isWellFormed(text)
	if well && (!json.Valid(text) || fastjson.ValidateBytes(text) != nil) {
		t.Errorf("%q is well-formed, but no parser takes it", text)
	}
	if !well && json.Valid(text) && !hasControl(text) && len(text) <= maxChecked && strings.Count(string(text), "[")+strings.Count(string(text), "{") < maxCheckedDepth &&
		strings.TrimSpace(string(text)) == string(text) {
		t.Errorf("%q is JSON", text)
	}
}

func TestWellFormedIsJSON(t *testing.T) {
	for _, text := range checkedTexts() {
		checkWellFormed(t, []byte(text))
		for i := range text { // one byte missing, doubled, or another
			checkWellFormed(t, []byte(text[:i]+text[i+1:]))
			checkWellFormed(t, []byte(text[:i]+text[i:i+1]+text[i:]))
			for _, other := range []string{`"`, `\`, `{`, `]`, `,`, `:`, `0`, ` `, "\x1f", "\xff"} {
				checkWellFormed(t, []byte(text[:i]+other+text[i+1:]))
			}
		}
	}
}

func FuzzWellFormed(f *testing.F) {
	for _, text := range checkedTexts() {
		f.Add([]byte(text))
	}
	f.Fuzz(checkWellFormed)
}

// checkResembles holds a glance at a line against decoding it.
func checkResembles(t *testing.T, line []byte) {
	t.Helper()
	text := append(line[:len(line):len(line)], '\n')
	if bytes.IndexByte(line, '\n') >= 0 || !Resembles(text) || !json.Valid(line) {
		return
	}
	if err := SniffLines(text, true); err != nil {
		t.Errorf("%q resembles a document, but %v", line, err)
	}
	got := slices.DeleteFunc(decode(t, Lines, string(text), len(text)+1), func(s string) bool { return strings.HasSuffix(s, " invalid_utf8") })
	if len(got) != 1 || !strings.HasPrefix(got[0], "1+0 ") || strings.HasSuffix(got[0], " broken") {
		t.Errorf("%q resembles a document and is %q", line, got)
	}
}

// shapedTexts are lines that hold a document and lines that hold none or several.
func shapedTexts() []string {
	return append(checkedTexts(),
		`{"@timestamp":"2026-11-20T00:03:06.693Z","host":{"name":"a"},"tags":["{","]\\"],"n":-1.5}`, `{"_index":"a","_id":"1","_source":{"a":1}}`,
		`{"took":1,"hits":{"hits":[{"_source":{"a":1}},{"_source":{"a":2}}]}}`, `{"h\u0069ts":{"hits":[{"_source":{"a":1}},{"_source":{"a":2}}]}}`,
		`{"rawResponse":{"hits":{"hits":[]}}}`, `{"responses":[{"hits":{"hits":[{"_source":{}}]}}]}`, `{"response":{"hits":{"hits":[]}}}`,
		`{"index":{"_index":"a"}}`, `{ "delete" : {"_id":"1"}}`, `{"a":{"b":1}`, `{"a":"}`, `{"a":1}{"b":2}`, `{"a":1},`, `[{"a":1},{"a":2}]`,
		`{"message":"type=SYSCALL msg=audit(1700000000.123:42): arch=c000003e"}`)
}

func TestResemblesIsOneDocument(t *testing.T) {
	fits := 0
	for _, text := range shapedTexts() {
		checkResembles(t, []byte(text))
		if Resembles([]byte(text + "\n")) {
			fits++
		}
		for i := range text {
			checkResembles(t, []byte(text[:i]+text[i+1:]))
			for _, other := range []string{`"`, `\`, `{`, `]`, `}`, `,`, `:`, `hits`} {
				checkResembles(t, []byte(text[:i]+other+text[i:]))
			}
		}
	}
	if fits < 10 {
		t.Errorf("only %d lines resemble a document", fits)
	}
}

func FuzzResembles(f *testing.F) {
	for _, text := range shapedTexts() {
		f.Add([]byte(text))
	}
	f.Fuzz(checkResembles)
}

func BenchmarkWellFormed(b *testing.B) {
	line := []byte(`{"@timestamp":"2026-11-20T00:03:06.693Z","agent":{"id":"3f1c2b7e-001f","type":"endpoint","version":"8.15.0"},"data_stream":{"type":"logs","dataset":"endpoint.events.network","namespace":"default"},"host":{"hostname":"node-31","os":{"type":"linux","kernel":"6.1.0-18-amd64"},"ip":["10.20.0.231","127.0.0.1","::1"]},"process":{"pid":21198,"args":["/usr/bin/sshd","--config","/etc/sshd/config.yaml"],"args_count":3},"destination":{"ip":"10.20.3.238","port":4899}}`)
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if !isWellFormed(line) {
			b.Fatal("it is")
		}
	}
}

func BenchmarkValidate(b *testing.B) {
	line := []byte(`{"@timestamp":"2026-11-20T00:03:06.693Z","agent":{"id":"3f1c2b7e-001f","type":"endpoint","version":"8.15.0"},"data_stream":{"type":"logs","dataset":"endpoint.events.network","namespace":"default"},"host":{"hostname":"node-31","os":{"type":"linux","kernel":"6.1.0-18-amd64"},"ip":["10.20.0.231","127.0.0.1","::1"]},"process":{"pid":21198,"args":["/usr/bin/sshd","--config","/etc/sshd/config.yaml"],"args_count":3},"destination":{"ip":"10.20.3.238","port":4899}}`)
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		if fastjson.ValidateBytes(line) != nil {
			b.Fatal("it is")
		}
	}
}
