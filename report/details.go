package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"

	"kscan/report/safe"
	"kscan/report/triage"
)

// groups writes the table of a rule's groups.
func (p *page) groups(r *triage.Rule) {
	shown := r.Groups[:min(len(r.Groups), maxRows)]
	if len(shown) == 0 {
		return
	}
	var columns []column
	switch {
	case p.width >= wideWidth:
		columns = wideColumns(shown)
	case p.width >= mediumWidth:
		columns = mediumColumns(shown)
	default:
		columns = narrowColumns(shown)
	}
	for i := range columns {
		if columns[i].title == "PRIORITY" {
			columns[i].style = func(row int) lipgloss.Style { return p.look.priority(shown[row].Priority) }
		}
	}
	p.table(0, dropEmpty(columns))
	if more := len(r.Groups) - len(shown); more > 0 {
		p.text(0, p.look.label, "… and "+count(int64(more), "more group")+"; the JSON report (-f json) has all")
	}
}

// makeColumn fills a column from the groups.
func makeColumn(title string, groups []*triage.Group, f func(i int, g *triage.Group) string) column {
	c := column{title: title}
	for i, g := range groups {
		c.cells = append(c.cells, f(i, g))
	}
	return c
}

func leadColumns(groups []*triage.Group) []column {
	n := makeColumn("#", groups, func(i int, _ *triage.Group) string { return strconv.Itoa(i + 1) })
	n.right, n.fixed = true, true
	priority := makeColumn("PRIORITY", groups, func(_ int, g *triage.Group) string { return g.Priority.String() })
	priority.fixed = true
	return []column{n, priority}
}

func hitsColumn(groups []*triage.Group) column {
	c := makeColumn("HITS", groups, func(_ int, g *triage.Group) string { return triage.Number(g.Count) })
	c.right, c.fixed = true, true
	return c
}

func targetColumn(groups []*triage.Group) column {
	title := "TARGET"
	if slices.ContainsFunc(groups, hasDestination) {
		title = "DESTINATION"
	}
	c := makeColumn(title, groups, func(_ int, g *triage.Group) string { return targetCell(g) })
	c.least = len("255.255.255.255:65535")
	return c
}

// targetCell names the target; of several destinations the first, and how many there are.
func targetCell(g *triage.Group) string {
	if len(g.Targets) < 2 {
		return cell(g.Key.Target)
	}
	more := int64(len(g.Targets)-1) + g.MoreTargets
	return cell(g.Key.Target) + "\nand " + triage.Number(more) + " more"
}

func hostColumn(groups []*triage.Group) column {
	return makeColumn("HOST", groups, func(_ int, g *triage.Group) string { return hostCell(g) })
}

func userColumn(groups []*triage.Group) column {
	return makeColumn("USER", groups, func(_ int, g *triage.Group) string { return cell(g.Key.User) })
}

// hostCell names the host, or where the logs are that do not name it.
func hostCell(g *triage.Group) string {
	if g.Key.Host == "" && g.Key.Folder != "" {
		return "unknown, in " + cell(g.Key.Folder)
	}
	return cell(g.Key.Host)
}

func narrowColumns(groups []*triage.Group) []column {
	who := makeColumn("PROCESS", groups, func(_ int, g *triage.Group) string {
		text := cell(g.Name)
		if g.Key.User != "" {
			text += " (" + cell(g.Key.User) + ")"
		}
		return text + "\n" + hostCell(g)
	})
	return append(leadColumns(groups), who, targetColumn(groups), seenColumn(groups), hitsColumn(groups))
}

func mediumColumns(groups []*triage.Group) []column {
	process := makeColumn("PROCESS", groups, func(_ int, g *triage.Group) string { return cell(g.Name) })
	return append(leadColumns(groups), hostColumn(groups), process, userColumn(groups), targetColumn(groups),
		seenColumn(groups), hitsColumn(groups))
}

func wideColumns(groups []*triage.Group) []column {
	process := makeColumn("PROCESS", groups, func(_ int, g *triage.Group) string { return cell(g.Key.Process) })
	first := makeColumn("FIRST SEEN", groups, func(_ int, g *triage.Group) string { return timeText(g.First) })
	last := makeColumn("LAST SEEN", groups, func(_ int, g *triage.Group) string { return timeText(g.Last) })
	first.fixed, last.fixed = true, true
	return append(leadColumns(groups), hostColumn(groups), process, userColumn(groups), targetColumn(groups),
		first, last, hitsColumn(groups))
}

// seenColumn is first and last seen, one above the other.
func seenColumn(groups []*triage.Group) column {
	c := makeColumn("FIRST AND LAST SEEN", groups, func(_ int, g *triage.Group) string {
		if g.First.Equal(g.Last) {
			return timeText(g.First)
		}
		return timeText(g.First) + "\n" + timeText(g.Last)
	})
	c.fixed = true
	return c
}

// groupIndent is how far details stand under a group's heading.
const groupIndent = 3

// group writes one group's heading and details.
func (p *page) group(n int, g *triage.Group, all []*triage.Group) {
	p.hanging(fmt.Sprintf("%d. ", n), p.look.heading, groupTitle(g))
	priority := g.Priority.String()
	p.entry(entry{indent: groupIndent, width: labelWidth, label: "priority", lead: priority,
		style: p.look.priority(g.Priority), value: priority + ": " + safe.Text(strings.Join(g.Reasons, "; "))})
	p.field(groupIndent, "seen", seenText(g))
	for i := range g.Facts {
		if f := &g.Facts[i]; f.Label != "destination" || len(f.Seen) == 1 || !hasDestinations(g) {
			p.field(groupIndent, f.Label, mergePorts(valueLines(&f.Values))...)
		}
	}
	if len(g.StartedBy) > 0 {
		p.field(groupIndent, "started by", related(g.StartedBy, all))
	}
	if len(g.Started) > 0 {
		p.field(groupIndent, "started", related(g.Started, all))
	}
	p.field(groupIndent, "evidence", evidenceLines(g)...)
	if g.OutOfScope > 0 {
		p.field(groupIndent, "out of scope", scopeText(g))
	}
	if len(g.Assumed) > 0 {
		p.field(groupIndent, "assumed", safe.Text(strings.Join(g.Assumed, ", "))+": set by kscan, these logs do not say it")
	}
	p.field(groupIndent, "group", g.ID)
}

// hasDestinations reports whether a step of the group's playbook lists the destinations.
func hasDestinations(g *triage.Group) bool {
	return slices.ContainsFunc(g.Steps, func(s triage.StepAnswer) bool { return len(s.Destinations) > 0 })
}

// mergePorts puts addresses that differ in nothing but the port on one line.
func mergePorts(lines []string) (merged []string) {
	const word = " port "
	for _, line := range lines {
		address, port, ok := strings.Cut(line, word)
		if last := len(merged) - 1; ok && last >= 0 && strings.HasPrefix(merged[last], address+word) {
			merged[last] += ", " + port
			continue
		}
		merged = append(merged, line)
	}
	return merged
}

func groupTitle(g *triage.Group) string {
	title := "unknown process"
	if g.Name != "" {
		title = cell(g.Name)
	}
	if g.Key.Host != "" {
		title += " on " + cell(g.Key.Host)
	} else {
		title += " on an unknown host"
	}
	switch {
	case g.Key.Target == "":
		return title
	case hasDestination(g):
		return title + " to " + strings.ReplaceAll(targetCell(g), "\n", " ")
	}
	return title + ": " + cell(g.Key.Target)
}

// hasDestination reports whether what the group is about is a destination, not a file or
// a name.
func hasDestination(g *triage.Group) bool {
	return slices.ContainsFunc(g.Facts, func(f triage.Fact) bool { return f.Label == "destination" })
}

func seenText(g *triage.Group) string {
	text := count(g.Count, "hit")
	if g.Undated == g.Count {
		return text + " without a time"
	}
	text += ", " + spanText(g.First, g.Last)
	if g.Undated > 0 {
		text += ", " + triage.Number(g.Undated) + " without a time"
	}
	return text
}

func scopeText(g *triage.Group) string {
	text := fmt.Sprintf("%s of %s in an index that the rule does not search", triage.Number(g.OutOfScope), count(g.Count, "hit"))
	if len(g.Indices) > 0 {
		text += ": " + safe.Text(strings.Join(g.Indices, ", "))
	}
	return text
}

// valueLines lists the values of a field and says how many hits have others.
func valueLines(v *triage.Values) (lines []string) {
	for _, text := range v.Seen {
		lines = append(lines, safe.Text(text))
	}
	if v.Other > 0 {
		lines = append(lines, "… and others in "+count(v.Other, "hit"))
	}
	return lines
}

func evidenceLines(g *triage.Group) (lines []string) {
	for _, e := range g.Evidence {
		text := place(e.Source, e.Member, e.Line, e.Offset)
		if e.EventID != "" {
			text += " (event " + safe.Text(safe.Clip(e.EventID, maxCell)) + ")"
		}
		lines = append(lines, text)
	}
	if more := g.Events - int64(len(g.Evidence)); more > 0 {
		lines = append(lines, fmt.Sprintf("… and %s more of %s", triage.Number(more), count(g.Events, "event")))
	}
	return lines
}
