package rule

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"kscan/readers/event"
	"kscan/rule/builtin"
	"kscan/rule/eql"
)

// bookLinter warns of what the author of a playbook most likely did not mean. A nil one
// warns of nothing.
type bookLinter struct {
	*playbookParser
	labels map[string]bool // by the kind of table that has them
}

func newBookLinter(p *playbookParser) *bookLinter {
	return &bookLinter{p, map[string]bool{}}
}

// label warns of a label that another table of the kind has: what they find is told
// together, as of one.
func (l *bookLinter) label(at tableAt, label string) {
	if l == nil || label == "" {
		return
	}
	key := at.table + " " + label
	if l.labels[key] {
		l.fail(at, "label", fmt.Sprintf("another %s has the label %q", at.table, label), "").Warning = true
	}
	l.labels[key] = true
}

// shown warns of a field to show that is not known: it may be of an integration, or
// misspelt.
func (l *bookLinter) shown(at tableAt, key, name string) {
	if l == nil {
		return
	}
	group, below := strings.CutSuffix(name, ".*")
	if _, known := event.TypeOf(group); known || below && event.HasBelow(group) || isLogged(name) {
		return
	}
	l.failItem(at, key, name, fmt.Sprintf("%s: the field %s is not in ECS", key, name), nearField(name)).Warning = true
}

// words returns what warns of unknown words in a query.
func (l *bookLinter) words(at tableAt, key, text string) *words {
	warn := func(span eql.Span, message, hint string) {
		l.inQuery(at, key, text, span, message, hint).Warning = true
	}
	return &words{query: text, warn: warn, known: isLogged, told: map[string]bool{}}
}

func (l *bookLinter) condition(at tableAt, key, text string, e eql.Expr) {
	if l != nil {
		l.words(at, key, text).exprs(e)
	}
}

// template warns of unknown words in a query and of unknown fields among its parameters.
func (l *bookLinter) template(at tableAt, key string, t *eql.Template, bound *eql.EventQuery) {
	if l == nil {
		return
	}
	w := l.words(at, key, t.Source())
	for _, param := range t.Params() {
		w.field(&eql.Field{Name: param.Name, At: param.At})
	}
	w.filter(&bound.Filter)
}

// auditFields are the members of an audit event of the Kubernetes API, by the schema of
// audit.k8s.io/v1. Playbooks ask for them by the names that they have there.
var auditFields = []string{
	"annotations", "apiVersion", "auditID", "impersonatedUser", "kind", "level", "objectRef", "requestObject",
	"requestReceivedTimestamp", "requestURI", "responseObject", "responseStatus", "sourceIPs", "stage", "stageTimestamp",
	"user.extra", "user.groups", "user.uid", "user.username", "userAgent", "verb",
}

// recordedFields are what recorders of processes say that no list of fields has: Elastic
// Defend the ids of all parents, auditd whatever its records hold.
var recordedFields = []string{"process.Ext.ancestry", "auditd.data"}

// isLogged reports whether logs have a field, or what it is below, that neither ECS nor the
// list of fields outside it has.
func isLogged(name string) bool {
	among := func(names []string, name string) bool {
		return slices.ContainsFunc(names, func(f string) bool {
			rest, ok := strings.CutPrefix(name, f)
			return ok && (rest == "" || rest[0] == '.')
		})
	}
	return among(recordedFields, name) || among(auditFields, strings.TrimPrefix(name, "kubernetes.audit."))
}

// builtin lints what comes with kscan.
func (l *loader) builtin() {
	entries, err := builtin.Files.ReadDir(".")
	if err != nil {
		l.fail(builtinPath, err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if !isRuleFile(name) && !isPlaybookFile(name) {
			continue
		}
		data, err := builtin.Files.ReadFile(name)
		switch {
		case err != nil:
			l.fail(builtinPath, err)
		case isRuleFile(name):
			l.data(builtinPath, data, true)
		default:
			l.books.data(builtinPath, data, below)
		}
	}
}

// belonging warns of playbooks for none of the rules, if it is certain which these are,
// and of playbooks for the same rule.
func (l *loader) belonging() {
	first := map[string]*loadedBook{}
	for _, b := range l.books.read {
		if b.Playbook == nil || b.RuleID == "" {
			continue
		}
		if len(l.rules) > 0 && !l.problems.Fatal() && (b.from > neighbour || l.named(b)) {
			b.stranger(l.rules)
		}
		if b.from == below && len(l.rules) > 0 && !l.besideRule(b) {
			b.warn("no rule lies in this folder: a scan does not load the playbook by itself", "put it beside its rule, or name it with --playbooks")
		}
		key := b.RuleID
		if b.from == given {
			key += " given" // these go before those beside the rules, as is meant
		}
		if other := first[key]; other != nil {
			b.warn(fmt.Sprintf("rule_id %s is also that of %s", b.RuleID, other.Path), "only one of the two is used")
		}
		first[key] = b
	}
}

// named reports whether a playbook has the name of a rule that was read.
func (l *loader) named(b *loadedBook) bool {
	return l.files[filepath.Clean(strings.TrimSuffix(b.Path, playbookSuffix)+".toml")]
}

// besideRule reports whether a rule that was read lies in the folder of a playbook.
func (l *loader) besideRule(b *loadedBook) bool {
	return slices.ContainsFunc(l.rules, func(r *Rule) bool {
		return r.Path == builtinPath || filepath.Dir(r.Path) == filepath.Dir(b.Path)
	})
}

// warn notes a warning at the playbook's rule_id.
func (b *loadedBook) warn(message, hint string) {
	b.parser.fail(tableAt{}, "rule_id", message, hint).Warning = true
}

// stranger warns if a playbook is for none of the rules.
func (b *loadedBook) stranger(rules []*Rule) {
	if b.Playbook == nil {
		return
	}
	ids := []string{}
	for _, r := range rules {
		if r.ID == b.RuleID {
			return
		}
		ids = append(ids, r.ID)
	}
	hint := ""
	if near, ok := eql.Nearest(b.RuleID, ids); ok {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	b.warn(fmt.Sprintf("the playbook is for rule %s, which is not loaded", b.RuleID), hint)
}
