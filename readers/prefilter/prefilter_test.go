package prefilter

import (
	"bytes"
	"math/bits"
	"testing"
)

var seeds = [][]byte{[]byte("1025"), []byte("saddr=0200280A"), []byte("a"), []byte("\n"), []byte("ab"), []byte("10.25")}

func maps(f *Finder, data []byte) (newlines, hits []uint64) {
	newlines, hits = make([]uint64, Words(len(data))), make([]uint64, Words(len(data)))
	f.Scan(data, newlines, hits)
	return newlines, hits
}

// FuzzScan demands that the vector code and the plain form mark the same places, that
// newlines are marked exactly, and that every literal in the data is marked and matched.
func FuzzScan(f *testing.F) {
	f.Add([]byte("destination\":{\"port\":10250}}\n{\"saddr=0200280A"), []byte("1025"), []byte("280A"))
	f.Add(bytes.Repeat([]byte("10250\n"), 50), []byte("0\n"), []byte("x"))
	f.Fuzz(func(t *testing.T, data, a, b []byte) {
		finder := New(append([][]byte{a, b}, seeds...))
		if finder == nil {
			if len(a) > 0 && len(b) > 0 {
				t.Fatal("no finder for literals that are not empty")
			}
			return
		}
		newlines, hits := maps(finder, data)
		for w := range hits {
			n, h := finder.scanWord(data, w*64)
			if n != newlines[w] || h != hits[w] {
				t.Fatalf("word %d: %x %x, the plain form has %x %x", w, newlines[w], hits[w], n, h)
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
	})
}

// checkAll demands that each place of the literal is marked and matched.
func checkAll(t *testing.T, f *Finder, data []byte, hits []uint64, literal []byte, offset int) {
	t.Helper()
	for at := 0; at+len(literal) <= len(data); at++ {
		if !bytes.HasPrefix(data[at:], literal) {
			continue
		}
		i := at + offset
		if hits[i/64]>>(i%64)&1 == 0 {
			t.Fatalf("%q at %d is not marked", literal, at)
		}
		if !f.Match(data, i) {
			t.Fatalf("%q at %d does not match", literal, at)
		}
	}
}

func TestMatchRefusesWhatIsNoLiteral(t *testing.T) {
	f := New([][]byte{[]byte("10250"), []byte("10255")})
	data := []byte("10251 10250")
	_, hits := maps(f, data)
	var matched []int
	for i := range data {
		if hits[i/64]>>(i%64)&1 == 1 && f.Match(data, i) {
			matched = append(matched, i-f.offsets[0])
		}
	}
	if len(matched) != 1 || matched[0] != 6 {
		t.Errorf("matched at %v, want 6 alone", matched)
	}
}

func TestNoFinder(t *testing.T) {
	many := make([][]byte, MaxLiterals+1)
	for i := range many {
		many[i] = []byte{byte(i), 1}
	}
	for _, literals := range [][][]byte{nil, {{}}, many} {
		if New(literals) != nil {
			t.Errorf("a finder for %d literals", len(literals))
		}
	}
}

func BenchmarkScan(b *testing.B) {
	data := bytes.Repeat([]byte(`{"@timestamp":"2025-11-20T10:00:00.000Z","process":{"pid":10253,"name":"kubelet"}}`+"\n"), 12000)
	f := New([][]byte{[]byte("10250"), []byte("10255"), []byte("1.025"), []byte("10.25"), []byte("102.5")})
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
