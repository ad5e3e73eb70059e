package report

import (
	"encoding/json"
	"io"
	"time"

	"kscan/readers/event"
	"kscan/report/triage"
	"kscan/rule"
	"kscan/scan"
)

// SchemaVersion is the version of the JSON report: the first number changes when a
// member goes or changes its meaning, the second when one is added.
const SchemaVersion = "1.3"

// jsonReport is the whole report. docs/output.md describes it.
type jsonReport struct {
	SchemaVersion string                   `json:"schema_version"`
	Run           jsonRun                  `json:"run"`
	Timing        jsonTiming               `json:"timing"`
	Counts        scan.Counts              `json:"counts"`
	Categories    map[string]int64         `json:"categories"`
	Verdicts      map[triage.Verdict]int64 `json:"verdicts"`
	Telemetry     items[jsonStream]        `json:"telemetry"`
	Rules         items[jsonRuleReport]    `json:"rules"`
	NotRun        items[jsonNotRun]        `json:"not_run"`
	Sources       items[jsonSource]        `json:"sources"`
	Problems      jsonProblems             `json:"problems"`
	Investigation jsonInvestigation        `json:"investigation"`
	Exceptions    []jsonException          `json:"exceptions"`
}

type jsonRun struct {
	Complete    bool     `json:"complete"`
	Interrupted bool     `json:"interrupted"`
	Files       int64    `json:"files"`
	Findings    int64    `json:"findings"`
	Groups      int      `json:"groups"`
	First       *string  `json:"first"`
	Last        *string  `json:"last"`
	Outside     jsonSpan `json:"outside"`
}

// jsonNotRun is a rule that cannot run here.
type jsonNotRun struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// jsonSpan is the earliest and the latest of some times.
type jsonSpan struct {
	First *string `json:"first"`
	Last  *string `json:"last"`
}

// jsonTiming is all that differs between two runs on the same input.
type jsonTiming struct {
	Started        *string `json:"started"`
	ElapsedSeconds float64 `json:"elapsed_seconds"`
	BytesPerSecond int64   `json:"bytes_per_second"`
	// InvestigationSeconds is how long the second pass took.
	InvestigationSeconds float64 `json:"investigation_seconds"`
}

type jsonRuleReport struct {
	jsonRule
	Path          string             `json:"path"`
	Type          string             `json:"type"`
	Description   string             `json:"description"`
	References    []string           `json:"references"`
	Tags          []string           `json:"tags"`
	Attack        []jsonTactic       `json:"attack"`
	Findings      int64              `json:"findings"`
	OutOfScope    int64              `json:"out_of_scope"`
	Ungrouped     int64              `json:"ungrouped"`
	Coverage      jsonCoverage       `json:"coverage"`
	NearMisses    *jsonNear          `json:"near_misses"`
	NearSequences *jsonNearSequences `json:"near_sequences"`
	Schedule      *jsonSchedule      `json:"schedule"`
	Groups        items[jsonGroup]   `json:"groups"`
	Story         items[jsonMoment]  `json:"story"`
	// Expected are the findings that exceptions cover.
	ExpectedFindings int64          `json:"expected_findings"`
	Expected         []jsonExpected `json:"expected"`
	// Guide and Setup stand once for the rule; a group's "fields" fill them in.
	Guide []jsonSection `json:"guide"`
	Setup []jsonSection `json:"setup"`
}

type jsonTactic struct {
	jsonAttack
	Techniques []jsonAttack `json:"techniques"`
}

type jsonAttack struct {
	ID            string       `json:"id"`
	Name          string       `json:"name"`
	Reference     string       `json:"reference"`
	Subtechniques []jsonAttack `json:"subtechniques,omitempty"`
}

type jsonGroup struct {
	ID            string                `json:"id"`
	Host          string                `json:"host"`
	Folder        string                `json:"folder"`
	Process       string                `json:"process"`
	User          string                `json:"user"`
	Target        string                `json:"target"`
	Targets       []jsonTarget          `json:"targets"`
	MoreTargets   int64                 `json:"more_targets"`
	Name          string                `json:"name"`
	Priority      string                `json:"priority"`
	Reasons       []string              `json:"reasons"`
	Count         int64                 `json:"count"`
	Events        int64                 `json:"events"`
	OutOfScope    int64                 `json:"out_of_scope"`
	Undated       int64                 `json:"undated"`
	First         *string               `json:"first"`
	Last          *string               `json:"last"`
	Details       []jsonDetail          `json:"details"`
	Fields        map[string]jsonValues `json:"fields"`
	Evidence      []jsonEvidence        `json:"evidence"`
	AssumedFields []string              `json:"assumed_fields"`
	Indices       []string              `json:"indices"`
	Event         json.RawMessage       `json:"event"`
	Steps         []jsonAnswer          `json:"steps"`
	StartedBy     []string              `json:"started_by"`
}

// jsonTarget is a destination.
type jsonTarget struct {
	Text    string `json:"text"`
	Address string `json:"address"`
	Port    string `json:"port"`
	Count   int64  `json:"count"`
}

func targetOf(t *triage.Target) jsonTarget { return jsonTarget{t.Text, t.Address, t.Port, t.Count} }

type jsonValues struct {
	Values []string `json:"values"`
	Other  int64    `json:"other"`
}

type jsonDetail struct {
	Label string `json:"label"`
	jsonValues
}

type jsonSection struct {
	Kind  triage.SectionKind `json:"kind"`
	Title string             `json:"title"`
	Steps []jsonStep         `json:"steps"`
}

type jsonStep struct {
	Text   string   `json:"text"`
	Depth  int      `json:"depth"`
	Code   bool     `json:"code"`
	Fields []string `json:"fields"`
}

type jsonSource struct {
	Source      string      `json:"source"`
	Member      string      `json:"member"`
	Format      string      `json:"format"`
	Compression string      `json:"compression"`
	Size        int64       `json:"size"`
	Findings    int64       `json:"findings"`
	First       *string     `json:"first"`
	Last        *string     `json:"last"`
	Counts      scan.Counts `json:"counts"`
}

type jsonProblems struct {
	Lost    int64         `json:"lost"`
	Notices int64         `json:"notices"`
	Listed  []jsonProblem `json:"listed"`
}

type jsonProblem struct {
	Kind   event.Kind `json:"kind"`
	Lost   bool       `json:"lost"`
	Source string     `json:"source"`
	Member string     `json:"member"`
	Line   int64      `json:"line"`
	Offset int64      `json:"offset"`
	Detail string     `json:"detail"`
}

// JSON writes the case as one JSON document. Its schema is in docs/output.md.
func JSON(w io.Writer, c *triage.Case) error {
	return WriteJSON(w, reportOf(c))
}

func reportOf(c *triage.Case) jsonReport {
	s := c.Summary
	r := jsonReport{
		SchemaVersion: SchemaVersion,
		Run: jsonRun{
			Complete:    s.Counts.Lost == 0 && s.Counts.Events > 0 && !s.Interrupted,
			Interrupted: s.Interrupted,
			Files:       files(s.Parts),
			Findings:    c.Findings,
			Groups:      c.Groups,
			First:       jsonTime(c.First),
			Last:        jsonTime(c.Last),
			Outside:     jsonSpan{jsonTime(s.Outside.First), jsonTime(s.Outside.Last)},
		},
		Timing:     timingOf(s),
		Counts:     s.Counts,
		Categories: s.Categories,
		Verdicts:   verdictsOf(c),
		Telemetry:  lazily(s.Streams, streamOf),
		Rules:      lazily(c.Rules, ruleReportOf),
		NotRun:     lazily(c.NotRun, func(r *rule.Rule) jsonNotRun { return jsonNotRun{r.ID, r.Name, r.Path, r.NotRunnable} }),
		Sources:    lazily(s.Parts, sourceOf),
		Problems:   jsonProblems{Lost: s.Counts.Lost, Notices: s.Counts.Notices, Listed: each(s.Problems, problemOf)},
	}
	r.Investigation = jsonInvestigation{Done: c.Second != nil && !c.Second.Interrupted, Reason: c.Unanswered, StartsNotNoted: c.Unnoted}
	r.Exceptions = each(c.Exceptions, exceptionOf)
	if c.Second != nil {
		r.Timing.InvestigationSeconds = c.Second.Elapsed.Round(time.Millisecond).Seconds()
	}
	if r.Categories == nil {
		r.Categories = map[string]int64{}
	}
	return r
}

func timingOf(s *scan.Summary) jsonTiming {
	t := jsonTiming{Started: jsonTime(s.Started), ElapsedSeconds: s.Elapsed.Round(time.Millisecond).Seconds()}
	if seconds := s.Elapsed.Seconds(); seconds > 0 {
		t.BytesPerSecond = int64(float64(s.Counts.Bytes) / seconds)
	}
	return t
}

func ruleReportOf(r *triage.Rule) jsonRuleReport {
	report := jsonRuleReport{
		jsonRule:         jsonRule{r.Rule.ID, r.Rule.Name, r.Rule.Severity, r.Rule.RiskScore},
		Path:             r.Rule.Path,
		Type:             r.Rule.Type,
		Description:      r.Rule.Description,
		References:       list(r.Rule.References),
		Tags:             list(r.Rule.Tags),
		Attack:           tacticsOf(r),
		Findings:         r.Findings,
		OutOfScope:       r.OutOfScope,
		Ungrouped:        r.Ungrouped,
		Coverage:         coverageOf(&r.Coverage),
		NearMisses:       nearOf(r.Near),
		NearSequences:    nearSequencesOf(r.NearSequences),
		Schedule:         scheduleOf(r.Schedule),
		Groups:           lazily(r.Groups, groupOf),
		Story:            lazily(r.Story, momentOf),
		ExpectedFindings: r.ExpectedFindings,
		Expected:         each(r.Expected, expectedOf),
		Guide:            each(r.Guide.Sections, sectionOf),
		Setup:            each(r.Guide.Setup, sectionOf),
	}
	return report
}

func tacticsOf(r *triage.Rule) []jsonTactic {
	tactics := []jsonTactic{}
	for _, threat := range r.Rule.Threats {
		t := jsonTactic{jsonAttack: jsonAttack{ID: threat.Tactic.ID, Name: threat.Tactic.Name, Reference: threat.Tactic.Reference},
			Techniques: []jsonAttack{}}
		for _, technique := range threat.Techniques {
			a := jsonAttack{ID: technique.ID, Name: technique.Name, Reference: technique.Reference}
			for _, sub := range technique.Subtechniques {
				a.Subtechniques = append(a.Subtechniques, jsonAttack{ID: sub.ID, Name: sub.Name, Reference: sub.Reference})
			}
			t.Techniques = append(t.Techniques, a)
		}
		tactics = append(tactics, t)
	}
	return tactics
}

func groupOf(g *triage.Group) jsonGroup {
	j := jsonGroup{
		ID: g.ID, Host: g.Key.Host, Folder: g.Key.Folder, Process: g.Key.Process, User: g.Key.User,
		Target: g.Key.Target, Targets: each(g.Targets, targetOf), MoreTargets: g.MoreTargets, Name: g.Name,
		Priority: g.Priority.String(), Reasons: list(g.Reasons),
		Count: g.Count, Events: g.Events, OutOfScope: g.OutOfScope, Undated: g.Undated,
		First: jsonTime(g.First), Last: jsonTime(g.Last),
		Details: []jsonDetail{}, Fields: make(map[string]jsonValues, len(g.Fields())),
		Evidence: each(g.Evidence, func(e event.Evidence) jsonEvidence { return evidenceJSON(e) }), AssumedFields: list(g.Assumed), Indices: list(g.Indices),
	}
	for _, f := range g.Facts {
		j.Details = append(j.Details, jsonDetail{f.Label, jsonValues{list(f.Seen), f.Other}})
	}
	for field, v := range g.Fields() {
		j.Fields[field] = jsonValues{list(v.Seen), v.Other}
	}
	j.Steps = each(g.Steps, answerOf)
	j.StartedBy = each(g.StartedBy, groupID)
	if json.Valid(g.Sample) {
		j.Event = g.Sample
	}
	return j
}

func sectionOf(s triage.Section) jsonSection {
	return jsonSection{s.Kind, s.Title, each(s.Steps, func(s triage.Step) jsonStep {
		return jsonStep{s.Text, s.Depth, s.Code, list(s.Fields)}
	})}
}

func sourceOf(p scan.Part) jsonSource {
	return jsonSource{p.Source, p.Member, p.Format, p.Compression, p.Size, p.Findings,
		jsonTime(p.First), jsonTime(p.Last), p.Counts}
}

func problemOf(p event.Problem) jsonProblem {
	return jsonProblem{p.Kind, p.Kind.Lost(), p.Source, p.Member, p.Line, p.Offset, p.Detail}
}

// each converts a list; the result is never null.
func each[From, To any](from []From, f func(From) To) []To {
	to := make([]To, 0, len(from))
	for _, item := range from {
		to = append(to, f(item))
	}
	return to
}

// list is a list of texts that is never null.
func list(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}
