package triage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"kscan/readers/event"
)

// maxMoments is how many moments a rule's story has: those of its groups in the order of
// their priority.
const maxMoments = 500

// Moment is one event of what happened, with what it says of which groups.
type Moment struct {
	Time     time.Time
	Host     string
	Evidence event.Evidence
	// Hits is the group whose first hit this is; nil if it was looked up.
	Hits   *Group
	Values []Answer // of an event that was looked up, as FoundEvent has them
	Says   []Saying
}

// Saying is a question and the groups for which the event is an answer to it.
type Saying struct {
	Label  string
	Groups []*Group
	Raises bool // their priority
}

// story puts the hits of all groups and the events that were found for them in the order
// of time. Counts are no part of it, nor is what has no time.
func (r *Rule) story() {
	places := map[string]*Moment{}
	for _, g := range r.Groups {
		if len(g.Steps) == 0 || len(r.Story) >= maxMoments {
			break
		}
		if !g.First.IsZero() {
			r.Story = append(r.Story, &Moment{Time: g.First, Host: g.Key.Host, Evidence: g.FirstEvidence, Hits: g})
		}
		for i := range g.Steps {
			for j := range g.Steps[i].Lookups {
				r.tell(g, &g.Steps[i].Lookups[j], places)
			}
		}
	}
	slices.SortStableFunc(r.Story, func(a, b *Moment) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Evidence.Source, b.Evidence.Source), cmp.Compare(a.Evidence.Line, b.Evidence.Line))
	})
}

// tell adds the events that answer a question about a group.
func (r *Rule) tell(g *Group, l *Lookup, places map[string]*Moment) {
	for _, e := range l.Events {
		if e.Time.IsZero() {
			continue
		}
		place := fmt.Sprintf("%q%q%d %d", e.Evidence.Source, e.Evidence.Member, e.Evidence.Line, e.Evidence.Offset)
		m := places[place]
		if m == nil {
			if len(r.Story) >= maxMoments {
				return
			}
			m = &Moment{Time: e.Time, Host: e.Host, Evidence: e.Evidence}
			places[place] = m
			r.Story = append(r.Story, m)
		}
		if len(e.Values) > len(m.Values) {
			m.Values = e.Values
		}
		m.say(l.Label, l.Change > 0, g)
	}
}

func (m *Moment) say(label string, raises bool, g *Group) {
	i := slices.IndexFunc(m.Says, func(s Saying) bool { return s.Label == label })
	if i < 0 {
		i = len(m.Says)
		m.Says = append(m.Says, Saying{Label: label, Raises: raises})
	}
	if !slices.Contains(m.Says[i].Groups, g) {
		m.Says[i].Groups = append(m.Says[i].Groups, g)
	}
}

// lineage notes which groups are of processes that another group's process started.
func (r *Rule) lineage() {
	byStart := map[*start][]*Group{}
	for _, g := range r.Groups {
		for n := range g.own {
			byStart[n] = append(byStart[n], g)
		}
	}
	for _, g := range r.Groups {
		for n := range g.parents {
			for _, parent := range byStart[n] {
				if parent != g && !slices.Contains(g.StartedBy, parent) {
					g.StartedBy = append(g.StartedBy, parent)
				}
			}
		}
	}
	place := func(g *Group) int { return slices.Index(r.Groups, g) }
	for _, g := range r.Groups {
		slices.SortFunc(g.StartedBy, func(a, b *Group) int { return cmp.Compare(place(a), place(b)) })
		for _, parent := range g.StartedBy {
			parent.Started = append(parent.Started, g)
		}
	}
}

// company says which other programs do what a count is of, and on how many hosts: whether
// the group's program is the odd one out. It is "" for a count by other fields.
func (g *Group) company(l *Lookup) string {
	program, host := slices.Index(l.CountBy, "process.executable"), slices.Index(l.CountBy, "host.name")
	if program < 0 || host < 0 || len(l.Tally) == 0 || g.Key.Process == "" {
		return ""
	}
	hosts := map[string]map[string]bool{}
	var own int64
	for _, t := range l.Tally {
		if t.Values[program] == g.Key.Process {
			own += t.Count
		}
		if hosts[t.Values[program]] == nil {
			hosts[t.Values[program]] = map[string]bool{}
		}
		hosts[t.Values[program]][t.Values[host]] = true
	}
	others, several := 0, 0
	for name, on := range hosts {
		if name == g.Key.Process || name == "" {
			continue
		}
		others++
		if len(on) > 1 {
			several++
		}
	}
	if others == 0 && l.Other == 0 {
		return "no other program is among them"
	}
	most, programs := "", "other programs are"
	if l.Other > 0 {
		most = "at least "
	}
	if others == 1 {
		programs = "other program is"
	}
	return fmt.Sprintf("%s%s %s among them, %s on several hosts; this one %s", most, Number(int64(others)), programs,
		Number(int64(several)), place(own, int64(len(hosts[g.Key.Process])), l.Count))
}

// place says on how many hosts a program is, and in how many of the events.
func place(own, hosts, all int64) string {
	switch {
	case own == 0:
		return "is not"
	case hosts == 1:
		return fmt.Sprintf("on one host alone, in %s of %s", Number(own), events(all, "events"))
	}
	return fmt.Sprintf("on %s hosts, in %s of %s", Number(hosts), Number(own), events(all, "events"))
}

// ports returns the ports that the groups of a rule reached.
func (r *Rule) ports() (ports []string) {
	for _, g := range r.Groups {
		for _, t := range g.Targets {
			ports = appendNew(ports, []string{t.Port}, maxConcerned)
		}
	}
	return ports
}

// odd adds to the counts of the step on destinations who else is counted.
func (g *Group) odd(a *StepAnswer) {
	for i := range a.Lookups {
		l := &a.Lookups[i]
		l.Note = strings.TrimPrefix(l.Note+"; "+g.company(l), "; ")
	}
}
