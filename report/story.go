package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"

	"kscan/report/safe"
	"kscan/report/triage"
)

// maxStory is how many moments of a rule's story the text shows: some two screens. Those
// beyond are the hits and answers below, and in the JSON report.
const maxStory = 60

// story writes what happened in the order of time: the hits, and what was found of them.
func (p *page) story(r *triage.Rule) {
	if !slices.ContainsFunc(r.Story, func(m *triage.Moment) bool { return m.Hits == nil }) {
		return // the table of groups says as much
	}
	numbers := map[*triage.Group]int{}
	for i, g := range r.Groups {
		numbers[g] = i + 1
	}
	p.blank()
	p.text(0, p.look.heading, "In the order of time; below each event what it is, and of which groups")
	shown := r.Story[:min(len(r.Story), maxStory)]
	width := 0
	for _, m := range shown {
		width = max(width, columns(cell(m.Host)))
	}
	for _, m := range shown {
		p.moment(m, numbers, min(width, maxHost))
	}
	if more := len(r.Story) - len(shown); more > 0 {
		p.text(0, p.look.label, "… and "+count(int64(more), "more event")+"; the JSON report (-f json) has them")
	}
}

// maxHost is how wide the column of hosts becomes.
const maxHost = 24

// storyWidth is from what width on what happened stands beside the time and host.
const storyWidth = 90

// moment writes one event: when, where and what, then what it answers and its place.
func (p *page) moment(m *triage.Moment, numbers map[*triage.Group]int, width int) {
	host := cell(m.Host)
	prefix := p.look.paint(p.look.label, timeText(m.Time)) + "  " + host + strings.Repeat(" ", max(0, width-columns(host))) + "  "
	text, style := cmp.Or(mainText(m.Values), eventText(m.Values)), p.look.plain
	if g := m.Hits; g != nil {
		text, style = count(g.Count, "hit")+": "+groupTitle(g), p.look.heading
	}
	if p.width < storyWidth || lipgloss.Width(prefix) > p.width/2 {
		p.hanging("", p.look.label, timeText(m.Time)+"  "+host)
		prefix = "    "
	}
	p.hanging(prefix, style, text)
	where := place(m.Evidence.Source, m.Evidence.Member, m.Evidence.Line, m.Evidence.Offset)
	prefix = strings.Repeat(" ", lipgloss.Width(prefix))
	says := sayings(m, numbers)
	switch width := len(prefix) + columns(strings.Join(says, ", ")); {
	case width+2+columns(where) <= p.width:
		p.line(prefix + p.painted(says) + "  " + p.look.paint(p.look.label, where))
		return
	case width <= p.width:
		p.line(prefix + p.painted(says))
	default:
		for _, text := range says {
			p.hanging(prefix, p.sayingStyle(text), text)
		}
	}
	p.hanging(prefix, p.look.label, where)
}

// painted joins what an event is, each in its style.
func (p *page) painted(says []string) string {
	return strings.Join(each(says, func(text string) string { return p.look.paint(p.sayingStyle(text), text) }), ", ")
}

func (p *page) sayingStyle(text string) lipgloss.Style {
	if strings.HasPrefix(text, raises) {
		return p.look.bad
	}
	return p.look.label
}

// raises marks what raises the priority.
const raises = "▲ "

// sayings names what an event is, each with the groups that it is that of.
func sayings(m *triage.Moment, numbers map[*triage.Group]int) (parts []string) {
	if m.Hits != nil {
		return []string{"the rule fired [" + strconv.Itoa(numbers[m.Hits]) + "]"}
	}
	for _, s := range m.Says {
		var of []string
		for _, g := range s.Groups[:min(len(s.Groups), maxRelated)] {
			of = append(of, strconv.Itoa(numbers[g]))
		}
		if more := len(s.Groups) - maxRelated; more > 0 {
			of = append(of, "and "+triage.Number(int64(more))+" more")
		}
		mark := ""
		if s.Raises {
			mark = raises
		}
		parts = append(parts, mark+safe.Text(safe.Clip(s.Label, maxCell))+" ["+strings.Join(of, " ")+"]")
	}
	return parts
}

// related names groups by their number and process.
func related(groups []*triage.Group, all []*triage.Group) string {
	var names []string
	for _, g := range groups[:min(len(groups), maxRelated)] {
		names = append(names, strconv.Itoa(slices.Index(all, g)+1)+" ("+cell(g.Name)+")")
	}
	if more := len(groups) - maxRelated; more > 0 {
		names = append(names, "and "+count(int64(more), "more group"))
	}
	return strings.Join(names, ", ")
}

// maxRelated is how many related groups the text names.
const maxRelated = 8
