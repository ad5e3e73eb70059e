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
// of the child is. The second pass looks for the starts of the hits' processes and of
// their parents; where it found a parent, a further pass looks for the parent's, by its
// pid or id alone, which takes little.

const (
	// maxAncestors is how many generations are followed. A tree of a shell in a container
	// is some six deep; deeper ones are loops of scripts, whose beginning says no more.
	maxAncestors = 16
	// maxStarts is how many bytes of process starts are kept: those of pids that are used
	// again and again. Those beyond are counted, and the answers say so.
	maxStarts = 64 << 20
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
	// row is set if no more is known of the start than was noted in the second pass, in a unit.
	row  *notedStart
	unit int
}

// starts are the process starts that one evidence query follows parents through.
type starts struct {
	list   []start
	texts  map[string]string // those of list, each once
	room   *int64            // bytes that there is room for, shared by all queries
	beyond int64             // starts that there was no room for

	wanted map[hostPID]bool // whose starts are kept in the pass at hand
	looked map[hostPID]bool // whose starts were looked for, in any pass
	places map[string]bool  // of list

	noted  []start          // those that were noted of the processes in opened
	opened map[hostPID]bool // whose starts that were noted are wanted
	whole  map[hostPID]bool // whose starts are all in list: the second pass looked for them

	indexed  int                  // of list
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
	return &starts{texts: map[string]string{}, room: room, wanted: map[hostPID]bool{}, looked: map[hostPID]bool{}, places: map[string]bool{}}
}

// pidKey tells a pid from an entity id.
func pidKey(host hostKey, pid string) hostPID { return hostPID{host, "#" + pid} }

// want has the starts of a process looked for in the next pass, unless they were before.
func (s *starts) want(host hostKey, pid, entity string) {
	for _, key := range []hostPID{pidKey(host, pid), {host, entity}} {
		if key.id != "#" && key.id != "#0" && key.id != "" && !s.looked[key] {
			s.looked[key], s.wanted[key] = true, true
		}
	}
}

// wants reports whether the start of a process is looked for.
func (s *starts) wants(host hostKey, pid, entity string) bool {
	return pid != "" && s.wanted[pidKey(host, pid)] || entity != "" && s.wanted[hostPID{host, entity}]
}

// startNeeds are those of the starts of some processes, which are of a kind.
func startNeeds(wanted map[hostPID]bool, kind []event.Need) []event.Need {
	pids := event.Need{Field: originFields[0], Type: event.Long}
	entities := event.Need{Field: originFields[1], Type: event.Keyword}
	pidSet, entitySet := event.NewSet(), event.NewSet()
	for key := range wanted {
		if pid, ok := strings.CutPrefix(key.id, "#"); ok {
			pidSet.Add(pid)
		} else {
			entitySet.Add(key.id)
		}
	}
	pids.Among, entities.Among = pidSet, entitySet
	if len(kind) == 1 && kind[0].Among != nil && kind[0].And == nil {
		pids.And, entities.And = kind, kind
	}
	needs := []event.Need{}
	if pidSet.Len() > 0 {
		needs = append(needs, pids)
	}
	if entitySet.Len() > 0 {
		needs = append(needs, entities)
	}
	return needs
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
		n.evidence.Line += lines
		n.order = order
		place := placeOf(&n.evidence)
		if s.places[place] { // found by its pid before, and by its id now
			continue
		}
		if *s.room <= 0 {
			s.beyond++
			continue
		}
		s.places[place] = true
		for _, text := range []*string{&n.pid, &n.entity, &n.parentPID, &n.parentEntity, &n.host.name, &n.host.folder, &n.shown} {
			*text = s.text(*text)
		}
		*s.room -= startSize
		s.list = append(s.list, n)
	}
}

// placeOf tells events apart, also those of different passes.
func placeOf(e *event.Evidence) string {
	return fmt.Sprintf("%q%q%d", e.Source, e.Member, e.Offset)
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

// index makes the starts ready to be looked up.
func (s *starts) index() {
	if s.byPID != nil && s.indexed == len(s.list) {
		return
	}
	s.indexed = len(s.list)
	s.byPID, s.byEntity = map[hostPID][]*start{}, map[hostPID]*start{}
	s.indexAll(s.list)
	for i := range s.noted {
		if n := &s.noted[i]; n.row.flags&isFetched == 0 {
			s.byPID[hostPID{n.host, n.pid}] = append(s.byPID[hostPID{n.host, n.pid}], n)
		}
	}
	for _, list := range s.byPID {
		slices.SortFunc(list, compareStarts)
	}
}

func (s *starts) indexAll(list []start) {
	for i := range list {
		n := &list[i]
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
// nearest first, and the last of them, or the process, whose parent's start is not known
// or is one too many.
func (s *starts) parents(host hostKey, id identity, at time.Time) (chain []*start, last identity) {
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
		if n == nil || seen[n] || len(chain) == maxAncestors {
			return chain, id
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

// end says where a chain ends: with whose start these logs do not have, or with one that
// was not looked for. It is "" if the last has no parent.
func (s *starts) end(host hostKey, chain []*start, last identity) string {
	switch {
	case len(chain) == maxAncestors:
		return fmt.Sprintf("the %d nearest are followed, and there may be more", maxAncestors)
	case last.parent() != "" && !s.looked[pidKey(host, last.parentPID)] && !s.looked[hostPID{host, last.parentEntity}]:
		return fmt.Sprintf("they are followed over %d passes, and there may be more", MaxFurther)
	}
	return last.parent()
}

// times are those at which the process of a tuple was there; the zero time if it is not
// known.
func (t *tuple) times() []time.Time {
	if t.undated {
		return []time.Time{{}}
	}
	return []time.Time{t.first, t.last}
}

// follow adds the parents of the hits' processes to what the queries for a group came to.
// It returns what is to be said of those that are not known.
func (l *lookup) follow(g *Group, r *request, all *found) (note string) {
	l.starts.forget()
	l.starts.index()
	var ends []string
	if g.own == nil {
		g.own, g.parents = map[*start]bool{}, map[*start]bool{}
	}
	for _, t := range r.tuples {
		for _, at := range t.times() {
			id := t.identity()
			if own := l.starts.of(t.host, id.pid, id.entity, at); own != nil {
				g.own[own] = true
			}
			chain, last := l.starts.parents(t.host, id, at)
			end := l.starts.end(t.host, chain, last)
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
		if list := t.list(field); len(list) > 0 {
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
	same := func(o *FoundEvent) bool { return placeOf(&o.Evidence) == placeOf(&e.Evidence) }
	if !slices.ContainsFunc(f.events, same) {
		f.events = insert(f.events, e, maxMerged)
		f.count++
	}
}

// followed returns the lookup of a query that follows parents.
func (p *Probe) followed(e *rule.Evidence) *lookup {
	return p.lookups[slices.IndexFunc(p.lookups, func(l *lookup) bool { return l.spec == e })]
}
