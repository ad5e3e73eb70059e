package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// schemaOf returns the members of the report that docs/output.md describes, with their types.
func schemaOf(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/output.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "<!-- report members -->")
	section, _, _ = strings.Cut(section, "<!-- end -->")
	types := map[string]string{}
	for line := range strings.Lines(section) {
		if cells := strings.Split(line, "|"); strings.HasPrefix(line, "| `") && len(cells) > 3 {
			types[strings.Trim(cells[1], " `")] = strings.TrimSpace(cells[2])
		}
	}
	return types
}

// schema checks a document against the members that are described.
type schema struct {
	types map[string]string
	seen  map[string]bool
	wrong map[string]bool
}

func (s *schema) check(name string, v any) {
	want, known := s.types[name]
	if !known {
		s.wrong[name+" is not described"] = true
		return
	}
	s.seen[name] = true
	if !fits(want, v) {
		s.wrong[fmt.Sprintf("%s is %T, described as %s", name, v, want)] = true
	}
	switch v := v.(type) {
	case map[string]any:
		s.members(name, want, v)
	case []any:
		for _, item := range v {
			if members, ok := item.(map[string]any); ok {
				s.members(name+"[]", "object", members)
			}
		}
	}
}

func (s *schema) members(name, kind string, members map[string]any) {
	if strings.HasSuffix(name, ".event") {
		return // a document of ECS
	}
	for key, child := range members {
		if values, ok := child.(map[string]any); ok && kind == "map" {
			s.members(name+".*", "object", values)
		} else if kind != "map" {
			s.check(strings.TrimPrefix(name+"."+key, "."), child)
		}
	}
}

// fits reports whether a value is of a described type.
func fits(kind string, v any) bool {
	switch v := v.(type) {
	case nil:
		return kind == "time" || kind == "object" || kind == "number"
	case string:
		_, err := time.Parse(time.RFC3339, v)
		return kind == "string" || kind == "time" && err == nil
	case float64:
		return kind == "number"
	case bool:
		return kind == "boolean"
	case map[string]any:
		return kind == "object" || kind == "map"
	case []any:
		texts := true
		for _, item := range v {
			_, ok := item.(string)
			texts = texts && ok
		}
		return kind == "list" && (!texts || len(v) == 0) || kind == "list of strings" && texts || kind == "list of values"
	}
	return false
}

// TestWrittenIsDescribed: every member of what the commands write about the case in
// testdata is in docs/output.md, with its type.
func TestWrittenIsDescribed(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	exceptions := file("exceptions.toml", "[[exception]]\nid = \"a\"\nclause = 'user.name == \"mkern\"'\nreason = \"r\"\nowner = \"o\"\nexpires = 2999-12-31\n")
	rule := "[rule]\nname = %[1]q\nrule_id = %[1]q\ndescription = \"d\"\nseverity = \"low\"\nrisk_score = 1\ntype = %q\nlanguage = \"eql\"\nquery = '%s'\n"
	sequence := file("a.toml", fmt.Sprintf(rule, "a", "eql", "sequence by host.name [process where true] [file where true]"))
	other := file("b.toml", fmt.Sprintf(rule, "b", "threshold", "x"))
	s := &schema{schemaOf(t), map[string]bool{}, map[string]bool{}}
	for _, args := range [][]string{
		{"scan", "-f", "json", "--nodes", "../../testdata/incident.nodes", "--exceptions", exceptions},
		{"scan", "-f", "json", "--no-investigate", "--no-prefilter", "--from", "2026-11-20T02:05:00Z"},
		{"scan", "-q", "-f", "json", "--rules", sequence, "--rules", other},
		{"coverage", "-f", "json"},
	} {
		var out, talk bytes.Buffer
		if code := run(append(args, "../../testdata/incident"), nil, &out, &talk); code != 0 {
			t.Fatalf("%v: exit code %d: %s", args, code, talk.String())
		}
		var document map[string]any
		if err := json.Unmarshal(out.Bytes(), &document); err != nil {
			t.Fatal(err)
		}
		s.members("", "object", document)
	}
	for text := range s.wrong {
		t.Error(text)
	}
	if part := float64(len(s.seen)) / float64(len(s.types)); part < 0.9 {
		t.Errorf("the case has %.0f%% of the members: too few to say that the description is right", 100*part)
	}
}
