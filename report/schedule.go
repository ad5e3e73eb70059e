package report

import (
	"fmt"
	"time"

	"kscan/report/triage"
)

// maxCappedLines is how many capped runs are shown; the JSON report has more.
const maxCappedLines = 3

// scheduleLines say what an analyst in Kibana would have seen of the hits.
func scheduleLines(s *triage.Schedule) []string {
	if s == nil {
		return nil
	}
	head := fmt.Sprintf("every %s over the last %s, at most %s a run: ", length(s.Interval), length(s.Lookback), count(int64(s.Max), "alert"))
	lost := s.CutOff + s.Late
	if lost == 0 {
		if s.Hits == 1 {
			return []string{head + "the hit would have been shown"}
		}
		return []string{fmt.Sprintf("%sall %s hits would have been shown, in %s", head, triage.Number(s.Hits), count(s.Runs, "run"))}
	}
	lines := []string{fmt.Sprintf("%s%s of %s would not have been shown", head, triage.Number(lost), count(s.Hits, "hit"))}
	if s.Late > 0 {
		lines = append(lines, fmt.Sprintf("%s came too late: no run would have covered the time after it was ingested", count(s.Late, "hit")))
	}
	capped := int64(len(s.Capped)) + s.MoreCapped
	if s.CutOff > 0 {
		lines = append(lines, fmt.Sprintf("%s cut off: %s had more than the rule keeps", count(s.CutOff, "hit"), count(capped, "run")))
	}
	for _, run := range s.Capped[:min(len(s.Capped), maxCappedLines)] {
		lines = append(lines, fmt.Sprintf("run of %s: %s, %s cut off", timeText(run.Time), count(run.Hits, "hit"), triage.Number(run.Cut)))
	}
	if more := capped - maxCappedLines; more > 0 {
		lines = append(lines, "… and "+count(more, "more run"))
	}
	return lines
}

// length writes a length of time as rules do: in its largest whole unit.
func length(d time.Duration) string {
	switch {
	case d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return fmt.Sprintf("%ds", d/time.Second)
}

type jsonSchedule struct {
	Interval   float64         `json:"interval_seconds"`
	Lookback   float64         `json:"lookback_seconds"`
	Max        int             `json:"max_signals"`
	Hits       int64           `json:"hits"`
	Beyond     int64           `json:"beyond"`
	Runs       int64           `json:"runs"`
	Capped     []jsonCappedRun `json:"capped"`
	MoreCapped int64           `json:"more_capped"`
	CutOff     int64           `json:"cut_off"`
	Late       int64           `json:"late"`
	Ingested   int64           `json:"ingested"`
}

type jsonCappedRun struct {
	Time *string `json:"time"`
	Hits int64   `json:"hits"`
	Cut  int64   `json:"cut_off"`
}

// scheduleOf is null where the schedule is not known, and where nothing was found.
func scheduleOf(s *triage.Schedule) *jsonSchedule {
	if s == nil {
		return nil
	}
	return &jsonSchedule{s.Interval.Seconds(), s.Lookback.Seconds(), s.Max, s.Hits, s.Beyond, s.Runs,
		each(s.Capped, func(r triage.CappedRun) jsonCappedRun { return jsonCappedRun{jsonTime(r.Time), r.Hits, r.Cut} }),
		s.MoreCapped, s.CutOff, s.Late, s.Ingested}
}
