package rule

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"kscan/readers/event"
	"kscan/rule/eql"
	"kscan/rule/eval"
)

// playbookFile is a playbook as it is written. docs/playbooks.md describes it.
type playbookFile struct {
	RuleID string     `toml:"rule_id"`
	Steps  []stepFile `toml:"step"`
}

type stepFile struct {
	Title      string          `toml:"title"`
	Text       string          `toml:"text"`
	Kind       string          `toml:"kind"`
	Fields     []string        `toml:"fields"`
	Analysis   string          `toml:"analysis"`
	Conditions []conditionFile `toml:"condition"`
	Evidence   []evidenceFile  `toml:"evidence"`
}

type conditionFile struct {
	When   string `toml:"when"`
	Raise  int    `toml:"raise"`
	Lower  int    `toml:"lower"`
	Reason string `toml:"reason"`
	Label  string `toml:"label"`
}

type evidenceFile struct {
	Label         string   `toml:"label"`
	Query         string   `toml:"query"`
	Telemetry     string   `toml:"telemetry"`
	TelemetryName string   `toml:"telemetry_name"`
	Host          string   `toml:"host"`
	Follow        string   `toml:"follow"`
	Before        string   `toml:"before"`
	After         string   `toml:"after"`
	Show          []string `toml:"show"`
	CountBy       []string `toml:"count_by"`
	Max           int      `toml:"max"`
	Last          int      `toml:"last"`
	Raise         int      `toml:"raise"`
	Lower         int      `toml:"lower"`
	Reason        string   `toml:"reason"`
	Absent        string   `toml:"absent"`
	Caveat        string   `toml:"caveat"`
}

// ParsePlaybook returns the playbook of one TOML file. It is nil when one of the problems
// is more than a warning. The path is for messages.
func ParsePlaybook(path string, data []byte) (*Playbook, Problems) {
	p := newPlaybookParser(path, data, "a playbook")
	book := p.parse()
	if p.problems.Fatal() {
		return nil, p.problems
	}
	return book, p.problems
}

// playbookParser gathers the problems of one playbook.
type playbookParser struct {
	path, data string
	plain      string // data without what strings and comments say: where keys are looked for
	set        *eval.Set
	what       string // is parsed, for messages
	problems   Problems
	lint       *bookLinter // nil unless Lint asks
}

func newPlaybookParser(path string, data []byte, what string) *playbookParser {
	text := strings.TrimPrefix(string(data), "\ufeff")
	return &playbookParser{path: path, data: text, plain: plainTOML(text), set: eval.NewSet(), what: what}
}

// parse returns the playbook as far as it can be read, nil if it is not TOML.
func (p *playbookParser) parse() *Playbook {
	var f playbookFile
	decoded, err := toml.Decode(p.data, &f)
	if err != nil {
		p.problems = append(p.problems, tomlProblem(p.path, p.data, err))
		return nil
	}
	p.unknown(&decoded, playbookKeys)
	book := &Playbook{RuleID: f.RuleID, Path: p.path}
	if f.RuleID == "" {
		p.fail(tableAt{}, "rule_id", "the playbook has no rule_id", "add that of the rule it is for")
	}
	if len(f.Steps) == 0 {
		p.fail(tableAt{}, "", "the playbook has no [[step]]", "")
	}
	if len(f.Steps) > maxPlaybookSteps {
		p.fail(tableAt{}, "", fmt.Sprintf("the playbook has %d steps, more than %d", len(f.Steps), maxPlaybookSteps), "")
		return book
	}
	for i := range f.Steps {
		book.Steps = append(book.Steps, p.step(i, &f.Steps[i]))
	}
	return book
}

// tableAt is a table of the file: a step, a condition or evidence query of one, or an
// exception, all counted from 1; 0 is the whole file or step.
type tableAt struct {
	step  int
	table string // "condition", "evidence" or "exception"
	item  int
}

// unknown notes the keys that are none of the known ones, and of a table that is none the
// table alone.
func (p *playbookParser) unknown(decoded *toml.MetaData, known []string) {
	left := map[string]bool{}
	for _, key := range decoded.Undecoded() {
		left[key.String()] = true
	}
	if len(left) == 0 {
		return
	}
	keys := decoded.Keys()
	for i, start := range p.keyPlaces(keys) {
		key := keys[i]
		if !left[key.String()] || left[key[:len(key)-1].String()] {
			continue
		}
		// Not by fail, which looks for the tables anew: a file that is no playbook may have
		// a hundred thousand keys.
		problem := &Problem{Path: p.path, Message: fmt.Sprintf("%q is no key of %s", key.String(), p.what), Hint: misplaced(key[len(key)-1], known)}
		p.problems = append(p.problems, problem.at(p.data, start))
	}
}

// misplaced returns the hint for a key that does not belong where it is.
func misplaced(key string, known []string) string {
	if slices.Contains(known, key) {
		return "the key belongs to another table"
	}
	if name, ok := eql.Nearest(key, known); ok {
		return fmt.Sprintf("did you mean %q?", name)
	}
	return ""
}

var playbookKeys = []string{
	"rule_id", "step", "title", "text", "kind", "fields", "analysis", "condition", "when", "raise", "lower", "reason",
	"label", "evidence", "query", "telemetry", "telemetry_name", "host", "follow", "before", "after", "show", "count_by", "max", "last", "absent",
	"caveat",
}

func (p *playbookParser) step(i int, f *stepFile) PlaybookStep {
	at := tableAt{step: i + 1}
	s := PlaybookStep{Title: f.Title, Text: strings.Join(strings.Fields(f.Text), " "), Kind: or(f.Kind, "investigation"),
		Fields: f.Fields, Analysis: Analysis(f.Analysis)}
	if f.Title == "" {
		p.fail(at, "", "the step has no title", "")
	}
	p.fields(at, "fields", f.Fields)
	p.oneOf(at, "kind", s.Kind, "investigation", "false_positives", "response")
	p.oneOf(at, "analysis", f.Analysis, "", string(Destination), string(Response))
	if len(f.Conditions) > maxStepItems || len(f.Evidence) > maxStepItems {
		p.fail(at, "", fmt.Sprintf("the step has more than %d conditions or evidence queries", maxStepItems), "")
		return s
	}
	for j := range f.Conditions {
		s.Conditions = append(s.Conditions, p.condition(tableAt{i + 1, "condition", j + 1}, &f.Conditions[j]))
	}
	for j := range f.Evidence {
		s.Evidence = append(s.Evidence, p.evidence(tableAt{i + 1, "evidence", j + 1}, &f.Evidence[j]))
	}
	return s
}

// isFieldName reports whether a field to show may be called so; a pattern ends in ".*".
func isFieldName(name string) bool {
	const maxSegments, maxSegment = 16, 64
	const first = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_@"
	segments := strings.Split(strings.TrimSuffix(name, ".*"), ".")
	for _, s := range segments {
		if s == "" || len(s) > maxSegment || strings.Trim(s, first+"0123456789-") != "" {
			return false
		}
	}
	return len(segments) <= maxSegments && strings.IndexByte(first, name[0]) >= 0
}

// fields refuses what are no names of fields.
func (p *playbookParser) fields(at tableAt, key string, names []string) {
	for _, name := range names {
		if !isFieldName(name) || key != "fields" && strings.HasSuffix(name, "*") {
			p.failItem(at, key, name, fmt.Sprintf("%s: %q is no name of a field", key, name), "")
		} else {
			p.lint.shown(at, key, name)
		}
	}
	if len(names) > maxStepItems {
		p.fail(at, key, fmt.Sprintf("%s names more than %d fields", key, maxStepItems), "")
	}
}

func (p *playbookParser) oneOf(at tableAt, key, value string, allowed ...string) {
	if slices.Contains(allowed, value) {
		return
	}
	allowed = slices.DeleteFunc(slices.Clone(allowed), func(s string) bool { return s == "" })
	p.fail(at, key, fmt.Sprintf("%s %q is none of %s", key, value, strings.Join(allowed, ", ")), "")
}

// change reads raise and lower.
func (p *playbookParser) change(at tableAt, raise, lower int, reason string) int {
	switch {
	case raise < 0 || lower < 0 || raise > 3 || lower > 3:
		p.fail(at, "", "raise and lower are 0 to 3: there are four priorities", "")
	case raise > 0 && lower > 0:
		p.fail(at, "lower", "both raise and lower", "")
	case raise+lower > 0 && reason == "":
		p.fail(at, "", "the priority changes without a reason", "add reason = \"…\"")
	}
	return raise - lower
}

func (p *playbookParser) condition(at tableAt, f *conditionFile) Condition {
	c := Condition{Text: f.When, Reason: f.Reason, Label: f.Label}
	c.Change = p.change(at, f.Raise, f.Lower, f.Reason)
	p.lint.label(at, f.Label)
	if c.Reason == "" && c.Label == "" {
		p.fail(at, "", "the condition says neither reason nor label", "")
	}
	c.Program = p.expression(at, "when", f.When)
	return c
}

// expression compiles a condition that stands alone.
func (p *playbookParser) expression(at tableAt, key, text string) *eval.Program {
	if strings.TrimSpace(text) == "" {
		p.fail(at, key, fmt.Sprintf("no %s", key), "")
		return nil
	}
	e, err := eql.ParseExpr(text)
	if err != nil {
		p.query(at, key, text, err)
		return nil
	}
	p.lint.condition(at, key, text, e)
	if p.faults(at, key, text, eql.CheckExpr(text, e, fieldKind)) {
		return nil
	}
	program, err := p.set.Compile(&eql.EventQuery{Filter: eql.Filter{Any: true, Cond: e}}, eval.Options{})
	if err != nil {
		p.query(at, key, text, err)
	}
	return program
}

func (p *playbookParser) evidence(at tableAt, f *evidenceFile) Evidence {
	e := Evidence{
		Label: f.Label, TelemetryName: f.TelemetryName, Host: HostScope(or(f.Host, string(SameHost))),
		Show: f.Show, CountBy: f.CountBy, Max: or(f.Max, defaultShown), Last: f.Last, Reason: f.Reason, Absent: f.Absent,
		Caveat: f.Caveat,
	}
	e.Change = p.change(at, f.Raise, f.Lower, f.Reason)
	p.lint.label(at, f.Label)
	if f.Label == "" {
		p.fail(at, "label", "the evidence query has no label", "")
	}
	p.oneOf(at, "host", string(e.Host), string(SameHost), string(OtherHost), string(AnyHost))
	if f.Max < 0 || f.Max > maxShown {
		p.fail(at, "max", fmt.Sprintf("max is 1 to %d", maxShown), "")
	}
	if f.Last < 0 || f.Last > e.Max || f.Last > 0 && len(f.CountBy) > 0 {
		p.fail(at, "last", "last is 1 to max, and does not go with count_by", "")
	}
	p.fields(at, "show", f.Show)
	p.fields(at, "count_by", f.CountBy)
	p.oneOf(at, "follow", f.Follow, "", "parents")
	if e.Follow = f.Follow != ""; e.Follow && (f.Telemetry == "" || e.Host != SameHost || len(f.CountBy) > 0) {
		p.fail(at, "follow", "follow needs telemetry, the query for process starts, and goes with neither host nor count_by", "")
	}
	e.Windowed = f.Before != "" || f.After != ""
	e.Before, e.After = p.duration(at, "before", f.Before), p.duration(at, "after", f.After)
	e.Query = p.template(at, "query", f.Query)
	if f.Telemetry != "" {
		e.Telemetry = p.template(at, "telemetry", f.Telemetry)
		if e.Telemetry != nil && len(e.Telemetry.Params()) > 0 {
			p.fail(at, "telemetry", "telemetry has no parameters: it says what there must be some of, whatever the hit", "")
		}
	} else if e.Query != nil {
		e.Telemetry = categoryOnly(e.Query)
	}
	if f.Caveat != "" && e.Query != nil && !slices.ContainsFunc(e.Query.Params(), func(p eql.Param) bool { return p.Optional }) {
		p.fail(at, "caveat", "caveat is said where no optional parameter has a value, and the query has none", "write one as {{?process.entity_id}}")
	}
	if e.TelemetryName == "" {
		e.TelemetryName = telemetryName(e.Query, f.Telemetry)
	}
	return e
}

// categoryOnly returns the query for all events of a query's category.
func categoryOnly(t *eql.Template) *eql.Template {
	category, any := t.Category()
	text := "any where true"
	if !any {
		text = (&eql.String{Value: category}).String() + " where true"
	}
	whole, err := eql.ParseTemplate(text)
	if err != nil {
		return nil // the printer writes what the parser reads
	}
	return whole
}

func telemetryName(t *eql.Template, given string) string {
	if t == nil || given != "" {
		return "events of this kind"
	}
	if category, any := t.Category(); !any {
		return category + " events"
	}
	return "events"
}

func (p *playbookParser) duration(at tableAt, key, text string) time.Duration {
	if text == "" || text == "0" {
		return 0
	}
	n, ok := seconds(text)
	d := time.Duration(n) * time.Second
	if !ok || d > maxWindow {
		p.fail(at, key, fmt.Sprintf("%s %q is no span of time", key, text), `write a number and s, m, h or d, such as "10m"`)
	}
	return d
}

// template reads a query with parameters and tries it with values of the parameters'
// types.
func (p *playbookParser) template(at tableAt, key, text string) *eql.Template {
	t, err := eql.ParseTemplate(text)
	if err != nil {
		p.query(at, key, text, err)
		return nil
	}
	samples := map[string][]eql.Expr{}
	for _, param := range t.Params() {
		samples[param.Name] = []eql.Expr{sample(param)}
	}
	bound := t.Bind(samples)
	p.lint.template(at, key, t, bound)
	if p.faults(at, key, text, certainFaults(t, t.Check(samples, fieldKind))) {
		return t
	}
	if _, err := eval.Compile(bound, eval.Options{}); err != nil {
		p.query(at, key, text, err)
	}
	return t
}

// faults notes the faults of a query and reports whether any is more than a warning.
func (p *playbookParser) faults(at tableAt, key, text string, faults []*eql.Error) bool {
	for _, fault := range faults {
		p.query(at, key, text, fault)
	}
	return slices.ContainsFunc(faults, func(f *eql.Error) bool { return !f.Warning })
}

// certainFaults leaves out what can never match by the sample of a parameter whose type is
// not known: its values may be others.
func certainFaults(t *eql.Template, faults []*eql.Error) []*eql.Error {
	return slices.DeleteFunc(faults, func(f *eql.Error) bool {
		return f.Warning && slices.ContainsFunc(t.Params(), func(param eql.Param) bool {
			_, known := event.TypeOf(param.Name)
			return !known && strings.Contains(t.Source()[f.Span.Start:f.Span.End], param.Name)
		})
	})
}

// sample returns a literal, in the place of a parameter, as a value of its field can be.
func sample(param eql.Param) eql.Expr {
	t, _ := event.TypeOf(param.Name)
	switch t {
	case event.Long, event.Number:
		return &eql.Int{Value: 1, At: param.At}
	case event.Double:
		return &eql.Float{Value: 1, At: param.At}
	case event.Boolean:
		return &eql.Bool{Value: true, At: param.At}
	case event.IP:
		return &eql.String{Value: "192.0.2.1", At: param.At}
	case event.Date:
		return &eql.String{Value: "2026-01-01T00:00:00.000Z", At: param.At}
	}
	return &eql.String{Value: "x", At: param.At}
}
