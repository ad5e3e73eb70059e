package eval

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"kscan/readers/event"
	"kscan/rule/eql"
)

// TestMemory demands that what is remembered of values makes no difference: neither when
// there are more than are remembered, nor when they are forgotten.
func TestMemory(t *testing.T) {
	set := NewSet()
	for _, query := range []string{
		`any where process.name in~ ("n1", "N2*", "n77")`, `any where process.name : ("*7", "n?3*") and host.name like "h*"`,
		`any where cidrMatch(destination.ip, "10.0.0.0/9") and not process.name regex "n.*5"`, `any where unknown.field : ("1*", "true") or process.name == "n9"`,
	} {
		q, err := eql.Parse(query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := set.Compile(q, Options{}); err != nil {
			t.Fatal(err)
		}
	}
	index, lasting := set.Index(), NewScratch()
	r := rand.New(rand.NewPCG(5, 6))
	renewed, failed := 0, int64(0)
	for i := range 12000 {
		few := []int{40, 3000}[i/3000%2] // so that most are new, then few
		e := document(t, fmt.Sprintf(`{"process":{"name":["n%d","N%d"]},"host":{"name":"%s"},"destination":{"ip":"10.%d.%d"},"unknown":{"field":[%s]}}`,
			r.IntN(few), r.IntN(few), []string{"h", "H", ""}[r.IntN(3)], r.IntN(256), r.IntN(300), []string{`1`, `"1"`, `true`, `"true"`, `"x",1.5`}[r.IntN(5)]))
		lasting.Load(set, e)
		got := index.Hits(lasting, nil)
		for c := range lasting.cells {
			if m := lasting.cells[c].memory; m != nil && m.kept < maxRemembered/2 && m.patience > firstPatience {
				renewed++
			}
		}
		fresh := NewScratch()
		fresh.Load(set, e)
		if want := index.Hits(fresh, nil); !slices.Equal(got, want) {
			t.Fatalf("%s: %v, without a memory %v", e.Doc, got, want)
		}
		failed += fresh.Uncoercible()
	}
	if renewed == 0 || failed == 0 || failed != lasting.Uncoercible() {
		t.Errorf("%d events with a memory begun anew, %d values do not fit, without a memory %d", renewed, lasting.Uncoercible(), failed)
	}
}

// usualRule is of the shape of most: what kind of event, an address, names.
const usualRule = `network where host.os.type == "linux" and event.type == "start" and event.action in ("connected-to", "b") and
	(destination.port == 10250 or destination.port == 10255) and cidrMatch(destination.ip, "127.0.0.0/8", "10.0.0.0/8", "fe80::/10") and
	(process.name in ("curl", "wget") or process.name like ("python*", "node*") or process.executable like ("/tmp/*", "/*/.*"))`

// usualEvents returns a function that asks usualRule of an event in part, one of some in
// turn, and what says how many matched.
func usualEvents(t testing.TB) (ask func(), matched *int) {
	p := compile(t, usualRule, Options{})
	index, s := p.Set().Index(), NewScratch()
	var events []*event.Event
	for i, name := range []string{"sshd", "cron", "kubelet", "containerd", "curl", "bash"} {
		found := new(event.Found)
		p.Set().Finder().Find(document(t, fmt.Sprintf(`{"@timestamp":"2026-11-20T00:00:00.002Z","event":{"category":["network"],"type":["start"],"action":"connected-to"},
			"host":{"name":"node-%d","os":{"type":"linux"}},"process":{"name":"%s","executable":"/usr/bin/%s"},"destination":{"ip":"10.1.2.%d","port":10250}}`,
			i, name, name, i)), found)
		events = append(events, &event.Event{Found: found, Partial: true})
	}
	var hits []Hit
	n := 0
	matched = new(int)
	return func() {
		s.Load(p.Set(), events[n%len(events)])
		hits = index.Hits(s, hits[:0])
		*matched += len(hits)
		n++
	}, matched
}

func TestHitsDoNotAllocate(t *testing.T) {
	ask, matched := usualEvents(t)
	for range 6 {
		ask()
	}
	if n := testing.AllocsPerRun(600, ask); n != 0 || *matched < 100 {
		t.Errorf("%v allocations for each event, want none; %d matched", n, *matched)
	}
}

func BenchmarkHits(b *testing.B) {
	ask, _ := usualEvents(b)
	b.ReportAllocs()
	for b.Loop() {
		ask()
	}
}
