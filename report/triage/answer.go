package triage

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"kscan/rule"
	"kscan/scan"
)

// StepAnswer is a step of a playbook, answered for one group.
type StepAnswer struct {
	Step    *rule.PlaybookStep
	Fields  []Answer // the values of the fields that the step shows
	Notes   []Note
	Lookups []Lookup
	// Destinations is the answer of the analysis of that name.
	Destinations []*Destination
	// Response is the answer of the analysis of that name; else nil.
	Response *Remedy
}

// LookupStatus says what came of a query for evidence. It is part of the JSON output.
type LookupStatus string

// The statuses.
const (
	Found        LookupStatus = "found"
	NotFound     LookupStatus = "not_found"    // there was where to look, and nothing was there
	NoTelemetry  LookupStatus = "no_telemetry" // the logs do not hold what would show it
	Unanswerable LookupStatus = "unanswerable" // the hits lack a value that the query needs
	NotLookedUp  LookupStatus = "not_looked_up"
)

// Lookup is what came of one query for evidence.
type Lookup struct {
	Label  string
	Query  string // in EQL, with its parameters
	Status LookupStatus
	Text   string // the status in words, with its reason
	Count  int64  // events found
	Events []*FoundEvent
	Tally  []*Tally // in place of Events where they are counted
	// CountBy names the fields that the values of Tally are of.
	CountBy []string
	Other   int64 // events that are in no tally because there are too many different ones
	Beyond  int64 // hits whose values were not looked up because there are too many
	Change  int   // of the priority if anything was found
	Reason  string
	Note    string // what more there is to say of the answer, "" if nothing
}

// NotInvestigated says why nothing was looked up. Texts of a case stand for themselves.
const (
	ReasonOff   = "not looked up: --no-investigate"
	ReasonStdin = "not looked up: standard input cannot be read a second time; save it to a file"
	ReasonEnded = "not looked up: the run was interrupted"
)

// Probe returns what looks up the evidence for the groups so far; nil if there is
// nothing to look up. Answer takes it after the second pass.
func (c *Collector) Probe() *Probe {
	p := newProbe()
	lookups := map[*rule.Evidence]*lookup{}
	for _, r := range c.order {
		for _, g := range r.rule.Groups {
			g.bind(p, r.rule.Rule, lookups)
			if asksWhose(r.rule.Rule.Playbook) {
				p.destinations.want(g, c.nodes)
			}
		}
	}
	if p.bound == 0 {
		return nil
	}
	p.ready()
	p.notes = p.maySkip()
	return p
}

// asksWhose reports whether a playbook asks whose the destinations are.
func asksWhose(b *rule.Playbook) bool {
	return b != nil && slices.ContainsFunc(b.Steps, func(s rule.PlaybookStep) bool { return s.Analysis == rule.Destination })
}

// bind adds the group's queries to the probe.
func (g *Group) bind(p *Probe, r *rule.Rule, lookups map[*rule.Evidence]*lookup) {
	g.each(r, func(e *rule.Evidence, request *request) {
		l := lookups[e]
		if l == nil {
			l = p.lookup(e)
			lookups[e] = l
		}
		for _, t := range request.tuples {
			b := p.bind(l, t)
			if b == nil {
				request.beyond++
				continue
			}
			l.telemetry.ask(e.Host, t.host)
			if !slices.ContainsFunc(request.bound, func(o *bound) bool { return *o == *b }) {
				request.bound = append(request.bound, b)
			}
			l.values.of(l.spec, t.host).add(t)
		}
	})
}

// each calls f with each evidence query of the rule's playbook and what the group asks.
func (g *Group) each(r *rule.Rule, f func(*rule.Evidence, *request)) {
	if r.Playbook == nil {
		return
	}
	n := 0
	for i := range r.Playbook.Steps {
		for j := range r.Playbook.Steps[i].Evidence {
			if n < len(g.requests) {
				f(&r.Playbook.Steps[i].Evidence[j], &g.requests[n])
			}
			n++
		}
	}
}

// Answer fills the answers of all groups in. A nil probe means that nothing was looked
// up, for the reason given.
func (c *Collector) Answer(p *Probe, second *scan.Summary, reason string) {
	if second != nil {
		c.second = second
		if second.Interrupted {
			p, reason = nil, ReasonEnded
		}
	}
	if p != nil {
		c.unnoted = p.noted.beyond
	}
	for _, r := range c.order {
		ports := r.rule.ports()
		for _, g := range r.rule.Groups {
			if len(g.requests) > 0 {
				c.unanswered = reason
			}
			g.answer(r.rule, p, reason, c.nodes, ports)
		}
	}
	c.answered = true
}

func (g *Group) answer(of *Rule, p *Probe, reason string, nodes *Nodes, ports []string) {
	r := of.Rule
	if r.Playbook == nil {
		return
	}
	n := 0
	for i := range r.Playbook.Steps {
		step := &r.Playbook.Steps[i]
		a := StepAnswer{Step: step, Fields: g.stepFields(step)}
		for j := range step.Conditions {
			c := &step.Conditions[j]
			if hits := g.held[i][j]; hits > 0 {
				a.Notes = append(a.Notes, Note{c.Label, c.Reason, c.Change, hits})
			}
		}
		for j := range step.Evidence {
			a.Lookups = append(a.Lookups, g.answerOf(&step.Evidence[j], &g.requests[n], p, reason))
			n++
		}
		if step.Analysis == rule.Destination {
			var known map[netip.Addr]hostAddress
			if p != nil {
				known = p.destinations.hosts
			}
			a.Destinations = g.destinations(nodes, known)
			a.Notes = append(a.Notes, g.sweep()...)
			g.odd(&a)
		}
		g.Steps = append(g.Steps, a)
	}
	for i := range g.Steps {
		if g.Steps[i].Step.Analysis == rule.Response {
			g.Steps[i].Response = g.response(ports)
		}
	}
	g.requests, g.held = nil, nil
	g.reassess(r)
}

// sweep notes that a group reached many addresses.
func (g *Group) sweep() []Note {
	n := g.Addresses()
	if n < sweepAddresses {
		return nil
	}
	return []Note{{Label: "a sweep", Reason: fmt.Sprintf("the process tried %d addresses", n), Change: 1, Hits: g.Count}}
}

func (g *Group) stepFields(step *rule.PlaybookStep) (answers []Answer) {
	for _, field := range step.Fields {
		for _, name := range g.expand(field) {
			a := Answer{Field: name}
			if v := g.values[name]; v != nil {
				a.Values = *v
			}
			answers = append(answers, a)
		}
	}
	return answers
}

// answerOf puts together what the queries for one group came to.
func (g *Group) answerOf(e *rule.Evidence, r *request, p *Probe, reason string) Lookup {
	l := Lookup{Label: e.Label, Query: e.Query.Source(), CountBy: e.CountBy, Beyond: r.beyond, Change: e.Change, Reason: e.Reason}
	switch {
	case len(r.tuples) == 0 && len(r.missing) > 0:
		l.Status, l.Text = Unanswerable, "not answerable: the hit has no "+strings.Join(r.missing, " and no ")
		return l
	case p == nil:
		l.Status, l.Text = NotLookedUp, reason
		return l
	case len(r.bound) == 0:
		l.Status, l.Text = NotLookedUp, "not looked up: there are too many hits with different values"
		return l
	}
	var all found
	for _, b := range r.bound {
		f := *b.found()
		f.latest(e.Last)
		all.merge(&f, &rule.Evidence{Max: maxMerged})
	}
	all.events = slices.CompactFunc(all.events, func(a, b *FoundEvent) bool { return a.order == b.order && a.Evidence.Offset == b.Evidence.Offset })
	if len(r.bound) > 1 && all.count <= int64(e.Max) {
		all.count = int64(len(all.events)) + tallied(&all)
	}
	if e.Follow {
		l.Note = p.followed(e).follow(g, r, &all)
	}
	l.Count, l.Events, l.Other = all.count, all.events, all.other
	if n := len(all.events) - e.Max; n > 0 && e.Follow {
		l.Events = all.events[n:] // the nearest parents
	} else if n > 0 {
		l.Events = all.events[:e.Max]
	}
	p.tally(&l, &all, e.Max)
	l.Status, l.Text = p.status(e, r, l.Count)
	if l.Status == Found && r.loose(e) {
		l.Note = join("; ", l.Note, e.Caveat)
	}
	return l
}

// tally puts the rows of a count into an answer, the greatest first: all while there is
// room for the rows of all answers, and at least those to show.
func (p *Probe) tally(l *Lookup, all *found, show int) {
	for _, key := range all.order {
		l.Tally = append(l.Tally, all.tally[key])
	}
	slices.SortStableFunc(l.Tally, func(a, b *Tally) int {
		return cmp.Or(-cmp.Compare(a.Count, b.Count), slices.Compare(a.Values, b.Values))
	})
	if len(l.Tally) > max(p.rows, show) {
		for _, t := range l.Tally[max(p.rows, show):] {
			l.Other += t.Count
		}
		l.Tally = slices.Clone(l.Tally[:max(p.rows, show)])
	}
	p.rows = max(p.rows-len(l.Tally), 0)
}

// latest leaves the last n events, or all if n is 0. Those that were too many to be kept
// are the latest, so what is then left is all that is known.
func (f *found) latest(n int) {
	if n == 0 || f.count > int64(len(f.events)) {
		return
	}
	f.events = f.events[max(0, len(f.events)-n):]
	f.count = int64(len(f.events))
}

// maxMerged is how many events of the queries of one group are put together.
const maxMerged = 1000

func tallied(f *found) (n int64) {
	for _, t := range f.tally {
		n += t.Count
	}
	return n + f.other
}

// status says whether there was anything, and if not what that means.
func (p *Probe) status(e *rule.Evidence, r *request, count int64) (LookupStatus, string) {
	if count > 0 {
		return Found, fmt.Sprintf("%s found", Number(count))
	}
	hosts := p.byTelemetry[e.Telemetry.Source()].seen
	if len(hosts) == 0 {
		return NoTelemetry, "the logs hold no " + e.TelemetryName
	}
	var names []string
	for _, b := range r.bound {
		if e.Host == rule.SameHost && !hosts[b.host] {
			names = appendNew(names, []string{b.host.String()}, maxSeen)
		}
	}
	if len(names) > 0 {
		return NoTelemetry, "the logs hold no " + e.TelemetryName + " of " + strings.Join(names, ", ")
	}
	if e.Host == rule.OtherHost && len(hosts) == 1 && hosts[r.bound[0].host] {
		return NoTelemetry, "the logs hold no " + e.TelemetryName + " of another host"
	}
	text := "looked for and not found"
	if e.Absent != "" {
		text += ": " + e.Absent
	}
	return NotFound, text
}
