package prefilter

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plainMarks says what Marks should, one byte after the other.
func plainMarks(text []byte) []Mark {
	marks := make([]Mark, Words(len(text)))
	inside, escaped := false, false
	for i, c := range text {
		m, bit := &marks[i/64], uint64(1)<<(i%64)
		switch {
		case c == '"' && !escaped:
			inside = !inside
			m.Quotes |= bit
		case c == '\\':
			m.Slashes |= bit
		case (c == '[' || c == '{') && !inside:
			m.Opens |= bit
		case (c == ']' || c == '}') && !inside:
			m.Closes |= bit
		}
		escaped = c == '\\' && !escaped
	}
	return marks
}

// FuzzMarks demands that marks are those of reading byte by byte, and that the vector code
// and its plain form agree.
func FuzzMarks(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":"}\""}],"c":"\\"}`), 3)
	f.Add([]byte(strings.Repeat(`\`, 63)+`"`), 1)
	f.Add([]byte(strings.Repeat(`\`, 64)+`"{`), 0)
	f.Add([]byte(strings.Repeat(`{"long":"[text]"}`, 20)), 61)
	f.Fuzz(func(t *testing.T, text []byte, shift int) {
		text = append(bytes.Repeat([]byte(" "), shift&127), text...)
		got := Marks(make([]Mark, 0, shift&3), text)
		if diff := cmp.Diff(plainMarks(text), got); diff != "" {
			t.Errorf("%q (-byte by byte +marks):\n%s", text, diff)
		}
		for i := range len(text) / 64 {
			word := make([]Mark, 1)
			mark(word, text[i*64:])
			if plain := markWord(text[i*64 : i*64+64]); plain != word[0] {
				t.Errorf("%q: %x, the plain form has %x", text[i*64:i*64+64], word[0], plain)
			}
		}
	})
}

func BenchmarkMarks(b *testing.B) {
	text := []byte(strings.Repeat(`{"@timestamp":"2025-11-20T10:00:00.000Z","process":{"pid":10253,"name":"kubelet"}},`, 16))
	var marks []Mark
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		marks = Marks(marks, text)
	}
}
