package ndjson

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fastjson"

	"kscan/readers/event"
)

var pickFields = []string{"event.category", "destination.port", "process.name", "process", "host.os.type", "a.b.c", "a.b.n", "a..b"}

// pickFinder is a finder of the fields, of which the last two but one take nulls.
func pickFinder() *event.Finder {
	f := event.NewFinder()
	for _, name := range pickFields {
		f.Add(name)
	}
	f.AddNulls("a.b.n")
	return f
}

// valuesOf returns the values of all names that have some.
func valuesOf(found *event.Found) map[string][]string {
	out := map[string][]string{}
	for _, name := range found.Finder().Names() {
		slot, _ := found.Finder().Slot(name)
		for _, v := range found.Values(slot) {
			out[name] = append(out[name], string(v.AppendJSON(nil)))
		}
	}
	return out
}

func TestPick(t *testing.T) {
	type values = map[string][]string
	for _, tt := range []struct {
		text string
		want values
	}{
		{`{}`, values{}},
		{`{"x":1}`, values{}},
		{`{"event":{"category":["network"],"id":"1"},"x":{"y":[1,{"z":"}"}]}}`, values{"event.category": {`"network"`}}},
		{`{ "event" : { "id" : "1" , "category" : "network" } , "destination.port" : 1 }`,
			values{"event.category": {`"network"`}, "destination.port": {"1"}}},
		{`{"destination":{"ip":"10.0.0.1","port":10250},"message":"a\"b\\","host":{"os":{"family":"debian","type":"linux"}}}`,
			values{"destination.port": {"10250"}, "host.os.type": {`"linux"`}}},
		{`{"host":{"os.type":"li\u006eux\\","x":null}}`, values{"host.os.type": {`"linux\\"`}}},
		{`{"host.os":{"type":["linux",["a"],{"type":"b"}]},"host.os.family":true}`, values{"host.os.type": {`"linux"`, `"a"`}}},
		{`{"_source":{}}`, values{}},
		{`{"destination":{"port":1},"_index":"x","_source":{"destination":{"port":2}},"host":{"os":{"type":"linux"}},"":0}`,
			values{"destination.port": {"2"}}},
		{`{"_x":1,"event":{"category":"network"}}`, values{"event.category": {`"network"`}}},
		{`{"fields":{"a":1},"event":{"category":"network"}}`, values{"event.category": {`"network"`}}},
		{`{"process":{"name":"a","pid":1},"process":[true,false,null,-1.5e3,{"name":2}]}`,
			values{"process": {"true", "false", "-1.5e3"}, "process.name": {`"a"`, "2"}}},
		{`{"a":[{"b":{"c":1}},{"b":{"c":2}}],"a":7,"a":{"b":[{"c":3,"n":null}]}}`, values{"a.b.c": {"1", "2", "3"}, "a.b.n": {"null"}}},
		{`{"@timestamp":"2026","a":{"@timestamp":1},"a.":{"b":1},"a":{"":{"b":2},".b":3}}`,
			values{"@timestamp": {`"2026"`}, "a..b": {"1", "2", "3"}}},
	} {
		p := newPicker(pickFinder())
		for _, strict := range []bool{false, true, false} { // what it remembers of a document makes no difference
			if !p.pick([]byte(tt.text), strict) {
				t.Errorf("%s is left to the parser", tt.text)
			}
			if diff := cmp.Diff(tt.want, valuesOf(&p.found)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.text, diff)
			}
		}
	}
}

func TestPickLeavesToTheParser(t *testing.T) {
	for _, text := range []string{
		``, `[]`, `1`, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1}x`, `{"a":"x}`, `{a:1}`, `{"a" 1}`, `{"a":}`, `{"a":1 2}`, `{"a":{"b":{"c":1}`,
		`{"eve\u006et":{"category":"network"}}`, `{"_source":1}`, `{"_source":{},"_source":{}}`, `{"_source":{},"fields":{}}`, `{"fields":{"a":[1]},"_id":"1"}`, `{"hits":{}}`, `{"index":{}}`, `{"a":1,}`, `{"x":[1,2}`,
		`{"process":nul}`, `{"process":1x}`, `{"process":[1,]}`, `{"process":[1 2]}`, `{"process":[`, `{"process":[1`,
	} {
		p := newPicker(pickFinder())
		p.pick([]byte(`{"a":1,"process":2,"x":3}`), false)
		if p.pick([]byte(text), false) || p.pick([]byte(text), true) {
			t.Errorf("%s: picked %v", text, valuesOf(&p.found))
		}
	}
}

func TestPickDepth(t *testing.T) {
	for depth, want := range map[int]bool{maxPickDepth: true, maxPickDepth + 1: false} {
		text := `{"process":` + strings.Repeat("[", depth) + "1" + strings.Repeat("]", depth) + `}`
		if got := newPicker(pickFinder()).pick([]byte(text), false); got != want {
			t.Errorf("%d deep: picked %v", depth, got)
		}
	}
}

// FuzzPick demands that what is picked of a document is what a finder finds in it parsed,
// whatever the documents before it looked like.
func FuzzPick(f *testing.F) {
	f.Add([]byte(`{"x":1}`), []byte(`{"event":{"category":["network"],"id":"1"},"destination.port":"1","process":{"name":null},"a":{"b.c":[1,[2]]}}`))
	f.Add([]byte(`{"_index":"b","_source":{"a":{"b":{"n":null}}}}`), []byte(`{"_index":"a","_source":{"a":{"b.c":1}},"fields":{"a.b.c":[1]}}`))
	f.Add([]byte(`{"a":{"b":{"x":1,"c":2}}}`), []byte(`{"a.b":{"c":1},"a":{"b":{"c":[{"d":1},3]}},"a":[{"b.c":2}]}`))
	f.Add([]byte(`{"a":{"b":{"c":"\\","n":null}},"process":"x"}`), []byte(`{"a":{"b":{"c":"\u0041\"","n":[null]}},"process":"\ud83d","@timestamp":1}`))
	f.Add([]byte(`{"x":{""}}`), []byte(`{"a":{"b":{"c":[{""}]}}}`))
	f.Fuzz(func(t *testing.T, before, text []byte) {
		p := newPicker(pickFinder())
		p.pick(before, false)
		checkPick(t, p, text)
		checkPick(t, p, before)
		checkPick(t, p, text)
	})
}

func checkPick(t *testing.T, p *picker, text []byte) {
	var parser fastjson.Parser
	whole, err := parser.ParseBytes(text)
	if err != nil || whole.Type() != fastjson.TypeObject {
		if p.pick(text, true) {
			t.Fatalf("%s: picked although the parser says %v", text, err)
		}
		return
	}
	strictly := p.pick(text, true)
	if !p.pick(text, false) {
		if strictly {
			t.Errorf("%s: picked only strictly", text)
		}
		return
	}
	var k keys
	k.init()
	if k.of(whole); object(k.source) && k.fields == nil {
		whole = k.source
	} else if k.isFieldsHit() || object(k.source) {
		t.Fatalf("%s: picked from a hit with fields", text)
	}
	var want event.Found
	e := &event.Event{Doc: whole}
	p.finder.Find(e, &want)
	if diff := cmp.Diff(valuesOf(&want), valuesOf(&p.found)); diff != "" {
		t.Errorf("%s (-whole +picked):\n%s", text, diff)
	}
	at, dated := e.Time()
	if got, ok := (&event.Event{Found: &p.found}).Time(); ok != dated || !got.Equal(at) {
		t.Errorf("%s: at %v %v, want %v %v", text, got, ok, at, dated)
	}
}

func BenchmarkPick(b *testing.B) {
	text := []byte(`{"@timestamp":"2026-11-20T00:00:00.000Z","agent":{"id":"3f1c2b7e-0000","type":"endpoint","version":"8.15.0"},"data_stream":{"type":"logs","dataset":"endpoint.events.network","namespace":"default"},"ecs":{"version":"8.10.0"},"host":{"hostname":"node-00","name":"node-00","os":{"type":"linux","family":"debian","version":"12","kernel":"6.1.0-18-amd64","platform":"debian","full":"Debian 12"},"ip":["10.20.0.0","127.0.0.1","::1"],"mac":["02-42-0a-14-00-00"],"architecture":"x86_64","id":"00000000000000000000000000000000"},"process":{"pid":35216,"entity_id":"0123456789abcdef0123456789abcdef","name":"kubelet","executable":"/usr/bin/kubelet","args":["/usr/bin/kubelet","--config","/etc/kubelet/config.yaml"],"args_count":3,"parent":{"pid":1,"name":"systemd","executable":"/usr/lib/systemd/systemd","entity_id":"0123456789abcdef"},"user":{"id":"0","name":"root"}},"destination":{"ip":"10.20.1.2","port":10250,"address":"10.20.0.1"},"source":{"ip":"10.20.0.7","port":40000,"address":"10.20.0.7"},"network":{"type":"ipv4","transport":"tcp","direction":"egress"},"message":"Endpoint event","event":{"id":"0123456789abcdef+0","sequence":0,"category":["network"],"type":["start"],"action":"connection_attempted","kind":"event","outcome":"unknown","dataset":"endpoint.events.network","module":"endpoint"}}`)
	f := event.NewFinder()
	for _, name := range []string{"event.category", "event.type", "event.action", "network.direction", "host.os.type", "destination.ip", "destination.port", "process.name", "process.executable",
		"host.name", "event.dataset", "data_stream.dataset", "event.module", "agent.type", "user.name", "auditd.sequence", "auditd.message_type", "auditd.data.audit_lost", "auditd.data.lost"} {
		f.Add(name)
	}
	p := newPicker(f)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if !p.pick(text, false) {
			b.Fatal("not picked")
		}
	}
}
