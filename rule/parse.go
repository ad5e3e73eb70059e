package rule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"kscan/rule/eval"
)

// file is Elastic's schema as far as kscan uses it; other keys are accepted.
type file struct {
	// Metadata is what Elastic's repository says of the rule; of any type, since a rule runs without.
	Metadata any    `toml:"metadata"`
	Rule     *table `toml:"rule"`
}

// integrations returns the names of those whose events the rule is for.
func (f *file) integrations() (names []string) {
	metadata, _ := f.Metadata.(map[string]any)
	list, ok := metadata["integration"].([]any)
	if !ok {
		list = []any{metadata["integration"]} // older rules name one
	}
	for _, name := range list {
		if text, ok := name.(string); ok {
			names = append(names, text)
		}
	}
	return names
}

type table struct {
	ID             string   `toml:"rule_id"`
	Name           string   `toml:"name"`
	Description    string   `toml:"description"`
	Severity       string   `toml:"severity"`
	RiskScore      int      `toml:"risk_score"`
	Type           string   `toml:"type"`
	Language       string   `toml:"language"`
	Query          string   `toml:"query"`
	Index          []string `toml:"index"`
	Interval       string   `toml:"interval"`
	From           string   `toml:"from"`
	MaxSignals     int      `toml:"max_signals"`
	Version        int      `toml:"version"`
	License        string   `toml:"license"`
	Author         []string `toml:"author"`
	References     []string `toml:"references"`
	Tags           []string `toml:"tags"`
	FalsePositives []string `toml:"false_positives"`
	Note           string   `toml:"note"`
	Setup          string   `toml:"setup"`
	Filters        []any    `toml:"filters"`
	BuildingBlock  string   `toml:"building_block_type"`
	Category       string   `toml:"event_category_override"`
	Timestamp      string   `toml:"timestamp_override"`
	Ordering       string   `toml:"timestamp_field"`
	Tiebreaker     string   `toml:"tiebreaker_field"`
	Threats        []threat `toml:"threat"`
}

type threat struct {
	Framework  string      `toml:"framework"`
	Tactic     attack      `toml:"tactic"`
	Techniques []technique `toml:"technique"`
}

type technique struct {
	ID            string   `toml:"id"`
	Name          string   `toml:"name"`
	Reference     string   `toml:"reference"`
	Subtechniques []attack `toml:"subtechnique"`
}

type attack struct {
	ID        string `toml:"id"`
	Name      string `toml:"name"`
	Reference string `toml:"reference"`
}

// Elastic's defaults for keys that a rule leaves out.
const (
	defaultInterval   = "5m"
	defaultFrom       = "now-6m"
	defaultMaxSignals = 100
)

// Severities are the severities of a rule, the lowest first.
var Severities = [...]string{"low", "medium", "high", "critical"}

// notRunnable says why rules of Elastic's other types do not run here.
var notRunnable = map[string]string{
	"query":            "its query is KQL or Lucene, and kscan runs EQL",
	"saved_query":      "its query is kept in Kibana, and kscan runs EQL",
	"esql":             "its query is ES|QL, and kscan runs EQL",
	"threshold":        "threshold rules count over a search, and kscan runs EQL",
	"new_terms":        "new terms rules need the history of an index, and kscan runs EQL",
	"threat_match":     "indicator match rules need an index of indicators, and kscan runs EQL",
	"machine_learning": "machine learning rules need a job of Elasticsearch, and kscan runs EQL",
}

// Parse returns the rule of one TOML file, compiled. It is nil when one of the problems
// is more than a warning. The path is for messages.
func Parse(path string, data []byte) (*Rule, Problems) {
	return parse(path, data, eval.NewSet())
}

// parse compiles the rule into a set that it shares with others.
func parse(path string, data []byte, set *eval.Set) (*Rule, Problems) {
	p := parser{path: path, data: strings.TrimPrefix(string(data), "\ufeff"), set: set}
	var f file
	if _, err := toml.Decode(p.data, &f); err != nil {
		return nil, Problems{tomlProblem(path, p.data, err)}
	}
	if f.Rule == nil {
		return nil, Problems{{Path: path, Message: "no [rule] table: the file is no detection rule", noRule: true}}
	}
	r := f.Rule.rule(path)
	p.check(r)
	switch {
	case r.Type == "eql":
		p.compile(r)
	case r.Type != "":
		r.NotRunnable = whyNot(r.Type)
	}
	if len(f.Rule.Filters) > 0 && r.Type == "eql" {
		p.warn("filters", "the rule's filters are Elasticsearch queries, which kscan does not apply: it may find more than Elastic would", "")
	}
	if p.problems.Fatal() {
		return nil, p.problems
	}
	return r, p.problems
}

func whyNot(ruleType string) string {
	if why, ok := notRunnable[ruleType]; ok {
		return fmt.Sprintf("type %s: %s", ruleType, why)
	}
	return fmt.Sprintf("type %q is not known, and kscan runs EQL", ruleType)
}

// rule returns the rule that the table describes, not yet compiled.
func (t *table) rule(path string) *Rule {
	r := &Rule{
		ID: t.ID, Name: t.Name, Description: t.Description,
		Severity: t.Severity, RiskScore: t.RiskScore,
		Type: t.Type, Language: t.Language, Query: t.Query, Index: t.Index,
		Interval: or(t.Interval, defaultInterval), From: or(t.From, defaultFrom),
		MaxSignals: or(t.MaxSignals, defaultMaxSignals), Version: t.Version,
		License: t.License, Author: t.Author, References: t.References, Tags: t.Tags,
		FalsePositives: t.FalsePositives, Note: t.Note, Setup: t.Setup,
		EventCategoryOverride: t.Category, TimestampOverride: t.Timestamp,
		TimestampField: t.Ordering, TiebreakerField: t.Tiebreaker, BuildingBlock: t.BuildingBlock != "",
		Path: path,
	}
	for _, th := range t.Threats {
		r.Threats = append(r.Threats, th.threat())
	}
	return r
}

// or returns v, or the default when the key was left out.
func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func (t *threat) threat() Threat {
	list := Threat{Framework: t.Framework, Tactic: Attack(t.Tactic)}
	for _, te := range t.Techniques {
		tech := Technique{Attack: Attack{ID: te.ID, Name: te.Name, Reference: te.Reference}}
		for _, sub := range te.Subtechniques {
			tech.Subtechniques = append(tech.Subtechniques, Attack(sub))
		}
		list.Techniques = append(list.Techniques, tech)
	}
	return list
}

// parser gathers the problems of one file.
type parser struct {
	path, data string
	set        *eval.Set
	problems   Problems
}

// fail notes an error at the value of a key of [rule], or at [rule] when it lacks it.
func (p *parser) fail(key, message, hint string) *Problem {
	problem := &Problem{Path: p.path, Message: message, Hint: hint}
	p.problems = append(p.problems, problem.atKey(p.data, key))
	return problem
}

func (p *parser) warn(key, message, hint string) {
	p.fail(key, message, hint).Warning = true
}

// check sees to what every rule must have, and fills in what can be.
func (p *parser) check(r *Rule) {
	if r.ID == "" {
		p.fail("rule_id", "the rule has no rule_id", "add one, such as the output of uuidgen: findings name the rule by it")
	}
	if r.Name == "" {
		p.warn("name", "the rule has no name", "")
		r.Name = r.ID
	}
	if r.Type == "" && r.Language == "eql" {
		p.warn("type", `the rule has no type: taken as "eql" for its language`, "")
		r.Type = "eql"
	}
	if r.Type == "" {
		p.fail("type", "the rule has no type", `add type = "eql"`)
	}
	if !slices.Contains(Severities[:], r.Severity) {
		p.warn("severity", fmt.Sprintf("severity %q is none of low, medium, high and critical: taken as low", r.Severity), "")
		r.Severity = Severities[0]
	}
}
