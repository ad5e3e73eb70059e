package triage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/rule"
	"kscan/scan"
)

// scanned runs a rule with the query on logs and returns the case.
func scanned(t *testing.T, query string, o scan.Options, logs map[string]string) *Case {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, text := range logs {
		write("logs/"+name, text)
	}
	file := write("rules/a.toml", fmt.Sprintf("[rule]\nname = \"a\"\nrule_id = \"a\"\ndescription = \"d\"\nseverity = \"low\"\nrisk_score = 1\n"+
		"type = \"eql\"\nlanguage = \"eql\"\nmax_signals = 2\nfrom = \"now-9m\"\ninterval = \"5m\"\nquery = '''%s'''\n"+
		"setup = \"\"\"\n## Setup\n\n```\n-a always,exit -S connect -k net\n```\n\"\"\"\n", query))
	rules, err := rule.Load([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	c := NewCollector()
	paths := []string{filepath.Join(dir, "logs")}
	if len(logs) == 0 {
		paths = nil
	}
	s, err := scan.Run(context.Background(), o, paths, rules, c)
	if err != nil {
		t.Fatal(err)
	}
	return c.Case(s)
}

// connection is a network event of the host; fields that are left out are missing.
func connection(host string, without ...string) string {
	fields := []string{`"@timestamp":"2026-11-20T10:00:00Z"`, fmt.Sprintf(`"host.name":%q`, host), `"event.category":"network"`,
		`"event.type":"start"`, `"network.direction":"egress"`, `"destination.ip":"8.8.8.8"`, `"destination.port":10250`,
		`"process.name":"curl"`, `"process.executable":"/usr/bin/curl"`}
	var kept []string
	for _, field := range fields {
		out := false
		for _, name := range without {
			out = out || strings.HasPrefix(field, `"`+name+`"`)
		}
		if !out {
			kept = append(kept, field)
		}
	}
	return "{" + strings.Join(kept, ",") + "}\n"
}

const egress = `network where event.type == "start" and network.direction == "egress" and destination.port == 10250 and
	cidrMatch(destination.ip, "10.0.0.0/8") and (process.name == "curl" or process.executable : "/tmp/*")`

func TestVerdicts(t *testing.T) {
	other := `{"event.category":"process","process.name":"curl"}` + "\n"
	for name, tt := range map[string]struct {
		query   string
		log     string
		verdict Verdict
		text    string
	}{
		"nothing":     {egress, "", CouldNotFire, "no events were examined: this rule could not have fired"},
		"no category": {egress, other, CouldNotFire, "no network events in these logs: this rule could not have fired"},
		"no direction": {egress, connection("a", "network.direction") + connection("b", "network.direction"), CouldNotFire,
			"this rule could not have fired on the 2 network events: none has network.direction"},
		"no address": {egress, connection("a", "destination.ip", "destination.port"), CouldNotFire,
			"this rule could not have fired on the 1 network event: none has destination.port; none has destination.ip"},
		"another kind": {egress, strings.Replace(connection("a"), "egress", "ingress", 1), CouldNotFire,
			`this rule could not have fired on the 1 network event: none is of the kind network.direction == "egress"`},
		"never at once": {egress, connection("a", "destination.ip") + connection("a", "destination.port"), CouldNotFire,
			"this rule could not have fired on the 2 network events: no event has all that it needs at once"},
		"one side of an or": {egress, connection("a", "process.executable"), InPart,
			"none of the 1 network event has process.executable: this rule could have fired only where its conditions do without"},
		"a blind host": {egress, connection("a") + connection("b", "network.direction"), InPart,
			"1 of 2 network events with what the rule needs, and none matched: this rule could have fired, but not everywhere"},
		"some events lack a field": {egress, connection("a") + connection("a", "destination.ip"), CouldFire,
			"1 of 2 network events with what the rule needs, and none matched: this rule could have fired"},
		"all is there": {egress, connection("a"), CouldFire, "1 network event examined, and none matched: this rule could have fired"},
		"fired":        {`network where destination.port == 10250`, connection("a"), CouldFire, "the rule fired on 1 of 1 network event"},
	} {
		t.Run(name, func(t *testing.T) {
			c := scanned(t, tt.query, scan.Options{}, map[string]string{"a.ndjson": tt.log})
			got := c.Rules[0].Coverage
			if got.Verdict != tt.verdict || got.Text != tt.text {
				t.Errorf("%s %q\nwant %s %q", got.Verdict, got.Text, tt.verdict, tt.text)
			}
			if needed := len(got.Needed) > 0; needed != (tt.verdict != CouldFire) {
				t.Errorf("audit rules %q", got.Needed)
			}
		})
	}
}

func TestBlindStreams(t *testing.T) {
	c := scanned(t, egress, scan.Options{}, map[string]string{
		"a.ndjson": connection("a") + connection("b", "network.direction") + connection("b", "network.direction", "destination.port") + connection("c"),
	})
	var got []string
	for _, b := range c.Rules[0].Coverage.Blind {
		got = append(got, fmt.Sprintf("%s %d %s", b.Stream.Host, b.Events, b.Text()))
	}
	if diff := cmp.Diff([]string{"b 2 none has network.direction"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestVerdictsOfASample: where events were passed over the verdict goes by those that were
// decoded, and says so.
func TestVerdictsOfASample(t *testing.T) {
	pad := strings.Repeat(strings.Replace(connection("a"), "10250", "443", 1), 1000)
	other := strings.Repeat(`{"@timestamp":"2026-11-20T10:00:00Z","event.category":"process","process.name":"curl","host.name":"a"}`+"\n", 2000)
	for name, tt := range map[string]struct {
		log     string
		verdict Verdict
		text    string
	}{
		"could":     {pad + connection("a") + pad, CouldFire, "decoded network events examined, and none matched: this rule could have fired"},
		"could not": {strings.ReplaceAll(pad, `"network.direction":"egress",`, ""), CouldNotFire, "decoded network events: none has network.direction"},
		"no event":  {other, CouldNotFire, "no network events in a sample of "},
	} {
		c := scanned(t, egress, scan.Options{}, map[string]string{"a.ndjson": tt.log})
		got := c.Rules[0].Coverage
		if c.Summary.Counts.Passed == 0 || !got.Sampled {
			t.Errorf("%s: nothing was passed over", name)
		}
		if got.Verdict != tt.verdict || !strings.Contains(got.Text, tt.text) {
			t.Errorf("%s: %s %q, want %s %q", name, got.Verdict, got.Text, tt.verdict, tt.text)
		}
	}
}
