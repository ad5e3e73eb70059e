package triage

import (
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"kscan/readers/event"
	"kscan/rule"
	"kscan/rule/eql"
	"kscan/rule/eval"
)

// telemetry says of which hosts there are events of some kind, as far as somebody asks:
// once that is known, it wants no more of them.
type telemetry struct {
	query  *eql.EventQuery
	asked  bool             // it must be known whether any host has such events
	wanted map[hostKey]bool // it must be known of these hosts
	others bool             // it must be known for each host whether another one has

	mu   sync.RWMutex
	seen map[hostKey]bool // hosts that are wanted, and two more at most
	open atomic.Bool
}

func newTelemetry(q *eql.EventQuery) *telemetry {
	return &telemetry{query: q, wanted: map[hostKey]bool{}, seen: map[hostKey]bool{}}
}

// ask notes what a query for hits of a host must know.
func (t *telemetry) ask(scope rule.HostScope, host hostKey) {
	switch scope {
	case rule.SameHost:
		t.wanted[host] = true
	case rule.OtherHost:
		t.others = true
	}
	t.asked = true
	t.open.Store(true)
}

// enough is how many hosts are seen when there is another one than any.
const enough = 2

// general reports whether events of hosts that nobody asks for would say something.
func (t *telemetry) general() bool {
	return len(t.seen) == 0 || t.others && len(t.seen) < enough
}

// wants reports whether an event of the host would say something.
func (t *telemetry) wants(host hostKey) bool {
	if !t.open.Load() {
		return false
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	return !t.seen[host] && (t.wanted[host] || t.general())
}

// note takes an event of a host, whose key is the caller's own.
func (t *telemetry) note(host hostKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen[host] = true
	if t.general() {
		return
	}
	for h := range t.wanted {
		if !t.seen[h] {
			return
		}
	}
	t.open.Store(false)
}

// needs are those of the events that are still wanted; nil if there is no telling.
func (t *telemetry) needs() []event.Need {
	if !t.asked {
		return []event.Need{}
	}
	needs := eval.LookFor(t.query)
	if needs == nil {
		return nil
	}
	if len(t.wanted) > fewHosts {
		return narrow(needs, nil, t.open.Load, t.wants)
	}
	all := narrow(needs, nil, t.openToAll, t.wants)
	for h := range t.wanted {
		all = append(all, narrow(needs, &h,
			func() bool { return t.wants(h) }, func(host hostKey) bool { return host == h && t.wants(h) })...)
	}
	return all
}

// openToAll is general for others than the methods of t.
func (t *telemetry) openToAll() bool {
	if !t.open.Load() {
		return false
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.general()
}

// narrow returns needs of events of a host, of any host if it is nil.
func narrow(needs []event.Need, host *hostKey, open func() bool, hosts func(hostKey) bool) []event.Need {
	needs = slices.Clone(needs)
	for i := range needs {
		n := &needs[i]
		if open != nil {
			n.Open = func([]byte) bool { return open() }
		}
		n.Hosts = func(name []byte, source string) bool {
			return hosts(hostNamed(name, source))
		}
		if host != nil && host.name == "" {
			n.Sources = func(source string) bool { return filepath.Dir(source) == host.folder }
		}
		if host != nil && host.name != "" {
			n.And = append(slices.Clip(n.And), nameOf(*host))
		}
	}
	return needs
}
