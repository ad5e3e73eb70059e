//go:build linux

package auditd

import (
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// eventsOf groups the lines of a log by event, as Auditbeat does, in the order of their
// first records.
func eventsOf(log string) (ids []string, lines map[string][]string) {
	lines = map[string][]string{}
	for line := range strings.Lines(log) {
		line = strings.TrimRight(line, "\n")
		_, rest, ok := strings.Cut(line, "audit(")
		id, _, closed := strings.Cut(rest, ")")
		if !ok || !closed {
			continue
		}
		if lines[id] == nil {
			ids = append(ids, id)
		}
		lines[id] = append(lines[id], line)
	}
	return ids, lines
}

func samples(t *testing.T) map[string]string {
	t.Helper()
	logs := map[string]string{}
	root := filepath.Join("..", "..", "..", "shared", "samples")
	for _, pattern := range []string{"go-libaudit/*/*.log", "OTRF-Security-Datasets/*.log", "go-libaudit/*/*.yaml"} {
		names, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			logs[name] = recordLines(string(text))
		}
	}
	if len(logs) == 0 {
		t.Skip("no sample logs beside the repository")
	}
	return logs
}

// recordLines takes the audit records out of a log or of the YAML that lists some.
func recordLines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if i := strings.Index(line, "type="); i >= 0 {
			line = strings.TrimRight(line[i:], "\n")
			line = strings.TrimSuffix(line, "|")
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

func TestSamplesAgreeWithOracle(t *testing.T) {
	compared := 0
	for name, log := range samples(t) {
		ids, lines := eventsOf(log)
		got := map[string]map[string]string{}
		for _, e := range decodeAll(Options{}, log).events {
			got[e.Evidence.EventID] = e.Fields
		}
		for _, id := range ids {
			want := oracle(lines[id])
			if want == nil {
				continue
			}
			compared++
			if d := disagree(want, got[id]); len(d) > 0 {
				t.Errorf("%s, event %s:\n%s\n%s", filepath.Base(name), id, strings.Join(d, "\n"), strings.Join(lines[id], "\n"))
			}
		}
	}
	t.Logf("%d events compared", compared)
}

// disagree lists the fields in which a document differs from the oracle's.
func disagree(want, got map[string]string) (list []string) {
	if cmp.Equal(want, got) {
		return nil
	}
	for key, val := range want {
		if got[key] != val {
			list = append(list, "oracle "+key+"="+val+", got "+got[key])
		}
	}
	for key, val := range got {
		if _, ok := want[key]; !ok {
			list = append(list, "only here: "+key+"="+val)
		}
	}
	sort.Strings(list)
	return list
}
