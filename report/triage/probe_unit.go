package triage

import (
	"math"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/report/safe"
	"kscan/rule"
	"kscan/rule/eval"
	"kscan/scan"
)

// addressField says what addresses a host has, idField what the event is called.
const (
	addressField = "host.ip"
	idField      = "event.id"
)

// slots are the numbers of the fields that the probe reads of each event.
type slots struct {
	host        [len(hostFields)]int
	origin      [len(originFields)]int
	address, id int
}

func (s *slots) add(f *event.Finder) {
	for i, field := range hostFields {
		s.host[i] = f.Add(field)
	}
	for i, field := range originFields {
		s.origin[i] = f.Add(field)
	}
	s.address, s.id = f.Add(addressField), f.Add(idField)
}

// probeWorker looks at the events of one worker.
type probeWorker struct {
	probe     *Probe
	scratch   *eval.Scratch
	hits      []eval.Hit
	kinds     *eval.KindTable[[]eval.Hit] // nil if events are not told apart by them
	questions []*question                 // that the event answers
	follows   []*lookup                   // that the event is a process start for
	key       []byte
	host      hostKey // of the last event
	source    string  // of which host.folder is the folder
	order     int64   // of the unit
	unit      *probeUnit
	noting    noting
}

func newProbeWorker(p *Probe) *probeWorker {
	return &probeWorker{probe: p, scratch: eval.NewScratch(), kinds: eval.NewKindTable[[]eval.Hit](p.kinds)}
}

// Interest returns what the probe wants to see.
func (w *probeWorker) Interest() event.Interest {
	i := w.probe.interest
	if w.probe.notes {
		i.Starts = w
	}
	if i.Needs != nil && len(w.probe.destinations.wanted) > 0 {
		i.Needs = append(slices.Clip(i.Needs), event.Need{Field: addressField, Type: event.IP, Among: w.probe.destinations.set, Open: w.open})
	}
	return i
}

// firstOrder is the order of the first unit, as far as is known, in which something was
// found. Nobody needs it of a later unit, nor twice of one.
type firstOrder struct{ next atomic.Int64 } // 0 if in none, so that the zero value is ready

// wanted reports whether a find in a unit would be news.
func (f *firstOrder) wanted(order int64) bool {
	known := f.next.Load()
	return known == 0 || order < known-1
}

// found notes a find and reports whether it is news.
func (f *firstOrder) found(order int64) bool {
	for {
		known := f.next.Load()
		if known != 0 && order >= known-1 {
			return false
		}
		if f.next.CompareAndSwap(known, order+1) {
			return true
		}
	}
}

// open reports whether an address in a text is one of which the host is not known.
func (w *probeWorker) open(text []byte) bool {
	if text == nil {
		return true
	}
	d := w.destination(text)
	return d != nil && d.first.wanted(w.order)
}

// destination returns the address that a text is, if it is looked for.
func (w *probeWorker) destination(text []byte) *destinationAddress {
	addr, ok := event.ParseIP(text)
	if !ok {
		return nil
	}
	return w.probe.destinations.wanted[addr]
}

// Unit returns what looks at the events of one unit.
func (w *probeWorker) Unit(order int64) scan.ProbeUnit {
	w.order = min(order, math.MaxInt64-1)
	w.unit, w.noting = &probeUnit{worker: w, at: w.order}, noting{}
	return w.unit
}

// probeUnit is what the events of one unit came to.
type probeUnit struct {
	worker    *probeWorker
	found     map[*question]*found
	order     []*question // of found, as first seen
	starts    map[*lookup][]start
	addresses map[netip.Addr]hostAddress
	weight    int64
	at        int64 // the order of the unit
	noted     notedUnit
}

// Weight returns about how many bytes the unit holds.
func (u *probeUnit) Weight() int64 { return u.weight }

// Wants reports whether the event must be shown as a whole, which it must for its evidence to
// be kept. It takes what can be told of one that need not: that its host has such events, that
// it is one of those that are only counted, and the start of a process.
func (u *probeUnit) Wants(e *event.Event, t time.Time) bool {
	w := u.worker
	host := w.match(e, t)
	for _, q := range w.questions {
		if u.keeps(q, e, t, host) {
			return true
		}
	}
	if host.name != "" && w.hasNews() {
		return true
	}
	evidence := e.Evidence
	if len(w.follows) > 0 {
		evidence.EventID = strings.Clone(evidence.EventID)
	}
	if len(w.follows) > 0 && evidence.EventID == "" {
		id := w.scratch.Found().Values(w.probe.slots.id)
		if len(id) != 1 || id[0].Type != fastjson.TypeString {
			return true // the log may have another name for the event
		}
		evidence.EventID = string(id[0].Text)
	}
	for _, l := range w.follows {
		u.start(l, evidence, t, host)
	}
	for _, q := range w.questions {
		u.take(q, e, t, host)
	}
	return false
}

// keeps reports whether the evidence of an event is kept that a query matches, and not known
// to be superseded by that of a unit in front.
func (u *probeUnit) keeps(q *question, e *event.Event, t time.Time, host hostKey) bool {
	l, f := q.query.lookup, u.found[q]
	if len(l.countBy) == 0 {
		return f == nil || !f.isBeyond(l.spec, e, t)
	}
	key := u.worker.tallyKey(l)
	if f != nil {
		switch known := f.tally[string(key)]; {
		case known != nil:
			return known.hosts.isNew(host)
		case len(f.order) >= maxTally:
			return false
		}
	}
	return !q.firsts.before(key, host, u.at)
}

// Event holds the queries against one event.
func (u *probeUnit) Event(e *event.Event, t time.Time) {
	w := u.worker
	host := w.match(e, t)
	if host.name != "" {
		u.hostAddresses(host, e)
	}
	for _, l := range w.follows {
		u.start(l, ownEvidence(e), t, host)
	}
	for _, q := range w.questions {
		u.take(q, e, t, host)
	}
}

// match finds what the event is for, and notes that its host, which it returns, has events
// of its kind.
func (w *probeWorker) match(e *event.Event, t time.Time) hostKey {
	p := w.probe
	w.questions, w.follows = w.questions[:0], w.follows[:0]
	w.scratch.Load(p.set, e)
	host := w.hostOf(e)
	for _, hit := range w.find() {
		if tel := p.byProgram[hit.Program]; tel != nil {
			w.note(tel, t, host)
			continue
		}
		q := p.queries[hit.Program]
		on := hostKey{}
		if q.lookup.spec.Host == rule.SameHost {
			on = host
		}
		for _, asked := range q.questions[on] {
			if asked.window.has(t) {
				w.questions = append(w.questions, asked)
			}
		}
	}
	return host
}

// find returns what the loaded event matches, mostly as one like it did.
func (w *probeWorker) find() []eval.Hit {
	hits, ok := w.kinds.Of(w.scratch)
	if hits != nil {
		return *hits
	}
	w.hits = w.probe.index.Hits(w.scratch, w.hits[:0])
	if ok {
		w.kinds.Put(slices.Clone(w.hits))
	}
	return w.hits
}

// note notes that a host has an event of some kind.
func (w *probeWorker) note(tel *telemetry, t time.Time, host hostKey) {
	if tel.wants(host) {
		tel.note(host)
	}
	for _, l := range w.probe.lookups {
		if l.starts == nil || l.telemetry != tel || !l.frames[host].has(t) {
			continue
		}
		origin := &w.probe.slots.origin
		if l.starts.wants(host, w.text(origin[0]), w.text(origin[1])) {
			w.follows = append(w.follows, l)
		}
	}
}

// hostOf returns the host of the loaded event. Its texts may be kept.
func (w *probeWorker) hostOf(e *event.Event) hostKey {
	for _, slot := range w.probe.slots.host {
		if values := w.scratch.Found().Values(slot); len(values) > 0 && len(values[0].Text) > 0 {
			if string(values[0].Text) != w.host.name {
				w.host = hostKey{name: string(values[0].Text)}
			}
			return w.host
		}
	}
	if w.host.name != "" || w.source != e.Evidence.Source || w.host.folder == "" {
		w.host, w.source = hostKey{folder: filepath.Dir(e.Evidence.Source)}, e.Evidence.Source
	}
	return w.host
}

// hasNews reports whether the event says whose an address is that is looked for.
func (w *probeWorker) hasNews() bool {
	if len(w.probe.destinations.wanted) == 0 {
		return false
	}
	return slices.ContainsFunc(w.scratch.Found().Values(w.probe.slots.address), func(v event.Scalar) bool { return w.open(v.Text) })
}

// hostAddresses keeps those addresses of the event's host that are looked for.
func (u *probeUnit) hostAddresses(host hostKey, e *event.Event) {
	w := u.worker
	if len(w.probe.destinations.wanted) == 0 {
		return
	}
	for _, v := range w.scratch.Found().Values(w.probe.slots.address) {
		d := w.destination(v.Text)
		if d == nil || !d.first.found(w.order) {
			continue
		}
		if u.addresses == nil {
			u.addresses = map[netip.Addr]hostAddress{}
		}
		u.addresses[d.addr] = hostAddress{host, ownEvidence(e)}
		u.weight += 256
	}
}

// ownEvidence returns the place of an event with copies of the texts that belong to the
// reader.
func ownEvidence(e *event.Event) event.Evidence {
	evidence := e.Evidence
	evidence.EventID = strings.Clone(evidence.EventID)
	return evidence
}

// take keeps an event that a query matches.
func (u *probeUnit) take(of *question, e *event.Event, t time.Time, host hostKey) {
	f, l := u.found[of], of.query.lookup
	if f == nil {
		if u.found == nil {
			u.found = map[*question]*found{}
		}
		f = &found{}
		u.found[of] = f
		u.order = append(u.order, of)
	}
	f.count++
	if apart(l.spec) {
		f.hosts = countHost(f.hosts, host)
	}
	if len(l.countBy) > 0 {
		u.count(of, f, e, host)
		return
	}
	if f.isBeyond(l.spec, e, t) {
		return
	}
	n := &FoundEvent{Time: t, Evidence: ownEvidence(e), Host: host.name, host: host}
	for i, slot := range l.show {
		if text := u.worker.shown(l.spec.Show[i], slot); text != "" {
			n.Values = append(n.Values, Answer{l.spec.Show[i], Values{Seen: []string{text}}})
			u.weight += int64(len(text))
		}
	}
	u.weight += 256
	f.insert(n, l.spec)
}

func countHost(counts map[hostKey]int64, host hostKey) map[hostKey]int64 {
	if counts == nil {
		counts = map[hostKey]int64{}
	}
	counts[host]++
	return counts
}

// tallyKey returns the values of the event by which it is counted, valid until the next.
func (w *probeWorker) tallyKey(l *lookup) []byte {
	w.key = w.key[:0]
	for i, slot := range l.countBy {
		if values := w.scratch.Found().Values(slot); len(values) == 1 && len(values[0].Text) <= maxValue/4 {
			w.key = append(w.key, values[0].Text...) // of which shown makes nothing else
		} else if len(values) > 0 {
			w.key = append(w.key, w.shown(l.spec.CountBy[i], slot)...)
		}
		w.key = append(w.key, 0)
	}
	return w.key
}

func (u *probeUnit) count(of *question, f *found, e *event.Event, host hostKey) {
	l := of.query.lookup
	key := u.worker.tallyKey(l)
	known := f.tally[string(key)]
	switch {
	case known != nil:
		known.Count++
	case len(f.order) >= maxTally:
		f.other++
		if apart(l.spec) {
			f.others = countHost(f.others, host)
		}
		return
	default:
		known = &Tally{Count: 1, First: ownEvidence(e)}
		for i, slot := range l.countBy {
			known.Values = append(known.Values, u.worker.shown(l.spec.CountBy[i], slot))
		}
		f.put(string(key), known)
		if !e.Partial {
			of.firsts.add(key, host, u.at)
		}
		u.weight += int64(len(key)) + 256
	}
	if apart(l.spec) {
		known.countHost(host, e)
	}
}

func (t *Tally) countHost(host hostKey, e *event.Event) {
	if t.hosts == nil {
		t.hosts = &hostTally{first: host}
	}
	if t.hosts.isNew(host) {
		evidence := ownEvidence(e)
		t.hosts.second = &evidence
	}
	t.hosts.counts = countHost(t.hosts.counts, host)
}

// text returns the values of a field of the loaded event, joined.
func (w *probeWorker) text(slot int) string { return w.shown("", slot) }

// shown returns the values of a field as a report shows them.
func (w *probeWorker) shown(field string, slot int) string {
	var texts []string
	for _, v := range w.scratch.Found().Values(slot) {
		texts = append(texts, string(v.Text))
	}
	if strings.HasSuffix(field, ".args") {
		return safe.Clip(commandLine(texts), maxValue)
	}
	return safe.Clip(strings.Join(slices.Compact(texts), ", "), maxValue)
}
