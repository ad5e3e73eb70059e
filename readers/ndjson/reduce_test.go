package ndjson

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fastjson"

	"kscan/readers/event"
)

var reduceFields = []string{"@timestamp", "event.category", "destination.port", "process.name", "process", "host.os.type", "a.b.c"}

func TestReduce(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`{}`, `{}`},
		{`{"x":1}`, `{}`},
		{`{"event":{"category":["network"],"id":"1"},"x":{"y":[1,{"z":"}"}]}}`, `{"event.category":["network"]}`},
		{`{ "event" : { "id" : "1" , "category" : "network" } , "destination.port" : 1 }`, `{"event.category":"network","destination.port":1}`},
		{`{"destination":{"ip":"10.0.0.1","port":10250},"message":"a\"b\\","host":{"os":{"family":"debian","type":"linux"}}}`,
			`{"destination.port":10250,"host.os.type":"linux"}`},
		{`{"host":{"os.type":"linux","x":null}}`, `{"host.os.type":"linux"}`},
		{`{"host.os":{"type":"linux"},"host.os.family":true}`, `{"host.os.type":"linux"}`},
		{`{"_source":{}}`, `{}`},
		{`{"destination":{"port":1},"_index":"x","_source":{"destination":{"port":2}},"host":{"os":{"type":"linux"}}}`, `{"destination.port":2}`},
		{`{"_x":1,"event":{"category":"network"}}`, `{"event.category":"network"}`},
		{`{"fields":{"a":1},"event":{"category":"network"}}`, `{"event.category":"network"}`},
		{`{"process":{"name":"a","pid":1}}`, `{"process":{"name":"a","pid":1}}`},
		{`{"a":[{"b":{"c":1}},{"b":{"c":2}}],"a":7,"a":{"b":[{"c":3}]}}`, `{"a":[{"b":{"c":1}},{"b":{"c":2}}],"a.b":[{"c":3}]}`},
	} {
		got, ok := newReducer(reduceFields).reduce([]byte(tt.text))
		if !ok || string(got) != tt.want {
			t.Errorf("%s\ngot  %s %v\nwant %s", tt.text, got, ok, tt.want)
		}
	}
}

func TestReduceLeavesToTheParser(t *testing.T) {
	for _, text := range []string{
		``, `[]`, `1`, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1}x`, `{"a":"x}`, `{a:1}`, `{"a" 1}`, `{"a":}`, `{"a":1 2}`, `{"a":{"b":{"c":1}`,
		`{"eve\u006et":{"category":"network"}}`, `{"_source":1}`, `{"_source":{},"_source":{}}`, `{"_source":{},"fields":{}}`, `{"fields":{"a":[1]},"_id":"1"}`, `{"hits":{}}`, `{"index":{}}`, `{"a":1,}`, `{"x":[1,2}`,
	} {
		if got, ok := newReducer(reduceFields).reduce([]byte(text)); ok {
			t.Errorf("%s: reduced to %s", text, got)
		}
	}
}

// FuzzReduce demands that the reduced document has the values of the whole one in every
// wanted field, in their order.
func FuzzReduce(f *testing.F) {
	f.Add([]byte(`{"event":{"category":["network"],"id":"1"},"destination.port":"1","process":{"name":null},"a":{"b.c":[1,[2]]}}`))
	f.Add([]byte(`{"_index":"a","_source":{"a":{"b.c":1}},"fields":{"a.b.c":[1]}}`))
	f.Add([]byte(`{"a.b":{"c":1},"a":{"b":{"c":[{"d":1},3]}},"a":[{"b.c":2}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var p, q fastjson.Parser
		whole, err := p.ParseBytes(text)
		if err != nil || whole.Type() != fastjson.TypeObject {
			return
		}
		reduced, ok := newReducer(reduceFields).reduce(text)
		if !ok {
			return
		}
		var k keys
		k.init()
		if k.of(whole); object(k.source) && k.fields == nil {
			whole = k.source
		} else if k.isFieldsHit() || object(k.source) {
			t.Fatalf("%s: a hit with fields is reduced", text)
		}
		part, err := q.ParseBytes(reduced)
		if err != nil {
			t.Fatalf("%s\nreduced to %s: %v", text, reduced, err)
		}
		for _, field := range reduceFields {
			want, got := valuesOf(field, whole), valuesOf(field, part)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s of %s\nreduced to %s (-whole +reduced):\n%s", field, text, reduced, diff)
			}
		}
	})
}

func valuesOf(field string, doc *fastjson.Value) []string {
	var texts []string
	for _, v := range event.NewPath(field).Append(nil, &event.Event{Doc: doc}) {
		texts = append(texts, string(v.MarshalTo(nil)))
	}
	return texts
}

func BenchmarkReduce(b *testing.B) {
	text := []byte(`{"@timestamp":"2026-11-20T00:00:00.000Z","agent":{"id":"3f1c2b7e-0000","type":"endpoint","version":"8.15.0"},"data_stream":{"type":"logs","dataset":"endpoint.events.network","namespace":"default"},"ecs":{"version":"8.10.0"},"host":{"hostname":"node-00","name":"node-00","os":{"type":"linux","family":"debian","version":"12","kernel":"6.1.0-18-amd64","platform":"debian","full":"Debian 12"},"ip":["10.20.0.0","127.0.0.1","::1"],"mac":["02-42-0a-14-00-00"],"architecture":"x86_64","id":"00000000000000000000000000000000"},"process":{"pid":35216,"entity_id":"0123456789abcdef0123456789abcdef","name":"kubelet","executable":"/usr/bin/kubelet","args":["/usr/bin/kubelet","--config","/etc/kubelet/config.yaml"],"args_count":3,"parent":{"pid":1,"name":"systemd","executable":"/usr/lib/systemd/systemd","entity_id":"0123456789abcdef"},"user":{"id":"0","name":"root"}},"destination":{"ip":"10.20.1.2","port":10250,"address":"10.20.0.1"},"source":{"ip":"10.20.0.7","port":40000,"address":"10.20.0.7"},"network":{"type":"ipv4","transport":"tcp","direction":"egress"},"message":"Endpoint event","event":{"id":"0123456789abcdef+0","sequence":0,"category":["network"],"type":["start"],"action":"connection_attempted","kind":"event","outcome":"unknown","dataset":"endpoint.events.network","module":"endpoint"}}`)
	r := newReducer([]string{"@timestamp", "event.category", "event.type", "event.action", "network.direction", "host.os.type", "destination.ip", "destination.port", "process.name", "process.executable"})
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := r.reduce(text); !ok {
			b.Fatal("not reduced")
		}
	}
}
