package rule

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"kscan/rule/mapping"
)

func TestQuerySize(t *testing.T) {
	sequence, sample := `sequence [any where true] [any where true]`, `sample by a [any where true] [any where true]`
	tests := []struct {
		query string
		size  int
		want  string
	}{
		{"any where true", -1, ""},
		{"any where true", 0, "tail 0"},
		{"any where true", 5, "tail 5"},
		{"any where true | head 9", 5, "head 5, head 9"},
		{"any where true | tail 9 | head 2", 5, "tail 5, tail 9, head 2"},
		{sequence, 3, "tail 3"},
		{sequence + " | head 2", 3, "head 3, head 2"},
		{sample, 3, "head 3"},
	}
	for _, test := range tests {
		o := QueryOptions{Size: &test.size}
		if test.size < 0 {
			o.Size = nil
		}
		r, _, err := Query(test.query, o)
		if err != nil {
			t.Fatal(err)
		}
		var pipes []string
		for _, p := range r.Program.Query().PipeList() {
			pipes = append(pipes, fmt.Sprint(p.Kind, " ", p.Count))
		}
		if got := strings.Join(pipes, ", "); got != test.want {
			t.Errorf("%s with size %d: pipes %q, want %q", test.query, test.size, got, test.want)
		}
	}
}

func TestQueryRefused(t *testing.T) {
	m, err := mapping.Parse([]byte(`{"n": {"type": "keyword"}, "process": {"properties": {"name": {"type": "long"}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		query string
		want  string
	}{
		{"any were true", "1:5: "},
		{`any where process.name like "a" and process.pid : "1"`, "1:11: \n1:37: "},
		{`any where cidrMatch(a, "x")`, "1:24: "},
		{`any where a regex "("`, "1:11: "},
		{`any where length(a) == length(b) - 1`, "1:24: "},
		{`any where source.ip in ("10.0.0.1", "::1")`, "1:25: \n1:37: "},
	}
	for _, test := range tests {
		_, _, err := Query(test.query, QueryOptions{Mapping: m})
		var refused Refused
		if !errors.As(err, &refused) {
			t.Errorf("%s: %v, want a refusal", test.query, err)
			continue
		}
		for _, fault := range refused {
			if shown := fault.Render("", 1); !strings.HasPrefix(shown, "error: ") {
				t.Errorf("%s: the refusal shows as %q", test.query, shown)
			}
		}
		lines := strings.Split(err.Error(), "\n")
		for i, want := range strings.Split(test.want, "\n") {
			if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
				t.Errorf("%s: %q, want %q", test.query, lines, test.want)
			}
		}
	}
	if _, warnings, err := Query(`any where n : "1*" and process.name == "x"`, QueryOptions{Mapping: m}); err != nil || len(warnings) != 1 {
		t.Errorf("%v, warnings %v", err, warnings)
	}
}
