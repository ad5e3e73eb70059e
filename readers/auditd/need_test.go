package auditd

import (
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

// needList are needs of every kind.
var needList = []event.Need{
	{Field: "destination.port", Number: 10250}, {Field: "destination.port", Number: 10255}, {Field: "source.port", Number: 22},
	{Field: "destination.port", Number: 1 << 20}, {Field: "process.name", Text: "curl"}, {Field: "process.name", Text: "PYTHON", Fold: true},
	{Field: "process.executable", Text: "(deleted)"}, {Field: "process.executable", Text: "/TMP/A B", Fold: true},
	{Field: "process.title", Text: "sh -c"}, {Field: "process.args", Text: "a b"}, {Field: "file.path", Text: "/etc/passwd"},
	{Field: "process.working_directory", Text: "/tmp/a"}, {Field: "process.title", Text: "curl -k"},
	{Field: "process.pid", Number: 7}, {Field: "process.pid", Number: 0}, {Field: "process.parent.pid", Number: 1},
}

// untidy loses some lines of a log, cuts some addresses, and puts others between, so that
// no event is sure to be whole.
func untidy(g *generator, log string) string {
	lines := slices.DeleteFunc(strings.SplitAfter(log, "\n"), func(string) bool { return g.IntN(8) == 0 })
	for i, line := range lines {
		switch g.IntN(60) {
		case 0:
			lines[i] = "Nov 23 10:00:00 web-2 kernel: audit: " + line
		case 1:
			lines[i] = "nothing of ours\n" + line
		case 2:
			lines[i] = strings.Replace(line, "\n", " x=\xff\n", 1)
		case 3:
			lines[i] = strings.Replace(line, "\n", "\r\n", 1)
		case 4:
			lines[i] = strings.Replace(line, "saddr=0200", `saddr="0200`, 1)
		case 5:
			lines[i] = line[:len(line)*g.IntN(10)/10] + "\n"
		case 6:
			lines[i] = strings.ToLower(line)
		}
	}
	return strings.ReplaceAll(strings.Join(lines, ""), "saddr=0200280FC0A80101", "saddr=0200280FC0")
}

// checkLook decodes a log in blocks, passing over what holds no need, and demands that it
// misses none of the events that hold one and that all else is as in want: the events that
// it gives, the problems and the count. It returns how many events were passed over.
func checkLook(t *testing.T, want *seen, log string, list []event.Need, cuts []int, o Options) (passed int64) {
	t.Helper()
	d := New(o)
	d.whole, d.sample = 0, 0
	d.Look(event.Interest{Needs: list})
	got := decodeWith(d, log, cuts, 2*o.Window)
	emitted := map[int64]decoded{}
	for _, e := range got.events {
		emitted[e.Evidence.Offset] = e
	}
	for _, e := range want.events {
		other, ok := emitted[e.Evidence.Offset]
		if !ok && slices.ContainsFunc(list, func(n event.Need) bool { return holds(e.Fields, n) }) {
			t.Fatalf("needs %v: passed over %v", list, e)
		}
		if ok && !cmp.Equal(e, other) {
			t.Fatalf("needs %v:\n%s", list, cmp.Diff(e, other))
		}
	}
	if n := int64(len(want.events)); n != int64(len(got.events))+got.passed {
		t.Errorf("%d events and %d passed over, want %d", len(got.events), got.passed, n)
	}
	if d := cmp.Diff(want.problems, got.problems); d != "" {
		t.Errorf("problems differ:\n%s", d)
	}
	return got.passed
}

// TestLook holds checkLook for logs that are not tidy, cut anywhere.
func TestLook(t *testing.T) {
	passed := int64(0)
	for seed := range uint64(24) {
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 6)), odd: true, enriched: seed%4 == 0, nodes: seed%3 == 0}
		log := untidy(g, g.log(80, 40))
		o := Options{Window: 2000 + g.IntN(100000)}
		want := decodeAll(o, log)
		for range 6 {
			list := []event.Need{needList[g.IntN(len(needList))], needList[g.IntN(len(needList))]}
			passed += checkLook(t, want, log, list, randomCuts(g.Rand, log, 1+g.IntN(200)), o)
		}
	}
	if passed < 2000 {
		t.Errorf("only %d events passed over", passed)
	}
}

func TestLookSplitArgument(t *testing.T) {
	log := filler(100) + "type=SYSCALL " + testHead + "arch=c000003e syscall=59 success=yes exit=0\n" +
		"type=EXECVE " + testHead + "argc=1 a0_len=12 a0[0]=616263\n" + "type=EXECVE " + testHead + "a0[1]=646566\n"
	d := New(Options{})
	d.whole, d.sample = 0, 0
	d.Look(event.Interest{Needs: []event.Need{{Field: "process.args", Text: "abcdef"}}})
	var got seen
	d.Decode("", "", &frame.Block{Data: []byte(log), End: len(log)}, &got)
	if last := got.events[len(got.events)-1]; last.Fields["process.args.0"] != "abcdef" {
		t.Errorf("%v", last)
	}
}

// TestLookIsSure holds that what cannot be told from the records is not looked for.
func TestLookIsSure(t *testing.T) {
	for _, need := range []event.Need{
		{Field: "event.action", Text: "connected-to"}, {Field: "process.pid", Text: "4242"}, {Field: "destination.ip", Text: "10.0.0.1"},
		{Field: "process.name", Text: "a\ufffdb"}, {Field: "host.name", Text: "web-1"}, {Field: "auditd.data.exit", Text: "EINPROGRESS"},
	} {
		if newNeeds([]event.Need{{Field: "destination.port", Number: 10250}, need}) != nil {
			t.Errorf("%v is looked for", need)
		}
	}
}
