package triage

import (
	"net/netip"
	"time"

	"kscan/readers/event"
	"kscan/rule"
	"kscan/rule/eval"
	"kscan/scan"
)

// Probe looks up the evidence that the playbooks of a case ask for. It is a scan.Probe.
type Probe struct {
	set          *eval.Set
	index        *eval.Index
	kinds        *eval.Kinds // of events; nil if too much tells them apart
	lookups      []*lookup
	queries      map[*eval.Program]*query
	telemetry    []*telemetry
	byTelemetry  map[string]*telemetry // by the text of the query
	byProgram    map[*eval.Program]*telemetry
	destinations *destinations
	interest     event.Interest
	slots        slots
	room         int64 // for process starts, in bytes
	noted        *noted
	notes        bool   // process starts
	fetched      blocks // that have something to find; nil if all are read
	rows         int    // of counts that there is room for in the answers
	bound        int    // queries with their values and windows
	beyond       int64  // not bound, for maxBound
}

// lookup is one evidence query of a playbook with all it is bound to.
type lookup struct {
	spec      *rule.Evidence
	telemetry *telemetry
	queries   map[string]*query // by their values
	values    hostValues        // of all of them
	show      []int             // slots of the fields
	countBy   []int
	starts    *starts            // that parents are followed through; nil for most
	origins   []*tuple           // whose parents are followed
	frames    map[hostKey]*frame // the spans of them, by host
}

// query is an evidence query with the values of some hits. What it is to find depends on
// the hits' windows, and on their hosts if only those count.
type query struct {
	lookup    *lookup
	questions map[hostKey][]*question // of the zero host unless only the hit's counts
	known     map[questionKey]*question
}

type questionKey struct {
	host     hostKey
	from, to int64 // milliseconds
}

// question is what a query finds in a window.
type question struct {
	query  *query
	window window
	found  found
	firsts firsts
}

// bound is what answers the query of some hits.
type bound struct {
	question *question
	host     hostKey // of the hits
}

// found returns what there is for the hits.
func (b *bound) found() *found {
	if b.question.query.lookup.spec.Host == rule.OtherHost {
		return b.question.found.except(b.host, b.question.query.lookup.spec.Max)
	}
	return &b.question.found
}

func newProbe() *Probe {
	return &Probe{
		set: eval.NewSet(), queries: map[*eval.Program]*query{}, byTelemetry: map[string]*telemetry{},
		byProgram: map[*eval.Program]*telemetry{}, destinations: newDestinations(), room: maxStarts, rows: maxRows, noted: newNoted(),
	}
}

// lookup adds an evidence query.
func (p *Probe) lookup(e *rule.Evidence) *lookup {
	l := &lookup{spec: e, queries: map[string]*query{}, values: hostValues{},
		telemetry: p.telemetryOf(e), starts: newStarts(e, &p.room), frames: map[hostKey]*frame{}}
	finder := p.set.Finder()
	for _, field := range e.Show {
		l.show = append(l.show, finder.Add(field))
	}
	for _, field := range e.CountBy {
		l.countBy = append(l.countBy, finder.Add(field))
	}
	p.lookups = append(p.lookups, l)
	return l
}

func (p *Probe) telemetryOf(e *rule.Evidence) *telemetry {
	source := e.Telemetry.Source()
	if t := p.byTelemetry[source]; t != nil {
		return t
	}
	t := newTelemetry(e.Telemetry.Bind(nil))
	p.byTelemetry[source] = t
	// The playbook's loader compiled it already.
	if program, err := p.set.Compile(t.query, eval.Options{MatchesOnly: true}); err == nil {
		p.byProgram[program] = t
	}
	p.telemetry = append(p.telemetry, t)
	return t
}

// bind adds the query with the values of a tuple; nil if there is no room for it.
func (p *Probe) bind(l *lookup, t *tuple) *bound {
	w := windowOf(l.spec, t)
	if l.starts != nil {
		l.widen(t.host, w)
		l.origins = append(l.origins, t)
		id := t.identity()
		l.starts.want(t.host, id.pid, id.entity)
		l.starts.want(t.host, id.parentPID, id.parentEntity)
	}
	key := questionKey{from: w.from.UnixMilli(), to: w.to.UnixMilli()}
	if l.spec.Host == rule.SameHost {
		key.host = t.host
	}
	q := l.queries[t.valueKey]
	if q != nil && q.known[key] != nil {
		return &bound{q.known[key], t.host}
	}
	if p.bound >= maxBound {
		p.beyond++
		return nil
	}
	if q == nil {
		program, err := p.set.Compile(l.spec.Query.Bind(t.lists()), eval.Options{MatchesOnly: true})
		if err != nil { // a value that the query cannot hold, such as no block of addresses
			p.beyond++
			return nil
		}
		q = &query{lookup: l, questions: map[hostKey][]*question{}, known: map[questionKey]*question{}}
		l.queries[t.valueKey] = q
		p.queries[program] = q
	}
	p.bound++
	found := &question{query: q, window: w}
	q.known[key] = found
	q.questions[key.host] = append(q.questions[key.host], found)
	return &bound{found, t.host}
}

// widen makes room for a window in the frame of a host.
func (l *lookup) widen(host hostKey, w window) {
	if l.frames[host] == nil {
		l.frames[host] = &frame{}
	}
	l.frames[host].widen(w)
}

// frame is what some windows lie in; open if one of them has no bounds.
type frame struct {
	from, to time.Time
	open     bool
}

func (f *frame) widen(w window) {
	f.open = f.open || w.from.IsZero()
	if !f.open {
		f.from, f.to = span(f.from, f.to, w.from, w.to)
	}
}

func (f *frame) has(t time.Time) bool {
	return f != nil && (f.open || !t.IsZero() && !t.Before(f.from) && !t.After(f.to))
}

// ready works out what events the probe wants.
func (p *Probe) ready() {
	p.slots.add(p.set.Finder())
	p.index, p.kinds = p.set.Index(), p.set.Kinds()
	p.interest = event.Interest{Needs: p.needs(), Finder: p.set.Finder()}

}

// needs are what an event must hold to answer anything; nil if there is no telling.
func (p *Probe) needs() []event.Need {
	all := [][]event.Need{{}}
	for _, l := range p.lookups {
		if l.starts != nil {
			all = append(all, l.startNeeds())
		}
		if len(l.queries) == 0 {
			continue
		}
		needs := l.needs()
		if needs == nil {
			return nil
		}
		all = append(all, needs)
	}
	for _, t := range p.telemetry {
		needs := t.needs()
		if needs == nil {
			return nil
		}
		all = append(all, needs)
	}
	return eval.Join(all...)
}

// Worker returns what looks at the events of one worker.
func (p *Probe) Worker() scan.ProbeWorker { return newProbeWorker(p) }

// Collect adds what a unit found.
func (p *Probe) Collect(unit scan.ProbeUnit, lines int64) {
	u := unit.(*probeUnit)
	if p.notes {
		p.noted.add(u, lines)
	}
	lines = p.noted.lines(u.at, lines)
	for _, t := range u.order {
		f := u.found[t]
		f.at(lines, int(u.at))
		t.found.merge(f, t.query.lookup.spec)
	}
	for l, list := range u.starts {
		l.starts.add(list, lines, int(u.at))
	}
	for addr, of := range u.addresses {
		of.evidence.Line += lines
		p.destinations.add(addr, of)
	}
}

// Reads implements scan.Probe.
func (p *Probe) Reads(order int64) (places []scan.BlockPlace, all bool) {
	if p.fetched == nil {
		return nil, true // while units are noted, which readers must not look at
	}
	if i, ok := p.noted.find(order); ok && p.noted.units[i].told {
		return p.noted.places(i, p.fetched), false
	}
	return nil, true
}

// destinations are the addresses of which the hosts are looked for.
type destinations struct {
	wanted map[netip.Addr]*destinationAddress
	set    *event.Set                 // of them
	hosts  map[netip.Addr]hostAddress // that have them, as their events say
}

// destinationAddress is an address of which the host is looked for.
type destinationAddress struct {
	addr  netip.Addr
	first firstOrder
}

func newDestinations() *destinations {
	return &destinations{wanted: map[netip.Addr]*destinationAddress{}, set: event.NewSet(), hosts: map[netip.Addr]hostAddress{}}
}

// want adds the destinations of a group that nothing else says the host of.
func (d *destinations) want(g *Group, n *Nodes) {
	for _, t := range g.Targets {
		addr, ok := event.ParseIP([]byte(t.Address))
		if !ok || addr.IsLoopback() || g.addresses[addr] || n != nil && n.addresses[addr] != "" {
			continue
		}
		if d.wanted[addr] == nil && len(d.wanted) < maxNodes {
			d.wanted[addr] = &destinationAddress{addr: addr}
			d.set.Add(addr.String())
		}
	}
}

// add notes whose an address is. Units come in the order of the input.
func (d *destinations) add(addr netip.Addr, of hostAddress) {
	if _, known := d.hosts[addr]; !known {
		d.hosts[addr] = of
	}
}
