package report

import (
	"io"

	"kscan/report/triage"
	"kscan/scan"
)

type jsonCoverage struct {
	Verdict  triage.Verdict   `json:"verdict"`
	Text     string           `json:"text"`
	Category string           `json:"category"`
	Events   int64            `json:"events"`
	Could    int64            `json:"could"`
	Fields   map[string]int64 `json:"fields"`
	Reasons  []jsonReason     `json:"reasons"`
	Blind    []jsonBlind      `json:"blind"`
	Needed   []string         `json:"audit_rules"`
}

type jsonReason struct {
	Condition string   `json:"condition"`
	Missing   []string `json:"missing"`
	Text      string   `json:"text"`
}

type jsonBlind struct {
	jsonStreamKey
	Events  int64        `json:"events"`
	Reasons []jsonReason `json:"reasons"`
}

type jsonStreamKey struct {
	Host   string `json:"host"`
	Folder string `json:"folder"`
	Source string `json:"source"`
}

type jsonNear struct {
	Events  int64            `json:"events"`
	Clauses []jsonNearClause `json:"conditions"`
	Listed  []jsonNearMiss   `json:"listed"`
}

type jsonNearClause struct {
	Text      string `json:"text"`
	Counted   bool   `json:"counted"`
	Events    int64  `json:"events"`
	Missing   int64  `json:"field_missing"`
	ByName    int64  `json:"process_name"`
	ByAddress int64  `json:"address"`
}

type jsonNearMiss struct {
	Reason    scan.NearReason `json:"reason"`
	Condition int             `json:"condition"`
	Time      *string         `json:"@timestamp"`
	Host      string          `json:"host"`
	Process   string          `json:"process"`
	Name      string          `json:"name"`
	User      string          `json:"user"`
	Target    string          `json:"target"`
	Evidence  jsonEvidence    `json:"evidence"`
}

func coverageOf(c *triage.Coverage) jsonCoverage {
	j := jsonCoverage{Verdict: c.Verdict, Text: c.Text, Category: c.Category, Events: c.InCategory, Could: c.Could,
		Fields: make(map[string]int64, len(c.Fields)), Reasons: each(c.Reasons, reasonOf), Needed: list(c.Needed),
		Blind: each(c.Blind, func(b triage.Blind) jsonBlind {
			return jsonBlind{streamKeyOf(b.Stream), b.Events, each(b.Reasons, reasonOf)}
		})}
	for _, f := range c.Fields {
		j.Fields[f.Field] = f.Events
	}
	return j
}

func reasonOf(r triage.Reason) jsonReason { return jsonReason{r.Condition, list(r.Fields), r.Text} }

func streamKeyOf(s *scan.Stream) jsonStreamKey { return jsonStreamKey{s.Host, s.Folder, s.Source} }

// nearOf is null when no near misses were looked for.
func nearOf(n *scan.NearMisses) *jsonNear {
	if n == nil {
		return nil
	}
	return &jsonNear{
		Events: n.Events,
		Clauses: each(n.Clauses, func(c scan.NearClause) jsonNearClause {
			return jsonNearClause{c.Text, !c.NotCounted, c.Events, c.Missing, c.ByName, c.ByAddress}
		}),
		Listed: each(n.Listed, func(m scan.NearMiss) jsonNearMiss {
			return jsonNearMiss{m.Reason, m.Clause, jsonTime(m.Time), m.Host, m.Process, m.Name, m.User, m.Target, evidenceJSON(m.Evidence)}
		}),
	}
}

// jsonCoverageReport is what kscan coverage writes: the members of the whole report that
// say what the logs could show.
type jsonCoverageReport struct {
	SchemaVersion string                   `json:"schema_version"`
	Run           jsonRun                  `json:"run"`
	Timing        jsonTiming               `json:"timing"`
	Counts        scan.Counts              `json:"counts"`
	Categories    map[string]int64         `json:"categories"`
	Verdicts      map[triage.Verdict]int64 `json:"verdicts"`
	Telemetry     items[jsonStream]        `json:"telemetry"`
	Rules         items[jsonRuleCoverage]  `json:"rules"`
	NotRun        items[jsonNotRun]        `json:"not_run"`
	Sources       items[jsonSource]        `json:"sources"`
	Problems      jsonProblems             `json:"problems"`
}

type jsonRuleCoverage struct {
	jsonRule
	Path          string             `json:"path"`
	Findings      int64              `json:"findings"`
	Coverage      jsonCoverage       `json:"coverage"`
	NearMisses    *jsonNear          `json:"near_misses"`
	NearSequences *jsonNearSequences `json:"near_sequences"`
}

type jsonStream struct {
	jsonStreamKey
	Events     int64            `json:"events"`
	Undated    int64            `json:"undated"`
	First      *string          `json:"first"`
	Last       *string          `json:"last"`
	Categories map[string]int64 `json:"categories"`
	Sampled    bool             `json:"sampled"`
	Gaps       []jsonGap        `json:"gaps"`
	MoreGaps   bool             `json:"more_gaps"`
	Lost       jsonLost         `json:"lost"`
	Rules      []jsonReach      `json:"rules"`
}

type jsonGap struct {
	From    *string `json:"from"`
	To      *string `json:"to"`
	Seconds float64 `json:"seconds"`
}

type jsonLost struct {
	Serials  *int64 `json:"serials"`
	Boots    int    `json:"boots"`
	Reported int64  `json:"reported"`
}

type jsonReach struct {
	ID     string           `json:"id"`
	Name   string           `json:"name"`
	Events int64            `json:"events"`
	Could  int64            `json:"could"`
	Fields map[string]int64 `json:"fields"`
}

// CoverageJSON writes what a case says of the logs alone. Its schema is in docs/output.md.
func CoverageJSON(w io.Writer, c *triage.Case) error {
	whole := reportOf(c)
	return WriteJSON(w, jsonCoverageReport{whole.SchemaVersion, whole.Run, whole.Timing, whole.Counts, whole.Categories, whole.Verdicts,
		whole.Telemetry, lazily(c.Rules, ruleCoverageOf), whole.NotRun, whole.Sources, whole.Problems})
}

func ruleCoverageOf(r *triage.Rule) jsonRuleCoverage {
	whole := ruleReportOf(r)
	return jsonRuleCoverage{whole.jsonRule, whole.Path, whole.Findings, whole.Coverage, whole.NearMisses, whole.NearSequences}
}

// verdictsOf counts the rules by verdict; a rule that fired could fire.
func verdictsOf(c *triage.Case) map[triage.Verdict]int64 {
	counts := map[triage.Verdict]int64{triage.CouldFire: 0, triage.InPart: 0, triage.CouldNotFire: 0, triage.NotRun: int64(len(c.NotRun))}
	for _, r := range c.Rules {
		counts[r.Coverage.Verdict]++
	}
	return counts
}

func streamOf(s scan.Stream) jsonStream {
	j := jsonStream{jsonStreamKey: streamKeyOf(&s), Events: s.Events, Undated: s.Undated, First: jsonTime(s.First), Last: jsonTime(s.Last),
		Categories: s.Categories, Sampled: s.Partial, MoreGaps: s.GapsBeyond, Lost: jsonLost{Boots: s.Lost.Runs, Reported: s.Lost.Reported},
		Gaps: []jsonGap{}, Rules: each(s.Reach, reachOf)}
	if j.Categories == nil {
		j.Categories = map[string]int64{}
	}
	if s.Lost.Known {
		j.Lost.Serials = &s.Lost.Serials
	}
	if !s.Partial {
		j.Gaps = each(s.Gaps, func(g scan.Gap) jsonGap { return jsonGap{jsonTime(g.From), jsonTime(g.To), g.To.Sub(g.From).Seconds()} })
	}
	return j
}

func reachOf(r scan.StreamReach) jsonReach {
	j := jsonReach{ID: r.Rule.ID, Name: r.Rule.Name, Events: r.Reach.InCategory, Could: r.Reach.Could, Fields: map[string]int64{}}
	for i, field := range r.Rule.Program.Fields() {
		j.Fields[field] = r.Reach.WithField[i]
	}
	return j
}
