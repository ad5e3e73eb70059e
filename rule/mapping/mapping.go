package mapping

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/rule/eql"
)

// maxDepth is how deep the objects of a mapping may nest; Elasticsearch's own default
// limit is 20.
const maxDepth = 100

// Mapping is the fields of an index. The zero value knows none, so that all are as in ECS.
type Mapping struct {
	fields map[string]field
	notes  []string
}

// field is what a mapping says of one field, or of an object.
type field struct {
	esType  string
	typ     event.Type
	path    string            // of an alias: the field that it stands for; of a multi-field: its parent
	format  *event.DateFormat // nil for the default
	null    *fastjson.Value   // what null stands for; nil if it is missing
	inexact bool              // no comparison of whole values: text without a keyword, a normalized keyword
}

// Parse reads a mapping: the answer to "GET index/_mapping" for one index, or any of what
// is inside it, {"mappings":…}, {"properties":…} or the properties themselves.
func Parse(data []byte) (*Mapping, error) {
	var root map[string]any
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), &root); err != nil {
		return nil, syntaxError(data, err)
	}
	body, err := find(root)
	if err != nil {
		return nil, err
	}
	p := parser{mapping: &Mapping{fields: make(map[string]field)}}
	if properties, ok := body["properties"].(map[string]any); ok {
		p.properties("", properties, scope{})
	}
	if runtime, ok := body["runtime"].(map[string]any); ok {
		p.runtime(runtime)
	}
	p.aliases()
	if len(p.errors) > 0 {
		return nil, errors.Join(p.errors...)
	}
	return p.mapping, nil
}

// syntaxError gives an error of the JSON decoder its line.
func syntaxError(data []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d: %w", 1+bytes.Count(data[:min(int(syntax.Offset), len(data))], []byte{'\n'}), err)
	case errors.As(err, &kind):
		return errors.New("a mapping is a JSON object")
	}
	return err
}

var errNoMapping = errors.New(`no mapping found: write {"mappings":{"properties":{…}}}, or the properties alone`)

// find returns the object that has "properties".
func find(root map[string]any) (map[string]any, error) {
	if body, ok := root["mappings"].(map[string]any); ok {
		return typeless(body), nil
	}
	if template, ok := root["template"].(map[string]any); ok && root["type"] == nil {
		if body, ok := template["mappings"].(map[string]any); ok {
			return typeless(body), nil
		}
	}
	_, isField := root["type"].(string)
	if _, ok := root["properties"].(map[string]any); ok && !isField {
		return root, nil
	}
	var bodies []map[string]any
	for _, name := range slices.Sorted(maps.Keys(root)) {
		index, ok := root[name].(map[string]any)
		if !ok {
			return nil, errNoMapping
		}
		if body, ok := index["mappings"].(map[string]any); ok {
			bodies = append(bodies, typeless(body))
		}
	}
	switch {
	case len(root) == 0:
		return nil, errNoMapping
	case len(bodies) == len(root) && len(bodies) == 1:
		return bodies[0], nil
	case len(bodies) == len(root):
		return nil, fmt.Errorf("the file holds the mappings of %d indices: give that of one", len(bodies))
	}
	return map[string]any{"properties": root}, nil
}

// typeless opens a mapping of the time when indices had types.
func typeless(body map[string]any) map[string]any {
	if len(body) != 1 || body["properties"] != nil {
		return body
	}
	for _, v := range body {
		if inner, ok := v.(map[string]any); ok && inner["properties"] != nil {
			return inner
		}
	}
	return body
}

// Notes are what the mapping says that changes results in Elasticsearch and not here.
func (m *Mapping) Notes() []string { return m.notes }

// lookup returns what the mapping says of a field: of the target of an alias.
func (m *Mapping) lookup(name string) (field, bool) {
	f, ok := m.fields[name]
	if ok && f.esType == aliasType {
		f, ok = m.fields[f.path]
	}
	if ok {
		return f, true
	}
	for i := strings.LastIndexByte(name, '.'); i > 0; i = strings.LastIndexByte(name[:i], '.') {
		if parent := m.fields[name[:i]]; parent.typ == event.Flattened {
			return field{esType: "keyword", typ: event.Keyword}, true
		} else if parent.esType == "nested" {
			return field{esType: belowNested, typ: event.GeoPoint}, true
		}
	}
	return field{}, false
}

// Type returns the type of a field, from the mapping or else from ECS.
func (m *Mapping) Type(name string) (event.Type, bool) {
	if f, ok := m.lookup(name); ok {
		return f.typ, true
	}
	return event.TypeOf(name)
}

// Kind returns what the checks of a query need to know of a field.
func (m *Mapping) Kind(name string) (eql.Kind, bool) {
	if f, ok := m.lookup(name); ok {
		if f.inexact {
			return eql.KindInexact, true
		}
		return eql.KindOf(f.esType), true
	}
	t, known := event.TypeOf(name)
	return eql.KindOf(t.String()), known
}

// Path returns the field of documents that a name stands for.
func (m *Mapping) Path(name string) string {
	f := m.fields[name]
	if f.esType == aliasType {
		name = f.path
		f = m.fields[name]
	}
	if f.path != "" {
		return f.path
	}
	return name
}

// Null returns what null stands for in a field, nil if it is missing there.
func (m *Mapping) Null(name string) *fastjson.Value {
	f, _ := m.lookup(name)
	return f.null
}

// Dates returns the format of a date field, nil for the default.
func (m *Mapping) Dates(name string) *event.DateFormat {
	f, _ := m.lookup(name)
	return f.format
}
