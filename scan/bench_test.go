package scan

import (
	"fmt"
	"strings"
	"testing"

	"kscan/readers"
	"kscan/readers/frame"
	"kscan/rule"
)

// candidates are lines of which each holds what the built-in rule needs and none matches.
func candidates(lines int) string {
	var b strings.Builder
	for i := range lines {
		name := []string{"sshd", "cron", "kubelet", "containerd", "metrics-agent", "bash"}[i*7%6]
		fmt.Fprintf(&b, `{"@timestamp":"2026-11-20T00:%02d:%02d.%03dZ","agent":{"id":"3f1c2b7e-%04d","type":"endpoint","version":"8.15.0"},"data_stream":{"type":"logs",`+
			`"dataset":"endpoint.events.network"},"host":{"name":"node-%02d","os":{"type":"linux","family":"debian","kernel":"6.1.0-18-amd64"},"ip":["10.20.0.%d","127.0.0.1"]},`+
			`"process":{"pid":%d,"entity_id":"%032x","name":"%s","executable":"/usr/bin/%s","args":["/usr/bin/%s","--config","/etc/x.yaml"],"parent":{"pid":1,"name":"systemd"}},`+
			`"destination":{"ip":"10.20.%d.%d","port":10250},"network":{"type":"ipv4","transport":"tcp","direction":"egress"},"message":"Endpoint event",`+
			`"event":{"id":"%016x+0","sequence":%d,"category":["network"],"type":["start"],"action":"connection_attempted","kind":"event","outcome":"unknown"}}`+"\n",
			i/60000%60, i/1000%60, i%1000, i%40, i%40, i%40, i*31%65536, i*2654435761, name, name, name, i%4, i*37%250, i*40503, i)
	}
	return b.String()
}

// BenchmarkCandidates is all the work on a block of lines of which each is a candidate, with
// the account of the events and without it.
func BenchmarkCandidates(b *testing.B) {
	const lines = 4000
	text := candidates(lines)
	block := &frame.Block{Data: []byte(text), End: len(text)}
	rules, err := rule.Builtin()
	if err != nil {
		b.Fatal(err)
	}
	for _, plain := range []bool{true, false} {
		b.Run(map[bool]string{true: "plain", false: "account"}[plain], func(b *testing.B) {
			r := &run{options: Options{NoAccount: plain}, sets: ruleSets(rules), list: rules, near: nearMisses(rules)}
			w := newWorker(r)
			part := &readers.Part{Source: "bench", Format: "ndjson"}
			d := readers.NewDecoder(part.Format, w.interest)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				w.sink.begin(w, w.newResult(1))
				d.Decode(part, block, &w.sink)
				if w.sink.res.counts.Events != lines {
					b.Fatalf("%d events", w.sink.res.counts.Events)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*lines), "ns/event")
		})
	}
}

// TestCandidatesDoNotAllocate holds that an event that does not match costs no memory.
func TestCandidatesDoNotAllocate(t *testing.T) {
	rules, err := rule.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	r := &run{sets: ruleSets(rules), list: rules, near: nearMisses(rules)}
	w := newWorker(r)
	part := &readers.Part{Source: "log", Format: "ndjson"}
	d := readers.NewDecoder(part.Format, w.interest)
	allocations := func(lines int) float64 {
		text := candidates(lines)
		block := &frame.Block{Data: []byte(text), End: len(text)}
		return testing.AllocsPerRun(3, func() {
			w.sink.begin(w, w.newResult(1))
			d.Decode(part, block, &w.sink)
		})
	}
	few, many := allocations(2000), allocations(6000)
	if perEvent := (many - few) / 4000; perEvent > 0.05 {
		t.Errorf("%.0f allocations for 2000 events, %.0f for 6000", few, many)
	}
}
