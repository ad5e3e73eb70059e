package report

import (
	"charm.land/lipgloss/v2"

	"kscan/report/triage"
)

// look is how a page is coloured. Without colour nothing but text is written.
type look struct {
	color   bool
	plain   lipgloss.Style
	heading lipgloss.Style
	label   lipgloss.Style // what names a value
	frame   lipgloss.Style // lines
	bad     lipgloss.Style // what was not examined
	good    lipgloss.Style
	levels  [4]lipgloss.Style // by priority
}

// newLook picks colours of the 256 that terminals share, with enough contrast on a dark
// or a light background.
func newLook(color, dark bool) look {
	choose := lipgloss.LightDark(dark)
	style := func(light, dark string) lipgloss.Style {
		return lipgloss.NewStyle().Foreground(choose(lipgloss.Color(light), lipgloss.Color(dark)))
	}
	l := look{
		color:   color,
		plain:   lipgloss.NewStyle(),
		heading: lipgloss.NewStyle().Bold(true),
		label:   style("241", "246"),
		frame:   style("250", "240"),
		bad:     style("124", "210"),
		good:    style("22", "114"),
	}
	l.levels = [4]lipgloss.Style{style("24", "110"), style("94", "222"), style("130", "215").Bold(true), style("124", "210").Bold(true)}
	return l
}

// paint renders text of one line in a style.
func (l *look) paint(style lipgloss.Style, text string) string {
	if !l.color || text == "" {
		return text
	}
	return style.Render(text)
}

func (l *look) priority(p triage.Priority) lipgloss.Style {
	return l.levels[min(max(p, triage.Low), triage.Critical)]
}

// severity returns the style of a severity's name.
func (l *look) severity(name string) lipgloss.Style {
	if rank := triage.SeverityRank(name); rank > 0 {
		return l.levels[rank-1]
	}
	return l.plain
}
