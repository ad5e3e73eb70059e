package report

import (
	"encoding/json"
	"strings"

	"kscan/readers/event"
	"kscan/report/safe"
	"kscan/report/triage"
	"kscan/scan"
)

// nearSequence writes how far a sequence came that was not completed.
func (p *page) nearSequence(n *scan.NearSequences) {
	if n.Unknown != "" {
		p.text(2, p.look.label, "near misses are not known: "+safe.Text(n.Unknown))
		return
	}
	p.hanging("  ", p.look.plain, count(n.Count, "sequence")+" came as far as the last step and never to its end; what did not come is "+
		safe.Text(safe.Clip(n.Last, maxDetail)))
	for i := range n.Listed {
		s := &n.Listed[i]
		text := spanText(s.First, s.Last)
		if s.Host != "" {
			text = cell(s.Host) + ", " + text
		}
		if len(s.Keys) > 0 {
			text = safe.Text(safe.Clip(string(s.Keys), maxCell)) + " on " + text
		}
		var places []string
		for _, e := range s.Evidence {
			places = append(places, place(e.Source, e.Member, e.Line, e.Offset))
		}
		p.hanging("  - ", p.look.plain, text+": "+strings.Join(places, ", "))
	}
	if more := n.Count - int64(len(n.Listed)); more > 0 {
		p.text(2, p.look.label, "… and "+triage.Number(more)+" more")
	}
}

// jsonNearSequences are the near misses of a sequence.
type jsonNearSequences struct {
	Last    string             `json:"last_step"`
	Count   int64              `json:"count"`
	Unknown string             `json:"unknown"`
	Listed  []jsonNearSequence `json:"listed"`
}

type jsonNearSequence struct {
	Keys     json.RawMessage `json:"keys"`
	Host     string          `json:"host"`
	First    *string         `json:"first"`
	Last     *string         `json:"last"`
	Evidence []jsonEvidence  `json:"evidence"`
}

func nearSequencesOf(n *scan.NearSequences) *jsonNearSequences {
	if n == nil {
		return nil
	}
	return &jsonNearSequences{n.Last, n.Count, n.Unknown, each(n.Listed, func(s scan.NearSequence) jsonNearSequence {
		j := jsonNearSequence{json.RawMessage("[]"), s.Host, jsonTime(s.First), jsonTime(s.Last),
			each(s.Evidence, func(e event.Evidence) jsonEvidence { return evidenceJSON(e) })}
		if json.Valid(s.Keys) {
			j.Keys = s.Keys
		}
		return j
	})}
}
