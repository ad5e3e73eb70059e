package eval

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// wildcard is a pattern of "*" (any run of characters, the empty one too) and "?" (one
// character), which has no way to escape them. It is cut at the stars: the first
// segment must be at the start of the text, the last at its end, and those between are
// found from left to right. As each segment takes a fixed number of characters, taking
// the leftmost place is always right.
type wildcard struct {
	segments []segment
}

// segment is a part of a pattern without a star.
type segment struct {
	text  []byte
	lead  []byte // text up to the first "?"
	runes int    // characters it takes
}

func newWildcard(pattern string) *wildcard {
	w := new(wildcard)
	for _, part := range strings.Split(pattern, "*") {
		lead, _, _ := strings.Cut(part, "?")
		w.segments = append(w.segments, segment{[]byte(part), []byte(lead), utf8.RuneCountInString(part)})
	}
	return w
}

// match reports whether the whole text fits the pattern.
func (w *wildcard) match(text []byte) bool {
	n := w.segments[0].prefix(text)
	if len(w.segments) == 1 || n < 0 {
		return n == len(text)
	}
	text = text[n:]
	last := &w.segments[len(w.segments)-1]
	start := last.suffix(text)
	if start < 0 {
		return false
	}
	text = text[:start]
	for i := 1; i < len(w.segments)-1; i++ {
		end := w.segments[i].find(text)
		if end < 0 {
			return false
		}
		text = text[end:]
	}
	return true
}

// literal reports whether the segment has no "?".
func (g *segment) literal() bool { return len(g.lead) == len(g.text) }

// prefix returns how many bytes at the start of text the segment takes, -1 if it does
// not fit there.
func (g *segment) prefix(text []byte) int {
	if !bytes.HasPrefix(text, g.lead) {
		return -1
	}
	n := len(g.lead)
	for _, ch := range g.text[len(g.lead):] {
		if n == len(text) {
			return -1
		}
		if ch == '?' {
			_, size := utf8.DecodeRune(text[n:])
			n += size
			continue
		}
		if text[n] != ch {
			return -1
		}
		n++
	}
	return n
}

// suffix returns where the segment starts at the end of text, -1 if it does not fit.
func (g *segment) suffix(text []byte) int {
	if g.literal() {
		if bytes.HasSuffix(text, g.text) {
			return len(text) - len(g.text)
		}
		return -1
	}
	start := len(text)
	for range g.runes {
		_, size := utf8.DecodeLastRune(text[:start])
		start -= size
	}
	if g.prefix(text[start:]) != len(text)-start {
		return -1
	}
	return start
}

// find returns the end of the leftmost place of the segment in text, -1 if there is none.
func (g *segment) find(text []byte) int {
	for at := 0; ; {
		skip := bytes.Index(text[at:], g.lead)
		if skip < 0 {
			return -1
		}
		at += skip
		if n := g.prefix(text[at:]); n >= 0 {
			return at + n
		}
		if at == len(text) {
			return -1
		}
		_, size := utf8.DecodeRune(text[at:])
		at += size
	}
}
