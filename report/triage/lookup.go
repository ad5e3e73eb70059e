package triage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"kscan/readers/event"
	"kscan/rule"
	"kscan/rule/eql"
	"kscan/scan"
)

// The limits of what is looked up. What is beyond them is counted and said.
const (
	// maxTuples is how many different sets of values of one group's hits are looked up
	// with one query: a sweep of a large subnet.
	maxTuples = 64
	// maxBound is how many queries with their values all groups have together: what the
	// second pass can hold against each event that comes into question.
	maxBound = 4096
	// maxKept is how many sets of values are kept until they are bound: those of several
	// groups may make one query.
	maxKept = 8 * maxBound
	// maxParamValues is how many values of one field are bound, and maxParamText how many
	// bytes each may have.
	maxParamValues = 32
	maxParamText   = 4 << 10
)

// tuple is one set of values that a query's parameters have in hits of a group.
type tuple struct {
	key         string
	valueKey    string // the part of key that is of the values
	host        hostKey
	values      map[string][]eql.Expr
	first, last time.Time // of the hits; zero if none has a time
	undated     bool      // a hit has no time: no window can be drawn around it
}

// request is what one evidence query is to look up for a group.
type request struct {
	tuples  []*tuple
	byKey   map[string]*tuple
	missing []string // parameters that some hit has no value for
	beyond  int64    // hits whose values are beyond maxTuples
	bound   []*bound // once there is a Probe
}

// hostKey tells hosts apart: by name, or by folder where the logs do not name them.
type hostKey struct{ name, folder string }

// hostFields name an event's host; the first that has a value counts.
var hostFields = [...]string{"host.name", "host.hostname", "agent.name", "host.id"}

func (h hostKey) String() string {
	if h.name == "" {
		return "the unnamed host in " + h.folder
	}
	return h.name
}

// asking is what queries take the values of a finding from.
type asking struct {
	docs  *documents
	host  hostKey
	nodes *Nodes
	kept  *int // tuples of all groups
}

// ask notes what the evidence queries of a playbook are to look up for a finding.
func (g *Group) ask(f *scan.Finding, a *asking) {
	n := 0
	for i := range f.Rule.Playbook.Steps {
		for j := range f.Rule.Playbook.Steps[i].Evidence {
			if n == len(g.requests) {
				g.requests = append(g.requests, &request{byKey: map[string]*tuple{}})
			}
			g.requests[n].add(&f.Rule.Playbook.Steps[i].Evidence[j], f, a)
			n++
		}
	}
}

func (r *request) add(e *rule.Evidence, f *scan.Finding, a *asking) {
	d, host, nodes := a.docs, a.host, a.nodes
	var key strings.Builder
	fmt.Fprintf(&key, "%q%q", host.name, host.folder)
	hostLen := key.Len()
	values := map[string][]eql.Expr{}
	params := paramsOf(e)
	bare := len(params) > 0 // none of the parameters has a value
	for _, p := range params {
		literals := literalsOf(p.Name, d)
		if len(literals) == 0 && p.Name == "host.ip" {
			literals = nodes.literals(host.name)
		}
		if len(literals) == 0 && !p.Optional {
			r.missing = appendNew(r.missing, []string{p.Name}, maxGroupFields)
			return
		}
		values[p.Name] = literals
		bare = bare && len(literals) == 0
		for _, l := range literals {
			key.WriteString(l.String())
			key.WriteByte(',')
		}
		key.WriteByte(';')
	}
	if bare {
		for _, p := range params {
			r.missing = appendNew(r.missing, []string{p.Name}, maxGroupFields)
		}
		return
	}
	t := r.byKey[key.String()]
	if t == nil {
		if len(r.tuples) >= maxTuples || *a.kept >= maxKept {
			r.beyond++
			return
		}
		*a.kept++
		t = &tuple{key: key.String(), valueKey: key.String()[hostLen:], host: host, values: values}
		r.byKey[t.key] = t
		r.tuples = append(r.tuples, t)
	}
	dated := false
	for i := range f.Hits {
		if at := f.Hits[i].Time; !at.IsZero() {
			t.first, t.last = span(t.first, t.last, at, at)
			dated = true
		}
	}
	t.undated = t.undated || !dated
}

// paramsOf returns the parameters of a query, with the fields that parents are told by if
// it follows them.
func paramsOf(e *rule.Evidence) []eql.Param {
	params := e.Query.Params()
	if !e.Follow {
		return params
	}
	for _, field := range originFields {
		if !slices.ContainsFunc(params, func(p eql.Param) bool { return p.Name == field }) {
			params = append(params, eql.Param{Name: field, Optional: true})
		}
	}
	return params
}

// literalsOf returns the values of a field as literals of its type.
func literalsOf(field string, d *documents) (literals []eql.Expr) {
	typ, _ := event.TypeOf(field)
	var c event.Coercer
	for _, v := range d.values(field) {
		if len(literals) == maxParamValues {
			break
		}
		if l := literal(&c, v, typ); l != nil {
			literals = append(literals, l)
		}
	}
	return literals
}

func literal(c *event.Coercer, v event.Scalar, typ event.Type) eql.Expr {
	var value event.Value
	if !c.Coerce(&value, v, typ) {
		return nil
	}
	switch value.Type {
	case event.Long:
		return &eql.Int{Value: value.Int}
	case event.Double:
		return &eql.Float{Value: value.Float}
	case event.Boolean:
		return &eql.Bool{Value: value.Int != 0}
	case event.IP:
		return &eql.String{Value: value.IP.String()}
	}
	text := string(v.Text)
	if text == "" || len(text) > maxParamText {
		return nil
	}
	return &eql.String{Value: text}
}

// hostOf returns what tells the host of a finding apart.
func hostOf(k Key, f *scan.Finding) hostKey {
	if k.Host != "" {
		return hostKey{name: k.Host}
	}
	return hostKey{folder: k.Folder}
}

// window is the span of time that a query looks at; zero times are no bound.
type window struct{ from, to time.Time }

func windowOf(e *rule.Evidence, t *tuple) window {
	if !e.Windowed || t.undated {
		return window{}
	}
	return window{from: t.first.Add(-e.Before), to: t.last.Add(e.After)}
}

func (w window) has(t time.Time) bool {
	if w.from.IsZero() {
		return true
	}
	return !t.IsZero() && !t.Before(w.from) && !t.After(w.to)
}

// compareFound orders events by time, those without one last, and then by their place.
func compareFound(a, b *FoundEvent) int {
	return cmp.Or(compareTimes(a.Time, b.Time),
		cmp.Compare(a.order, b.order), cmp.Compare(a.Evidence.Offset, b.Evidence.Offset))
}

// insert puts an event among the earliest ones.
func insert(list []*FoundEvent, e *FoundEvent, limit int) []*FoundEvent {
	i, _ := slices.BinarySearchFunc(list, e, compareFound)
	if i == limit {
		return list
	}
	list = slices.Insert(list, i, e)
	return list[:min(len(list), limit)]
}
