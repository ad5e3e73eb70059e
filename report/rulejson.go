package report

import (
	"io"

	"kscan/report/triage"
	"kscan/rule"
)

// jsonListed is a rule as it stands in a list. docs/rules.md describes it.
type jsonListed struct {
	jsonRule
	Type     string   `json:"type"`
	Runnable bool     `json:"runnable"`
	Reason   string   `json:"reason"`
	Path     string   `json:"path"`
	Tactics  []string `json:"tactics"`
	Tags     []string `json:"tags"`
}

// jsonShown is a whole rule.
type jsonShown struct {
	jsonListed
	Description    string        `json:"description"`
	Language       string        `json:"language"`
	Query          string        `json:"query"`
	Index          []string      `json:"index"`
	Interval       string        `json:"interval"`
	From           string        `json:"from"`
	MaxSignals     int           `json:"max_signals"`
	Version        int           `json:"version"`
	BuildingBlock  bool          `json:"building_block"`
	CategoryField  string        `json:"event_category_override"`
	TimestampField string        `json:"timestamp_field"`
	Tiebreaker     string        `json:"tiebreaker_field"`
	Author         []string      `json:"author"`
	License        string        `json:"license"`
	References     []string      `json:"references"`
	FalsePositives []string      `json:"false_positives"`
	Attack         []jsonTactic  `json:"attack"`
	Fields         []string      `json:"fields"`
	Guide          []jsonSection `json:"guide"`
	Setup          []jsonSection `json:"setup"`
}

// RuleListJSON writes rules as {"rules":[…]}.
func RuleListJSON(w io.Writer, rules []*rule.Rule) error {
	return WriteJSON(w, struct {
		Rules []jsonListed `json:"rules"`
	}{each(rules, listedOf)})
}

// RuleJSON writes one rule as an object.
func RuleJSON(w io.Writer, r *rule.Rule) error {
	guide := triage.GuideOf(r)
	shown := jsonShown{
		jsonListed: listedOf(r), Description: r.Description, Language: r.Language, Query: r.Query,
		Index: list(r.Index), Interval: r.Interval, From: r.From, MaxSignals: r.MaxSignals, Version: r.Version,
		BuildingBlock: r.BuildingBlock, CategoryField: r.EventCategoryOverride,
		TimestampField: r.TimestampField, Tiebreaker: r.TiebreakerField,
		Author: list(r.Author), License: r.License, References: list(r.References),
		FalsePositives: list(r.FalsePositives), Attack: tacticsOf(&triage.Rule{Rule: r}), Fields: []string{},
		Guide: each(guide.Sections, sectionOf), Setup: each(guide.Setup, sectionOf),
	}
	if r.Program != nil {
		shown.Fields = list(r.Program.Fields())
	}
	return WriteJSON(w, shown)
}

func listedOf(r *rule.Rule) jsonListed {
	return jsonListed{
		jsonRule: jsonRule{r.ID, r.Name, r.Severity, r.RiskScore}, Type: r.Type,
		Runnable: r.NotRunnable == "", Reason: r.NotRunnable, Path: r.Path,
		Tactics: Tactics(r), Tags: list(r.Tags),
	}
}
