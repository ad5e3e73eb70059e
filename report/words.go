package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"kscan/readers/event"
	"kscan/report/safe"
	"kscan/report/triage"
	"kscan/scan"
)

// timeLayout is RFC 3339 in UTC with milliseconds, as everywhere in kscan.
const timeLayout = "2006-01-02T15:04:05.000Z"

func timeText(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(timeLayout)
}

// spanText says from when to when.
func spanText(first, last time.Time) string {
	if first.Equal(last) {
		return timeText(first)
	}
	return timeText(first) + " to " + timeText(last)
}

// count writes a number with its noun: "1 file", "2 files".
func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok {
		return triage.Number(n) + " " + stem + "ies"
	}
	return triage.Number(n) + " " + noun + "s"
}

// size writes bytes in units of 1000.
func size(n float64) string {
	for _, unit := range []string{"bytes", "kB", "MB", "GB"} {
		if n < 999.95 {
			if unit == "bytes" {
				return fmt.Sprintf("%.0f %s", n, unit)
			}
			return fmt.Sprintf("%.1f %s", n, unit)
		}
		n /= 1000
	}
	return fmt.Sprintf("%.1f TB", n)
}

func duration(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	if d < time.Minute {
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// place writes where something is: FILE:LINE, with the member of an archive after "!".
func place(source, member string, line, offset int64) string {
	text := safe.Text(source)
	if member != "" {
		text += "!" + safe.Text(member)
	}
	switch {
	case line > 0:
		text += ":" + strconv.FormatInt(line, 10)
	case offset > 0:
		text += ": byte " + strconv.FormatInt(offset, 10)
	}
	return text
}

// problemText says what was wrong, without the place.
func problemText(p event.Problem) string {
	kind := strings.ReplaceAll(string(p.Kind), "_", " ")
	if p.Detail == "" {
		return kind
	}
	return kind + ": " + safe.Text(safe.Clip(p.Detail, maxDetail))
}

// maxDetail is how many characters of a problem's detail are shown.
const maxDetail = 500

// interrupted is what is said of a run that was stopped before its end.
const interrupted = "interrupted: this is what was found so far"

// summaryText is the summary line: what was examined, how fast, and how many hits.
func summaryText(s *scan.Summary, groups int) string {
	var hits int64
	for i := range s.Rules {
		hits += s.Rules[i].Findings
	}
	text := fmt.Sprintf("%s, %s, %s in %s", count(files(s.Parts), "file"), size(float64(s.Counts.Bytes)),
		count(s.Counts.Events, "event"), duration(s.Elapsed))
	if seconds := s.Elapsed.Seconds(); seconds > 0 {
		text += fmt.Sprintf(" (%s/s)", size(float64(s.Counts.Bytes)/seconds))
	}
	switch {
	case hits > 0:
		text += ": " + count(hits, "hit")
	case s.Counts.Events > 0:
		text += ": no hits"
	default:
		text += ": nothing was examined"
	}
	if groups > 0 {
		text += " in " + count(int64(groups), "group")
	}
	return text
}

// files counts the files of the parts: members of one archive are one file.
func files(parts []scan.Part) int64 {
	var count fileCount
	for i := range parts {
		count.add(&parts[i])
	}
	return count.n
}

// fileCount counts the files that parts are of. The parts of a file follow each other.
type fileCount struct {
	n    int64
	last string
}

func (c *fileCount) add(p *scan.Part) {
	if c.n == 0 || p.Source != c.last {
		c.n++
	}
	c.last = p.Source
}
