//go:build linux

package auditd

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
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

// difference is a way in which kscan is meant to differ from go-libaudit and Auditbeat.
type difference struct {
	name    string // the row of the table in docs/formats.md
	applies func(lines []string) bool
	fields  []string // prefixes of the fields that may differ then; "*" is all
}

// differences are all that the comparison lets pass.
func differences() []difference {
	return []difference{
		{"a record whose SYSCALL is missing", isLone, []string{"*"}},
		{"log_format=ENRICHED", matches(`[^a-z]AUID="`), []string{
			"user.", "auditd.summary.actor.", "tags", "auditd.data."}},
		{"a unix address in log_format=ENRICHED", matches(`saddr=01.*\x1dSADDR=`), []string{
			"destination.path", "source.path", "network.direction", "auditd.data.socket", "auditd.summary.object"}},
		{"another record before SYSCALL", isSecond, []string{
			"event.", "file.", "auditd.message_type", "auditd.summary."}},
		{"comm in hex", matches(`comm=[0-9A-F]{2}`), []string{"process.name", "auditd.summary.how"}},
		{"AVC name and other encoded fields", matches(`(name|acct|exe|cmd|comm)=[0-9A-F]{2}`), []string{
			"auditd.data.", "process.executable", "process.name", "auditd.summary.", "user."}},
		{"EXECVE in several records", matches(`a[0-9]+\[[0-9]+\]=`), []string{"process.args", "auditd.data.argc"}},
		{"an empty argument", matches(`a[0-9]+=""`), []string{"process.args", "auditd.data.argc"}},
		{"socketcall", contains("syscall=102"), []string{
			"event.", "network.", "destination.", "source.", "auditd.summary.", "auditd.data.socketcall"}},
		{"big-endian saddr", matches(`saddr=00(01|02|0A|10)`), []string{
			"destination.", "source.", "auditd.data.socket", "auditd.summary.object"}},
		{"riscv and loongarch", matches(`arch=(c00000f3|400000f3|c0000102)`), []string{"*"}},
		{"x32", matches(`syscall=10737[0-9]{5}`), []string{"*"}},
		{"an abstract unix socket", matches(`saddr=01000[0]`), []string{"destination.path", "source.path", "auditd.data.socket.path", "auditd.summary.object"}},
		{"a scope", matches(`saddr=0A00[0-9A-F]{44}[0-9A-F]*[1-9A-F]`), []string{"auditd.data.socket.scope_id"}},
		{"io_uring", contains("type=URINGOP"), []string{"*"}},
	}
}

func contains(part string) func([]string) bool {
	return func(lines []string) bool { return strings.Contains(strings.Join(lines, "\n"), part) }
}

func matches(expr string) func([]string) bool {
	re := regexp.MustCompile(expr)
	return func(lines []string) bool { return re.MatchString(strings.Join(lines, "\n")) }
}

// isSecond reports whether a record that only adds to others comes before SYSCALL.
func isSecond(lines []string) bool { return isLone(lines[:1]) && !isLone(lines) }

// isLone reports whether no record of an event can say what it is.
func isLone(lines []string) bool {
	t := loadTables()
	for _, line := range lines {
		name, _, _ := strings.Cut(line[strings.Index(line, "type=")+len("type="):], " ")
		if !isAuxiliary(t.typeNumber([]byte(name))) {
			return false
		}
	}
	return true
}

// unexplained leaves out what a difference explains, and counts which did.
func unexplained(list []string, lines []string, used map[string]int) (left []string) {
	for _, text := range list {
		field, _, _ := strings.Cut(text[strings.IndexByte(text, ' ')+1:], "=")
		field = strings.TrimPrefix(field, "here: ")
		known := false
		for _, d := range differences() {
			if !d.applies(lines) {
				continue
			}
			for _, prefix := range d.fields {
				if prefix == "*" || strings.HasPrefix(field, prefix) {
					known = true
					used[d.name]++
				}
			}
		}
		if !known {
			left = append(left, text)
		}
	}
	return left
}

// compare decodes a log and compares each event with the oracle's.
func compare(t *testing.T, name, log string, used map[string]int) (compared int) {
	t.Helper()
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
		if left := unexplained(disagree(want, got[id]), lines[id], used); len(left) > 0 {
			t.Errorf("%s, event %s:\n%s\n%s", name, id, strings.Join(left, "\n"), strings.Join(lines[id], "\n"))
		}
	}
	return compared
}

func TestSamplesAgreeWithOracle(t *testing.T) {
	compared, used := 0, map[string]int{}
	for name, log := range samples(t) {
		compared += compare(t, filepath.Base(name), log, used)
	}
	if compared < 100 {
		t.Errorf("only %d events compared", compared)
	}
}

func TestRandomEventsAgreeWithOracle(t *testing.T) {
	used := map[string]int{}
	for seed := range uint64(30) {
		g := generator{Rand: rand.New(rand.NewPCG(seed, 3)), odd: true, enriched: seed%6 == 5}
		if compared := compare(t, "random", g.log(60, 3), used); compared < 50 {
			t.Errorf("seed %d: only %d events compared", seed, compared)
		}
	}
}

// TestDifferences shows each difference on an event that has it: there the oracle and
// kscan must differ, and in no field that the table does not name.
func TestDifferences(t *testing.T) {
	head := "msg=audit(1700000000.001:7): "
	call := "type=SYSCALL " + head + "arch=c000003e syscall=42 success=yes exit=0 a0=3 items=0 ppid=1 pid=2 auid=1 uid=0 gid=0 comm=\"x\" exe=\"/x\" key=(null)"
	addr := "type=SOCKADDR " + head + "saddr=0200280A0A0000010000000000000000"
	edit := func(pairs ...string) string {
		return strings.NewReplacer(pairs...).Replace(call + "\n" + addr + "\n")
	}
	examples := map[string]string{
		"a record whose SYSCALL is missing": addr,
		"log_format=ENRICHED":               edit("key=(null)", "key=(null)\x1dAUID=\"bob\" UID=\"root\""),
		"a unix address in log_format=ENRICHED": edit("saddr=0200280A0A0000010000000000000000",
			"saddr=01002F7661722F72756E2F7800\x1dSADDR={ saddr_fam=local path=/var/run/x }"),
		"another record before SYSCALL":     addr + "\n" + call,
		"comm in hex":                       edit(`comm="x"`, "comm=612062"),
		"AVC name and other encoded fields": "type=AVC " + head + "avc:  denied  { read } for  pid=1 comm=612062 name=2F612062 tclass=dir",
		"EXECVE in several records": edit("syscall=42", "syscall=59") + "type=EXECVE " + head + "argc=2 a0=\"x\" a1_len=6 a1[0]=616263\n" +
			"type=EXECVE " + head + "a1[1]=646566",
		"an empty argument":       edit("syscall=42", "syscall=59") + "type=EXECVE " + head + "argc=2 a0=\"x\" a1=\"\"",
		"socketcall":              edit("c000003e", "40000003", "syscall=42", "syscall=102"),
		"big-endian saddr":        edit("c000003e", "80000016", "syscall=42", "syscall=362", "saddr=0200", "saddr=0002"),
		"riscv and loongarch":     edit("c000003e", "c00000f3", "syscall=42", "syscall=203"),
		"x32":                     edit("syscall=42", "syscall=1073741866"),
		"an abstract unix socket": edit("saddr=0200280A0A0000010000000000000000", "saddr=0100006162"),
		"a scope":                 edit("saddr=0200280A0A0000010000000000000000", "saddr=0A00280A00000000FE80000000000000000000000000000102000000"),
	}
	for _, d := range differences() {
		log, ok := examples[d.name]
		if !ok {
			continue // the oracle has no such event: TestUringConnect
		}
		t.Run(d.name, func(t *testing.T) {
			used := map[string]int{}
			if compare(t, d.name, log, used) != 1 {
				t.Fatal("the oracle does not know the event")
			}
			if used[d.name] == 0 {
				t.Error("no difference")
			}
		})
	}
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
