package report

import (
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
