package mapping

import (
	"strings"
	"testing"

	"kscan/readers/event"
	"kscan/rule/eql"
)

const body = `{"properties": {
	"a": {"type": "long"},
	"b.c": {"type": "ip"},
	"b": {"properties": {"d": {"type": "keyword", "fields": {"raw": {"type": "wildcard"}, "v": {"type": "version"}}}}},
	"alias": {"type": "alias", "path": "b.d"},
	"deep": {"type": "alias", "path": "b.d.v"},
	"big": {"type": "unsigned_long"},
	"when": {"type": "date", "format": "epoch_second"},
	"flat": {"type": "flattened"},
	"shape": {"type": "geo_shape"},
	"new": {"type": "not_invented_yet"},
	"exact": {"type": "date_nanos", "format": "epoch_millis"},
	"name": {"type": "text", "fields": {"lower": {"type": "keyword", "normalizer": "n"}, "raw": {"type": "keyword"}}},
	"words": {"type": "text", "fields": {"lower": {"type": "keyword", "normalizer": "n"}, "english": {"type": "text"}}},
	"none": {"type": "keyword", "null_value": "no\u006ee"},
	"zero": {"type": "long", "null_value": 0, "fields": {"text": {"type": "keyword"}}},
	"nested": {"type": "nested", "properties": {"x": {"properties": {"y": {"type": "long"}}}}},
	"process": {"properties": {"pid": {"type": "keyword"}}}
}}`

func TestFields(t *testing.T) {
	m, err := Parse([]byte(`{"logs-1": {"mappings": ` + body + `}}`))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		typ  event.Type
		kind eql.Kind
		path string
	}{
		{"a", event.Long, eql.KindLong, "a"},
		{"b", event.Object, eql.KindObject, "b"},
		{"b.c", event.IP, eql.KindIP, "b.c"},
		{"b.d", event.Keyword, eql.KindString, "b.d"},
		{"b.d.raw", event.Keyword, eql.KindString, "b.d"},
		{"b.d.v", event.Version, eql.KindVersion, "b.d"},
		{"alias", event.Keyword, eql.KindString, "b.d"},
		{"deep", event.Version, eql.KindVersion, "b.d"},
		{"big", event.Number, eql.KindLong, "big"},
		{"when", event.Date, eql.KindDate, "when"},
		{"flat.x.y", event.Keyword, eql.KindString, "flat.x.y"},
		{"shape", event.GeoPoint, eql.KindUnsupported, "shape"},
		{"new", event.GeoPoint, eql.KindUnsupported, "new"},
		{"exact", event.DateNanos, eql.KindDate, "exact"},
		{"name", event.Keyword, eql.KindString, "name"},
		{"name.raw", event.Keyword, eql.KindString, "name"},
		{"name.lower", event.Keyword, eql.KindInexact, "name"},
		{"words", event.Keyword, eql.KindInexact, "words"},
		{"words.english", event.Keyword, eql.KindInexact, "words"},
		{"none", event.Keyword, eql.KindString, "none"},
		{"nested", event.Object, eql.KindObject, "nested"},
		{"nested.x.y", event.GeoPoint, eql.KindUnsupported, "nested.x.y"},
		{"nested.z", event.GeoPoint, eql.KindUnsupported, "nested.z"},
		{"process.pid", event.Keyword, eql.KindString, "process.pid"},
		{"process.name", event.Keyword, eql.KindString, "process.name"},
		{"destination.port", event.Long, eql.KindLong, "destination.port"},
	}
	for _, test := range tests {
		typ, ok := m.Type(test.name)
		kind, known := m.Kind(test.name)
		if !ok || !known || typ != test.typ || kind != test.kind || m.Path(test.name) != test.path {
			t.Errorf("%s: type %v (%v), kind %v (%v), path %q", test.name, typ, ok, kind, known, m.Path(test.name))
		}
	}
	if _, ok := m.Type("nobody.knows"); ok {
		t.Error("a field that nobody knows has a type")
	}
	if at, ok := m.Dates("when").Parse([]byte("2")); !ok || at.Unix() != 2 {
		t.Errorf("epoch_second read 2 as %v, %v", at, ok)
	}
	for name, want := range map[string]string{"none": `"none"`, "zero": "0", "zero.text": "", "a": "", "nobody": ""} {
		null := m.Null(name)
		if want == "" && null != nil || want != "" && (null == nil || null.String() != want) {
			t.Errorf("null in %s is %v, want %s", name, null, want)
		}
	}
	if m.Dates("exact") == nil {
		t.Error("a date of nanoseconds has lost its format")
	}
	if m.Dates("a") != nil {
		t.Error("a long has a format")
	}
}

func TestForms(t *testing.T) {
	for _, text := range []string{
		body, `{"mappings": ` + body + `}`, `{"i": {"aliases": {}, "mappings": ` + body + `}}`,
		`{"template": {"mappings": ` + body + `}}`, `{"mappings": {"_doc": ` + body + `}}`,
		strings.TrimSuffix(strings.TrimPrefix(body, `{"properties": `), "}"),
		"\ufeff" + body,
		`{"properties": {"mappings": {"type": "object"}, "a": {"type": "long"}}}`,
		`{"mappings": {"runtime": {"a": {"type": "long"}}}}`,
	} {
		m, err := Parse([]byte(text))
		if err != nil {
			t.Errorf("%.40s: %v", text, err)
			continue
		}
		if typ, _ := m.Type("a"); typ != event.Long {
			t.Errorf("%.40s: a is %v", text, typ)
		}
	}
}

func TestRefused(t *testing.T) {
	tests := []struct{ text, want string }{
		{`{`, "line 1"},
		{"{\n\n x", "line 3"},
		{`[]`, "a mapping is a JSON object"},
		{`{}`, "no mapping found"},
		{`{"a": 1}`, "no mapping found"},
		{`{"a": {"type": "long"}, "b": {}, "c": {"ty": "long"}}`, `field "c": it has neither a type nor properties`},
		{`{"a": {"mappings": {}}, "b": {"mappings": {}}}`, "the mappings of 2 indices"},
		{`{"properties": {"a": {"type": "long", "null_value": [1]}}}`, `field "a": its null_value is not a single value`},
		{`{"properties": {"a": {"type": 1}}}`, `field "a": its type is not a string`},
		{`{"properties": {"a": 1}}`, `field "a": its definition is not a JSON object`},
		{`{"properties": {"a": {"properties": 1}}}`, `field "a": its properties are not a JSON object`},
		{`{"properties": {"a": {"type": "alias"}}}`, `field "a": an alias needs a path`},
		{`{"properties": {"a": {"type": "alias", "path": "B"}, "b": {"type": "long"}}}`, `did you mean "b"?`},
		{`{"properties": {"a": {"type": "alias", "path": "b"}, "b": {"type": "alias", "path": "a"}}}`, `stands for another alias`},
		{`{"properties": {"a": {"type": "alias", "path": "b"}, "b": {"properties": {}}}}`, `which is an object`},
		{`{"properties": {"a": {"type": "date", "format": "QQQQQQ"}}}`, `failed to read date format`},
		{`{"properties": {"a": {"type": "date", "format": 1}}}`, `its format is not a string`},
		{strings.Repeat(`{"properties": {"a": `, 200) + "{}" + strings.Repeat("}}", 200), "nest deeper than"},
	}
	for _, test := range tests {
		if _, err := Parse([]byte(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.60s: error %v, want %q", test.text, err, test.want)
		}
	}
}

func TestNotes(t *testing.T) {
	m, err := Parse([]byte(`{"properties": {
		"a": {"type": "keyword", "normalizer": "lowercase", "null_value": "none"},
		"b": {"type": "constant_keyword", "value": "x"},
		"c": {"type": "object", "enabled": false},
		"d": {"type": "long", "ignore_malformed": true, "index": false},
		"e": {"type": "strnig"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`field "b": events that`, `field "c": Elasticsearch`, `field "e": unknown type "strnig"`}
	if len(m.Notes()) != len(want) {
		t.Fatalf("notes: %q", m.Notes())
	}
	for i := range want {
		if !strings.HasPrefix(m.Notes()[i], want[i]) {
			t.Errorf("note %q, want %q", m.Notes()[i], want[i])
		}
	}
}

// FuzzParse demands that no mapping panics, and that what is read answers for every field.
func FuzzParse(f *testing.F) {
	f.Add(body)
	f.Add(`{"a": {"type": "alias", "path": "a"}}`)
	f.Add(`{"properties": {"": {"fields": {"": {"type": "date", "format": "'"}}}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse([]byte(text))
		if err != nil {
			return
		}
		for name := range m.fields {
			m.Kind(name)
			m.Dates(name)
			if typ, ok := m.Type(name); !ok || m.Path(name) == "" && name != "" {
				t.Errorf("%q: type %v (%v), path %q", name, typ, ok, m.Path(name))
			}
		}
	})
}
