package report

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// page is text being laid out: lines of at most width columns. Everything it is given
// must have gone through package safe.
type page struct {
	b     strings.Builder
	width int
	// policies are the NetworkPolicies that were printed: none is printed again.
	policies []string
	// told are the answers that were printed, with the number of the group they stand
	// under: the next group refers to them.
	told map[string]int
	// lookedUp is set when the logs were read for evidence.
	lookedUp bool
	look     look
}

// blank ends a block with an empty line.
func (p *page) blank() { p.b.WriteByte('\n') }

// line writes one line as it is, without the spaces at its end.
func (p *page) line(text string) {
	p.b.WriteString(strings.TrimRight(text, " "))
	p.b.WriteByte('\n')
}

// text writes a paragraph, wrapped and indented.
func (p *page) text(indent int, style lipgloss.Style, text string) {
	p.hanging(strings.Repeat(" ", indent), style, text)
}

// hanging writes a paragraph behind a prefix, the lines that follow under its start.
func (p *page) hanging(prefix string, style lipgloss.Style, text string) {
	width := lipgloss.Width(prefix)
	for i, line := range wrap(text, p.width-width) {
		if i == 1 {
			prefix = strings.Repeat(" ", width)
		}
		p.line(prefix + p.look.paint(style, line))
	}
}

// labelWidth is the width of the column of labels, with the gap after it.
const labelWidth = 14

// field writes a label and its values, each on lines of its own.
func (p *page) field(indent int, label string, values ...string) {
	for i, value := range values {
		if i > 0 {
			label = ""
		}
		p.entry(entry{indent: indent, width: labelWidth, label: label, value: value})
	}
}

// entry is a label with one value. If the value starts with lead, lead is painted.
type entry struct {
	indent, width int
	label, value  string
	lead          string
	style         lipgloss.Style
}

func (p *page) entry(e entry) {
	if lipgloss.Width(e.label) > max(e.width, (p.width-e.indent)/2) {
		p.text(e.indent, p.look.label, e.label) // too long to stand beside its value
		e.label = ""
	}
	width := max(e.width, lipgloss.Width(e.label)+1)
	left := strings.Repeat(" ", e.indent) + p.look.paint(p.look.label, e.label) +
		strings.Repeat(" ", width-lipgloss.Width(e.label))
	for i, line := range wrap(e.value, p.width-e.indent-width) {
		if rest, ok := strings.CutPrefix(line, e.lead); i == 0 && ok {
			line = p.look.paint(e.style, e.lead) + rest
		}
		p.line(left + line)
		left = strings.Repeat(" ", e.indent+width)
	}
}

// title writes a heading, underlined.
func (p *page) title(text string) {
	lines := wrap(text, p.width)
	longest := 0
	for _, line := range lines {
		longest = max(longest, lipgloss.Width(line))
		p.line(p.look.paint(p.look.heading, line))
	}
	p.line(p.look.paint(p.look.frame, strings.Repeat("─", longest)))
}

// minWrap is the least width that text is wrapped to, however deep it is indented.
const minWrap = 8

// wrap cuts text into lines of at most width columns: at spaces where that works, inside
// words where it does not. Nothing but spaces at the cuts is lost.
func wrap(text string, width int) (lines []string) {
	width = max(width, minWrap)
	if lipgloss.Width(text) <= width {
		return []string{text}
	}
	var line string
	for i, word := range strings.Split(text, " ") {
		if i > 0 && columns(line)+1+columns(word) <= width {
			line += " " + word
			continue
		}
		if i > 0 {
			lines = append(lines, line)
		}
		pieces := cut(word, width)
		lines = append(lines, pieces[:len(pieces)-1]...)
		line = pieces[len(pieces)-1]
	}
	return append(lines, line)
}

// columns returns the width of text, or more: runes that join into one are added up.
func columns(text string) int {
	n := 0
	for _, r := range text {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	if r < 0x7f {
		return 1
	}
	return lipgloss.Width(string(r))
}

// cut cuts a word into pieces of at most width columns.
func cut(word string, width int) (pieces []string) {
	start, n := 0, 0
	for i, r := range word {
		w := runeWidth(r)
		if n+w > width && i > start {
			pieces = append(pieces, word[start:i])
			start, n = i, 0
		}
		n += w
	}
	return append(pieces, word[start:])
}
