package triage

import (
	"slices"
	"time"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/report/safe"
	"kscan/rule"
	"kscan/rule/eval"
	"kscan/scan"
)

// ExceptionUse is what came of an exception.
type ExceptionUse struct {
	Exception *rule.Exception
	Expired   bool // it was not applied
	Hits      int64
}

// Expecter marks the findings that exceptions say are expected, and passes all on. It is
// a scan.Sink.
type Expecter struct {
	next    scan.Sink
	uses    []*ExceptionUse
	parser  fastjson.Parser
	scratch *eval.Scratch
}

// NewExpecter returns an Expecter of the exceptions that have not expired by now.
func NewExpecter(list []*rule.Exception, now time.Time, next scan.Sink) *Expecter {
	e := &Expecter{next: next, scratch: eval.NewScratch()}
	for _, x := range list {
		e.uses = append(e.uses, &ExceptionUse{Exception: x, Expired: x.Expired(now)})
	}
	return e
}

// Finding marks a finding with the first exception whose clause holds for all its events.
func (e *Expecter) Finding(f *scan.Finding) error {
	for _, use := range e.uses {
		if !use.Expired && use.Exception.Applies(f.Rule) && e.holds(use.Exception, f) {
			use.Hits++
			f.Expected = use.Exception
			break
		}
	}
	return e.next.Finding(f)
}

func (e *Expecter) holds(x *rule.Exception, f *scan.Finding) bool {
	events := 0
	for i := range f.Hits {
		if len(f.Hits[i].JSON) == 0 {
			continue
		}
		doc, err := e.parser.ParseBytes(f.Hits[i].JSON)
		if err != nil || !x.Program.Match(&event.Event{Doc: doc}, e.scratch) {
			return false
		}
		events++
	}
	return events > 0
}

// Uses returns what came of each exception, in the order of the file.
func (e *Expecter) Uses() []*ExceptionUse { return e.uses }

// ExpectedHits are the findings of a rule that one exception covers.
type ExpectedHits struct {
	Exception   *rule.Exception
	Count       int64
	First, Last time.Time
	Hosts       Values
	Processes   Values
	Evidence    []event.Evidence // of the first ones
}

// expect takes a finding that is expected.
func (c *Collector) expect(f *scan.Finding, r *ruleGroups) {
	r.rule.ExpectedFindings++
	i := slices.IndexFunc(r.rule.Expected, func(x *ExpectedHits) bool { return x.Exception == f.Expected })
	if i < 0 {
		i = len(r.rule.Expected)
		r.rule.Expected = append(r.rule.Expected, &ExpectedHits{Exception: f.Expected})
	}
	x := r.rule.Expected[i]
	x.Count++
	key := keyOf(f, r.docs)
	c.keep(&x.Hosts, safe.Clip(hostOf(key, f).String(), maxKeyPart))
	c.keep(&x.Processes, safe.Clip(key.Process, maxKeyPart))
	for i := range f.Hits {
		x.First, x.Last = span(x.First, x.Last, f.Hits[i].Time, f.Hits[i].Time)
		if len(x.Evidence) < maxEvidence && len(f.Hits[i].JSON) > 0 {
			x.Evidence = append(x.Evidence, f.Hits[i].Evidence)
		}
	}
}
