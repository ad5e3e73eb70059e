package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// allowed is the direction of imports: each package may import the packages of the project
// that are listed, and those alone. docs/design.md explains it.
var allowed = map[string][]string{
	"cmd/kscan":         {"report", "report/safe", "report/triage", "scan", "readers", "readers/event", "rule", "rule/eql", "rule/eval", "rule/mapping"},
	"report":            {"report/safe", "report/triage", "scan", "readers/event", "rule", "rule/eval"},
	"cmd/kscan-bench":   {},
	"report/safe":       {},
	"report/triage":     {"report/safe", "scan", "readers/event", "rule", "rule/eql", "rule/eval"},
	"readers/prefilter": {},
	"scan":              {"readers", "readers/event", "rule", "rule/eql", "rule/eval"},
	"readers":           {"readers/event", "readers/frame", "readers/ndjson", "readers/auditd", "readers/prefilter"},
	"readers/event":     {},
	"readers/frame":     {},
	"readers/ndjson":    {"readers/event", "readers/frame", "readers/auditd", "readers/prefilter"},
	"readers/auditd":    {"readers/event", "readers/frame", "readers/prefilter"},
	"rule":              {"readers/event", "rule/eql", "rule/eval", "rule/mapping", "rule/builtin"},
	"rule/mapping":      {"readers/event", "rule/eql"},
	"rule/builtin":      {},
	"rule/eql":          {},
	"rule/eval":         {"readers/event", "rule/eql"},
}

// standardOnly are the packages that use nothing outside the standard library.
var standardOnly = []string{"rule/eql", "readers/frame"}

func TestImportsGoOneWay(t *testing.T) {
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(p.ImportPath, "kscan/")
		if strings.Contains(name, "/internal/") || strings.HasPrefix(name, "testdata/") {
			continue // generators and helpers of tests
		}
		may, known := allowed[name]
		if !known {
			t.Errorf("package %s is not in the table of imports", name)
			continue
		}
		for _, path := range p.Imports {
			checkImport(t, name, path, may)
		}
	}
}

func checkImport(t *testing.T, name, path string, may []string) {
	t.Helper()
	own, inside := strings.CutPrefix(path, "kscan/")
	if inside && !strings.Contains(own, "/internal/") && !slices.Contains(may, own) {
		t.Errorf("%s imports %s: not in the direction of the table", name, own)
	}
	if slices.Contains(standardOnly, name) && !inside && strings.Contains(path, ".") {
		t.Errorf("%s imports %s: it uses the standard library alone", name, path)
	}
}

type listed struct {
	ImportPath string
	Imports    []string
}

func listPackages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "kscan/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}
