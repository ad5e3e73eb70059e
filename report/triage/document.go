package triage

import (
	"strings"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/scan"
)

// documents are the events of one finding, parsed, with what reading them needs. The
// buffers are reused from finding to finding.
type documents struct {
	finder  *event.Finder // of the fields that every finding is asked for
	slots   map[string]int
	parsers *parsers
	events  []event.Event // one for each hit; Doc is nil where there is none
	found   []*event.Found
	paths   map[string]*event.Path // of the other fields
	scratch []*fastjson.Value
	scalars []event.Scalar
	time    string // of the finding, "" if it has none
}

// parsers are those of the hits of a finding, by their position. The documents of all
// rules share them, since each keeps as much memory as its longest event took.
type parsers struct {
	list []*fastjson.Parser
}

func (p *parsers) at(i int) *fastjson.Parser {
	for len(p.list) <= i {
		p.list = append(p.list, new(fastjson.Parser))
	}
	return p.list[i]
}

// newDocuments returns documents that find the given fields in one walk, and others one
// by one.
func newDocuments(p *parsers, fields ...string) *documents {
	d := &documents{parsers: p, finder: event.NewFinder(), slots: make(map[string]int), paths: make(map[string]*event.Path)}
	for _, field := range fields {
		if !isPattern(field) {
			d.slots[field] = d.finder.Add(field)
		}
	}
	return d
}

// load parses the events of a finding. One that does not parse is as if it were absent:
// the finding is kept all the same.
func (d *documents) load(f *scan.Finding) {
	d.events = d.events[:0]
	d.time = ""
	for i := range f.Hits {
		if i == len(d.found) {
			d.found = append(d.found, new(event.Found))
		}
		if t := f.Hits[i].Time; d.time == "" && !t.IsZero() {
			d.time = t.UTC().Format(timeLayout)
		}
		e := event.Event{}
		if len(f.Hits[i].JSON) > 0 {
			if doc, err := d.parsers.at(i).ParseBytes(f.Hits[i].JSON); err == nil {
				e.Doc = doc
				d.finder.Find(&e, d.found[i])
			}
		}
		d.events = append(d.events, e)
	}
}

// timeLayout is RFC 3339 in UTC with milliseconds, as everywhere in kscan.
const timeLayout = "2006-01-02T15:04:05.000Z"

// text returns the field's values in the first event that has any, joined. A document's
// time may be a number or in another form; @timestamp is as it was read.
func (d *documents) text(field string) string {
	if field == "@timestamp" && d.time != "" {
		return d.time
	}
	values := d.values(field)
	if len(values) == 1 {
		return string(values[0].Text)
	}
	var texts []string
	for _, v := range values {
		texts = append(texts, string(v.Text))
	}
	if field == "process.args" || field == "process.parent.args" {
		return commandLine(texts)
	}
	return strings.Join(texts, ", ")
}

// first returns the text of the first of the fields that has one.
func (d *documents) first(fields ...string) string {
	for _, field := range fields {
		if text := d.text(field); text != "" {
			return text
		}
	}
	return ""
}

func (d *documents) values(field string) []event.Scalar {
	slot, ready := d.slots[field]
	for i := range d.events {
		if d.events[i].Doc == nil {
			continue
		}
		var values []event.Scalar
		if ready {
			values = d.found[i].Values(slot)
		} else {
			values = d.lookUp(field, &d.events[i])
		}
		if len(values) > 0 {
			return values
		}
	}
	return nil
}

func (d *documents) lookUp(field string, e *event.Event) []event.Scalar {
	path := d.paths[field]
	if path == nil {
		path = event.NewPath(field)
		d.paths[field] = path
	}
	d.scratch, d.scalars = path.Append(d.scratch[:0], e), d.scalars[:0]
	for _, v := range d.scratch {
		d.scalars = append(d.scalars, event.ScalarOf(v))
	}
	return d.scalars
}

// commandLine joins arguments; one that has spaces or quotes, or is empty, is quoted.
func commandLine(args []string) string {
	var b strings.Builder
	for i, arg := range args {
		if i > 0 {
			b.WriteByte(' ')
		}
		if arg == "" || strings.ContainsAny(arg, " \t\n'\"") {
			b.WriteString("'" + strings.ReplaceAll(arg, "'", `'\''`) + "'")
		} else {
			b.WriteString(arg)
		}
	}
	return b.String()
}

// maxLeafDepth bounds the walk over a document; decoders bound documents lower.
const maxLeafDepth = 64

// leaves calls f with the dotted names below the object or prefix that pattern ("a.b.*")
// names, in the order of the first event that has any, until f returns false.
func (d *documents) leaves(pattern string, f func(name string) bool) {
	prefix := strings.TrimSuffix(pattern, "*")
	for i := range d.events {
		w := walker{prefix: prefix, visit: f}
		if d.events[i].Doc != nil {
			w.walk(d.events[i].Doc, "", 0)
		}
		if w.found {
			return
		}
	}
}

type walker struct {
	prefix  string
	visit   func(name string) bool
	found   bool
	stopped bool
}

func (w *walker) walk(v *fastjson.Value, name string, depth int) {
	if w.stopped || depth > maxLeafDepth {
		return
	}
	object, err := v.Object()
	if err != nil {
		if strings.HasPrefix(name, w.prefix) && v.Type() != fastjson.TypeNull {
			w.found = true
			w.stopped = !w.visit(name)
		}
		return
	}
	object.Visit(func(key []byte, child *fastjson.Value) {
		full := string(key)
		if name != "" {
			full = name + "." + full
		}
		if strings.HasPrefix(full, w.prefix) || strings.HasPrefix(w.prefix, full+".") {
			w.walk(child, full, depth+1)
		}
	})
}
