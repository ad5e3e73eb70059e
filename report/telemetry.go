package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"kscan/report/safe"
	"kscan/report/triage"
	"kscan/scan"
)

const (
	// maxGapLines is how many gaps of one stream are shown, the longest ones.
	maxGapLines = 5
	// maxNotes is how many lines the scan's report has of gaps and lost events.
	maxNotes = 5
)

// Coverage writes what a case says of the logs alone: what telemetry there is, and what
// rules could have shown on it.
func Coverage(w io.Writer, c *triage.Case, o TerminalOptions) error {
	p := newPage(o)
	p.text(0, p.look.heading, summaryText(c.Summary, c.Groups))
	p.state(c)
	p.telemetry(c)
	p.gaps(c.Summary.Streams)
	p.coverage(c)
	if len(c.Rules) <= maxVerdicts {
		for _, r := range c.Rules {
			p.reach(c, r)
		}
	} else {
		p.couldNot(c)
	}
	p.nearMisses(c)
	p.problems(c.Summary)
	return p.flush(w)
}

// telemetry writes the streams, one a row.
func (p *page) telemetry(c *triage.Case) {
	streams := c.Summary.Streams
	if len(streams) == 0 {
		return
	}
	p.blank()
	p.title("What telemetry there is")
	shown := streams[:min(len(streams), maxRows)]
	make := func(title string, right bool, f func(s *scan.Stream) string) column {
		c := column{title: title, right: right, fixed: right}
		for i := range shown {
			c.cells = append(c.cells, f(&shown[i]))
		}
		return c
	}
	columns := []column{
		make("HOST", false, func(s *scan.Stream) string { return hostName(s.Host, s.Folder) }),
		make("SOURCE", false, func(s *scan.Stream) string { return cell(s.Source) }),
		make("EVENTS", true, func(s *scan.Stream) string { return triage.Number(s.Events) }),
		make("FIRST AND LAST EVENT", false, func(s *scan.Stream) string {
			return strings.Replace(spanText(s.First, s.Last), " to ", "\n", 1)
		}),
		make("GAPS", true, gapCount), make("LOST", true, lostCount),
	}
	columns[3].fixed = true
	if p.width >= mediumWidth {
		columns = append(columns, make("CATEGORIES", false, func(s *scan.Stream) string { return categories(s.Categories) }))
	}
	p.table(0, columns)
	if more := len(streams) - len(shown); more > 0 {
		p.text(0, p.look.label, "… and "+triage.Number(int64(more))+" more; the JSON report (-f json) has all")
	}
}

func gapCount(s *scan.Stream) string {
	switch {
	case s.Partial:
		return "?"
	case s.GapsBeyond:
		return "many"
	}
	return triage.Number(int64(len(s.Gaps)))
}

// lostCount is the number of lost events, as far as the stream says it.
func lostCount(s *scan.Stream) string {
	switch n := max(s.Lost.Serials, s.Lost.Reported); {
	case n > 0:
		return triage.Number(n)
	case !s.Lost.Known:
		return "?"
	}
	return "0"
}

// gaps writes what the streams lack: times without events, and events that were lost.
func (p *page) gaps(streams []scan.Stream) {
	told := false
	for i := range streams[:min(len(streams), maxRows)] {
		lines := streamNotes(&streams[i], maxGapLines)
		if len(lines) == 0 {
			continue
		}
		if !told {
			p.blank()
			p.title("What is missing from it")
			told = true
		}
		p.hanging("", p.look.heading, streamName(&streams[i]))
		for _, line := range lines {
			p.hanging("  - ", p.look.bad, line)
		}
	}
}

// streamNotes says what a stream lacks, with at most so many gaps.
func streamNotes(s *scan.Stream, most int) (lines []string) {
	if s.Lost.Serials > 0 {
		text := count(s.Lost.Serials, "audit serial") + " missing: those events were lost, or left out before the log was written"
		if s.Lost.Runs > 1 {
			text += fmt.Sprintf(" (counted over %d boots)", s.Lost.Runs)
		}
		lines = append(lines, text)
	}
	if s.Lost.Reported > 0 {
		lines = append(lines, "the log itself says that "+count(s.Lost.Reported, "audit record")+" were lost")
	}
	if s.GapsBeyond {
		lines = append(lines, "there are too many gaps to list")
	}
	if s.Partial {
		return lines
	}
	gaps := slices.SortedStableFunc(slices.Values(s.Gaps), func(a, b scan.Gap) int {
		return cmp.Compare(b.To.Sub(b.From), a.To.Sub(a.From))
	})
	for _, g := range gaps[:min(len(gaps), most)] {
		lines = append(lines, gapText(g))
	}
	if more := len(gaps) - most; more > 0 {
		lines = append(lines, "… and "+count(int64(more), "more gap"))
	}
	return lines
}

// durationText writes a length of time, from two days on in days and hours.
func durationText(d time.Duration) string {
	const day = 24 * time.Hour
	if d < 2*day {
		return d.Round(time.Second).String()
	}
	d = d.Round(time.Hour)
	return fmt.Sprintf("%s days %dh", triage.Number(int64(d/day)), d%day/time.Hour)
}

func gapText(g scan.Gap) string {
	return "no events for " + durationText(g.To.Sub(g.From)) + ", " + spanText(g.From, g.To)
}

// missing is the short form of gaps in the report of a scan.
func (p *page) missing(streams []scan.Stream) {
	var notes []string
	if len(streams) > 0 && streams[0].Partial {
		notes = append(notes, "gaps and lost events are not known from a sample: kscan coverage decodes every event and tells them")
	}
	for i := range streams {
		for _, line := range streamNotes(&streams[i], 1) {
			notes = append(notes, streamName(&streams[i])+": "+line)
		}
	}
	if more := len(notes) - maxNotes; more > 0 {
		notes = append(notes[:maxNotes], "… and "+triage.Number(int64(more))+" more; kscan coverage has all")
	}
	p.field(0, "missing", notes...)
}

// reach writes, for each stream with events of a rule's category, how many of them have
// what the rule needs.
func (p *page) reach(c *triage.Case, r *triage.Rule) {
	streams := c.Summary.Streams
	host, events := column{title: "HOST (SOURCE)"}, column{title: "EVENTS", right: true, fixed: true}
	could, lacks := column{title: "WITH ALL IT NEEDS", right: true, fixed: true}, column{title: "FIELDS IN FEWER"}
	for i := range streams[:min(len(streams), maxRows)] {
		for _, of := range streams[i].Reach {
			if of.Rule != r.Rule || of.Reach.InCategory == 0 {
				continue
			}
			host.cells = append(host.cells, streamName(&streams[i]))
			events.cells = append(events.cells, triage.Number(of.Reach.InCategory))
			could.cells = append(could.cells, triage.Number(of.Reach.Could))
			lacks.cells = append(lacks.cells, lackText(of))
		}
	}
	if len(host.cells) == 0 {
		return
	}
	p.blank()
	p.hanging("", p.look.heading, safe.Text(safe.Clip(r.Rule.Name, maxDetail))+", by host")
	p.table(2, dropEmpty([]column{host, events, could, lacks}))
}

func lackText(of scan.StreamReach) string {
	var parts []string
	for i, field := range of.Rule.Program.Fields() {
		if n := of.Reach.WithField[i]; n < of.Reach.InCategory {
			parts = append(parts, safe.Text(safe.Clip(field, maxCell))+" "+triage.Number(n))
		}
	}
	return strings.Join(parts, ", ")
}

// couldNot lists the rules of a pack that could not have fired, by reason.
func (p *page) couldNot(c *triage.Case) {
	why := map[string]int64{}
	for _, r := range c.Rules {
		if r.Coverage.Verdict == triage.CouldNotFire && r.Coverage.Examined > 0 {
			why[r.Coverage.Why()]++
		}
	}
	reasons := slices.SortedFunc(maps.Keys(why), func(a, b string) int {
		return cmp.Or(cmp.Compare(why[b], why[a]), cmp.Compare(a, b))
	})
	if len(reasons) == 0 {
		return
	}
	p.blank()
	p.hanging("", p.look.heading, "Why rules could not have fired")
	text, rules := column{title: "REASON"}, column{title: "RULES", right: true, fixed: true}
	for _, reason := range reasons[:min(len(reasons), maxReasons)] {
		text.cells = append(text.cells, safe.Text(reason))
		rules.cells = append(rules.cells, triage.Number(why[reason]))
	}
	p.table(2, []column{rules, text})
	if more := len(reasons) - maxReasons; more > 0 {
		p.text(2, p.look.label, "… and "+count(int64(more), "more reason")+"; the JSON report (-f json) has those of each rule")
	}
}

// maxReasons is how many reasons are listed for a pack.
const maxReasons = 30
