package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"kscan/report/safe"
	"kscan/report/triage"
)

// expected writes the findings of a rule that exceptions cover.
func (p *page) expected(r *triage.Rule) {
	if len(r.Expected) == 0 {
		return
	}
	p.blank()
	p.text(0, p.look.heading, "Expected: "+count(r.ExpectedFindings, "hit")+" that exceptions cover")
	for _, x := range r.Expected {
		p.blank()
		p.text(groupIndent, p.look.heading, safe.Text(safe.Clip(x.Exception.ID, maxCell))+": "+count(x.Count, "hit"))
		p.field(groupIndent, "reason", safe.Text(safe.Clip(x.Exception.Reason, maxDetail)))
		p.field(groupIndent, "owner", safe.Text(safe.Clip(x.Exception.Owner, maxCell))+", until "+x.Exception.Expires.Format(time.DateOnly))
		p.field(groupIndent, "seen", spanText(x.First, x.Last))
		p.field(groupIndent, "process", valueLines(&x.Processes)...)
		p.field(groupIndent, "host", valueLines(&x.Hosts)...)
		var places []string
		for _, e := range x.Evidence {
			places = append(places, place(e.Source, e.Member, e.Line, e.Offset))
		}
		if more := x.Count - int64(len(places)); more > 0 {
			places = append(places, "… and "+triage.Number(more)+" more")
		}
		p.field(groupIndent, "evidence", places...)
	}
}

// exceptions writes which exceptions did nothing, and why.
func (p *page) exceptions(list []*triage.ExceptionUse) {
	warnings := exceptionWarnings(list)
	if len(warnings) == 0 {
		return
	}
	p.blank()
	p.title("Exceptions")
	for _, w := range warnings {
		p.text(0, p.look.bad, safe.Text(w))
	}
}

func exceptionWarnings(list []*triage.ExceptionUse) (lines []string) {
	for _, use := range list {
		x := use.Exception
		switch {
		case use.Expired:
			lines = append(lines, fmt.Sprintf("exception %s expired on %s and was not applied: %s has to renew it or take it out",
				safe.Clip(x.ID, maxCell), x.Expires.Format(time.DateOnly), cmp.Or(safe.Clip(x.Owner, maxCell), "its owner")))
		case use.Hits == 0:
			lines = append(lines, fmt.Sprintf("exception %s matched no hit", safe.Clip(x.ID, maxCell)))
		}
	}
	return lines
}

// Exceptions writes a line for each exception that did nothing: "kscan: warning: …".
func Exceptions(w io.Writer, list []*triage.ExceptionUse) error {
	for _, line := range exceptionWarnings(list) {
		if _, err := fmt.Fprintf(w, "kscan: warning: %s\n", strings.TrimSpace(safe.Text(line))); err != nil {
			return err
		}
	}
	return nil
}

type jsonExpected struct {
	ID        string         `json:"id"`
	Reason    string         `json:"reason"`
	Owner     string         `json:"owner"`
	Count     int64          `json:"count"`
	First     *string        `json:"first"`
	Last      *string        `json:"last"`
	Hosts     jsonValues     `json:"hosts"`
	Processes jsonValues     `json:"processes"`
	Evidence  []jsonEvidence `json:"evidence"`
}

func expectedOf(x *triage.ExpectedHits) jsonExpected {
	return jsonExpected{
		ID: x.Exception.ID, Reason: x.Exception.Reason, Owner: x.Exception.Owner, Count: x.Count,
		First: jsonTime(x.First), Last: jsonTime(x.Last),
		Hosts: jsonValues{list(x.Hosts.Seen), x.Hosts.Other}, Processes: jsonValues{list(x.Processes.Seen), x.Processes.Other},
		Evidence: each(x.Evidence, evidenceJSON),
	}
}

type jsonException struct {
	ID      string `json:"id"`
	Clause  string `json:"clause"`
	Reason  string `json:"reason"`
	Owner   string `json:"owner"`
	Expires string `json:"expires"`
	Expired bool   `json:"expired"`
	Hits    int64  `json:"hits"`
}

func exceptionOf(u *triage.ExceptionUse) jsonException {
	x := u.Exception
	return jsonException{x.ID, x.Clause, x.Reason, x.Owner, x.Expires.Format(time.DateOnly), u.Expired, u.Hits}
}
