package triage

import (
	"cmp"
	"maps"
	"slices"

	"kscan/readers/event"
	"kscan/rule"
	"kscan/rule/eql"
	"kscan/rule/eval"
)

// fewHosts is up to how many hosts are looked for by their names.
const fewHosts = 8

// literals are the different values of the parameters of a query.
type literals struct {
	lists map[string][]eql.Expr
	known map[string]bool
}

func newLiterals() *literals { return &literals{map[string][]eql.Expr{}, map[string]bool{}} }

func (v *literals) add(t *tuple) {
	for _, p := range t.values {
		v.addList(p.name, p.list)
	}
}

func (v *literals) addList(name string, list []eql.Expr) {
	for _, l := range list {
		key := name + "\x00" + l.String()
		if !v.known[key] {
			v.known[key] = true
			v.lists[name] = append(v.lists[name], l)
		}
	}
}

// hostValues are the values of a query by the host on which they are looked for: the zero
// host if that may be any.
type hostValues map[hostKey]*literals

func (h hostValues) of(e *rule.Evidence, host hostKey) *literals {
	if e.Host != rule.SameHost {
		host = hostKey{}
	}
	if h[host] == nil {
		h[host] = newLiterals()
	}
	return h[host]
}

// all returns the values on all hosts.
func (h hostValues) all() *literals {
	if len(h) == 1 {
		for _, v := range h {
			return v
		}
	}
	all := newLiterals()
	for _, host := range sortedHosts(h) {
		for _, name := range slices.Sorted(maps.Keys(h[host].lists)) {
			all.addList(name, h[host].lists[name])
		}
	}
	return all
}

// sortedHosts returns the hosts of a map in an order that is always the same.
func sortedHosts[V any](m map[hostKey]V) []hostKey {
	return slices.SortedFunc(maps.Keys(m), func(a, b hostKey) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.folder, b.folder))
	})
}

// needs are those of the events that answer the lookup: if it asks about few hosts, the
// values of each beside its name. nil if there is no telling.
func (l *lookup) needs() []event.Need {
	if len(l.values) > fewHosts {
		return eval.LookFor(l.spec.Query.Widen(l.values.all().lists))
	}
	all := []event.Need{}
	for _, host := range sortedHosts(l.values) {
		needs := eval.LookFor(l.spec.Query.Widen(l.values[host].lists))
		if needs == nil {
			return nil
		}
		all = append(all, onHost(needs, host)...)
	}
	return all
}

// startNeeds are those of the process starts that parents are followed through.
func (l *lookup) startNeeds() []event.Need {
	kind := eval.LookFor(l.telemetry.query)
	wanted := map[hostKey]map[hostPID]bool{}
	for key := range l.starts.wanted {
		if wanted[key.host] == nil {
			wanted[key.host] = map[hostPID]bool{}
		}
		wanted[key.host][key] = true
	}
	var needs []event.Need
	if len(wanted) > fewHosts {
		needs = startNeeds(l.starts.wanted, kind)
	} else {
		for _, host := range sortedHosts(wanted) {
			needs = append(needs, onHost(startNeeds(wanted[host], kind), host)...)
		}
	}
	return narrow(needs, nil, nil, func(h hostKey) bool { return l.frames[h] != nil })
}

// onHost narrows needs to events of a host, if it has a name. It changes the needs.
func onHost(needs []event.Need, host hostKey) []event.Need {
	for i := range needs {
		if host.name != "" {
			needs[i].And = append(slices.Clip(needs[i].And), nameOf(host))
		}
	}
	return needs
}

// nameOf is what events of a host that has a name hold.
func nameOf(host hostKey) event.Need {
	return event.Need{Field: hostFields[0], Text: host.name, Whole: true}
}
