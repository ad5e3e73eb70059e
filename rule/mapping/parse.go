package mapping

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
)

// aliasType is the type of a field that stands for another.
const aliasType = "alias"

// belowNested is no type of Elasticsearch: EQL cannot use what is inside nested objects.
const belowNested = "below nested"

// types are the types of fields that EQL can use. Those that hold numbers keep them as
// they are: a float is compared as a double, and half a unit of scaled_float is not lost.
var types = map[string]event.Type{
	"keyword": event.Keyword, "constant_keyword": event.Keyword, "wildcard": event.Keyword,
	"text": event.Keyword, "match_only_text": event.Keyword,
	"long": event.Long, "integer": event.Long, "short": event.Long, "byte": event.Long,
	"unsigned_long": event.Number, // may be more than an int64
	"double":        event.Double, "float": event.Double, "half_float": event.Double, "scaled_float": event.Double,
	"boolean": event.Boolean, "ip": event.IP, "version": event.Version,
	"date": event.Date, "date_nanos": event.DateNanos, "binary": event.Keyword,
	"object": event.Object, "nested": event.Object, "flattened": event.Flattened,
}

// unusable are the types that EQL cannot use: a query that names such a field is refused.
var unusable = []string{
	"aggregate_metric_double", "annotated_text", "completion", "date_range", "dense_vector",
	"double_range", "float_range", "geo_point", "geo_shape", "histogram", "icu_collation_keyword",
	"integer_range", "ip_range", "join", "long_range", "murmur3", "passthrough", "percolator", "point",
	"rank_feature", "rank_features", "rank_vectors", "search_as_you_type", "semantic_text", "shape",
	"sparse_vector", "token_count", "exponential_histogram",
}

// parser gathers the fields and errors of one mapping.
type parser struct {
	mapping *Mapping
	errors  []error
}

func (p *parser) fail(name, format string, args ...any) {
	p.errors = append(p.errors, fmt.Errorf("field %q: %s", name, fmt.Sprintf(format, args...)))
}

func (p *parser) note(name, format string, args ...any) {
	p.mapping.notes = append(p.mapping.notes, fmt.Sprintf("field %q: %s", name, fmt.Sprintf(format, args...)))
}

// scope is what the objects around a field say of it.
type scope struct {
	depth  int
	nested bool
	parent string // of a multi-field, the field whose values it has
}

func (p *parser) properties(prefix string, properties map[string]any, in scope) {
	if in.depth > maxDepth {
		p.fail(prefix, "objects nest deeper than %d", maxDepth)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		name := key
		if prefix != "" {
			name = prefix + "." + key
		}
		definition, ok := properties[key].(map[string]any)
		if !ok {
			p.fail(name, "its definition is not a JSON object")
			continue
		}
		p.field(name, definition, in)
	}
}

func (p *parser) field(name string, definition map[string]any, in scope) {
	esType, given := definition["type"].(string)
	if !given && definition["type"] != nil {
		p.fail(name, "its type is not a string")
		return
	}
	inner, isObject := definition["properties"].(map[string]any)
	if !given {
		if !isObject && definition["properties"] != nil {
			p.fail(name, "its properties are not a JSON object")
			return
		}
		if !isObject && len(definition) > 0 && definition["dynamic"] == nil && definition["enabled"] == nil {
			p.fail(name, "it has neither a type nor properties")
			return
		}
		esType = "object"
	}
	p.parameters(name, esType, definition)
	f, ok := p.typed(name, esType, definition)
	if !ok {
		return
	}
	if in.nested {
		f.esType, f.typ = belowNested, event.GeoPoint
	}
	f.path = cmp.Or(f.path, in.parent)
	p.mapping.fields[name] = f
	below := scope{depth: in.depth + 1, nested: in.nested || esType == "nested"}
	if isObject {
		p.properties(name, inner, below)
	}
	if multi, ok := definition["fields"].(map[string]any); ok {
		below.parent = cmp.Or(in.parent, name)
		p.properties(name, multi, below)
	}
}

// typed returns a field of a type with what the type's own parameters say.
func (p *parser) typed(name, esType string, definition map[string]any) (field, bool) {
	f := field{esType: esType}
	if esType == aliasType {
		path, ok := definition["path"].(string)
		if !ok || path == "" {
			p.fail(name, "an alias needs a path")
			return f, false
		}
		f.path = path
		return f, true
	}
	typ, known := types[esType]
	switch {
	case known:
		f.typ = typ
	case slices.Contains(unusable, esType):
		f.typ = event.GeoPoint
	default:
		p.note(name, "unknown type %q: a query cannot use the field", esType)
		f.typ = event.GeoPoint
	}
	f.inexact = inexact(esType, definition)
	if null := definition["null_value"]; null != nil {
		if f.null = constant(null); f.null == nil {
			p.fail(name, "its null_value is not a single value")
			return f, false
		}
	}
	format, given := definition["format"]
	if typ != event.Date && typ != event.DateNanos || !given {
		return f, true
	}
	text, ok := format.(string)
	if !ok {
		p.fail(name, "its format is not a string")
		return f, false
	}
	var err error
	if f.format, err = event.NewDateFormat(text); err != nil {
		p.fail(name, "%v", err)
		return f, false
	}
	return f, true
}

// inexact reports whether a field has no whole values to compare: Elasticsearch refuses
// conditions on text without a keyword below it, and on a keyword that is normalized.
func inexact(esType string, definition map[string]any) bool {
	switch esType {
	case "keyword":
		return definition["normalizer"] != nil
	case "text", "match_only_text":
		multi, _ := definition["fields"].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(multi)) {
			below, _ := multi[key].(map[string]any)
			if isKeyword(below["type"]) && below["normalizer"] == nil {
				return false
			}
		}
		return true
	}
	return false
}

func isKeyword(esType any) bool {
	return esType == "keyword" || esType == "wildcard" || esType == "constant_keyword"
}

// constant returns a value that stands for null, ready to be read by many; nil if it is none.
func constant(v any) *fastjson.Value {
	text, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	null, err := fastjson.ParseBytes(text)
	if err != nil || null.Type() == fastjson.TypeObject || null.Type() == fastjson.TypeArray {
		return nil
	}
	return null
}

// ignored are parameters that change what Elasticsearch finds and are not applied here.
var ignored = []struct{ parameter, note string }{
	{"script", "its script is not run"},
	{"copy_to", "its copy_to is not applied: the other field has only its own values"},
	{"locale", "its locale is not applied: names of months and days are read in English"},
}

// parameters notes what would change results and is not done here.
func (p *parser) parameters(name, esType string, definition map[string]any) {
	for _, i := range ignored {
		if definition[i.parameter] != nil {
			p.note(name, "%s", i.note)
		}
	}
	if esType == "constant_keyword" && definition["value"] != nil {
		p.note(name, "events that do not have the field do not get its constant value")
	}
	if definition["enabled"] == false || definition["index"] == false && definition["doc_values"] == false {
		p.note(name, "Elasticsearch does not index it and finds nothing in it; here it is read")
	}
}

// runtime takes runtime fields: those without a script are read from the document.
func (p *parser) runtime(fields map[string]any) {
	p.properties("", fields, scope{})
}

// aliases checks that each alias stands for a field that is there and is no alias itself.
func (p *parser) aliases() {
	for _, name := range slices.Sorted(maps.Keys(p.mapping.fields)) {
		f := p.mapping.fields[name]
		if f.esType != aliasType {
			continue
		}
		target, ok := p.mapping.fields[f.path]
		switch {
		case !ok:
			p.fail(name, "the mapping has no field %q that the alias could stand for%s", f.path, p.nearest(f.path))
		case target.esType == aliasType:
			p.fail(name, "the alias stands for another alias, %q", f.path)
		case target.typ == event.Object:
			p.fail(name, "the alias stands for %q, which is an object", f.path)
		}
	}
}

// nearest says which field differs from a name in case alone, if one does.
func (p *parser) nearest(name string) string {
	for _, other := range slices.Sorted(maps.Keys(p.mapping.fields)) {
		if strings.EqualFold(other, name) {
			return fmt.Sprintf("; did you mean %q?", other)
		}
	}
	return ""
}
