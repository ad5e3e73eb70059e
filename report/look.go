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

// palette are colours of the 256 that terminals share, by number.
type palette struct {
	label, frame, bad, good string
	levels                  [4]string // by priority
}

// palettes can be read on their backgrounds: text has a contrast of 4.5 at least and, where
// the background is not known, of 3 on black and on white.
var palettes = map[Background]palette{
	UnknownBackground: {label: "243", frame: "244", bad: "167", good: "65", levels: [4]string{"67", "136", "166", "161"}},
	DarkBackground:    {label: "246", frame: "240", bad: "210", good: "114", levels: [4]string{"110", "222", "215", "210"}},
	LightBackground:   {label: "241", frame: "250", bad: "124", good: "22", levels: [4]string{"24", "94", "130", "124"}},
}

func newLook(color bool, on Background) look {
	p := palettes[on]
	style := func(number string) lipgloss.Style { return lipgloss.NewStyle().Foreground(lipgloss.Color(number)) }
	return look{
		color:   color,
		plain:   lipgloss.NewStyle(),
		heading: lipgloss.NewStyle().Bold(true),
		label:   style(p.label),
		frame:   style(p.frame),
		bad:     style(p.bad),
		good:    style(p.good),
		levels: [4]lipgloss.Style{
			style(p.levels[0]), style(p.levels[1]), style(p.levels[2]).Bold(true), style(p.levels[3]).Bold(true),
		},
	}
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
