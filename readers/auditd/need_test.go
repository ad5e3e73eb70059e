package auditd

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

// holds reports whether a document holds a need: the slow way, on the decoded values.
func holds(fields map[string]string, need event.Need) bool {
	for key, val := range fields {
		if key != need.Field && !strings.HasPrefix(key, need.Field+".") {
			continue
		}
		switch {
		case need.Text == "":
			if val == strconv.FormatInt(need.Number, 10) {
				return true
			}
		case need.Fold:
			if strings.Contains(strings.ToLower(val), strings.ToLower(need.Text)) {
				return true
			}
		case strings.Contains(val, need.Text):
			return true
		}
	}
	return false
}

// TestLook holds that no event which holds a need is passed over, that the others which
// are not are as they were, and that all are counted.
func TestLook(t *testing.T) {
	all := []event.Need{
		{Field: "destination.port", Number: 10250}, {Field: "destination.port", Number: 10255}, {Field: "source.port", Number: 22},
		{Field: "destination.port", Number: 1 << 20}, {Field: "process.name", Text: "curl"}, {Field: "process.name", Text: "PYTHON", Fold: true},
		{Field: "process.executable", Text: "(deleted)"}, {Field: "process.executable", Text: "/TMP/A B", Fold: true},
		{Field: "process.title", Text: "sh -c"}, {Field: "process.args", Text: "a b"}, {Field: "file.path", Text: "/etc/passwd"},
		{Field: "process.working_directory", Text: "/tmp/a"},
	}
	passed := int64(0)
	for seed := range uint64(12) {
		g := generator{Rand: rand.New(rand.NewPCG(seed, 6)), odd: true, enriched: seed%4 == 0, nodes: seed%3 == 0}
		// some records get lost, and some addresses are cut
		lines := slices.DeleteFunc(strings.SplitAfter(g.log(80, 40), "\n"), func(string) bool { return g.IntN(8) == 0 })
		log := filler(sampleBytes) + strings.ReplaceAll(strings.Join(lines, ""), "saddr=0200280FC0A80101", "saddr=0200280FC0")
		want := decodeAll(Options{}, log)
		for range 4 {
			list := []event.Need{all[g.IntN(len(all))], all[g.IntN(len(all))]}
			d := New(Options{})
			d.Look(list)
			var got seen
			d.Decode("log", "", &frame.Block{Data: []byte(log), End: len(log)}, &got)
			emitted := map[string]decoded{}
			for _, e := range got.events {
				emitted[fmt.Sprint(e.Evidence.Offset)] = e
			}
			for _, e := range want.events {
				other, ok := emitted[fmt.Sprint(e.Evidence.Offset)]
				needed := slices.ContainsFunc(list, func(n event.Need) bool { return holds(e.Fields, n) })
				if needed && !ok {
					t.Fatalf("seed %d, needs %v: passed over %v", seed, list, e)
				}
				if ok && !cmp.Equal(e, other) {
					t.Fatalf("seed %d, needs %v:\n%s", seed, list, cmp.Diff(e, other))
				}
			}
			if n := int64(len(want.events)); n != int64(len(got.events))+d.Passed() {
				t.Errorf("%d events and %d passed over, want %d", len(got.events), d.Passed(), n)
			}
			if d := cmp.Diff(want.problems, got.problems); d != "" {
				t.Errorf("problems differ:\n%s", d)
			}
			passed += d.Passed()
		}
	}
	if passed < 500 {
		t.Errorf("only %d events passed over", passed)
	}
}

func TestLookSplitArgument(t *testing.T) {
	log := filler(sampleBytes) + "type=SYSCALL " + testHead + "arch=c000003e syscall=59 success=yes exit=0\n" +
		"type=EXECVE " + testHead + "argc=1 a0_len=12 a0[0]=616263\n" + "type=EXECVE " + testHead + "a0[1]=646566\n"
	d := New(Options{})
	d.Look([]event.Need{{Field: "process.args", Text: "abcdef"}})
	var got seen
	d.Decode("", "", &frame.Block{Data: []byte(log), End: len(log)}, &got)
	if last := got.events[len(got.events)-1]; last.Fields["process.args.0"] != "abcdef" {
		t.Errorf("%v", last)
	}
}

// TestLookIsSure holds that what cannot be told from the records is not looked for.
func TestLookIsSure(t *testing.T) {
	for _, need := range []event.Need{
		{Field: "event.action", Text: "connected-to"}, {Field: "process.pid", Number: 4242}, {Field: "destination.ip", Text: "10.0.0.1"},
		{Field: "process.name", Text: "a\ufffdb"}, {Field: "host.name", Text: "web-1"}, {Field: "auditd.data.exit", Text: "EINPROGRESS"},
	} {
		if newNeeds([]event.Need{{Field: "destination.port", Number: 10250}, need}) != nil {
			t.Errorf("%v is looked for", need)
		}
	}
}
