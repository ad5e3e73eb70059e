package builtin_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
	"kscan/rule"
	"kscan/rule/eql"
)

func TestTheRuleSaysWhatItIs(t *testing.T) {
	r := kubelet(t)
	attack := func(kind, id, name string) rule.Attack {
		return rule.Attack{ID: id, Name: name, Reference: "https://attack.mitre.org/" + kind + "/" + id + "/"}
	}
	want := &rule.Rule{
		ID: "9f420cca-cb27-44db-a13d-c43c7b48e04a", Name: "Kubelet API Connection Attempt to Internal IP",
		Severity: "medium", RiskScore: 47, Type: "eql", Language: "eql", Version: 1,
		Index:    []string{"auditbeat-*", "logs-auditd_manager.auditd-*", "logs-endpoint.events.network*"},
		Interval: "5m", From: "now-9m", MaxSignals: 100,
		License: "Elastic License v2", Author: []string{"Elastic"}, References: []string{},
		Tags: []string{
			"Domain: Endpoint", "Domain: Container", "Domain: Kubernetes", "OS: Linux", "Use Case: Threat Detection",
			"Tactic: Lateral Movement", "Tactic: Discovery", "Data Source: Elastic Defend", "Data Source: Auditd Manager",
			"Resources: Investigation Guide",
		},
		Threats: []rule.Threat{
			{Framework: "MITRE ATT&CK", Tactic: attack("tactics", "TA0008", "Lateral Movement"), Techniques: []rule.Technique{{Attack: attack("techniques", "T1021", "Remote Services")}}},
			{Framework: "MITRE ATT&CK", Tactic: attack("tactics", "TA0007", "Discovery"), Techniques: []rule.Technique{{Attack: attack("techniques", "T1613", "Container and Resource Discovery")}}},
		},
		Path: "builtin",
	}
	got := *r
	for _, text := range []*string{&got.Description, &got.Note, &got.Setup, &got.Query} {
		if *text == "" {
			t.Error("the rule lacks its description, guide, setup or query")
		}
		*text = ""
	}
	if got.Program == nil || len(got.FalsePositives) == 0 {
		t.Error("the rule lacks its program or its false positives")
	}
	got.Program, got.FalsePositives = nil, nil
	if diff := cmp.Diff(want, &got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// source returns the text of the rule as Elastic publishes it.
func source(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../../shared/kubelet-rule.txt")
	if err != nil {
		t.Skipf("the published rule is not beside this repository: %v", err)
	}
	return string(data)
}

func TestTheConditionsAreThoseOfTheSource(t *testing.T) {
	text := source(t)
	query := text[strings.Index(text, "network where"):strings.Index(text, "Framework: MITRE")]
	want, err := eql.Parse(query)
	if err != nil {
		t.Fatal(err)
	}
	got, err := eql.Parse(kubelet(t).Query)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), got.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// run is how many words in a row make a copied sentence. Names and paths have fewer.
const run = 6

func TestTheGuideIsInItsOwnWords(t *testing.T) {
	r := kubelet(t)
	published := strings.Join(words(source(t)), " ")
	// Headings are Elastic's convention, and audit rules have but one spelling.
	given := regexp.MustCompile(`(?m)^(#+ |-a always).*$`)
	prose := r.Description + " " + r.Note + " " + r.Setup + " " + strings.Join(r.FalsePositives, " ")
	ours := words(given.ReplaceAllString(prose, ""))
	for i := range len(ours) - run + 1 {
		if phrase := strings.Join(ours[i:i+run], " "); strings.Contains(published, phrase) {
			t.Errorf("the source has it too: %s", phrase)
		}
	}
}

func words(text string) []string {
	return regexp.MustCompile(`[a-z0-9]+`).FindAllString(strings.ToLower(text), -1)
}

func TestTheGuideNamesFieldsOfECS(t *testing.T) {
	r := kubelet(t)
	names := regexp.MustCompile("`(?:{{)?([a-z@][a-z_]*(?:\\.[a-z_]+)+|@timestamp)(?:}})?`")
	found := names.FindAllStringSubmatch(r.Note+r.Setup, -1)
	if len(found) < 20 {
		t.Errorf("the guide names %d fields", len(found))
	}
	for _, m := range found {
		if _, known := event.TypeOf(m[1]); !known {
			t.Errorf("%s is no field", m[1])
		}
	}
}
