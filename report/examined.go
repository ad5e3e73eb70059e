package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"kscan/readers/event"
	"kscan/report/safe"
	"kscan/report/triage"
	"kscan/rule"
	"kscan/scan"
)

// formatTotal is what was examined of one format.
type formatTotal struct {
	files       fileCount
	bytes       int64
	events      int64
	findings    int64
	first, last time.Time
}

// examined writes what was read: by format, then by event category.
func (p *page) examined(c *triage.Case) {
	s := c.Summary
	if len(s.Parts) == 0 {
		return
	}
	p.blank()
	p.title("What was examined")
	p.formats(s.Parts)
	if s.Counts.Events > 0 && !s.AllOutOfRange() {
		p.field(0, "categories", categories(s.Categories))
	}
	if s.Counts.Passed > 0 {
		p.field(0, "sample", fmt.Sprintf("%s events were passed over: they hold none of the values that a match needs. Times, "+
			"categories and fields are those of a sample of %s of the %s events", triage.Number(s.Counts.Passed),
			triage.Number(s.Counts.Sampled), triage.Number(s.Counts.Events)))
	}
	if s.Counts.Undated > 0 {
		p.field(0, "undated", sampled(s, s.Counts.Undated)+" without a time, examined all the same")
	}
	if s.Counts.OutOfRange > 0 {
		p.field(0, "time range", sampled(s, s.Counts.OutOfRange)+" outside it, left out: they are from "+spanText(s.Outside.First, s.Outside.Last))
	}
	p.missing(s.Streams)
	if s.Counts.Incomplete > 0 {
		p.field(0, "incomplete", count(s.Counts.Incomplete, "audit event")+" without a record that the fields need")
	}
}

// sampled writes a number of events that is counted on the sample, if there is one.
func sampled(s *scan.Summary, n int64) string {
	if s.Counts.Passed > 0 {
		return fmt.Sprintf("%s of the %s", triage.Number(n), count(s.Counts.Sampled, "sampled event"))
	}
	return count(n, "event")
}

func (p *page) formats(parts []scan.Part) {
	totals := make(map[string]*formatTotal)
	for i := range parts {
		part := &parts[i]
		name := cmp.Or(part.Format, "not recognised")
		t := totals[name]
		if t == nil {
			t = new(formatTotal)
			totals[name] = t
		}
		t.add(part)
	}
	names := slices.Sorted(maps.Keys(totals))
	total := func(title string, right bool, f func(t *formatTotal) string) column {
		c := column{title: title, right: right, fixed: true}
		for _, name := range names {
			c.cells = append(c.cells, f(totals[name]))
		}
		return c
	}
	columns := []column{{title: "FORMAT", cells: each(names, cell)},
		total("FILES", true, func(t *formatTotal) string { return triage.Number(t.files.n) }),
		total("SIZE", true, func(t *formatTotal) string { return size(float64(t.bytes)) }),
		total("EVENTS", true, func(t *formatTotal) string { return triage.Number(t.events) }),
		total("HITS", true, func(t *formatTotal) string { return triage.Number(t.findings) }),
	}
	if p.width >= mediumWidth {
		columns = append(columns,
			total("FIRST EVENT", false, func(t *formatTotal) string { return timeText(t.first) }),
			total("LAST EVENT", false, func(t *formatTotal) string { return timeText(t.last) }))
	} else {
		columns = append(columns, total("FIRST AND LAST EVENT", false, func(t *formatTotal) string {
			return strings.Replace(spanText(t.first, t.last), " to ", "\n", 1)
		}))
	}
	p.table(0, columns)
	p.blank()
}

func (t *formatTotal) add(part *scan.Part) {
	t.files.add(part)
	t.bytes += part.Counts.Bytes
	t.events += part.Counts.Events
	t.findings += part.Findings
	if !part.First.IsZero() && (t.first.IsZero() || part.First.Before(t.first)) {
		t.first = part.First
	}
	if part.Last.After(t.last) {
		t.last = part.Last
	}
}

// categories lists the event categories, the most frequent first.
func categories(counts map[string]int64) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	if len(names) == 0 {
		return "no event has a category"
	}
	for i, name := range names {
		names[i] = safe.Text(safe.Clip(name, maxCell)) + " " + triage.Number(counts[name])
	}
	return strings.Join(names, ", ")
}

// maxVerdicts is how many rules get a verdict of their own; more are summed up.
const maxVerdicts = 5

// coverage writes, for each rule, whether these logs could have shown what it looks for.
func (p *page) coverage(c *triage.Case) {
	if len(c.Rules) == 0 {
		return
	}
	p.blank()
	p.title("What these logs could show")
	if len(c.Rules) > maxVerdicts {
		p.verdictTotals(c)
		return
	}
	for i, r := range c.Rules {
		if i > 0 {
			p.blank()
		}
		p.ruleCoverage(r)
	}
	for i, text := range notRunTexts(c.NotRun) {
		if i == 0 {
			p.blank()
		}
		p.hanging("", p.look.bad, text)
	}
}

// notRunTexts says which rules cannot run here, and why.
func notRunTexts(rules []*rule.Rule) (lines []string) {
	for _, r := range rules[:min(len(rules), maxVerdicts)] {
		lines = append(lines, "rule "+safe.Text(safe.Clip(r.Name, maxCell))+" was not run: "+safe.Text(r.NotRunnable))
	}
	if more := len(rules) - maxVerdicts; more > 0 {
		lines = append(lines, count(int64(more), "more rule")+" cannot run here; kscan rules list says why of each")
	}
	return lines
}

// NotRun writes a line for each of the rules that cannot run here.
func NotRun(w io.Writer, rules []*rule.Rule) error {
	for _, text := range notRunTexts(rules) {
		if _, err := fmt.Fprintln(w, "kscan: warning: "+text); err != nil {
			return err
		}
	}
	return nil
}

func (p *page) verdictTotals(c *triage.Case) {
	rules := c.Rules
	counts := make(map[triage.Verdict]int64)
	var fired int64
	for _, r := range rules {
		if r.Findings > 0 {
			fired++
		} else {
			counts[r.Coverage.Verdict]++
		}
	}
	p.field(0, "rules", triage.Number(int64(len(rules)+len(c.NotRun))))
	p.field(0, "fired", triage.Number(fired))
	p.field(0, "could fire", triage.Number(counts[triage.CouldFire])+" had all they look at, and did not")
	p.field(0, "in part", triage.Number(counts[triage.InPart])+" lack a field in all events, or what they need on some hosts")
	p.field(0, "could not", triage.Number(counts[triage.CouldNotFire])+" had no event to fire on")
	p.field(0, "not run", triage.Number(counts[triage.NotRun]+int64(len(c.NotRun)))+" cannot run here")
	if len(rules) > scan.MaxNearRules {
		p.field(0, "near misses", fmt.Sprintf("not looked for with more than %d rules", scan.MaxNearRules))
	}
}

func (p *page) ruleCoverage(r *triage.Rule) {
	style := p.look.good
	if v := r.Coverage.Verdict; v != triage.CouldFire {
		style = p.look.bad
	}
	p.hanging("", p.look.heading, safe.Text(safe.Clip(r.Rule.Name, maxDetail)))
	p.text(2, style, safe.Text(r.Coverage.Text))
	p.blind(r)
	if r.Findings == 0 || !r.Coverage.Full() {
		p.fieldCounts(&r.Coverage)
	}
	if r.Coverage.Examined > 0 && r.Coverage.Verdict == triage.CouldNotFire && !r.Coverage.OutOfRange {
		for _, section := range r.Guide.Setup {
			p.blank()
			p.text(2, p.look.heading, safe.Text(safe.Clip(section.Title, maxCell)))
			p.steps(2, false, section.Steps, nil)
		}
	}
}

// fieldCounts lists the fields that the rule reads with the events that have them.
func (p *page) fieldCounts(c *triage.Coverage) {
	names := column{title: "FIELD THE RULE READS"}
	events := column{title: "EVENTS WITH IT", right: true, fixed: true}
	if c.Sampled {
		events.title = "SAMPLED EVENTS WITH IT"
	}
	for _, f := range c.Fields {
		names.cells = append(names.cells, safe.Text(safe.Clip(f.Field, maxCell)))
		events.cells = append(events.cells, triage.Number(f.Events)+" of "+triage.Number(c.InCategory))
	}
	if len(names.cells) > 0 && c.InCategory > 0 {
		p.table(2, []column{names, events})
	}
}

// problems writes what was not examined and why, then what else was noticed.
func (p *page) problems(s *scan.Summary) {
	var lost, notices []event.Problem
	for _, problem := range s.Problems {
		if problem.Kind.Lost() {
			lost = append(lost, problem)
		} else {
			notices = append(notices, problem)
		}
	}
	p.problemList("What was not examined", lost, s.Counts.Lost, true)
	p.problemList("Notices", notices, s.Counts.Notices, false)
}

func (p *page) problemList(title string, problems []event.Problem, total int64, bad bool) {
	if total == 0 && len(problems) == 0 {
		return
	}
	p.blank()
	p.title(title)
	style := p.look.plain
	if bad {
		style = p.look.bad
	}
	for _, problem := range problems[:min(len(problems), maxRows)] {
		p.hanging("", style, place(problem.Source, problem.Member, problem.Line, problem.Offset))
		p.text(2, p.look.plain, problemText(problem))
	}
	if more := total - int64(min(len(problems), maxRows)); more > 0 {
		p.text(0, style, "… and "+triage.Number(more)+" more")
	}
}

// Problems writes a line for each problem: "kscan: error: FILE:LINE: KIND: DETAIL" where
// evidence was not examined, "kscan: notice: …" elsewhere, and how many more there were.
func Problems(w io.Writer, s *scan.Summary) error {
	var lost, notices int64
	for _, p := range s.Problems {
		word := "notice"
		if p.Kind.Lost() {
			word = "error"
			lost++
		} else {
			notices++
		}
		_, err := fmt.Fprintf(w, "kscan: %s: %s: %s\n", word, place(p.Source, p.Member, p.Line, p.Offset), problemText(p))
		if err != nil {
			return err
		}
	}
	return moreProblems(w, s.Counts.Lost-lost, s.Counts.Notices-notices)
}

func moreProblems(w io.Writer, lost, notices int64) error {
	if lost > 0 {
		if _, err := fmt.Fprintf(w, "kscan: error: %s like these\n", count(lost, "more problem")); err != nil {
			return err
		}
	}
	if notices > 0 {
		if _, err := fmt.Fprintf(w, "kscan: notice: %s more like these\n", triage.Number(notices)); err != nil {
			return err
		}
	}
	return nil
}

// Summary writes one line that says what was examined and found.
func Summary(w io.Writer, s *scan.Summary) error {
	if s.Interrupted {
		if _, err := fmt.Fprintln(w, "kscan: "+interrupted); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, "kscan: "+summaryText(s, 0))
	return err
}
