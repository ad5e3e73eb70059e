package auditd

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
	"kscan/readers/frame"
)

// spoil changes some bytes of a record, or puts some in.
func spoil(r *rand.Rand, text string) string {
	for range r.IntN(4) {
		at := r.IntN(len(text) + 1)
		part := []string{" ", "  ", "\"", "'", "\\", "\x1d", "=", "{", "}", "\t", "\r", "?", " a0=", " comm=\"x\"", " exe=2F", " success=1", " msg='a", "arch=", " per=4", "pid="}[r.IntN(20)]
		text = text[:at] + part + text[min(len(text), at+r.IntN(2)*len(part)):]
	}
	return text[:len(text)-r.IntN(2)*r.IntN(len(text)+1)]
}

func strs(f *callFields, ok bool) []string {
	return []string{string(f.arch), string(f.call), string(f.comm), string(f.exe), string(f.pid), string(f.ppid), string(f.uid), string(f.uidName), f.result, fmt.Sprint(f.hasSuccess, ok)}
}

// TestHabitIsWhatAScannerReads reads SYSCALL records that are alike, one after another, as
// habit does and with a scanner.
func TestHabitIsWhatAScannerReads(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 11))
	quick := 0
	for seed := range 200 {
		d, plain := New(Options{}), New(Options{})
		d.partial = newPartial(finderOf("process.name"), nil)
		g := generator{Rand: r, odd: seed%2 == 0, enriched: seed%3 == 0}
		model := g.syscall("", "c000003e", 42, 0)[len("type=SYSCALL msg="):]
		for n := range 100 {
			record := model
			switch n % 4 {
			case 1:
				record = g.syscall("", "c000003e", 42, 0)[len("type=SYSCALL msg="):]
			case 2:
				record = spoil(r, record)
			case 3:
				record = revalue(r, record)
			}
			if n%16 == 0 && seed%5 > 0 {
				model = spoil(r, model)
			}
			d.text, plain.text = []byte(record+"\n"+strings.Repeat("x", r.IntN(40))), []byte(record)
			if habit := d.partial.habit; habit.read(new(callFields), d, 0, len(record)) {
				quick++
			}
			got, want := callFields{}, callFields{result: resultUnknown}
			ok := got.read(d, 0, len(record))
			wanted := want.scan(plain, plain.text) && want.arch != nil && want.call != nil && want.comm != nil && want.exe != nil && want.pid != nil && want.ppid != nil
			if wanted != ok || ok && !cmp.Equal(strs(&want, true), strs(&got, true)) {
				t.Fatalf("%q after %q (-scanner +habit):\n%s", record, d.partial.habit.text, cmp.Diff(strs(&want, wanted), strs(&got, ok)))
			}
		}
	}
	if quick < 2000 {
		t.Errorf("%d of 20000 records were read by habit", quick)
	}
}

// revalue gives some fields of a record other values.
func revalue(r *rand.Rand, text string) string {
	fields := strings.SplitAfter(text, " ")
	for range r.IntN(6) {
		i := r.IntN(len(fields))
		if key, _, ok := strings.Cut(fields[i], "="); ok {
			value := []string{"", "?", "1", "0123456789", `"x"`, `""`, `"/usr/bin/long name"`, "2F62", "(null)", `"a\"`, `{a b}`, `'q'`, "yes", `"a`, "a\"b", "a\x1dUID=\"u\"", "x cwd=1"}[r.IntN(17)]
			fields[i] = key + "=" + value + " "
		}
	}
	return strings.Join(fields, "")
}

// TestKnownID holds that an id is read as any other whatever is known, and that it is the
// known one afterwards, as is no other.
func TestKnownID(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 12))
	var k knownID
	quick, last := 0, ""
	for range 20000 {
		id := fmt.Sprintf("%s%d.%03d:%d)", idToken, 1700000000+r.IntN(2), r.IntN(1000), r.Uint64()>>(30+r.IntN(34)))
		if r.IntN(4) == 0 {
			id = spoil(r, id)
		}
		text := []byte(id + strings.Repeat("x", r.IntN(80)))
		if k.whole && len(text) >= idRoom {
			copied := k
			if _, _, ok := copied.next((*[idRoom]byte)(text)); ok {
				quick++
			}
		}
		if k.isAt(text, 0, len(id)) && id != last {
			t.Fatalf("%q is taken for %q", id, last)
		}
		var want record
		stamp, serial, ok := k.read(text, 0, len(id))
		if wanted := strings.HasPrefix(id, idToken) && want.parseID([]byte(id), len(idToken)) > 0; wanted != ok {
			t.Fatalf("%q: %v", id, ok)
		}
		if !ok {
			continue
		}
		if last = id[:want.idEnd+1]; stamp != want.stamp || serial != want.serial || k.size != len(last) || k.base != stamp-stamp%1000 {
			t.Fatalf("%q: %d %d %+v, want %+v", id, stamp, serial, k, want)
		}
		if k.whole && !k.isAt(text, 0, len(id)) && len(text) >= idRoom {
			t.Fatalf("%q is not known", id)
		}
	}
	if quick < 5000 {
		t.Errorf("%d ids were read quickly", quick)
	}
}

func TestIsHex(t *testing.T) {
	for size := range 20 {
		for at := range size {
			for c := range 256 {
				text := bytes.Repeat([]byte("0fA9"), 5)[:size]
				text[at] = byte(c)
				if want := hexValue[c] <= 15; isHex(text) != want {
					t.Fatalf("%q: %v", text, !want)
				}
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 14))
	for range 200000 { // several that are none, side by side
		text := make([]byte, 8)
		want := true
		for i := range text {
			if text[i] = "0189aAfF/:@G`g\x00\x7f\x80\xb0\xe1\xff"[r.IntN(8+r.IntN(2)*12)]; hexValue[text[i]] > 15 {
				want = false
			}
		}
		if isHex(text) != want {
			t.Fatalf("%q: %v", text, !want)
		}
	}
}

// TestOtherCall holds that what is remembered of calls is what there is to find.
func TestOtherCall(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 16))
	d, plain := New(Options{}), New(Options{})
	others := 0
	for range 20000 {
		text := fmt.Sprintf("arch=%s syscall=%d success=yes", []string{"c000003e", "40000003", "c00000b7", "C000003E"}[r.IntN(4)], r.IntN(1<<(1+r.IntN(14))))
		if r.IntN(3) == 0 {
			text = spoil(r, text)
		}
		got, want := d.calls.otherAt(d.tables, []byte(text), 0, len(text)), plain.calls.findOther(d.tables, []byte(text))
		if got != want {
			t.Fatalf("%q: %d, want %d", text, got, want)
		}
		if got > 0 {
			others++
		}
	}
	if others < 2000 {
		t.Errorf("%d calls are others", others)
	}
}

// TestNamesCall holds that the vector search finds what is there.
func TestNamesCall(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 15))
	parts := []string{"arch=", "syscall=", "rch=", "all=", "a", "sysc", " x=1", "search=", "overall=", "\"comm\""}
	named := 0
	for range 20000 {
		var b strings.Builder
		for range r.IntN(60) {
			b.WriteString(parts[2+r.IntN(8)])
			if r.IntN(100) == 0 {
				b.WriteString(parts[r.IntN(2)])
			}
		}
		text := b.String()
		from := r.IntN(len(text) + 1)
		end := from + r.IntN(len(text)-from+1)
		want := strings.Contains(text[from:end], archField) || strings.Contains(text[from:end], syscallField)
		d := New(Options{})
		for _, behind := range []string{"", strings.Repeat(" arch=", 30)} {
			d.text = []byte(text + behind)
			if got := d.namesCall(from, end); got != want {
				t.Fatalf("%q: %v", text[from:end], got)
			}
		}
		if want {
			named++
		}
	}
	if named < 1000 {
		t.Errorf("%d of the texts name a call", named)
	}
}

func TestLeadingDigits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 13))
	for range 20000 {
		text := []byte(fmt.Sprint(r.Uint64() >> r.IntN(64)))
		text = text[:r.IntN(min(len(text), 8)+1)]
		for len(text) < 8 {
			text = append(text, byte(r.IntN(256)))
		}
		want, end := digits(text, 0, 20)
		if got, n := leadingDigits(load(text)); got != want || n != end {
			t.Fatalf("%q: %d of %d digits, want %d of %d", text, got, n, want, end)
		}
	}
}

func TestIsPlain(t *testing.T) {
	for c := range 256 {
		for size := range 20 {
			text := bytes.Repeat([]byte("a"), size)
			if !isPlain(text) {
				t.Fatalf("%q is not plain", text)
			}
			for i := range text {
				text[i] = byte(c)
				if isPlain(text) != plainByte[c] {
					t.Fatalf("%q: plain is %v", text, isPlain(text))
				}
				text[i] = 'a'
			}
		}
	}
}

// TestDecodingIsFree holds that events which are passed over, or shown in part and not
// wanted, cost no memory.
func TestDecodingIsFree(t *testing.T) {
	log := connectLog(1 << 20)
	block := &frame.Block{Data: []byte(log), End: len(log)}
	finder := finderOf("event.action", "event.category", "process.name", "process.executable", "destination.ip", "destination.port", "host.os.type")
	for _, port := range []int64{4001, 10250} {
		d := New(Options{})
		d.whole, d.sample = 0, 0
		d.Look(event.Interest{Finder: finder, Needs: []event.Need{{Field: "destination.port", Number: port}}})
		var sink discard
		// What is remembered of programs gets its memory. Which of them share places is a
		// matter of luck, and those that push out each other get theirs later than others.
		const rounds = 32
		for range rounds {
			d.Decode("log", "", block, &sink)
		}
		whole := sink.events / rounds
		if n := testing.AllocsPerRun(3, func() { d.Decode("log", "", block, &sink) }); n > float64(maxAllocs) {
			t.Errorf("port %d: %v allocations for %d events", port, n, whole)
		}
	}
}

// maxAllocs are those of a block: its last event is decoded as a whole.
const maxAllocs = 10
