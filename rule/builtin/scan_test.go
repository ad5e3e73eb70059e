package builtin_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/rule"
	"kscan/scan"
)

// findings notes where a scan found the rule.
type findings struct{ places []string }

func (f *findings) Finding(found *scan.Finding) error {
	e := found.Hits[0].Evidence
	f.places = append(f.places, fmt.Sprintf("%s:%d", filepath.ToSlash(e.Source), e.Line))
	return nil
}

// scanFor returns the places below dir where the built-in rule is found, in order, and
// fails when evidence was lost.
func scanFor(t *testing.T, dir string, o scan.Options) []string {
	t.Helper()
	var f findings
	summary, err := scan.Run(context.Background(), o, []string{dir}, []*rule.Rule{kubelet(t)}, &f)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range summary.Problems {
		t.Errorf("%s:%d: %s: %s", p.Source, p.Line, p.Kind, p.Detail)
	}
	prefix := filepath.ToSlash(dir) + "/"
	for i, place := range f.places {
		f.places[i] = strings.TrimPrefix(place, prefix)
	}
	return f.places
}

// TestIncidentFindings scans the case as README does, and with other workers and blocks.
func TestIncidentFindings(t *testing.T) {
	var want []string
	for _, e := range incident() {
		for _, h := range e.hits {
			want = append(want, fmt.Sprintf("%s:%d", e.path, h.line))
		}
	}
	for _, jobs := range []int{1, 8} {
		for _, block := range []int{0, 100, 5000} {
			o := scan.Options{Jobs: jobs}
			o.Readers.BlockSize = block
			if diff := cmp.Diff(want, scanFor(t, incidentDir, o)); diff != "" {
				t.Errorf("with %d jobs and blocks of %d bytes (-want +got):\n%s", jobs, block, diff)
			}
		}
	}
}

// rawCase is a process and an address, written as audit records.
type rawCase struct {
	p       *proc
	address string
	port    int
	want    bool
}

// rawCases are the clauses that an audit log can say: the process, the address, the port
// and the result of the call.
func rawCases() []rawCase {
	var out []rawCase
	process := func(name, exe string, want bool) {
		p := root(700, "root", 0, exe, exe)
		p.name = comm(name)
		out = append(out, rawCase{p, "10.20.0.12", 10250, want})
	}
	address := func(ip string, port int, want bool) {
		out = append(out, rawCase{root(701, "root", 0, "/usr/bin/curl", "curl"), ip, port, want})
	}
	for _, name := range append(slices.Clone(wholeNames), nameStarts...) {
		process(name, "/usr/bin/agentd", true)
		process("x"+name, "/usr/bin/agentd", false)
		process(strings.ToUpper(name), "/usr/bin/agentd", false)
	}
	for _, name := range nameStarts {
		process(name+" 3.11", "/usr/bin/agentd", true) // a blank makes the kernel write it as hex
	}
	process(".x", "/usr/bin/agentd", true)
	process("x.", "/usr/bin/agentd", false)
	process("agentd", "/opt/.x/agentd", true)
	process("agentd", "/.x", false)
	for _, prefix := range pathPrefixes {
		process("agentd", prefix+"agentd", true)
		process("agentd", prefix+"a b/agentd (deleted)", true)
		process("agentd", strings.TrimSuffix(prefix, "/")+"x/agentd", false)
	}
	for _, n := range networks {
		address(n.before, 10250, false)
		address(n.first, 10250, true)
		address(n.last, 10255, true)
		address(n.after, 10255, false)
	}
	for _, port := range []int{10249, 10251, 10254, 10256, 2600, 3880} { // the last two have the bytes of the ports swapped or cut
		address("10.20.0.12", port, false)
	}
	address("::ffff:10.20.0.12", 10250, true)
	address("::ffff:198.51.100.1", 10250, false)
	return out
}

// TestRawAuditRecords writes each case with each result of a connect, and the 32-bit form
// of the call, and scans the log.
func TestRawAuditRecords(t *testing.T) {
	e := &evidence{path: "audit.log"}
	a := &auditd{evidence: e, node: "k8s-node-03", serial: 100}
	for _, c := range rawCases() {
		why := ""
		if c.want {
			why = "matches"
		}
		for _, r := range []result{done, inProgress, refused, timedOut, unreachable} {
			a.add(why, a.connect("12:00:00.000", c.p, c.address, c.port, r)...)
		}
		a.add(why, a.socketcall("12:00:00.000", c.p, c.address, c.port, inProgress)...)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, e.path), []byte(e.text()), 0o600); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, h := range e.hits {
		want = append(want, fmt.Sprintf("%s:%d", e.path, h.line))
	}
	got := scanFor(t, dir, scan.Options{})
	for _, place := range want {
		if !slices.Contains(got, place) {
			t.Errorf("not found: %s", e.at(place))
		}
	}
	for _, place := range got {
		if !slices.Contains(want, place) {
			t.Errorf("found: %s", e.at(place))
		}
	}
}

// at returns the text of a place of the file.
func (e *evidence) at(place string) string {
	var line int
	fmt.Sscanf(strings.TrimPrefix(place, e.path+":"), "%d", &line)
	return place + " " + strings.Join(e.lines[line-1:min(line+1, len(e.lines))], " / ")
}
