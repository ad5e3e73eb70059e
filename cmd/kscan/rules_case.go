package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/report"
	"kscan/report/safe"
	"kscan/rule"
	"kscan/rule/eql"
	"kscan/rule/eval"
	"kscan/scan"
)

// maxFailures is how many failures of one case are shown: enough to see what is wrong.
// All are counted.
const maxFailures = 20

// newEverything returns a rule that finds every event: a case that must match is compared
// with what it finds.
func newEverything() (*rule.Rule, error) {
	q, err := eql.Parse("any where true")
	if err != nil {
		return nil, err
	}
	program, err := eval.Compile(q, eval.Options{})
	if err != nil {
		return nil, err
	}
	return &rule.Rule{Name: "every event", Program: program}, nil
}

// onDisk returns the file of a case, and a function that removes it if it was made for
// the run: the readers read files.
func onDisk(cs rule.Case) (path string, remove func(), err error) {
	if cs.Embedded == nil {
		return cs.Path, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "kscan-case-")
	if err != nil {
		return "", nil, err
	}
	remove = func() { _ = os.RemoveAll(dir) }
	path = filepath.Join(dir, filepath.Base(cs.Path))
	if err := os.WriteFile(path, cs.Embedded, 0o600); err != nil {
		remove()
		return "", nil, err
	}
	return path, remove, nil
}

// findings are what one rule found.
type findings []*scan.Finding

func (f *findings) Finding(found *scan.Finding) error {
	*f = append(*f, found)
	return nil
}

// caseTest runs one case.
type caseTest struct {
	result     *report.CaseResult
	path       string
	everything *rule.Rule
}

func (t *caseTest) fail(line int64, format string, args ...any) {
	if len(t.result.Failures) == maxFailures {
		t.result.More++
		return
	}
	t.result.Failures = append(t.result.Failures, report.CaseFailure{Line: line, Message: fmt.Sprintf(format, args...)})
}

// scan runs a rule on the case.
func (t *caseTest) scan(ctx context.Context, r *rule.Rule) (findings, *scan.Summary, error) {
	var found findings
	summary, err := scan.Run(ctx, scan.Options{}, []string{t.path}, []*rule.Rule{r}, &found)
	if err == nil && summary.Interrupted {
		err = outcome(exitInterrupted)
	}
	return found, summary, err
}

func (t *caseTest) run(ctx context.Context) error {
	cs := &t.result.Case
	found, summary, err := t.scan(ctx, cs.Rule)
	if err != nil {
		return err
	}
	t.result.Events, t.result.Found = summary.Counts.Events, int64(len(found))
	t.evidence(summary)
	_, single := cs.Rule.Program.Query().(*eql.EventQuery)
	switch {
	case cs.Want == rule.WantNone:
		for _, f := range found {
			t.fail(firstLine(f), "the rule finds this event")
		}
	case cs.Want == rule.WantMatch && single:
		return t.each(ctx, found)
	case len(found) == 0 && summary.Counts.Events > 0:
		t.fail(0, "the rule finds nothing")
	}
	return nil
}

// evidence fails a case that was not read in full, whatever the rule finds in it.
func (t *caseTest) evidence(s *scan.Summary) {
	for _, p := range s.Problems {
		if p.Kind.Lost() {
			t.fail(p.Line, "the case cannot be read: %s: %s", p.Kind, p.Detail)
		}
	}
	if s.Counts.Events == 0 && s.Counts.Lost == 0 {
		t.fail(0, "there is no event in the case")
	}
}

// firstLine returns the line of a finding's first event.
func firstLine(f *scan.Finding) int64 {
	for i := range f.Hits {
		if f.Hits[i].Evidence.Line > 0 {
			return f.Hits[i].Evidence.Line
		}
	}
	return 0
}

// each demands that every event of the case is among those found.
func (t *caseTest) each(ctx context.Context, found findings) error {
	all, _, err := t.scan(ctx, t.everything)
	if err != nil {
		return err
	}
	places := make(map[event.Evidence]bool, len(found))
	for _, f := range found {
		places[f.Hits[0].Evidence] = true
	}
	for _, f := range all {
		if hit := &f.Hits[0]; !places[hit.Evidence] {
			t.fail(hit.Evidence.Line, "the rule does not find this event%s", whyNot(t.result.Case.Rule.Program, hit))
		}
	}
	return nil
}

// maxClause is how many characters of a condition a message shows.
const maxClause = 100

// whyNot says which conditions of an event query an event does not meet, "" if that is
// not known.
func whyNot(p *eval.Program, hit *scan.Hit) string {
	doc, err := fastjson.ParseBytes(hit.JSON)
	if err != nil {
		return ""
	}
	scratch := eval.NewScratch()
	scratch.Load(p.Set(), &event.Event{Doc: doc, Index: hit.Index})
	var unmet []string
	if !p.Category(scratch) {
		unmet = append(unmet, "the category")
	}
	for _, clause := range p.Clauses() {
		if !clause.Holds(scratch) {
			unmet = append(unmet, safe.Clip(clause.Expr.String(), maxClause))
		}
	}
	if len(unmet) == 0 {
		return ""
	}
	return ": not met: " + strings.Join(unmet, "; ")
}
