package scan

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/rule"
	"kscan/rule/eql"
	"kscan/rule/eval"
)

// kindRules are of one set. Some read fields that tell kinds apart, others do not.
var kindRules = []string{
	`network where host.os.type == "linux" and process.name : ("curl", "nc*") and destination.port in (10250, 10255) and cidrMatch(destination.ip, "10.0.0.0/8")`,
	`network where process.executable == "/usr/bin/curl" and destination.port > 10000 and network.direction == "egress"`,
	`any where process.pid == 7 and cidrMatch(source.ip, "10.0.0.0/8") and process.name == "curl"`,
}

func kindRun(t *testing.T, queries []string) *run {
	t.Helper()
	set, rules := eval.NewSet(), []*rule.Rule{}
	for _, text := range queries {
		q, err := eql.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		p, err := set.Compile(q, eval.Options{})
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, &rule.Rule{ID: text, Program: p})
	}
	return &run{sets: ruleSets(rules), list: rules, near: nearMisses(rules)}
}

// kindDocument writes an event that has much in common with others.
func kindDocument(r *rand.Rand, n int) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	name := pick("curl", "kubelet", "nc", "worker")
	executable := pick(`"/usr/bin/curl"`, `"/usr/bin/`+name+`"`, `null`, `["/a","/b"]`)
	return fmt.Sprintf(`{"@timestamp":"2026-01-02T03:%02d:%02d.%03dZ","event":{"category":%s},"host":{"name":"h%d","os":{"type":%s}},
"process":{"name":"%s","executable":%s,"pid":%s},"destination":{"ip":%s,"port":%s},"user":{"name":"u%d"},%s
"auditd":{"sequence":%d,"message_type":%s,"data":{"lost":%d}},"source":{"ip":"%s"}}`,
		n/60%60, n%60, r.IntN(1000), pick(`"network"`, `["network","process"]`, `"file"`), r.IntN(3), pick(`"linux"`, `"linux"`, `"windows"`),
		name, executable, pick("7", "8", `"x"`), pick(`"10.0.0.1"`, `"8.8.8.8"`, `["10.1.1.1","9.9.9.9"]`, `"x"`, fmt.Sprintf(`"10.0.3.%d"`, r.IntN(200))),
		pick("10250", "443", `"10255"`, "[1,10250]", "null"), r.IntN(30), pick(`"network":{"direction":"egress"},`, ""),
		100+n+r.IntN(3), pick(`"syscall"`, `"daemon_start"`), r.IntN(9), pick("10.1.2.3", "1.1.1.1"))
}

// told is what a worker makes of events, unit by unit.
type toldAccount struct {
	Wanted  []bool
	Events  int64
	Streams []Stream
	Near    []*NearMisses
	Reach   []StreamReach
}

// accountOf gives events to a worker, as partial ones first, and puts its units together.
func accountOf(t *testing.T, r *run, ks *eval.KindTable[kind], seed uint64, events int) (out toldAccount) {
	random := rand.New(rand.NewPCG(seed, 3))
	w := newWorker(r)
	w.kinds = ks
	finder := w.interest.Finder
	if finder == nil {
		finder = r.sets[0].set.Finder()
	}
	var parser fastjson.Parser
	total, unit := newAccount(r), 0
	var res *result
	for n := range events {
		if n == unit {
			if res != nil {
				total.merge(res.account, 10)
				out.Events += res.counts.Events
			}
			res = w.newResult(0)
			w.sink.begin(w, res)
			unit += 1 + random.IntN(200)
		}
		doc, err := parser.Parse(kindDocument(random, n))
		if err != nil {
			t.Fatal(err)
		}
		where := event.Evidence{Source: fmt.Sprint("dir/", unit), Format: "ndjson", Line: int64(n)}
		var found event.Found
		finder.Find(&event.Event{Doc: doc}, &found)
		e := event.Event{Found: &found, Partial: true, Picked: random.IntN(10) > 0, Evidence: where}
		w.sink.Event(&e)
		if out.Wanted = append(out.Wanted, e.Wanted); e.Wanted {
			w.sink.Event(&event.Event{Doc: doc, Picked: e.Picked, Evidence: where})
		}
	}
	for _, st := range total.streams.sorted() {
		account := st.account(false)
		for i, x := range r.list {
			account.Reach = append(account.Reach, StreamReach{Rule: r.list[i], Reach: r.sets[0].shapes.Reach(x.Program, st.shapes[0].counts())})
		}
		out.Streams = append(out.Streams, account)
	}
	out.Near = total.near
	return out
}

// TestKindsMakeNoDifference holds that the account is the same, and the same events are wanted,
// whether or not events are told apart by their kinds.
func TestKindsMakeNoDifference(t *testing.T) {
	for seed := range uint64(12) {
		r := kindRun(t, kindRules[:1+seed%3])
		if seed%2 == 0 {
			r.options.From = time.Date(2026, 1, 2, 3, 5, 0, 0, time.UTC)
		}
		ks := newKinds(r, false)
		got, want := accountOf(t, r, ks, seed, 3000), accountOf(t, r, nil, seed, 3000)
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(StreamReach{}, "Rule")); diff != "" {
			t.Errorf("seed %d (-each event, +kinds):\n%s", seed, diff)
		}
		if ks == nil {
			t.Errorf("seed %d: no kinds", seed)
		}
	}
}
