package report

import (
	"kscan/report/triage"
)

// jsonInvestigation says whether evidence was looked up.
type jsonInvestigation struct {
	Done   bool   `json:"done"`
	Reason string `json:"reason"`
	// StartsNotNoted counts what there was no room for.
	StartsNotNoted int64 `json:"starts_not_noted"`
}

// jsonAnswer is a step of a playbook, answered for a group.
type jsonAnswer struct {
	Title        string            `json:"title"`
	Kind         string            `json:"kind"`
	Text         string            `json:"text"`
	Fields       []jsonField       `json:"fields"`
	Notes        []jsonNote        `json:"notes"`
	Destinations []jsonDestination `json:"destinations"`
	Lookups      []jsonLookup      `json:"lookups"`
	Response     *jsonResponse     `json:"response"`
}

// jsonResponse is what is concerned.
type jsonResponse struct {
	Hosts           []string         `json:"hosts"`
	Workloads       []string         `json:"workloads"`
	ServiceAccounts []string         `json:"service_accounts"`
	Nodes           []string         `json:"nodes"`
	Credentials     []jsonCredential `json:"credentials"`
	NetworkPolicy   string           `json:"network_policy"`
}

type jsonCredential struct {
	What     string       `json:"what"`
	Evidence jsonEvidence `json:"evidence"`
}

func responseOf(r *triage.Remedy) *jsonResponse {
	if r == nil {
		return nil
	}
	return &jsonResponse{
		Hosts: list(r.Hosts), Workloads: list(r.Workloads), ServiceAccounts: list(r.ServiceAccounts), Nodes: list(r.Nodes),
		Credentials: each(r.Credentials, func(c triage.Credential) jsonCredential {
			return jsonCredential{c.What, evidenceJSON(c.Evidence)}
		}),
		NetworkPolicy: r.Policy,
	}
}

// jsonField is a field with its values.
type jsonField struct {
	Field string `json:"field"`
	jsonValues
}

type jsonNote struct {
	Label  string `json:"label"`
	Reason string `json:"reason"`
	Change int    `json:"change"`
	Hits   int64  `json:"hits"`
}

type jsonDestination struct {
	Address string        `json:"address"`
	Ports   []string      `json:"ports"`
	Count   int64         `json:"count"`
	Owner   triage.Owner  `json:"owner"`
	Name    string        `json:"name"`
	Source  *jsonEvidence `json:"source"`
}

type jsonLookup struct {
	Label   string              `json:"label"`
	Query   string              `json:"query"`
	Status  triage.LookupStatus `json:"status"`
	Text    string              `json:"text"`
	Count   int64               `json:"count"`
	Change  int                 `json:"change"`
	Reason  string              `json:"reason"`
	Beyond  int64               `json:"beyond"`
	Events  []jsonFound         `json:"events"`
	CountBy []string            `json:"count_by"`
	Tally   []jsonTally         `json:"tally"`
	Other   int64               `json:"other"`
	Note    string              `json:"note"`
}

type jsonFound struct {
	Timestamp *string      `json:"@timestamp"`
	Host      string       `json:"host"`
	Evidence  jsonEvidence `json:"evidence"`
	Fields    []jsonField  `json:"fields"`
}

type jsonTally struct {
	Values []string     `json:"values"`
	Count  int64        `json:"count"`
	First  jsonEvidence `json:"first"`
}

func answerOf(s triage.StepAnswer) jsonAnswer {
	return jsonAnswer{
		Title: s.Step.Title, Kind: s.Step.Kind, Text: s.Step.Text,
		Fields:       each(s.Fields, fieldOf),
		Notes:        each(s.Notes, func(n triage.Note) jsonNote { return jsonNote(n) }),
		Destinations: each(s.Destinations, destinationOf),
		Lookups:      each(s.Lookups, lookupOf),
		Response:     responseOf(s.Response),
	}
}

func fieldOf(a triage.Answer) jsonField {
	return jsonField{a.Field, jsonValues{list(a.Seen), a.Other}}
}

func destinationOf(d *triage.Destination) jsonDestination {
	j := jsonDestination{Address: d.Address, Ports: list(d.Ports), Count: d.Count, Owner: d.Owner, Name: d.Name}
	if d.Source != nil {
		e := evidenceJSON(*d.Source)
		j.Source = &e
	}
	return j
}

func lookupOf(l triage.Lookup) jsonLookup {
	return jsonLookup{
		Label: l.Label, Query: l.Query, Status: l.Status, Text: l.Text, Count: l.Count, Change: l.Change, Reason: l.Reason,
		Beyond: l.Beyond, CountBy: list(l.CountBy), Other: l.Other, Note: l.Note,
		Events: each(l.Events, func(e *triage.FoundEvent) jsonFound {
			return jsonFound{jsonTime(e.Time), e.Host, evidenceJSON(e.Evidence), each(e.Values, fieldOf)}
		}),
		Tally: each(l.Tally, func(t *triage.Tally) jsonTally {
			return jsonTally{list(t.Values), t.Count, evidenceJSON(t.First)}
		}),
	}
}
