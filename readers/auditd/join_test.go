package auditd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
	"kscan/readers/frame"
)

func sortBy(order []int, at func(int) float64) {
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case at(a) < at(b):
			return -1
		case at(a) > at(b):
			return 1
		}
		return 0
	})
}

// decodeCut decodes a log in blocks that end at the cuts, each with a margin, and makes
// lines absolute.
func decodeCut(o Options, log string, cuts []int, margin int) *seen {
	return decodeWith(New(o), log, cuts, margin)
}

// decodeWith decodes a log with a decoder, up to three blocks at a time as one unit, of
// which each but the last is open and the next follows it.
func decodeWith(d *Decoder, log string, cuts []int, margin int) *seen {
	return decodeKnown(d, log, cuts, margin, nil, nil)
}

// decodeKnown is decodeWith with what is known of the units, and notes what is known then:
// by where they start.
func decodeKnown(d *Decoder, log string, cuts []int, margin int, known, learned map[int64]*frame.Facts) *seen {
	var s seen
	var first int64
	unit, line, start, open, light, room, n := int64(0), int64(0), 0, false, false, 0, 0
	for _, end := range append(cuts, len(log)) {
		if end <= start {
			continue
		}
		if !open {
			unit, first = line, int64(start)
		}
		var one seen
		b := blockOf(log, start, end, margin)
		b.Follows, b.Line, b.Facts = open, line-unit, known[first]
		if b.Follows {
			b.Again = strings.NewReader(log)
		}
		if b.Follows && light {
			keep(b, room)
		}
		n++
		if open = n%3 != 0 && end < len(log) && !d.options.JSON; open {
			b.Open, b.Data = true, b.Data[:b.End:b.End]
		}
		line += d.Decode("log", "", b, &one)
		for i := range one.events {
			one.events[i].Evidence.Line += unit
		}
		for i := range one.problems {
			one.problems[i].Line += unit
		}
		s.events = append(s.events, one.events...)
		s.problems = append(s.problems, one.problems...)
		s.passed += d.Passed()
		light, room = b.Light, b.Keep
		if start = end; !open && learned != nil {
			learned[first] = d.Facts()
		}
	}
	return &s
}

// keep leaves so many bytes of the margin in front of a block.
func keep(b *frame.Block, room int) {
	from := b.Start - len(frame.Tail(b.Data[:b.Start:b.Start], room))
	b.Data, b.Start, b.End = bytes.Clone(b.Data[from:]), b.Start-from, b.End-from
}

// blockOf cuts log[start:end] with margins of whole lines, in memory of its own, so that
// nothing that is not in the block can be read.
func blockOf(log string, start, end, margin int) *frame.Block {
	from, to := max(0, start-margin), min(len(log), end+margin)
	if i := strings.LastIndexByte(log[:from], '\n'); from > 0 {
		from = i + 1
	}
	if to < len(log) && log[to-1] != '\n' {
		if i := strings.IndexByte(log[to:], '\n'); i >= 0 {
			to += i + 1
		} else {
			to = len(log)
		}
	}
	return &frame.Block{Data: []byte(log[from:to]), Start: start - from, End: end - from, Offset: int64(start)}
}

// randomCuts returns places after newlines.
func randomCuts(r *rand.Rand, log string, often int) (cuts []int) {
	for i := range len(log) {
		if log[i] == '\n' && r.IntN(often) == 0 {
			cuts = append(cuts, i+1)
		}
	}
	return cuts
}

func TestEventsDoNotDependOnCuts(t *testing.T) {
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 1))
		g := generator{Rand: r, nodes: seed%3 == 0, enriched: seed%5 == 0, odd: seed%2 == 0}
		log := g.log(60, 1+r.IntN(150))
		// a window smaller than the log, so that some records are too far to be joined
		o := Options{Window: 200 + r.IntN(8000)}
		want := decodeAll(o, log)
		for range 4 {
			got := decodeCut(o, log, randomCuts(r, log, 1+r.IntN(20)), 2*o.Window)
			if d := cmp.Diff(want.events, got.events); d != "" {
				t.Fatalf("seed %d, window %d: events differ (-whole +cut):\n%s", seed, o.Window, d)
			}
			if d := cmp.Diff(want.problems, got.problems); d != "" {
				t.Fatalf("seed %d, window %d: problems differ (-whole +cut):\n%s", seed, o.Window, d)
			}
		}
		narrow := decodeCut(o, log, randomCuts(r, log, 10), o.Window)
		if d := cmp.Diff(want.events, narrow.events); d != "" {
			t.Fatalf("seed %d, window %d, margin of one window: events differ:\n%s", seed, o.Window, d)
		}
	}
}

// naiveJoin is the definition, written the slow way: the lines of each event by its id
// and node.
func naiveJoin(log string, window int) (events [][]string) {
	type chain struct{ event, first, last int }
	open := map[string]chain{}
	pos := 0
	for line := range strings.Lines(log) {
		key := line[:strings.Index(line, ")")]
		if i := strings.Index(key, "type="); i >= 0 {
			node := key[:i]
			key = node + key[strings.Index(key, "audit("):]
		}
		c, ok := open[key]
		switch {
		case !ok || pos-c.last > window:
			events = append(events, []string{line})
			c = chain{len(events) - 1, pos, pos}
		case pos-c.first <= window:
			events[c.event] = append(events[c.event], line)
		}
		c.last = pos
		open[key] = c
		pos += len(line)
	}
	return events
}

func TestJoinIsTheDefinition(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 2))
		g := generator{Rand: r, nodes: seed%2 == 0}
		log := g.log(50, 1+r.IntN(200))
		window := 100 + r.IntN(5000)
		want := naiveJoin(log, window)
		got := decodeAll(Options{Window: window}, log).events
		if len(want) != len(got) {
			t.Fatalf("seed %d: %d events, want %d", seed, len(got), len(want))
		}
		for i := range want {
			alone := decodeAll(Options{}, strings.Join(want[i], "")).events
			if d := cmp.Diff(alone[0].Fields, got[i].Fields); d != "" {
				t.Fatalf("seed %d, event %d (-alone +in the log):\n%s", seed, i, d)
			}
		}
	}
}

const (
	connectCall = `type=SYSCALL msg=audit(1700000000.123:42): arch=c000003e syscall=42 success=no exit=-115 a0=3 a1=7ffd a2=10 a3=0 items=0 ppid=1 pid=77 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=3 comm="curl" exe="/usr/bin/curl" key="net"` + "\n"
	connectAddr = `type=SOCKADDR msg=audit(1700000000.123:42): saddr=0200280A0A00002A0000000000000000` + "\n"
	endOfEvent  = `type=EOE msg=audit(1700000000.123:42): ` + "\n"
)

func filler(bytes int) string {
	var b strings.Builder
	for i := 0; b.Len() < bytes; i++ {
		fmt.Fprintf(&b, "type=CWD msg=audit(1600000000.000:%d): cwd=\"/\"\n", i)
	}
	return b.String()
}

func TestRecordsFarApart(t *testing.T) {
	for _, c := range []struct {
		name     string
		distance int
		joined   bool
	}{{"200 KiB", 200 << 10, true}, {"just under the window", JoinWindow - 4096, true}, {"over the window", JoinWindow + 4096, false}} {
		t.Run(c.name, func(t *testing.T) {
			log := connectCall + filler(c.distance) + connectAddr + endOfEvent
			events := decodeAll(Options{}, log).events
			if got := events[0].Fields["destination.ip"] == "10.0.0.42"; got != c.joined {
				t.Errorf("joined: %v, want %v", got, c.joined)
			}
		})
	}
}

func TestSerialComesBack(t *testing.T) {
	second := strings.NewReplacer("1700000000.123", "1700000099.123", "curl", "wget").Replace(connectCall + connectAddr)
	other := strings.ReplaceAll(connectCall+connectAddr, "type=", "node=b type=")
	s := decodeAll(Options{}, connectCall+second+other+connectAddr)
	var got []string
	for _, e := range s.events {
		got = append(got, e.Fields["process.name"]+" "+e.Fields["host.name"]+" "+e.Fields["destination.ip"])
	}
	if d := cmp.Diff([]string{"curl  10.0.0.42", "wget  10.0.0.42", "curl b 10.0.0.42"}, got); d != "" {
		t.Error(d)
	}
}

func TestTooManyRecords(t *testing.T) {
	log := connectCall + strings.Repeat(connectAddr, 10)
	s := decodeAll(Options{MaxRecords: 4}, log)
	if len(s.events) != 1 || len(s.problems) != 1 || s.problems[0].Kind != event.TooMany {
		t.Errorf("%d events, problems %v", len(s.events), s.problems)
	}
}

func TestLateRecordIsReported(t *testing.T) {
	o := Options{Window: 1000}
	log := connectCall + filler(600) + connectAddr + filler(600) + connectAddr
	s := decodeAll(o, log)
	late := 0
	for _, p := range s.problems {
		if p.Kind == event.Incomplete && strings.Contains(p.Detail, "left out") {
			late++
		}
	}
	if late != 1 {
		t.Errorf("%d late records reported, want 1: %v", late, s.problems)
	}
}

// TestCarriedEventsDoNotDependOnCuts is TestEventsDoNotDependOnCuts for records in JSON
// documents, which must also come out as they do from a plain log.
func TestCarriedEventsDoNotDependOnCuts(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 5))
		g := generator{Rand: r, nodes: seed%2 == 0, odd: true}
		plain := g.log(40, 80)
		var b strings.Builder
		for line := range strings.Lines(plain) {
			text, err := json.Marshal(map[string]string{"message": strings.TrimSuffix(line, "\n")})
			if err != nil {
				t.Fatal(err)
			}
			b.Write(append(text, '\n'))
		}
		log := b.String()
		o := Options{JSON: true}
		want := decodeAll(o, log)
		got := decodeCut(o, log, randomCuts(r, log, 10), len(log))
		if d := cmp.Diff(want, got, cmp.AllowUnexported(seen{})); d != "" {
			t.Fatalf("seed %d (-whole +cut):\n%s", seed, d)
		}
		unwrapped := decodeAll(Options{}, plain)
		for i := range unwrapped.events {
			if d := cmp.Diff(unwrapped.events[i].Fields, want.events[i].Fields); d != "" {
				t.Fatalf("seed %d, event %d (-plain +carried):\n%s", seed, i, d)
			}
		}
	}
}

// TestHostileRecordsTakeLinearTime decodes records that would take a reader without
// memory the square of their length; it ends in time or not at all.
func TestHostileRecordsTakeLinearTime(t *testing.T) {
	const size = 1 << 20
	head := "type=SYSCALL msg=audit(1700000000.001:7): "
	for _, part := range []string{`a="\`, `A={`, `a='\`, "audit(", "type=X audit(", "a1[0]=61 ", "[", "a=b "} {
		log := head + strings.Repeat(part, size/len(part)) + "\n"
		decodeAll(Options{}, log)
		decodeAll(Options{}, strings.Replace(log, "SYSCALL", "EXECVE", 1))
		decodeAll(Options{}, strings.Repeat(part, size/len(part))+"\n")
	}
	var keys strings.Builder
	for i := 0; keys.Len() < size; i++ {
		fmt.Fprintf(&keys, "k%d=1 ", i)
	}
	for _, typ := range []string{"SYSCALL", "CWD", "PATH"} {
		s := decodeAll(Options{}, strings.Replace(head, "SYSCALL", typ, 1)+keys.String()+"\n")
		if len(s.events) != 1 || !slices.ContainsFunc(s.problems, func(p event.Problem) bool { return p.Kind == event.TooMany }) {
			t.Errorf("%s: %d events, problems %v", typ, len(s.events), s.problems)
		}
	}
}
