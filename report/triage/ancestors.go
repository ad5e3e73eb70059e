package triage

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"kscan/readers/event"
	"kscan/rule"
	"kscan/rule/eql"
)

// Parents of parents cannot be asked for: whose start to look for is known only when that
// of the child is. So the second pass keeps all process starts of the hosts concerned,
// each as little as can be, and the chains are followed when they are all there.

const (
	// maxAncestors is how many generations are followed. A tree of a shell in a container
	// is some six deep; deeper ones are loops of scripts, whose beginning says no more.
	maxAncestors = 16
	// maxStarts is how many bytes of process starts are kept: those of some gigabytes of
	// logs in which one event in ten is one. Those beyond are counted, and the answers say so.
	maxStarts = 128 << 20
	// startSize is about how many bytes a start takes besides its texts.
	startSize = 256
)

// originFields are the fields of a hit and of a start that parents are told by.
var originFields = [...]string{"process.pid", "process.entity_id", "process.parent.pid", "process.parent.entity_id"}

// identity says which process a start or a hit is of, and which is its parent. What is
// not known is "".
type identity struct{ pid, entity, parentPID, parentEntity string }

// start is the start of a process.
type start struct {
	identity
	time     time.Time // zero if it has none
	host     hostKey
	evidence event.Evidence
	order    int    // of its unit in the input
	shown    string // the values of the fields to show, each after its length
}

// starts are the process starts that one evidence query follows parents through.
type starts struct {
	list   []start
	texts  map[string]string // those of list, each once
	room   *int64            // bytes that there is room for, shared by all queries
	beyond int64             // starts that there was no room for

	byPID    map[hostPID][]*start // in the order of time
	byEntity map[hostPID]*start
}

// hostPID is a pid or an entity id of a host.
type hostPID struct {
	host hostKey
	id   string
}

// newStarts returns an empty list for a query that follows parents, nil for others.
func newStarts(e *rule.Evidence, room *int64) *starts {
	if !e.Follow {
		return nil
	}
	return &starts{texts: map[string]string{}, room: room}
}

// start keeps an event of the telemetry of a query that follows parents. An event without
// a pid or id of its own says nothing of a process.
func (u *probeUnit) start(l *lookup, evidence event.Evidence, t time.Time, host hostKey) {
	w := u.worker
	origin := &w.probe.slots.origin
	id := identity{w.text(origin[0]), w.text(origin[1]), w.text(origin[2]), w.text(origin[3])}
	if id.pid == "" && id.entity == "" {
		return
	}
	var shown []byte
	for i, slot := range l.show {
		text := w.shown(l.spec.Show[i], slot)
		shown = append(binary.AppendUvarint(shown, uint64(len(text))), text...)
	}
	u.weight += startSize + int64(len(shown))
	if u.starts == nil {
		u.starts = map[*lookup][]start{}
	}
	u.starts[l] = append(u.starts[l], start{identity: id, time: t, evidence: evidence, shown: string(shown), host: host})
}

// add takes the starts of the next unit.
func (s *starts) add(list []start, lines int64, order int) {
	for i := range list {
		n := list[i]
		if *s.room <= 0 {
			s.beyond++
			continue
		}
		n.evidence.Line += lines
		n.order = order
		for _, text := range []*string{&n.pid, &n.entity, &n.parentPID, &n.parentEntity, &n.host.name, &n.host.folder, &n.shown} {
			*text = s.text(*text)
		}
		*s.room -= startSize
		s.list = append(s.list, n)
	}
}

// text returns the one copy of a text.
func (s *starts) text(text string) string {
	if known, ok := s.texts[text]; ok {
		return known
	}
	s.texts[text] = text
	*s.room -= int64(len(text))
	return text
}

// index makes the starts ready to be looked up, once.
func (s *starts) index() {
	if s.byPID != nil {
		return
	}
	s.byPID, s.byEntity = map[hostPID][]*start{}, map[hostPID]*start{}
	for i := range s.list {
		n := &s.list[i]
		if n.entity != "" {
			key := hostPID{n.host, n.entity}
			if known := s.byEntity[key]; known == nil || compareStarts(n, known) < 0 {
				s.byEntity[key] = n
			}
		}
		if n.pid != "" && !n.time.IsZero() {
			key := hostPID{n.host, n.pid}
			s.byPID[key] = append(s.byPID[key], n)
		}
	}
	for _, list := range s.byPID {
		slices.SortFunc(list, compareStarts)
	}
}

func compareStarts(a, b *start) int {
	return cmp.Or(compareTimes(a.time, b.time), cmp.Compare(a.order, b.order), cmp.Compare(a.evidence.Offset, b.evidence.Offset))
}

// of returns the start of a process that was there at a time: of its entity id, else the
// latest one of its pid until then. A pid is used again and again, so a later start is
// another process, and so is one with another entity id.
func (s *starts) of(host hostKey, pid, entity string, until time.Time) *start {
	if n := s.byEntity[hostPID{host, entity}]; entity != "" && n != nil {
		if until.IsZero() || !n.time.After(until) {
			return n
		}
	}
	if pid == "" || until.IsZero() {
		return nil
	}
	list := s.byPID[hostPID{host, pid}]
	for i := len(list) - 1; i >= 0; i-- {
		if n := list[i]; !n.time.After(until) && (entity == "" || n.entity == "" || n.entity == entity) {
			return n
		}
	}
	return nil
}

// parents returns the starts of the parents of a process that was there at a time, the
// nearest first, and what is to be said of where they end, "" if the last has no parent.
func (s *starts) parents(host hostKey, id identity, at time.Time) (chain []*start, end string) {
	seen := map[*start]bool{}
	if own := s.of(host, id.pid, id.entity, at); own != nil {
		seen[own] = true
		// What it was started by: a process whose parent ends gets another one.
		if own.parentPID != "" || own.parentEntity != "" {
			id, at = own.identity, own.time
		}
	}
	for {
		n := s.of(host, id.parentPID, id.parentEntity, at)
		if n == nil || seen[n] {
			return chain, id.parent()
		}
		if len(chain) == maxAncestors {
			return chain, fmt.Sprintf("the %d nearest are followed, and there are more", maxAncestors)
		}
		seen[n] = true
		chain = append(chain, n)
		if id = n.identity; !n.time.IsZero() {
			at = n.time
		}
	}
}

// parent says that the parent is not known, "" if there is none: pid 0 is the kernel.
func (id identity) parent() string {
	const text = "these logs do not have the start of their parent, "
	switch {
	case id.parentPID == "" && id.parentEntity != "":
		return text + "the process with entity_id " + id.parentEntity
	case id.parentPID == "" || id.parentPID == "0":
		return ""
	}
	return text + "pid " + id.parentPID
}

// follow adds the parents of the hits' processes to what the queries for a group came to.
// It returns what is to be said of those that are not known.
func (l *lookup) follow(g *Group, r *request, all *found) (note string) {
	l.starts.index()
	var ends []string
	if g.own == nil {
		g.own, g.parents = map[*start]bool{}, map[*start]bool{}
	}
	for _, t := range r.tuples {
		for _, at := range []time.Time{t.first, t.last} {
			if t.undated {
				at = time.Time{}
			}
			id := t.identity()
			if own := l.starts.of(t.host, id.pid, id.entity, at); own != nil {
				g.own[own] = true
			}
			chain, end := l.starts.parents(t.host, id, at)
			for _, n := range chain {
				g.parents[n] = true
				all.add(n.event(l.spec.Show))
			}
			if end != "" {
				ends = appendNew(ends, []string{end}, maxSeen)
			}
		}
	}
	if l.starts.beyond > 0 {
		ends = append(ends, fmt.Sprintf("parents may be missing: there are %s more process starts than are kept", Number(l.starts.beyond)))
	} else if all.count == 0 {
		return ""
	}
	return strings.Join(ends, "; ")
}

// identity returns which process the hits of a tuple are of.
func (t *tuple) identity() identity {
	var texts [len(originFields)]string
	for i, field := range originFields {
		if list := t.values[field]; len(list) > 0 {
			switch v := list[0].(type) {
			case *eql.Int:
				texts[i] = fmt.Sprint(v.Value)
			case *eql.String:
				texts[i] = v.Value
			}
		}
	}
	return identity{texts[0], texts[1], texts[2], texts[3]}
}

// event returns the start as an event that answers a step.
func (n *start) event(show []string) *FoundEvent {
	e := &FoundEvent{Time: n.time, Host: n.host.name, Evidence: n.evidence, order: n.order}
	rest := n.shown
	for _, field := range show {
		length, size := binary.Uvarint([]byte(rest))
		text := rest[size : size+int(length)]
		rest = rest[size+int(length):]
		if text != "" {
			e.Values = append(e.Values, Answer{field, Values{Seen: []string{text}}})
		}
	}
	return e
}

// add adds an event unless it is there already.
func (f *found) add(e *FoundEvent) {
	same := func(o *FoundEvent) bool { return o.order == e.order && o.Evidence.Offset == e.Evidence.Offset }
	if !slices.ContainsFunc(f.events, same) {
		f.events = insert(f.events, e, maxMerged)
		f.count++
	}
}

// followed returns the lookup of a query that follows parents.
func (p *Probe) followed(e *rule.Evidence) *lookup {
	return p.lookups[slices.IndexFunc(p.lookups, func(l *lookup) bool { return l.spec == e })]
}
