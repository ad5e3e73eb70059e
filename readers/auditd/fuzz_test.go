package auditd

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
)

// FuzzDecode holds that nothing makes the decoder fail, that a document can be read, and
// that events do not depend on where the log is cut.
func FuzzDecode(f *testing.F) {
	for seed := range uint64(4) {
		g := generator{Rand: rand.New(rand.NewPCG(seed, 9)), odd: true, nodes: seed%2 == 0, enriched: seed == 3}
		f.Add(g.log(6, 8), seed)
	}
	f.Add("a=\"\\\"b=\"\\\"c={A={ type=AVC msg=audit(1.1:1): avc: { } for \ntype=X msg=audit(1.1:1): msg='", uint64(1))
	f.Fuzz(func(t *testing.T, log string, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 1))
		o := Options{Window: 1 + r.IntN(2000), MaxRecords: 1 + r.IntN(8)}
		want := decodeAll(o, log)
		got := decodeCut(o, log, randomCuts(r, log, 3), 2*o.Window)
		if d := cmp.Diff(want.events, got.events); d != "" {
			t.Errorf("events differ (-whole +cut):\n%s", d)
		}
		if d := cmp.Diff(want.problems, got.problems); d != "" {
			t.Errorf("problems differ (-whole +cut):\n%s", d)
		}
		list := []event.Need{needList[r.IntN(len(needList))], needList[r.IntN(len(needList))]}
		checkLook(t, want, log, list, randomCuts(r, log, 3), o)
		checkPartial(t, want, log, partialFields, o)
		decodeAll(Options{JSON: true}, log)
		_ = Sniff([]byte(log))
	})
}
