package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"kscan/readers/event"
	"kscan/report/triage"
	"kscan/rule"
	"kscan/scan"
)

// hostileCase puts one text wherever a text can come from outside: fields, file names,
// problems, and each part of the rule.
func hostileCase(t testing.TB, text string) (*triage.Case, *scan.Finding) {
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	doc := fmt.Sprintf(`{"host":{"name":%[1]s},"user":{"name":%[1]s,"id":%[1]s},"process":{"executable":%[1]s,
		"name":%[1]s,"args":["a",%[1]s],"pid":%[1]s,"parent":{"executable":%[1]s,"pid":1}},"container":{"id":%[1]s},
		"destination":{"ip":%[1]s,"port":%[1]s,"domain":%[1]s},"event":{"action":%[1]s,"outcome":%[1]s},
		"auditd":{"data":{"exit":%[1]s},"session":%[1]s},"file":{"path":%[1]s}}`, quoted)
	attack := rule.Attack{ID: text, Name: text, Reference: text}
	r := &rule.Rule{
		Program: testProgram(), ID: text, Name: text, Description: text, Severity: text, Query: text, Path: text, Type: text,
		References: []string{text}, Tags: []string{text}, FalsePositives: []string{text},
		Note:    "## " + text + "\n" + text + "\n- " + text + " {{process.name}} `process.*`\n```\n" + text + "\n```\n",
		Setup:   text,
		Threats: []rule.Threat{{Tactic: attack, Techniques: []rule.Technique{{Attack: attack, Subtechniques: []rule.Attack{attack}}}}},
	}
	place := event.Evidence{Source: text, Member: text, Format: text, Line: 3, EventID: text}
	f := &scan.Finding{Rule: r, OutOfScope: true,
		Hits: []scan.Hit{{Evidence: place, JSON: []byte(doc), Index: text, Assumed: []string{text}}}}
	other := *r
	other.NotRunnable = text
	s := summaryOf(r, 1)
	s.Parts[0].Source, s.Parts[0].Member, s.Parts[0].Format = text, text, text
	s.Categories = map[string]int64{text: 1}
	s.Rules[0].Fields[0] = text
	hostileStreams(s, text, place)
	s.Rules = append(s.Rules, scan.RuleCoverage{Rule: &other, InCategory: 2, Fields: []string{text}, WithField: []int64{0}})
	s.Problems = []event.Problem{{Kind: event.Broken, Source: text, Member: text, Line: 1, Detail: text},
		{Kind: event.Empty, Source: text, Offset: -1, Detail: text}}
	s.Counts.Lost, s.Counts.Notices = 1, 1
	c := caseOf(t, s, []*scan.Finding{f})
	hostileSteps(c, text, place)
	if len(c.Rules) > 1 {
		keys, _ := json.Marshal([]string{text})
		c.Rules[1].NearSequences = &scan.NearSequences{Last: text, Count: 2, Listed: []scan.NearSequence{{Keys: keys, Host: text, Evidence: []event.Evidence{place}}}}
	}
	return c, f
}

// hostileSteps adds a group with the answers of a playbook, and what exceptions cover.
func hostileSteps(c *triage.Case, text string, place event.Evidence) {
	values := []triage.Answer{{Field: text, Values: triage.Values{Seen: []string{text, text}, Other: 2}},
		{Field: "process.args", Values: triage.Values{Seen: []string{text}}}, {Field: "user.name", Values: triage.Values{Seen: []string{text}}}}
	found := &triage.FoundEvent{Host: text, Evidence: place, Values: values}
	lookup := triage.Lookup{Label: text, Query: text, Text: text, Reason: text, Status: triage.Found, Count: 9, Change: 1, Note: text, Events: []*triage.FoundEvent{found}}
	tally := lookup
	tally.Events, tally.CountBy = nil, []string{text, text}
	tally.Tally = []*triage.Tally{{Values: []string{text, text}, Count: 3, First: place}, {Values: []string{"", ""}, Count: 2}}
	none := triage.Lookup{Label: text, Text: text, Reason: text, Note: text, Status: triage.NoTelemetry, Beyond: 3}
	request := triage.Lookup{Label: text, Status: triage.Found, Count: 1, CountBy: []string{"verb", "objectRef.resource", "user.username"},
		Tally: []*triage.Tally{{Values: []string{text, text, text}, Count: 1, First: place}}}
	step := triage.StepAnswer{
		Step: &rule.PlaybookStep{Title: text, Text: text, Kind: text}, Fields: values,
		Notes:        []triage.Note{{Label: text, Reason: text, Change: 1, Hits: 1}, {Reason: text, Change: -1}},
		Lookups:      []triage.Lookup{lookup, tally, none, request},
		Destinations: []*triage.Destination{{Address: text, Ports: []string{text}, Owner: triage.OwnerNode, Name: text, Source: &place}},
		Response: &triage.Remedy{Hosts: []string{text}, Workloads: []string{text}, ServiceAccounts: []string{text}, Nodes: []string{text},
			Credentials: []triage.Credential{{What: text, Evidence: place}}, Policy: text},
	}
	r := c.Rules[0]
	g := *r.Groups[0]
	g.Steps = []triage.StepAnswer{step}
	g.Targets = []*triage.Target{{Text: text, Address: text, Port: text, Count: 1}, {Text: "x"}}
	g.StartedBy, g.Started = []*triage.Group{r.Groups[0]}, []*triage.Group{r.Groups[0]}
	r.Groups = append(r.Groups, &g)
	asked := []triage.Answer{{Field: "verb", Values: triage.Values{Seen: []string{text}}}, {Field: "objectRef.resource", Values: triage.Values{Seen: []string{text}}},
		{Field: "objectRef.name", Values: triage.Values{Seen: []string{text}}}}
	r.Story = []*triage.Moment{{Host: text, Evidence: place, Hits: &g}, {Host: text, Evidence: place, Values: values},
		{Evidence: place, Values: asked, Says: []triage.Saying{{Label: text, Groups: []*triage.Group{&g}, Raises: true}}}}
	r.Rule.OwnNote = true
	c.NotRun = []*rule.Rule{{ID: text, Name: text, Path: text, NotRunnable: text}}
	exception := &rule.Exception{ID: text, Reason: text, Owner: text, Clause: text}
	shown := triage.Values{Seen: []string{text}, Other: 1}
	r.Expected = []*triage.ExpectedHits{{Exception: exception, Count: 2, Hosts: shown, Processes: shown, Evidence: []event.Evidence{place}}}
	c.Exceptions = []*triage.ExceptionUse{{Exception: exception}, {Exception: exception, Expired: true}}
	c.Unanswered = text
}

// hostileStreams puts a text wherever accounts of telemetry and near misses have one.
func hostileStreams(s *scan.Summary, text string, place event.Evidence) {
	near := s.Rules[0].Near
	for i := range near.Listed {
		m := &near.Listed[i]
		m.Evidence, m.Host, m.Process, m.Name, m.User, m.Target = place, text, text, text, text, text
	}
	for i := range near.Clauses {
		near.Clauses[i].Text, near.Clauses[i].Fields = text, []string{text}
	}
	for i := range s.Streams {
		st := &s.Streams[i]
		st.Host, st.Folder, st.Source, st.Categories = text, text, text, map[string]int64{text: 1}
	}
}

var hostileTexts = []string{
	"\x1b[2J\x1b]0;owned\x07", "\x1b]8;;http://example.org\x1b\\click\x1b]8;;\x1b\\", "a\nkscan: error: made up\rb\tc",
	"\u009b31m\u0085", "\x9b31m\xff\xfe", "\u202egpj.exe\u202c \u2066x\u2069", "\u200b\u200d\ufeff\u00ad\u2060",
	"e" + strings.Repeat("\u0301", 50), "宽字符宽字符宽字符宽字符宽字符宽字符宽字符宽字符宽字符宽字符宽字符宽字符",
	"👩‍👩‍👧‍👦🇩🇪🏽", strings.Repeat("x", 5000), strings.Repeat("a b ", 900), "{{process.name}}", "`{{host.name}}`",
	"# x\n- y\n```", "| a | b |\n<script>alert(1)</script>", "\x00", " ", "", "\u2028\u2029", "\U000e0041\ue000",
	"%s%d%!", `\`, `"`, "::error file=a::b", "ﷺ\u0600\u06dd", "क्षि", "ก็็็็็็็็",
}

func FuzzTerminal(f *testing.F) {
	for i, text := range hostileTexts {
		f.Add(text, 40+i*7)
	}
	f.Fuzz(func(t *testing.T, text string, width int) {
		width = 40 + int(uint(width)%200)
		if len(text) > 20000 {
			t.Skip("longer than is worth the time")
		}
		c, _ := hostileCase(t, text)
		checkPlain(t, terminal(t, c, TerminalOptions{Width: width}), width)
		coloured := sgr.ReplaceAllString(terminal(t, c, TerminalOptions{Width: width, Color: true}), "")
		for _, r := range coloured {
			if r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				t.Fatalf("%U in the coloured report: %q", r, coloured)
			}
		}
		var b bytes.Buffer
		if err := Coverage(&b, c, TerminalOptions{Width: width}); err != nil {
			t.Fatal(err)
		}
		checkPlain(t, b.String(), width)
		b.Reset()
		if err := Problems(&b, c.Summary); err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(b.String(), "\n"); lines != 2 {
			t.Fatalf("%d lines for two problems: %q", lines, b.String())
		}
		checkVisible(t, b.String())
	})
}

func checkVisible(t *testing.T, text string) {
	t.Helper()
	for _, r := range text {
		if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) {
			t.Fatalf("%U is not visible in %q", r, text)
		}
	}
}

// FuzzJSON: the JSON outputs parse, hold the values exactly and have nothing hidden in
// them, and a finding is one line.
func FuzzJSON(f *testing.F) {
	for _, text := range hostileTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || len(text) > 900 {
			t.Skip("JSON holds only UTF-8; long values are cut")
		}
		c, finding := hostileCase(t, text)
		var b, lines bytes.Buffer
		if err := JSON(&b, c); err != nil {
			t.Fatal(err)
		}
		if err := NewJSONL(&lines).Finding(finding); err != nil {
			t.Fatal(err)
		}
		checkVisible(t, b.String())
		checkVisible(t, lines.String())
		if n := strings.Count(lines.String(), "\n"); n != 1 {
			t.Fatalf("%d lines for one finding", n)
		}
		var got struct {
			Rule     struct{ Name string }
			Evidence struct{ Source string }
			Event    struct{ Host struct{ Name string } }
		}
		if err := json.Unmarshal(lines.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if got.Rule.Name != text || got.Evidence.Source != text || got.Event.Host.Name != text {
			t.Fatalf("%+v is not %q", got, text)
		}
		if !json.Valid(b.Bytes()) {
			t.Fatalf("the report is not JSON: %s", b.Bytes())
		}
	})
}

// TestNothingCutUnsaid: a value that is too long for the page is there in full or ends
// with how much is missing.
func TestNothingCutUnsaid(t *testing.T) {
	words := make([]string, 150)
	for i := range words {
		words[i] = fmt.Sprintf("w%03d", i)
	}
	for _, width := range []int{40, 80, 120, 200} {
		c, _ := hostileCase(t, strings.Join(words, " "))
		text := terminal(t, c, TerminalOptions{Width: width})
		for _, word := range words {
			if !strings.Contains(text, word) {
				t.Errorf("width %d: %s is missing", width, word)
			}
		}
		long, _ := hostileCase(t, strings.Repeat("y", 1500))
		if text := terminal(t, long, TerminalOptions{Width: width}); !strings.Contains(text, "(500 more") {
			t.Errorf("width %d: the cut of a long value is not said", width)
		}
	}
}

// TestTableShowsCells: what is put into a table comes out of it, at any width.
func TestTableShowsCells(t *testing.T) {
	for _, text := range hostileTexts {
		for width := 40; width < 200; width += 13 {
			p := &page{width: width}
			value := cell(text)
			p.table(0, []column{{title: "A", cells: []string{value, "x"}}, {title: "B", cells: []string{"y", value}},
				{title: "C", cells: []string{value, value}}})
			shown := strings.Map(func(r rune) rune {
				if r == ' ' || r == '\n' {
					return -1
				}
				return r
			}, p.b.String())
			for _, r := range value {
				if want := 4 * strings.Count(value, string(r)); r != ' ' && strings.Count(shown, string(r)) < want {
					t.Fatalf("width %d: %q %d times, want %d, in\n%s", width, r, strings.Count(shown, string(r)), want, p.b.String())
				}
			}
		}
	}
}
