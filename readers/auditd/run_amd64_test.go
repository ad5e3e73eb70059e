package auditd

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
	"kscan/readers/frame"
)

// plainly calls f without the vector code.
func plainly(f func()) {
	defer func(has bool) { hasRunVector = has }(hasRunVector)
	hasRunVector = false
	f()
}

// looked is what looking for few events of a log shows of all of them.
type looked struct {
	Events   []decoded
	Problems []event.Problem
	Passed   int64
	Facts    *frame.Facts
}

// lookAt decodes a log, of which what is in front of start and behind end is margin.
func lookAt(log string, start, end int, o Options) looked {
	var s seen
	d := New(o)
	d.whole, d.sample = 0, 0
	d.Look(event.Interest{Needs: []event.Need{{Field: "destination.port", Number: 10250}}})
	d.Decode("log", "", &frame.Block{Data: []byte(log), Start: start, End: end, Offset: int64(start)}, &s)
	return looked{s.events, s.problems, d.Passed(), d.Facts()}
}

// FuzzRun holds that the vector code takes the lines that its plain form takes, and finds
// of them the same.
func FuzzRun(f *testing.F) {
	if !hasRunVector {
		f.Skip("this processor does not run the vector code")
	}
	for seed := range uint64(8) {
		g := generator{Rand: rand.New(rand.NewPCG(seed, 3)), odd: seed%2 == 0, nodes: seed%4 < 2, enriched: seed%3 == 0}
		f.Add(g.log(60, int(seed)), seed)
	}
	f.Fuzz(func(t *testing.T, log string, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 5))
		if r.IntN(3) == 0 { // longer than the words for it, too
			log = strings.ReplaceAll(log, "node=host", "node="+strings.Repeat("n", r.IntN(40)))
		}
		if r.IntN(3) == 0 {
			log = strings.ReplaceAll(log, "(17", "("+strings.Repeat("1", r.IntN(4)))
		}
		for range r.IntN(40) { // mostly in what the vector code reads of a line
			text := []byte(log)
			if len(text) == 0 {
				break
			}
			at := bytes.LastIndexByte(text[:r.IntN(len(text))], '\n') + 1 + r.IntN(110)
			if at < len(text) && text[at] != '\n' {
				text[at] = "0123456789ABCDEFabcdefg =:(){}\"'\x00\x80"[r.IntN(33)]
				log = string(text)
			}
		}
		o := Options{Window: 1 + r.IntN(3000), MaxRecords: 1 + r.IntN(8)}
		start, end := lineAt(log, r.IntN(len(log)/4+1)), lineAt(log, len(log)-r.IntN(len(log)/4+1))
		got := lookAt(log, min(start, end), end, o)
		plainly(func() {
			if d := cmp.Diff(lookAt(log, min(start, end), end, o), got); d != "" {
				t.Errorf("(-plain +vector):\n%s", d)
			}
		})
	})
}

// lineAt returns where the line starts that a place of a log is in.
func lineAt(log string, at int) int { return strings.LastIndexByte(log[:at], '\n') + 1 }

// TestRun is FuzzRun for logs of many chunks.
func TestRun(t *testing.T) {
	for seed := range uint64(6) {
		g := generator{Rand: rand.New(rand.NewPCG(seed, 4)), odd: seed%2 == 0, nodes: seed%3 == 0, enriched: seed%4 == 0}
		g.serial = int(seed) * 100_000
		log := g.log(200, int(seed))
		got := lookAt(log, lineAt(log, len(log)/8), lineAt(log, len(log)*7/8), Options{})
		if len(log) < 4*skimChunk || got.Passed == 0 {
			t.Fatalf("%d bytes, %d events passed over", len(log), got.Passed)
		}
		plainly(func() {
			if d := cmp.Diff(lookAt(log, lineAt(log, len(log)/8), lineAt(log, len(log)*7/8), Options{}), got); d != "" {
				t.Errorf("seed %d (-plain +vector):\n%s", seed, d)
			}
		})
	}
}

// eventOf returns the records of a connect with an id, the SOCKADDR of which has a body.
func eventOf(node, id, body string) string {
	head := " msg=audit(" + id + ")"
	var b strings.Builder
	for _, record := range []string{
		"SYSCALL" + head + ": arch=c000003e syscall=42 success=yes exit=0 a0=3 comm=\"a\" exe=\"/a\"",
		"SOCKADDR" + head + body, "PROCTITLE" + head + ": proctitle=\"a\"", "EOE" + head + ": ",
	} {
		b.WriteString(node + "type=" + record + "\n")
	}
	return b.String()
}

// checkRun compares the vector code with its plain form.
func checkRun(t *testing.T, what, log string) {
	t.Helper()
	got := lookAt(log, 0, len(log), Options{})
	plainly(func() {
		if d := cmp.Diff(lookAt(log, 0, len(log), Options{}), got); d != "" {
			t.Errorf("%q (-plain +vector):\n%s", what, d)
		}
	})
}

// TestRunAddresses holds what the vector code says of addresses.
func TestRunAddresses(t *testing.T) {
	known, behind := eventOf("", "1700000000.123:77", usualBody), eventOf("", "1700000000.123:79", usualBody)
	for _, body := range changedBodies() {
		checkRun(t, body, known+eventOf("", "1700000000.123:78", body)+behind)
	}
	for at := range addressRoom { // near the end of the text
		checkRun(t, "the end", known+"type=SOCKADDR msg=audit(1700000000.123:77)"+usualBody+"\n"+strings.Repeat("x", at))
	}
}

// TestRunHeaders holds that the vector code sees each byte of a header.
func TestRunHeaders(t *testing.T) {
	ids := []string{"1700000000.123:7", "1700000000.123:77777", "1700000000.123:777777", "1700000000.123:4294967290", "17000000000.123:4294967290", "7.1:7"}
	nodes := []string{"", "node=a ", "node=" + strings.Repeat("n", nodeRoom-6) + " ", "node=" + strings.Repeat("n", nodeRoom-5) + " "}
	for i, id := range ids {
		for _, node := range nodes[:1+(len(nodes)-1)*min(i%2, 1)] {
			event := eventOf(node, id, usualBody)
			known := eventOf(node, id[:len(id)-1]+"6", usualBody)
			behind := eventOf(node, id[:len(id)-1]+"9", usualBody)
			from := strings.Index(event, "type=PROCTITLE") - len(node)
			for at := from; at < from+len(node)+len("type=PROCTITLE msg=audit(): ")+len(id); at++ {
				for _, c := range "8 :)x" {
					log := known + event[:at] + string(c) + event[at+1:] + behind
					checkRun(t, event[from:at]+string(c)+event[at+1:], log)
				}
			}
		}
	}
}

func FuzzQuote(f *testing.F) {
	if !hasRunVector {
		f.Skip("this processor does not run the vector code")
	}
	f.Add([]byte(`a0=1 comm="x"`), uint8(0))
	f.Add(bytes.Repeat([]byte("0"), 100), uint8(70))
	f.Fuzz(func(t *testing.T, text []byte, at uint8) {
		if int(at) < len(text) {
			text[at] = "\"'{"[at%3]
		}
		want := bytes.IndexAny(text, "\"'{")
		if want < 0 {
			want = len(text)
		}
		padded := append(bytes.Clone(text), make([]byte, quoteRoom)...)
		if got := quoteVector(&padded[0], len(text)); min(got, len(text)) != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	})
}
