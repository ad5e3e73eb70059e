package triage

import (
	"cmp"
	"fmt"
	"slices"
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
	values      []boundParam
	first, last time.Time // of the hits; zero if none has a time
	undated     bool      // a hit has no time: no window can be drawn around it
}

// request is what one evidence query is to look up for a group.
type request struct {
	tuples  []*tuple
	byKey   map[string]*tuple // nil while there are few
	missing []string          // parameters that some hit has no value for
	beyond  int64             // hits whose values are beyond maxTuples
	bound   []*bound          // once there is a Probe
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

// asking is what queries take the values of a finding from. It is used for one finding
// after another.
type asking struct {
	docs  *documents
	host  hostKey
	nodes *Nodes
	kept  *int // tuples of all groups

	values []askedParam
	key    []byte
}

// boundParam is a parameter with its values.
type boundParam struct {
	name string
	list []eql.Expr
}

// askedParam is a parameter that a query asked for, with its values as a part of a key.
type askedParam struct {
	boundParam
	text string
}

// asks begins a finding.
func (c *Collector) asks(d *documents, host hostKey) *asking {
	clear(c.asking.values)
	c.asking = asking{d, host, c.nodes, &c.tuples, c.asking.values[:0], c.asking.key}
	return &c.asking
}

// value returns the values of a parameter in the finding, which all queries share.
func (a *asking) value(name string) askedParam {
	for _, v := range a.values {
		if v.name == name {
			return v
		}
	}
	v := askedParam{boundParam: boundParam{name, literalsOf(name, a.docs)}}
	if len(v.list) == 0 && name == "host.ip" {
		v.list = a.nodes.literals(a.host.name)
	}
	for _, l := range v.list {
		v.text += l.String() + ","
	}
	v.text += ";"
	a.values = append(a.values, v)
	return v
}

// ask notes what the evidence queries of a playbook are to look up for a finding.
func (g *Group) ask(f *scan.Finding, a *asking) {
	steps, n := f.Rule.Playbook.Steps, 0
	if g.requests == nil {
		for i := range steps {
			n += len(steps[i].Evidence)
		}
		g.requests, n = make([]request, n), 0
	}
	for i := range steps {
		for j := range steps[i].Evidence {
			g.requests[n].add(&steps[i].Evidence[j], f, a)
			n++
		}
	}
}

func (r *request) add(e *rule.Evidence, f *scan.Finding, a *asking) {
	a.key = fmt.Appendf(a.key[:0], "%q%q", a.host.name, a.host.folder)
	hostLen := len(a.key)
	params := paramsOf(e)
	bare := len(params) > 0 // none of the parameters has a value
	for _, p := range params {
		v := a.value(p.Name)
		if len(v.list) == 0 && !p.Optional {
			r.missing = appendNew(r.missing, []string{p.Name}, maxGroupFields)
			return
		}
		bare = bare && len(v.list) == 0
		a.key = append(a.key, v.text...)
	}
	if bare {
		for _, p := range params {
			r.missing = appendNew(r.missing, []string{p.Name}, maxGroupFields)
		}
		return
	}
	t := r.find(a.key)
	if t == nil {
		if len(r.tuples) >= maxTuples || *a.kept >= maxKept {
			r.beyond++
			return
		}
		*a.kept++
		t = newTuple(a, hostLen, params)
		r.keep(t)
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

// newTuple returns the tuple of the key at hand, whose first part is the host.
func newTuple(a *asking, hostLen int, params []eql.Param) *tuple {
	t := &tuple{key: string(a.key), host: a.host, values: make([]boundParam, 0, len(params))}
	t.valueKey = t.key[hostLen:]
	for _, p := range params {
		t.values = append(t.values, a.value(p.Name).boundParam)
	}
	return t
}

// list returns the values of a parameter, none if it is not one of the query's.
func (t *tuple) list(name string) []eql.Expr {
	for _, v := range t.values {
		if v.name == name {
			return v.list
		}
	}
	return nil
}

// lists returns the values by the names of their parameters.
func (t *tuple) lists() map[string][]eql.Expr {
	lists := make(map[string][]eql.Expr, len(t.values))
	for _, v := range t.values {
		lists[v.name] = v.list
	}
	return lists
}

// loose reports whether some hits have no value for any of the query's optional parameters.
func (r *request) loose(e *rule.Evidence) bool {
	return slices.ContainsFunc(r.tuples, func(t *tuple) bool {
		return !slices.ContainsFunc(e.Query.Params(), func(p eql.Param) bool { return p.Optional && len(t.list(p.Name)) > 0 })
	})
}

// fewTuples is up to how many tuples a request looks through: most have one, and a map is
// several times its size.
const fewTuples = 8

// find returns the tuple of a key, nil if there is none.
func (r *request) find(key []byte) *tuple {
	if r.byKey != nil {
		return r.byKey[string(key)]
	}
	for _, t := range r.tuples {
		if t.key == string(key) {
			return t
		}
	}
	return nil
}

func (r *request) keep(t *tuple) {
	r.tuples = append(r.tuples, t)
	switch n := len(r.tuples); {
	case r.byKey != nil:
		r.byKey[t.key] = t
	case n > fewTuples:
		r.byKey = make(map[string]*tuple, 2*n)
		for _, t := range r.tuples {
			r.byKey[t.key] = t
		}
	}
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
