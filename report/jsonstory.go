package report

import "kscan/report/triage"

// jsonMoment is one event of what happened.
type jsonMoment struct {
	Timestamp *string      `json:"@timestamp"`
	Host      string       `json:"host"`
	Evidence  jsonEvidence `json:"evidence"`
	Hits      string       `json:"hits"`
	Fields    []jsonField  `json:"fields"`
	Says      []jsonSaying `json:"says"`
}

type jsonSaying struct {
	Label  string   `json:"label"`
	Groups []string `json:"groups"`
	Raises bool     `json:"raises"`
}

func momentOf(m *triage.Moment) jsonMoment {
	j := jsonMoment{Timestamp: jsonTime(m.Time), Host: m.Host, Evidence: evidenceJSON(m.Evidence), Fields: each(m.Values, fieldOf),
		Says: each(m.Says, func(s triage.Saying) jsonSaying { return jsonSaying{s.Label, each(s.Groups, groupID), s.Raises} })}
	if m.Hits != nil {
		j.Hits = m.Hits.ID
	}
	return j
}

func groupID(g *triage.Group) string { return g.ID }
