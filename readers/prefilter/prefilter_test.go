package prefilter

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"slices"
	"strings"
	"testing"
)

var seeds = []Literal{{"1025", false}, {"saddr=0200280A", true}, {"a", false}, {"\n", false}, {"ab", true}, {"10.25", false}}

func maps(f *Finder, data []byte) (newlines, hits []uint64) {
	newlines, hits = make([]uint64, Words(len(data))), make([]uint64, Words(len(data)))
	f.Scan(data, newlines, hits)
	return newlines, hits
}

// FuzzScan demands that the vector code and the plain form mark the same places, that
// newlines are marked exactly, and that every literal in the data is marked and matched, also
// where a sample chose the windows.
func FuzzScan(f *testing.F) {
	f.Add([]byte("destination\":{\"port\":10250}}\n{\"saddr=0200280A"), "1025", "280A", true)
	f.Add(bytes.Repeat([]byte("10250\n"), 50), "0\n", "x", true)
	f.Add([]byte("saddr=0200280a\n0200280F00\x00\xff"), "280F", "280A", false)
	f.Add(bytes.Repeat([]byte("280f280A28280B\n"), 20), "280F", "280A", false)
	f.Fuzz(func(t *testing.T, data []byte, a, b string, many bool) {
		literals := []Literal{{a, false}, {b, true}}
		if many {
			literals = append(literals, seeds...)
		}
		finder := New(literals)
		if finder == nil {
			if len(a) > 0 && len(b) > 0 {
				t.Fatal("no finder for literals that are not empty")
			}
			return
		}
		checkFinder(t, finder, data)
		checkFinder(t, NewFor(literals, data), data)
		checkFinder(t, NewQuickly(literals, data), data)
	})
}

func checkFinder(t *testing.T, finder *Finder, data []byte) {
	t.Helper()
	newlines, hits := make([]uint64, Words(len(data))), make([]uint64, Words(len(data)))
	if plain := finder.Scan(data, newlines, hits); plain != !slices.ContainsFunc(data, isOdd) {
		t.Fatalf("plain: %v", plain)
	}
	for w := range hits {
		n, h := finder.scanWord(data, w*64)
		if n != newlines[w] || h != hits[w] {
			t.Fatalf("word %d: %x %x, the plain form has %x %x", w, newlines[w], hits[w], n, h)
		}
	}
	for i := range data {
		var here [window]byte
		copy(here[:], data[i:])
		if at := binary.LittleEndian.Uint32(here[:]); finder.Fits(data, i) != finder.slowFits(at) {
			t.Fatalf("%q is known to fit %b, not %b", here, finder.Fits(data, i), finder.slowFits(at))
		}
	}
	for i, literal := range finder.literals {
		checkAll(t, finder, data, hits, literal, finder.offsets[i])
	}
	lines := 0
	for _, w := range newlines {
		lines += bits.OnesCount64(w)
	}
	if want := bytes.Count(data, []byte("\n")); lines != want {
		t.Fatalf("%d newlines, want %d", lines, want)
	}
}

// TestSampleChoosesWindows: a window that a log has in each line is not looked for where the
// literal has another, and literals share a bucket only where the log has nothing between them.
func TestSampleChoosesWindows(t *testing.T) {
	log := bytes.Repeat([]byte("/usr/bin/kubelet --config /etc/kubelet/config.yaml 2F7573722F62696E2F6B7562656C6574 1.2.3.4 a1=\"b\"\n"), 200)
	var literals []Literal
	for _, text := range []string{"/.kube/config", "/etc/kubernetes/", "/var/lib/kubelet/pki/", "/pki/", "/serviceaccount/token", "169.254.169.254"} {
		literals = append(literals, Literal{text, false}, Literal{strings.ToUpper(hex.EncodeToString([]byte(text))), false})
	}
	count := func(f *Finder) (n int) {
		_, hits := maps(f, log)
		for _, w := range hits {
			n += bits.OnesCount64(w)
		}
		return n
	}
	if without, with := count(New(literals)), count(NewFor(literals, log)); without < 400 || with > 0 {
		t.Errorf("%d places are marked without a sample, %d with it", without, with)
	}
}

// checkAll demands that each place of the literal is marked and matched.
func checkAll(t *testing.T, f *Finder, data []byte, hits []uint64, literal Literal, offset int) {
	t.Helper()
	for at := 0; at+len(literal.Text) <= len(data); at++ {
		text := string(data[at : at+len(literal.Text)])
		if text != literal.Text && !(literal.Fold && asciiUpper(text) == asciiUpper(literal.Text)) {
			continue
		}
		i := at + offset
		if hits[i/64]>>(i%64)&1 == 0 {
			t.Fatalf("%q at %d is not marked", literal.Text, at)
		}
		if !f.Match(data, i, func(k, where int) bool { return f.literals[k] == literal && where == at }) {
			t.Fatalf("%q at %d does not match", literal.Text, at)
		}
	}
}

func isOdd(c byte) bool { return c == 0 || c > 127 }

func asciiUpper(s string) string {
	upper := []byte(s)
	for i, c := range upper {
		if c >= 'a' && c <= 'z' {
			upper[i] = c - 'a' + 'A'
		}
	}
	return string(upper)
}

func TestMatchRefusesWhatIsNoLiteral(t *testing.T) {
	f := New([]Literal{{"10250", false}, {"10255", false}})
	data := []byte("10251 10250")
	_, hits := maps(f, data)
	var matched []int
	for i := range data {
		if hits[i/64]>>(i%64)&1 == 0 {
			continue
		}
		f.Match(data, i, func(_, at int) bool {
			matched = append(matched, at)
			return true
		})
	}
	if len(matched) != 1 || matched[0] != 6 {
		t.Errorf("matched at %v, want 6 alone", matched)
	}
}

// TestSharp says which literals are found by three bytes.
func TestSharp(t *testing.T) {
	for _, c := range []struct {
		literals []Literal
		want     bool
	}{
		{[]Literal{{"280A", true}, {"280F", true}}, true},
		{[]Literal{{"2807", true}, {"0FA1", true}}, false},
		{[]Literal{{"rch=", false}, {"all=", false}}, true},
		{[]Literal{{"kubelet", true}}, true},
		{[]Literal{{"kubelet", false}, {"kube", false}}, true},
		{[]Literal{{"kub", false}}, false}, // a window is longer
		{[]Literal{{"\x00\x00\x00\x00", false}}, true},
		{seeds, false},
	} {
		if f := New(c.literals); f.isSharp != c.want {
			t.Errorf("%v: %v", c.literals, f.isSharp)
		}
	}
}

func TestNoFinder(t *testing.T) {
	many := make([]Literal, MaxLiterals+1)
	for i := range many {
		many[i].Text = string(rune('a' + i))
	}
	for _, literals := range [][]Literal{nil, {{}}, many} {
		if New(literals) != nil {
			t.Errorf("a finder for %d literals", len(literals))
		}
	}
}

func BenchmarkScan(b *testing.B) {
	data := bytes.Repeat([]byte(`{"@timestamp":"2025-11-20T10:00:00.000Z","process":{"pid":10253,"name":"kubelet"}}`+"\n"), 12000)
	f := New([]Literal{{"10250", false}, {"10255", false}, {"1.025", false}, {"10.25", false}, {"102.5", false}})
	newlines, hits := make([]uint64, Words(len(data))), make([]uint64, Words(len(data)))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		f.Scan(data, newlines, hits)
	}
}

// BenchmarkSharp is Scan for literals that are alike.
func BenchmarkSharp(b *testing.B) {
	data := bytes.Repeat([]byte("type=SOCKADDR msg=audit(1795132800.002:1001): saddr=020015930A1400A50000000000000000\n"), 12000)
	f := New([]Literal{{"280A", true}, {"280F", true}})
	newlines, hits := make([]uint64, Words(len(data))), make([]uint64, Words(len(data)))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		f.Scan(data, newlines, hits)
	}
}

func BenchmarkBytesIndex(b *testing.B) {
	data := bytes.Repeat([]byte(`{"@timestamp":"2025-11-20T10:00:00.000Z","process":{"pid":10253,"name":"kubelet"}}`+"\n"), 12000)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if bytes.Contains(data, []byte("10250")) || bytes.Contains(data, []byte("10255")) {
			b.Fatal("found")
		}
	}
}

// TestQuicklyChoosesWindows demands that a literal is looked for by that part of it which the
// data has least.
func TestQuicklyChoosesWindows(t *testing.T) {
	data := bytes.Repeat([]byte(`"resource":"node-00","source":"node-01"`+"\n"), 10_000)
	count := func(text string) int { return bytes.Count(data, []byte(text)) }
	for _, text := range []string{`node-00"`, `node-01`, `node-07"`, `resource"`, `source"`, `resolved`, `sourced`, `"node`, "abc"} {
		f := NewQuickly([]Literal{{Text: text}}, data)
		got, least := text[f.Offset(0):min(f.Offset(0)+window, len(text))], len(data)
		for i := range max(len(text)-(window-1), 0) {
			least = min(least, count(text[i:i+window]))
		}
		if len(text) >= window && count(got) > least {
			t.Errorf("%q is looked for by %q, which is there %d times, not %d", text, got, count(got), least)
		}
	}
}
