package rule

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"kscan/rule/eql"
)

// Checked is what Lint finds.
type Checked struct {
	Rules     []*Rule // those that load
	Playbooks int     // how many load
	Problems  Problems
}

// Lint loads as Check does and looks closer: its problems are those of Check, and
// warnings of what a rule's author most likely did not mean. So it does with the playbooks
// of the paths (files or folders), and with those in the folders of the rules. Without
// any path it looks at what comes with kscan.
func Lint(paths, playbooks []string) Checked {
	l := newLoader()
	l.lint, l.books = lint, newPlaybookLoader()
	l.books.lint = true
	if len(paths)+len(playbooks) == 0 {
		l.builtin()
	}
	for _, path := range playbooks {
		l.books.path(path)
	}
	for _, path := range paths {
		l.path(path)
	}
	for _, folder := range OrphanCases(paths) {
		l.problems = append(l.problems, &Problem{
			Path: folder, Warning: true, Message: "the cases have no rule: no .toml file of that name is beside the folder",
		})
	}
	l.belonging()
	checked := Checked{Rules: l.rules, Problems: append(l.problems, l.books.all()...)}
	for _, b := range l.books.read {
		if !b.parser.problems.Fatal() {
			checked.Playbooks++
		}
	}
	return checked
}

// lint returns the warnings of one file that parse does not give. A file that is no rule
// has none: parse says what is wrong with it.
func lint(path string, data []byte) Problems {
	p := linter{parser{path: path, data: strings.TrimPrefix(string(data), "\ufeff")}}
	var f file
	decoded, err := toml.Decode(p.data, &f)
	if err != nil || f.Rule == nil {
		return nil
	}
	p.keys(&decoded)
	p.missing(&decoded)
	p.scores(f.Rule, decoded.IsDefined("rule", "risk_score"))
	p.schedule(f.Rule)
	if f.Rule.Type == "eql" || f.Rule.Type == "" && f.Rule.Language == "eql" {
		p.language(f.Rule)
		p.words(f.Rule, f.integrations())
	}
	return p.problems
}

// linter gathers the warnings of one file.
type linter struct{ parser }

// byPlace orders the problems of one file.
func byPlace(problems Problems) Problems {
	slices.SortStableFunc(problems, func(a, b *Problem) int {
		return cmp.Or(a.Line-b.Line, a.Column-b.Column)
	})
	return problems
}

// schema are the keys of [rule] in Elastic's schema that kscan does not use itself.
var schema = []string{
	"actions", "alert_suppression", "anomaly_threshold", "concurrent_searches", "data_view_id", "enabled",
	"exceptions_list", "history_window_start", "immutable", "investigation_fields", "items_per_search",
	"machine_learning_job_id", "meta", "namespace", "new_terms", "new_terms_fields", "outcome", "output_index",
	"related_integrations", "required_fields", "response_actions", "revision", "risk_score_mapping",
	"rule_name_override", "rule_source", "saved_id", "severity_mapping", "threat_filters", "threat_index",
	"threat_indicator_path", "threat_language", "threat_mapping", "threat_query", "threshold", "throttle",
	"timeline_id", "timeline_title", "timestamp_override_fallback_disabled", "to",
}

// keys warns of keys of [rule] that are not in Elastic's schema.
func (p *linter) keys(decoded *toml.MetaData) {
	known := slices.Concat(schema, tableKeys())
	told := map[string]bool{}
	for _, key := range decoded.Undecoded() {
		if len(key) < 2 || key[0] != "rule" || told[key[1]] || slices.Contains(known, key[1]) {
			continue
		}
		told[key[1]] = true
		hint := ""
		if name, ok := eql.Nearest(key[1], known); ok {
			hint = fmt.Sprintf("did you mean %q?", name)
		}
		p.warn(key[1], fmt.Sprintf("%q is no key of a rule", key[1]), hint)
	}
}

// missing warns of keys that Elastic demands and kscan does without. Those that kscan
// needs, parse asks for.
func (p *linter) missing(decoded *toml.MetaData) {
	for _, key := range []string{"description", "risk_score"} {
		if !decoded.IsDefined("rule", key) {
			p.warn(key, "the rule has no "+key, "Elastic refuses a rule without it")
		}
	}
}

// band is the risk scores that Elastic gives a severity.
type band struct {
	severity    string
	least, most int
}

var bands = []band{{"low", 0, 21}, {"medium", 22, 47}, {"high", 48, 73}, {"critical", 74, 100}}

// scores warns of a risk score that is none or belongs to another severity.
func (p *linter) scores(t *table, given bool) {
	if !given {
		return
	}
	if t.RiskScore < 0 || t.RiskScore > 100 {
		p.warn("risk_score", fmt.Sprintf("risk_score %d is not between 0 and 100", t.RiskScore), "")
		return
	}
	for _, b := range bands {
		if b.severity == t.Severity && (t.RiskScore < b.least || t.RiskScore > b.most) {
			p.warn("risk_score", fmt.Sprintf("risk_score %d does not go with severity %s", t.RiskScore, t.Severity),
				fmt.Sprintf("%s is %d to %d", b.severity, b.least, b.most))
		}
	}
}

// Elastic's forms of an interval and of the start of a search.
var (
	intervalForm = regexp.MustCompile(`^([1-9][0-9]{0,8})([smhd])$`)
	fromForm     = regexp.MustCompile(`^now-([1-9][0-9]{0,8}[smhd])$`)
)

// seconds reads an interval such as "5m".
func seconds(interval string) (int, bool) {
	m := intervalForm.FindStringSubmatch(interval)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n * map[string]int{"s": 1, "m": 60, "h": 3600, "d": 86400}[m[2]], err == nil
}

// schedule warns of an interval that is none, and of searches with a gap between them.
func (p *linter) schedule(t *table) {
	interval, ok := seconds(or(t.Interval, defaultInterval))
	if !ok {
		p.warn("interval", fmt.Sprintf("interval %q is none", t.Interval), `write a number and s, m, h or d, such as "5m"`)
	}
	m := fromForm.FindStringSubmatch(or(t.From, defaultFrom))
	if m == nil {
		if !strings.HasPrefix(t.From, "now") {
			p.warn("from", fmt.Sprintf("from %q is no time relative to now", t.From), `write it like "now-9m"`)
		}
		return
	}
	if back, known := seconds(m[1]); ok && known && back < interval {
		key := "from"
		if t.From == "" {
			key = "interval"
		}
		p.warn(key, fmt.Sprintf("each search goes back %s, but they are %s apart: what happens between is not searched",
			m[1], or(t.Interval, defaultInterval)), "")
	}
}

// language warns when the type and the language disagree.
func (p *linter) language(t *table) {
	if t.Language != "eql" {
		p.warn("language", fmt.Sprintf("language %q does not go with type eql", t.Language), `write language = "eql"`)
	}
}
