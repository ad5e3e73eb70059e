package prefilter

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plainMarks says what Marks should, one byte after the other; with outside it leaves out
// the brackets in strings.
func plainMarks(text []byte, outside bool) []Mark {
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
		case (c == '[' || c == '{') && !(outside && inside):
			m.Opens |= bit
		case (c == ']' || c == '}') && !(outside && inside):
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
		got, slashes := Marks(make([]Mark, 0, shift&3), text)
		if diff := cmp.Diff(plainMarks(text, false), got); diff != "" {
			t.Errorf("%q (-byte by byte +marks):\n%s", text, diff)
		}
		if slashes != bytes.Contains(text, []byte{'\\'}) {
			t.Errorf("%q: backslashes: %v", text, slashes)
		}
		checkOutside(t, text, got)
		for i := shift & 127; i < len(text); i += 64 {
			if diff := cmp.Diff(markAt(got, i), MarkAt(got, i)); diff != "" {
				t.Errorf("%q at %d (-bit by bit +mark):\n%s", text, i, diff)
			}
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

// checkOutside demands that the brackets outside of strings are those of reading byte by byte.
func checkOutside(t *testing.T, text []byte, marks []Mark) {
	inside := uint64(0)
	for i, want := range plainMarks(text, true) {
		var got Mark
		if got.Opens, got.Closes, inside = marks[i].Outside(inside); got.Opens != want.Opens || got.Closes != want.Closes {
			t.Errorf("%q, word %d: brackets %x %x, want %x %x", text, i, got.Opens, got.Closes, want.Opens, want.Closes)
		}
	}
}

// markAt is MarkAt, bit by bit.
func markAt(marks []Mark, place int) Mark {
	var m Mark
	for k := range min(64, 64*len(marks)-place) {
		from, bit := &marks[(place+k)/64], (place+k)%64
		m.Quotes |= from.Quotes >> bit & 1 << k
		m.Slashes |= from.Slashes >> bit & 1 << k
		m.Opens |= from.Opens >> bit & 1 << k
		m.Closes |= from.Closes >> bit & 1 << k
	}
	return m
}

func BenchmarkMarks(b *testing.B) {
	text := []byte(strings.Repeat(`{"@timestamp":"2025-11-20T10:00:00.000Z","process":{"pid":10253,"name":"kubelet"}},`, 16))
	var marks []Mark
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		marks, _ = Marks(marks, text)
	}
}
