package eql

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error is one fault of a query, with its place. The text of the query is hostile:
// Msg, Hint and what Render returns hold no control characters from it.
type Error struct {
	Span Span
	Msg  string
	Hint string // what to write instead, "" if nothing comes to mind
	// Warning is set by Check when Elasticsearch runs the query, but not to any use:
	// the marked part can never match, or does not mean what it looks like.
	Warning bool
	// Refused is set beside Warning when Elasticsearch refuses the query, but rules of its
	// own pack are written so and mean what they say.
	Refused bool

	src string
}

// NewError returns a fault of a query that was found after parsing it.
func NewError(src string, span Span, message, hint string) *Error {
	return &Error{Span: span, Msg: harmless(message), Hint: hint, src: src}
}

// Error returns "LINE:COLUMN: MESSAGE".
func (e *Error) Error() string {
	line, column := e.Position()
	return fmt.Sprintf("%d:%d: %s", line, column, e.Msg)
}

// Position returns the line and column where the fault starts. Both count from 1; the
// column counts characters, a tab being one.
func (e *Error) Position() (line, column int) {
	before := e.src[:clamp(e.Span.Start, 0, len(e.src))]
	line = 1 + strings.Count(before, "\n")
	column = 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	return line, column
}

// Render shows the fault with the line it is on, a mark under the spot, and the hint:
//
//	error: query.eql:1:15: unknown function "startWith"
//	  1 | any where startWith(process.name, "a")
//	    |           ^^^^^^^^^
//	hint: did you mean "startsWith"?
//
// The query's first line is line firstLine of the file (1 if the query is the file).
func (e *Error) Render(file string, firstLine int) string {
	line, column := e.Position()
	line += firstLine - 1
	severity := "error"
	if e.Warning {
		severity = "warning"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s:%d:%d: %s\n", severity, harmless(file), line, column, e.Msg)
	text, mark := e.excerpt()
	number := fmt.Sprint(line)
	fmt.Fprintf(&b, "  %s |%s\n", number, text)
	fmt.Fprintf(&b, "  %*s |%s\n", len(number), "", mark)
	if e.Hint != "" {
		fmt.Fprintf(&b, "hint: %s\n", e.Hint)
	}
	return b.String()
}

const (
	// contextBefore and contextAfter are how many characters of a long line are shown
	// before and after the start of the fault: together a terminal's width.
	contextBefore = 50
	contextAfter  = 60
	// tabWidth is the distance of tab stops in cells.
	tabWidth = 4
)

// excerpt returns the part of the source line around the fault, and a line with carets
// below the fault; each has a space before it, where it is not empty.
func (e *Error) excerpt() (text, mark string) {
	start := clamp(e.Span.Start, 0, len(e.src))
	end := clamp(e.Span.End, start, len(e.src))
	from := strings.LastIndexByte(e.src[:start], '\n') + 1
	to := len(e.src)
	if i := strings.IndexByte(e.src[start:], '\n'); i >= 0 {
		to = start + i
	}
	if to > start && e.src[to-1] == '\r' {
		to--
	}
	var before, after string
	from, before = cutBefore(e.src, from, start)
	to, after = cutAfter(e.src, start, to)
	end = clamp(end, start, to)

	leftWidth := utf8.RuneCountInString(before)
	left, width := display(e.src[from:start], leftWidth)
	leftWidth += width
	spot, spotWidth := display(e.src[start:end], leftWidth)
	right, _ := display(e.src[end:to], leftWidth+spotWidth)
	text = strings.TrimRight(" "+before+left+spot+right+after, " ")
	return text, strings.Repeat(" ", 1+leftWidth) + strings.Repeat("^", max(spotWidth, 1))
}

// cutBefore moves from towards start so that few characters lie between them.
func cutBefore(src string, from, start int) (int, string) {
	i := start
	for n := 0; i > from; n++ {
		if n == contextBefore {
			return i, "…"
		}
		_, size := utf8.DecodeLastRuneInString(src[from:i])
		i -= size
	}
	return from, ""
}

// cutAfter moves to towards start so that few characters lie between them.
func cutAfter(src string, start, to int) (int, string) {
	i := start
	for n := 0; i < to; n++ {
		if n == contextAfter {
			return i, "…"
		}
		_, size := utf8.DecodeRuneInString(src[i:to])
		i += size
	}
	return to, ""
}

// display returns s as it is safe on a terminal and how many cells it takes there. The
// text starts in the given cell, from which tabs are counted.
func display(s string, cell int) (string, int) {
	var b strings.Builder
	start := cell
	for _, r := range s {
		switch {
		case r == '\t':
			n := tabWidth - cell%tabWidth
			b.WriteString(strings.Repeat(" ", n))
			cell += n
		case unicode.IsPrint(r):
			b.WriteRune(r)
			cell += cells(r)
		default:
			escaped := fmt.Sprintf(`\u{%02x}`, r)
			b.WriteString(escaped)
			cell += len(escaped)
		}
	}
	return b.String(), cell - start
}

// harmless returns s with everything escaped that does not print.
func harmless(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u{%02x}`, r)
		}
	}
	return b.String()
}

// wide are the main blocks of characters that take two cells of a terminal (East Asian
// Width W and F).
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115f, Stride: 1}, {Lo: 0x2e80, Hi: 0x303e, Stride: 1},
		{Lo: 0x3041, Hi: 0xa4cf, Stride: 1}, {Lo: 0xac00, Hi: 0xd7a3, Stride: 1},
		{Lo: 0xf900, Hi: 0xfaff, Stride: 1}, {Lo: 0xfe30, Hi: 0xfe6f, Stride: 1},
		{Lo: 0xff00, Hi: 0xff60, Stride: 1}, {Lo: 0xffe0, Hi: 0xffe6, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x1f300, Hi: 0x1f64f, Stride: 1}, {Lo: 0x1f680, Hi: 0x1f6ff, Stride: 1},
		{Lo: 0x1f900, Hi: 0x1f9ff, Stride: 1}, {Lo: 0x20000, Hi: 0x3fffd, Stride: 1},
	},
}

func cells(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

func clamp(i, low, high int) int { return max(low, min(i, high)) }

// shown is how many characters of the query a message quotes.
const shown = 40

// snippet returns a part of the query for use in a message: on one line, short, and
// harmless. It looks at the start of s alone: there may be a message for every word of
// a query, each about all that comes before.
func snippet(s string) string {
	n, more := min(len(s), 8*shown), ""
	for n < len(s) && !utf8.RuneStart(s[n]) {
		n--
	}
	runes := []rune(strings.Join(strings.Fields(s[:n]), " "))
	if n < len(s) || len(runes) > shown {
		runes, more = runes[:min(len(runes), shown)], "…"
	}
	return harmless(string(runes)) + more
}

// nearest returns the candidate that a misspelt name most likely means: equal but for
// case, or a few edits away.
func nearest(name string, candidates []string) (string, bool) {
	const longest = 40 // no candidate comes near this
	if len(name) > longest {
		return "", false
	}
	best, distance := "", 1+max(1, len(name)/3)
	for _, c := range candidates {
		if d := edits(strings.ToLower(name), strings.ToLower(c)); d < distance {
			best, distance = c, d
		}
	}
	return best, best != ""
}

// didYouMean returns a hint that names the nearest candidate, or else all of them.
func didYouMean(name string, candidates []string) string {
	if c, ok := nearest(name, candidates); ok {
		return fmt.Sprintf("did you mean %q?", c)
	}
	return "write one of " + strings.Join(candidates, ", ")
}

// edits counts the insertions, deletions, replacements and swaps of neighbours between
// two strings.
func edits(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
