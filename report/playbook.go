package report

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"

	"kscan/report/safe"
	"kscan/report/triage"
)

// playbook writes the steps of a rule's playbook with what was found for a group. The
// words of the steps stand under the first group alone.
func (p *page) playbook(n int, g *triage.Group) {
	for i := range g.Steps {
		s := &g.Steps[i]
		p.blank()
		p.text(groupIndent, p.look.heading, fmt.Sprintf("%d. %s", i+1, safe.Text(safe.Clip(s.Step.Title, maxCell))))
		before := p.b.Len()
		if n == 1 && s.Step.Text != "" {
			width := p.width
			p.width = min(p.width, maxTextWidth)
			p.text(stepIndent, p.look.label, safe.Text(s.Step.Text))
			p.width = width
		}
		p.recorded(s.Fields)
		p.destinations(s.Destinations)
		for _, note := range s.Notes {
			p.note(g, note)
		}
		for j := range s.Lookups {
			if s.Lookups[j].Status == triage.Found {
				p.lookup(n, g, &s.Lookups[j])
			}
		}
		p.nothing(s.Lookups)
		p.response(s.Response)
		if p.b.Len() == before {
			p.text(stepIndent, p.look.label, emptyStep(n, s))
		}
	}
}

// emptyStep says why nothing stands under the title of a step.
func emptyStep(n int, s *triage.StepAnswer) string {
	switch {
	case slices.ContainsFunc(s.Lookups, func(l triage.Lookup) bool { return l.Status == triage.NotLookedUp }):
		return "not looked up"
	case n > 1 && s.Step.Text != "":
		return "as under 1"
	}
	return "nothing is known of it"
}

const (
	// stepIndent is how far what belongs to a step stands under its title.
	stepIndent = groupIndent + 3
	// eventIndent is how far found events stand under their label.
	eventIndent = stepIndent + 2
)

// recorded writes the values of a step's fields, those that there are.
func (p *page) recorded(answers []triage.Answer) {
	var have []triage.Answer
	for _, a := range answers {
		if len(a.Seen) > 0 {
			have = append(have, a)
		}
	}
	p.answers(stepIndent, have)
}

// note writes a condition that held.
func (p *page) note(g *triage.Group, n triage.Note) {
	mark, style := "- ", p.look.plain
	switch {
	case n.Change > 0:
		mark, style = "▲ ", p.look.bad
	case n.Change < 0:
		mark, style = "▼ ", p.look.good
	}
	text := safe.Text(safe.Clip(n.Reason, maxDetail))
	if n.Label != "" {
		text = strings.TrimSuffix(safe.Text(safe.Clip(n.Label, maxCell))+": "+text, ": ")
	}
	if n.Hits < g.Count {
		text += fmt.Sprintf(" (%s of %s)", triage.Number(n.Hits), count(g.Count, "hit"))
	}
	p.hanging(strings.Repeat(" ", stepIndent)+p.look.paint(style, mark), p.look.plain, text)
}

// maxDestinations is how many addresses of a group the text shows.
const maxDestinations = 12

// destinations writes whose the addresses are that were reached.
func (p *page) destinations(list []*triage.Destination) {
	if len(list) == 0 {
		return
	}
	address, port := column{title: "ADDRESS"}, column{title: "PORT", fixed: true}
	hits, owner := column{title: "HITS", right: true, fixed: true}, column{title: "WHOSE IT IS"}
	for _, d := range list[:min(len(list), maxDestinations)] {
		address.cells = append(address.cells, cell(d.Address))
		port.cells = append(port.cells, cell(strings.Join(d.Ports, ", ")))
		hits.cells = append(hits.cells, triage.Number(d.Count))
		owner.cells = append(owner.cells, p.ownerText(d))
	}
	p.table(stepIndent, []column{address, port, hits, owner})
	if more := len(list) - maxDestinations; more > 0 {
		p.text(stepIndent, p.look.label, "… and "+count(int64(more), "more address")+"; the JSON report (-f json) has all")
	}
}

func (p *page) ownerText(d *triage.Destination) string {
	if d.Owner == triage.OwnerUnknown && !p.lookedUp {
		return "not known: the logs were not looked up for it"
	}
	name := safe.Text(safe.Clip(d.Name, maxCell))
	text := map[triage.Owner]string{
		triage.OwnerLoopback:  "this node itself, by loopback",
		triage.OwnerSelf:      "this host, " + name,
		triage.OwnerNode:      "node " + name,
		triage.OwnerHost:      "host " + name,
		triage.OwnerPod:       "a pod on node " + name,
		triage.OwnerLinkLocal: "link-local",
		triage.OwnerPublic:    "a public address",
		triage.OwnerUnknown:   "not known, to these logs or to --nodes FILE",
	}[d.Owner]
	if s := d.Source; s != nil {
		text += " (" + place(s.Source, s.Member, s.Line, s.Offset) + ")"
	}
	return text
}

// nothing writes the questions to which nothing was found, those together that there is
// the same to say of.
func (p *page) nothing(lookups []triage.Lookup) {
	var texts []string
	labels := map[string][]string{}
	for i := range lookups {
		l := &lookups[i]
		if l.Status == triage.Found || l.Status == triage.NotLookedUp && l.Beyond == 0 { // that is said once, at the top
			continue
		}
		text := l.Text
		if l.Beyond > 0 {
			text += "; " + beyond(l)
		}
		if l.Note != "" {
			text += "; " + l.Note
		}
		if labels[text] == nil {
			texts = append(texts, text)
		}
		labels[text] = append(labels[text], safe.Text(safe.Clip(l.Label, maxCell)))
	}
	for _, text := range texts {
		style := p.look.label
		if strings.HasPrefix(text, "the logs hold no ") {
			style = p.look.bad
		}
		p.hanging(strings.Repeat(" ", stepIndent)+"- ", style, strings.Join(labels[text], "; ")+": "+safe.Text(safe.Clip(text, maxDetail)))
	}
}

// beyond says of how many hits the values were not looked up.
func beyond(l *triage.Lookup) string {
	return count(l.Beyond, "more hit") + " with other values: there are too many to look up each"
}

// lookup writes what a query found.
func (p *page) lookup(n int, g *triage.Group, l *triage.Lookup) {
	text := count(l.Count, "event")
	mark := "- "
	if l.Change > 0 {
		mark = p.look.paint(p.look.bad, "▲ ")
	}
	prefix := strings.Repeat(" ", stepIndent) + mark
	if before := p.toldUnder(n, l); before != n {
		text += fmt.Sprintf(", as under %d", before)
		p.hanging(prefix, p.look.plain, safe.Text(safe.Clip(l.Label, maxCell))+": "+text)
		p.answerNote(l)
		return
	}
	p.hanging(prefix, p.look.plain, safe.Text(safe.Clip(l.Label, maxCell))+": "+text)
	for _, e := range l.Events {
		p.event(g, e)
	}
	for i, t := range l.Tally {
		if i == maxTallies {
			break
		}
		p.tally(l, t)
	}
	more := l.Other
	for _, t := range l.Tally[min(len(l.Tally), maxTallies):] {
		more += t.Count
	}
	if len(l.Tally) == 0 {
		more = l.Count - int64(len(l.Events))
	}
	if more > 0 {
		p.text(eventIndent, p.look.label, "… and "+triage.Number(more)+" more")
	}
	p.answerNote(l)
	if l.Beyond > 0 {
		p.text(eventIndent, p.look.bad, beyond(l))
	}
}

// answerNote writes what more there is to say of an answer.
func (p *page) answerNote(l *triage.Lookup) {
	if l.Note != "" {
		p.text(eventIndent, p.look.plain, safe.Text(safe.Clip(l.Note, maxDetail)))
	}
}

// toldUnder returns the group under which the same was told in full: n if it was not.
func (p *page) toldUnder(n int, l *triage.Lookup) int {
	if len(l.Events)+len(l.Tally) == 0 || l.Beyond > 0 {
		return n
	}
	var key strings.Builder
	fmt.Fprintf(&key, "%q %d %d", l.Label, l.Count, l.Other)
	for _, e := range l.Events {
		fmt.Fprintf(&key, " %q", place(e.Evidence.Source, e.Evidence.Member, e.Evidence.Line, e.Evidence.Offset))
	}
	for _, t := range l.Tally {
		fmt.Fprintf(&key, " %q %d", t.Values, t.Count)
	}
	if before, known := p.told[key.String()]; known {
		return before
	}
	if len(p.told) < maxTold {
		p.told[key.String()] = n
	}
	return n
}

// maxTold is how many answers are remembered: those of the groups that have details.
const maxTold = maxDetails * 100

// maxTallies is how many rows of a count the text shows.
const maxTallies = 8

// event writes one found event: when, what and where, the host only if it is another than
// the group's.
func (p *page) event(g *triage.Group, e *triage.FoundEvent) {
	when := "no time"
	if !e.Time.IsZero() {
		when = timeText(e.Time)
	}
	text := eventText(e.Values)
	where := place(e.Evidence.Source, e.Evidence.Member, e.Evidence.Line, e.Evidence.Offset)
	if e.Host != "" && e.Host != g.Key.Host {
		where = safe.Text(safe.Clip(e.Host, maxCell)) + ", " + where
	}
	prefix := strings.Repeat(" ", eventIndent) + p.look.paint(p.look.label, when) + "  "
	width := lipgloss.Width(prefix)
	if columns(text)+width+2+columns(where) <= p.width {
		p.line(prefix + text + "  " + p.look.paint(p.look.label, where))
		return
	}
	p.hanging(prefix, p.look.plain, text)
	p.hanging(strings.Repeat(" ", width), p.look.label, where)
}

// maxEventValue is how many characters of a value of a found event the text shows.
const maxEventValue = 200

// fieldWords are what the text calls the fields of found events; fields with "" say
// themselves.
var fieldWords = map[string]string{
	"process.executable": "", "process.args": "", "process.command_line": "", "file.path": "",
	"verb":               "",
	"objectRef.resource": "", "objectRef.subresource": "", "process.parent.executable": "parent",
	"process.parent.pid": "parent pid", "process.working_directory": "in", "process.pid": "pid", "user.name": "user",
	"user.username": "user", "destination.ip": "to", "destination.port": "port", "objectRef.namespace": "namespace",
	"objectRef.name": "name", "responseStatus.code": "status", "sourceIPs": "from",
}

// eventText is what a found event says: what needs no name first.
func eventText(values []triage.Answer) string {
	text := mainText(values)
	isRequest := request(values) != ""
	var named []string
	for _, a := range values {
		field := strings.TrimPrefix(a.Field, triage.KubernetesPrefix)
		if isRequest && slices.ContainsFunc(requestParts, func(p requestPart) bool { return p.field == field }) {
			continue
		}
		value := safe.Text(safe.Clip(strings.Join(a.Seen, ", "), maxEventValue))
		switch word, known := fieldWords[field]; {
		case !known:
			named = append(named, safe.Text(safe.Clip(a.Field, maxCell))+" "+value)
		case word != "":
			named = append(named, word+" "+value)
		}
	}
	if len(named) > 0 {
		text = strings.TrimSpace(text + " (" + strings.Join(named, ", ") + ")")
	}
	if text == "" {
		return "an event"
	}
	return text
}

// mainText is what of a found event needs no name: a command, a path, a request. A path
// that the command begins with is not said again.
func mainText(values []triage.Answer) string {
	if text := request(values); text != "" {
		return text
	}
	var plain []string
	for _, a := range values {
		if word, known := fieldWords[a.Field]; !known || word != "" {
			continue
		}
		text := safe.Text(safe.Clip(strings.Join(a.Seen, ", "), maxEventValue))
		if !slices.ContainsFunc(plain, func(p string) bool { return p == text || strings.HasPrefix(p, text+" ") }) {
			plain = append(plain, text)
		}
	}
	return strings.Join(plain, " | ")
}

// requestPart is a field of a request to the Kubernetes API with what stands before it.
type requestPart struct{ field, word string }

// requestParts are what a request says, in the order of a sentence: "create pods/exec
// NAME in NAMESPACE by USER, status 101".
var requestParts = []requestPart{
	{"verb", ""}, {"objectRef.resource", " "}, {"objectRef.subresource", "/"}, {"objectRef.name", " "},
	{"objectRef.namespace", " in "}, {"user.username", " by "}, {"responseStatus.code", ", status "},
}

// requestText puts the fields of a request together, "" if they are none of one.
func requestText(of map[string]string) (text string) {
	if of["verb"] == "" || of["objectRef.resource"] == "" {
		return ""
	}
	for _, part := range requestParts {
		if value := of[part.field]; value != "" {
			text += part.word + safe.Text(safe.Clip(value, maxEventValue))
		}
	}
	return text
}

// request is the request that a found event is, "" if it is none.
func request(values []triage.Answer) string {
	of := map[string]string{}
	for _, a := range values {
		of[strings.TrimPrefix(a.Field, triage.KubernetesPrefix)] = strings.Join(a.Seen, ", ")
	}
	return requestText(of)
}

// tally writes one row of a count.
func (p *page) tally(l *triage.Lookup, t *triage.Tally) {
	var parts []string
	for i, v := range t.Values {
		if v == "" {
			if i > 0 || slices.Contains(l.CountBy, triage.KubernetesPrefix+l.CountBy[0]) {
				continue // said by the others
			}
			v = "no " + safe.Clip(l.CountBy[i], maxCell)
		}
		parts = append(parts, safe.Text(safe.Clip(v, maxEventValue)))
	}
	number := fmt.Sprintf("%6s × ", triage.Number(t.Count))
	text := strings.Join(parts, " | ")
	of := map[string]string{}
	for i, field := range l.CountBy {
		of[strings.TrimPrefix(field, triage.KubernetesPrefix)] += t.Values[i] // one of the two is empty
	}
	if request := requestText(of); request != "" {
		text = request
	}
	where := "first " + place(t.First.Source, t.First.Member, t.First.Line, t.First.Offset)
	prefix := strings.Repeat(" ", eventIndent) + p.look.paint(p.look.label, number)
	width := lipgloss.Width(prefix)
	if columns(text)+width+2+columns(where) <= p.width {
		p.line(prefix + text + "  " + p.look.paint(p.look.label, where))
		return
	}
	p.hanging(prefix, p.look.plain, text)
	p.hanging(strings.Repeat(" ", width), p.look.label, where)
}
