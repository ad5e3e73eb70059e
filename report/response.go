package report

import (
	"slices"
	"strings"

	"kscan/report/safe"
	"kscan/report/triage"
)

// response writes what is concerned, and the policy that cuts it off.
func (p *page) response(r *triage.Remedy) {
	if r == nil {
		return
	}
	p.concerned("hosts", r.Hosts)
	p.concerned("pods, containers", r.Workloads)
	p.concerned("accounts used", r.ServiceAccounts)
	p.concerned("nodes tried", r.Nodes)
	var lines []string
	for _, c := range r.Credentials {
		lines = append(lines, safe.Text(safe.Clip(c.What, maxDetail))+" ("+
			place(c.Evidence.Source, c.Evidence.Member, c.Evidence.Line, c.Evidence.Offset)+")")
	}
	p.responseField("replace", lines)
	switch {
	case r.Policy == "":
	case slices.Contains(p.policies, r.Policy):
		p.text(stepIndent, p.look.plain, "The NetworkPolicy printed above serves here too.")
	default:
		p.policies = append(p.policies, r.Policy)
		p.text(stepIndent, p.look.plain, "A NetworkPolicy for review, if it ran in a pod; kscan applies nothing, and docs/playbooks.md says what it cannot do:")
		for line := range strings.Lines(r.Policy) {
			p.hanging(strings.Repeat(" ", eventIndent), p.look.label, safe.Text(strings.TrimSuffix(line, "\n")))
		}
	}
}

// concerned writes a list on one line.
func (p *page) concerned(label string, names []string) {
	if len(names) == 0 {
		return
	}
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = safe.Text(safe.Clip(name, maxCell))
	}
	p.responseField(label, []string{strings.Join(texts, ", ")})
}

// responseWidth is the width of the labels of a response.
const responseWidth = len("pods, containers") + 2

func (p *page) responseField(label string, lines []string) {
	for _, line := range lines {
		p.entry(entry{indent: stepIndent, width: responseWidth, label: label, value: line})
		label = ""
	}
}
