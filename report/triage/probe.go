package triage

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/report/safe"
	"kscan/rule"
	"kscan/rule/eql"
	"kscan/rule/eval"
	"kscan/scan"
)

// maxTally is how many different sets of values an answer counts apart; the events of
// others are counted together.
const maxTally = 200

// FoundEvent is one event that answers a step.
type FoundEvent struct {
	Time     time.Time // zero if it has none
	Host     string
	Evidence event.Evidence
	Values   []Answer // of the fields to show, those that it has

	order int // of its unit in the input
}

// Tally counts the events that agree in some fields.
type Tally struct {
	Values []string // "" where an event has none
	Count  int64
	First  event.Evidence // the first of them in the input
}

// found is what one bound query came to, in a unit or in all.
type found struct {
	count  int64
	events []*FoundEvent
	tally  map[string]*Tally
	order  []string // keys of tally, as first seen
	other  int64    // events beyond maxTally
}

// bound is an evidence query with the values of some hits.
type bound struct {
	program *eval.Program
	window  window
	host    hostKey
	found   found
}

// lookup is one evidence query of a playbook with all it is bound to.
type lookup struct {
	spec      *rule.Evidence
	wide      *eval.Program // matches whatever any of the bound ones does; nil if it is not known
	telemetry int
	bound     []*bound
	byKey     map[string]*bound
	values    literals // that it is bound to
	// frames are what the windows lie in: by host if only events of the hit's host count,
	// else one for the zero host. An event outside them is not looked at.
	frames  map[hostKey]*frame
	show    []*event.Path
	countBy []*event.Path
	starts  *starts // that parents are followed through; nil for most
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

// admits reports whether an event at a time on a host may answer the question.
func (l *lookup) admits(t time.Time, host hostKey) bool {
	if l.spec.Host != rule.SameHost {
		host = hostKey{}
	}
	f := l.frames[host]
	return f != nil && (f.open || !t.IsZero() && !t.Before(f.from) && !t.After(f.to))
}

// telemetry says of which hosts there are events of some kind.
type telemetry struct {
	program *eval.Program
	hosts   map[hostKey]bool
}

// Probe looks up the evidence that the playbooks of a case ask for. It is a scan.Probe.
type Probe struct {
	wide, narrow *eval.Set
	lookups      []*lookup
	telemetry    []*telemetry
	byTelemetry  map[string]int
	addresses    map[netip.Addr]hostAddress // of the hosts, as their events say
	units        sync.Pool
	collected    int
	room         int64 // for process starts, in bytes
	queries      int   // bound queries
	beyond       int64 // not bound, for maxBound
}

func newProbe() *Probe {
	p := &Probe{wide: eval.NewSet(), narrow: eval.NewSet(), byTelemetry: map[string]int{},
		addresses: map[netip.Addr]hostAddress{}, room: maxStarts}
	p.units.New = func() any {
		u := &probeUnit{probe: p, wide: eval.NewScratch(), narrow: eval.NewScratch(), host: newEventHost()}
		for i, field := range originFields {
			u.origin[i] = event.NewPath(field)
		}
		return u
	}
	return p
}

// lookup adds an evidence query.
func (p *Probe) lookup(e *rule.Evidence) *lookup {
	l := &lookup{spec: e, byKey: map[string]*bound{},
		values: literals{map[string][]eql.Expr{}, map[string]bool{}}, frames: map[hostKey]*frame{}, telemetry: p.telemetryOf(e),
		starts: newStarts(e, &p.room)}
	for _, field := range e.Show {
		l.show = append(l.show, event.NewPath(field))
	}
	for _, field := range e.CountBy {
		l.countBy = append(l.countBy, event.NewPath(field))
	}
	p.lookups = append(p.lookups, l)
	return l
}

func (p *Probe) telemetryOf(e *rule.Evidence) int {
	source := e.Telemetry.Source()
	if i, ok := p.byTelemetry[source]; ok {
		return i
	}
	program, err := p.wide.Compile(e.Telemetry.Bind(nil), eval.Options{})
	if err != nil {
		return -1 // the playbook's loader compiled it already
	}
	p.byTelemetry[source] = len(p.telemetry)
	p.telemetry = append(p.telemetry, &telemetry{program: program, hosts: map[hostKey]bool{}})
	return len(p.telemetry) - 1
}

// bind adds the query with the values of a tuple; nil if there is no room for it.
func (p *Probe) bind(l *lookup, t *tuple) *bound {
	w := windowOf(l.spec, t)
	key := fmt.Sprintf("%s %d %d", t.key, w.from.UnixMilli(), w.to.UnixMilli())
	if b := l.byKey[key]; b != nil {
		return b
	}
	if p.queries >= maxBound {
		p.beyond++
		return nil
	}
	program, err := p.narrow.Compile(l.spec.Query.Bind(t.values), eval.Options{})
	if err != nil { // a value that the query cannot hold, such as no block of addresses
		p.beyond++
		return nil
	}
	p.queries++
	b := &bound{program: program, window: w, host: t.host}
	l.byKey[key] = b
	l.bound = append(l.bound, b)
	host := t.host
	if l.spec.Host != rule.SameHost {
		host = hostKey{}
	}
	if l.frames[host] == nil {
		l.frames[host] = &frame{}
	}
	l.frames[host].widen(w)
	return b
}

// ready compiles what tells the events that any query wants from the others.
func (p *Probe) ready() {
	for _, l := range p.lookups {
		if len(l.bound) == 0 {
			continue
		}
		if wide, err := p.wide.Compile(l.spec.Query.Widen(l.values.lists), eval.Options{}); err == nil {
			l.wide = wide // else it is asked one by one
		}
	}
}

// Unit returns what looks at the events of one unit.
func (p *Probe) Unit() scan.ProbeUnit {
	u := p.units.Get().(*probeUnit)
	u.found = map[*bound]*found{}
	u.starts = map[*lookup][]start{}
	u.seen = make([]map[hostKey]bool, len(p.telemetry))
	u.addresses = map[netip.Addr]hostAddress{}
	u.hosts = map[hostKey]bool{}
	u.weight = 0
	return u
}

// Collect adds what a unit found.
func (p *Probe) Collect(unit scan.ProbeUnit, lines int64) {
	u := unit.(*probeUnit)
	p.collected++
	for i, hosts := range u.seen {
		for h := range hosts {
			p.telemetry[i].hosts[h] = true
		}
	}
	for _, l := range p.lookups {
		for _, b := range l.bound {
			if f := u.found[b]; f != nil {
				b.found.merge(f, l.spec.Max, lines, p.collected)
			}
		}
		if l.starts != nil {
			l.starts.add(u.starts[l], lines, p.collected)
		}
	}
	for addr, of := range u.addresses {
		if _, known := p.addresses[addr]; !known && len(p.addresses) < maxNodes {
			of.evidence.Line += lines
			p.addresses[addr] = of
		}
	}
	u.found, u.starts, u.seen, u.addresses, u.hosts = nil, nil, nil, nil, nil
	p.units.Put(u)
}

func (f *found) merge(from *found, limit int, lines int64, order int) {
	f.count += from.count
	f.other += from.other
	for _, e := range from.events {
		if order > 0 { // of a unit; else its lines count from the start already
			e.Evidence.Line += lines
			e.order = order
		}
		f.events = insert(f.events, e, limit)
	}
	for _, key := range from.order {
		t := from.tally[key]
		known := f.tally[key]
		switch {
		case known != nil:
			known.Count += t.Count
		case len(f.order) >= maxTally:
			f.other += t.Count
		default:
			c := *t
			c.First.Line += lines
			f.put(key, &c)
		}
	}
}

func (f *found) put(key string, t *Tally) {
	if f.tally == nil {
		f.tally = map[string]*Tally{}
	}
	f.tally[key] = t
	f.order = append(f.order, key)
}

// probeUnit looks at the events of one unit.
type probeUnit struct {
	probe        *Probe
	wide, narrow *eval.Scratch
	host         *eventHost
	values       []*fastjson.Value
	found        map[*bound]*found
	starts       map[*lookup][]start
	origin       [len(originFields)]*event.Path
	seen         []map[hostKey]bool
	hosts        map[hostKey]bool // whose addresses were read
	addresses    map[netip.Addr]hostAddress
	weight       int64
}

// Weight returns about how many bytes the unit holds.
func (u *probeUnit) Weight() int64 { return u.weight }

// Event holds the queries against one event.
func (u *probeUnit) Event(e *event.Event, t time.Time) {
	p := u.probe
	host := u.host.of(e)
	if !u.hosts[host] {
		u.hostAddresses(host, e)
	}
	u.wide.Load(p.wide, e)
	for i, tel := range p.telemetry {
		if !u.seen[i][host] && tel.program.Matches(u.wide) {
			u.note(i, host)
		}
	}
	loaded := false
	for _, l := range p.lookups {
		if !l.admits(t, host) {
			continue
		}
		if l.starts != nil && p.telemetry[l.telemetry].program.Matches(u.wide) {
			u.start(l, e, t, host)
		}
		if l.wide != nil && !l.wide.Matches(u.wide) {
			continue
		}
		if !loaded {
			u.narrow.Load(p.narrow, e)
			loaded = true
		}
		u.ask(l, e, t, host)
	}
}

// hostAddresses keeps the addresses that a host's first event in the unit that has any
// gives it.
func (u *probeUnit) hostAddresses(host hostKey, e *event.Event) {
	u.values = u.host.addresses.Append(u.values[:0], e)
	if len(u.values) == 0 {
		return
	}
	host = hostKey{strings.Clone(host.name), strings.Clone(host.folder)}
	u.hosts[host] = true
	for _, v := range u.values {
		addr, ok := event.ParseIP([]byte(scalar(v)))
		if _, known := u.addresses[addr]; !ok || known || host.name == "" || addr.IsLoopback() || len(u.addresses) >= maxNodes {
			continue
		}
		evidence := e.Evidence
		evidence.EventID = strings.Clone(evidence.EventID)
		u.addresses[addr] = hostAddress{host, evidence}
		u.weight += 256
	}
}

func (u *probeUnit) note(i int, host hostKey) {
	if u.seen[i] == nil {
		u.seen[i] = map[hostKey]bool{}
	}
	u.seen[i][hostKey{strings.Clone(host.name), strings.Clone(host.folder)}] = true
}

// ask holds one query with all its values against the loaded event.
func (u *probeUnit) ask(l *lookup, e *event.Event, t time.Time, host hostKey) {
	for _, b := range l.bound {
		same := b.host == host
		if l.spec.Host == rule.SameHost && !same || l.spec.Host == rule.OtherHost && same {
			continue
		}
		if b.window.has(t) && b.program.Matches(u.narrow) {
			u.take(l, b, e, t, host)
		}
	}
}

// take keeps an event that a query matches.
func (u *probeUnit) take(l *lookup, b *bound, e *event.Event, t time.Time, host hostKey) {
	f := u.found[b]
	if f == nil {
		f = &found{}
		u.found[b] = f
	}
	f.count++
	evidence := e.Evidence
	evidence.EventID = strings.Clone(evidence.EventID)
	if len(l.countBy) > 0 {
		u.count(l, f, e, evidence)
		return
	}
	n := &FoundEvent{Time: t, Evidence: evidence}
	if len(f.events) == l.spec.Max && compareFound(n, f.events[len(f.events)-1]) >= 0 {
		return
	}
	n.Host = strings.Clone(host.name)
	for _, path := range l.show {
		if text := u.text(path, e); text != "" {
			n.Values = append(n.Values, Answer{path.Name(), Values{Seen: []string{text}}})
			u.weight += int64(len(text))
		}
	}
	u.weight += 256
	f.events = insert(f.events, n, l.spec.Max)
}

func (u *probeUnit) count(l *lookup, f *found, e *event.Event, evidence event.Evidence) {
	values := make([]string, len(l.countBy))
	for i, path := range l.countBy {
		values[i] = u.text(path, e)
	}
	key := strings.Join(values, "\x00")
	switch known := f.tally[key]; {
	case known != nil:
		known.Count++
	case len(f.order) >= maxTally:
		f.other++
	default:
		f.put(key, &Tally{Values: values, Count: 1, First: evidence})
		u.weight += int64(len(key)) + 256
	}
}

// text returns the values of a field, joined as a report shows them.
func (u *probeUnit) text(path *event.Path, e *event.Event) string {
	u.values = path.Append(u.values[:0], e)
	texts := make([]string, len(u.values))
	for i, v := range u.values {
		texts[i] = scalar(v)
	}
	if strings.HasSuffix(path.Name(), ".args") {
		return safe.Clip(commandLine(texts), maxValue)
	}
	return safe.Clip(strings.Join(slices.Compact(texts), ", "), maxValue)
}
