package builtin_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/report/triage"
	"kscan/rule"
	"kscan/scan"
)

// secondPass scans a folder, looks the playbook up, and returns all answers as text, and
// how many events the second pass passed over.
func secondPass(t *testing.T, r *rule.Rule, dir string, o scan.Options) (lines []string, passed int64) {
	t.Helper()
	c := triage.NewCollector()
	s, err := scan.Run(context.Background(), o, []string{dir}, []*rule.Rule{r}, c)
	if err != nil {
		t.Fatal(err)
	}
	probe := c.Probe()
	if probe == nil {
		t.Fatal("nothing to look up")
	}
	o.Probe = probe
	second, err := scan.Run(context.Background(), o, []string{dir}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Answer(probe, second, "")
	for _, g := range c.Case(s).Rules[0].Groups {
		for _, step := range g.Steps {
			lines = append(lines, stepText(g, step)...)
		}
	}
	return lines, second.Counts.Passed
}

func stepText(g *triage.Group, step triage.StepAnswer) (lines []string) {
	for _, l := range step.Lookups {
		lines = append(lines, fmt.Sprintf("%s %s: %s %d %d %q %q", g.ID, l.Label, l.Status, l.Count, l.Other, l.Text, l.Note))
		for _, e := range l.Events {
			lines = append(lines, fmt.Sprintf("  %v %s %+v %v", e.Time, e.Host, e.Evidence, e.Values))
		}
		for _, tally := range l.Tally {
			lines = append(lines, fmt.Sprintf("  %q %d %+v", tally.Values, tally.Count, tally.First))
		}
	}
	for _, d := range step.Destinations {
		lines = append(lines, fmt.Sprintf("  %s %v %d %s %s %+v", d.Address, d.Ports, d.Count, d.Owner, d.Name, d.Source))
	}
	return lines
}

// writer draws documents that mean what the queries ask for, in all the forms that JSON
// has for it.
type writer struct{ *rand.Rand }

func (w writer) one(of ...string) string { return of[w.IntN(len(of))] }

func (w writer) host() string {
	n := w.IntN(6)
	return w.one(
		fmt.Sprintf(`"host":{"name":"node-%d","ip":["10.0.0.%d","::1"]},`, n, n), fmt.Sprintf(`"host":{"ip":"10.0.0.%d","hostname":"node-%d"},`, n, n),
		fmt.Sprintf(`"host.name":"node-%d","host.ip":["fe80::%d","::ffff:10.0.0.%d"],`, n, n, n), fmt.Sprintf(`"agent":{"name":"node-%d"},`, n),
		fmt.Sprintf(`"host":{"name":"n\u006fde-%d"},"host.ip":["0:0:0:0:0:FFFF:a00:%d"],`, n, n), "",
		fmt.Sprintf(`"host":{"id":%d,"ip":null},`, n), fmt.Sprintf(`"host":{"mac":["x"],"ip" : [ "10.0.0.%d%%eth0" ],"name":"node-%d"},`, n, n))
}

func (w writer) pid() string {
	n := w.IntN(5000)
	if w.IntN(4) == 0 {
		n = w.IntN(12)
	}
	return fmt.Sprintf(w.one("%d", "%d", "%d", "%d", `"%d"`, "[%d]", "%d.0", "[1, %d]", `["%d"]`, " %d ", `"0%d"`, "%de0"), n)
}

func (w writer) entity() string {
	n := w.IntN(3000)
	if w.IntN(4) == 0 {
		n = w.IntN(12)
	}
	return fmt.Sprintf(w.one(`"entity-%d"`, `"entity-%d"`, `"entity-%d"`, `"entity-%d"`, `["x","entity-%d"]`, `"ent\u0069ty-%d"`, `"entity-%d\n"`, `{"x":%d}`, `[[ "entity-%d" ]]`), n)
}

func (w writer) process() string {
	var members []string
	add := func(chance int, format string, args ...any) {
		if w.IntN(chance) == 0 {
			members = append(members, fmt.Sprintf(format, args...))
		}
	}
	add(2, `"parent":{"pid":%s,"entity_id":%s}`, w.pid(), w.entity())
	add(8, `"parent.entity_id":%s`, w.entity())
	add(4, `"Ext":{"ancestry":[%s,%s]}`, w.entity(), w.entity())
	add(1, `"pid":%s`, w.pid())
	add(2, `"entity_id":%s`, w.entity())
	add(20, `"group_leader":{"entity_id":%s,"pid":%s}`, w.entity(), w.pid())
	add(3, `"args":[%s]`, w.one(`"ls","-l"`, `"curl","https://10.0.0.1:10250/run/a"`, `"cat","\/var\/run\/secrets\/kubernetes.io\/serviceaccount\/token"`, `"wget","http://x:10255/pods"`,
		`"cat","/etc/kubernetes/admin.conf"`, `"cat","\u002fetc/kubernetes/admin.conf"`, `"a","169.254.169.254/latest"`))
	add(2, `"executable":%q`, w.one("/tmp/kd", "/usr/bin/curl", "/usr/bin/kubelet"))
	w.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return `"process":{` + strings.Join(members, ",") + "},"
}

func (w writer) kind() string {
	return w.one(
		`"event":{"id":"e","category":["process"],"type":["start"]}`, `"event":{"type":"start","category":"process"}`, `"event.category":["process","x"],"event.type":["start"],"event.id":"f"`,
		`"event":{"category":["file"],"type":["change"]},"file":{"path":"/etc/kubernetes/pki/ca.key"}`, `"event":{"category":"f\u0069le"},"file.path":"\/etc\/kubernetes\/x.conf"`,
		`"event":{"category":["network"],"type":["start"]},"destination":{"ip":"10.0.0.9","port":443}`,
		`"event":{"category":["network"],"type":["start"]},"destination":{"port":"10250","ip":"10.0.0.3"}`,
		`"event":{"category":["network"],"type":["start"]},"destination":{"ip":"`+w.one("169.254.169.254", "::ffff:a9fe:a9fe", "FD00:ec2:0::254", "fd00:ec2::255")+`","port":80}`)
}

func (w writer) api() string {
	audit := fmt.Sprintf(`"auditID":"x","verb":%q,"user":{"username":%q},"sourceIPs":[%q],"objectRef":{"resource":%q,"subresource":%q}`,
		w.one("get", "create"), w.one("system:node:n1", "mkern"), w.one("10.0.0.1", "10.0.0.5"), w.one("pods", "secrets", "nodes"), w.one("exec", "status", "proxy"))
	if w.IntN(2) == 0 {
		return fmt.Sprintf(`"kubernetes":{"audit":{%s}}`, audit)
	}
	return audit
}

// line returns a document of some second.
func (w writer) line(second int) string {
	at := fmt.Sprintf(`{"@timestamp":"2026-11-20T10:%02d:%02dZ",`, second/60, second%60)
	n := w.IntN(2000)
	switch {
	case n < 4: // a hit
		return at + fmt.Sprintf(`"host":{"name":"node-%d","ip":["10.0.0.%d"],"os":{"type":"linux"}},"process":{"name":"curl","executable":%q,"pid":%d,"entity_id":"entity-%d","parent":{"pid":%d,"entity_id":"entity-%d"}},`+
			`"destination":{"ip":"10.0.0.%d","port":10250},"network":{"direction":"egress"},"event":{"action":"connection_attempted","category":["network"],"type":["start"]}}`,
			n, n, w.one("/tmp/kd", "/usr/bin/curl"), w.IntN(12), w.IntN(12), w.IntN(12), w.IntN(12), w.IntN(8))
	case n < 10:
		return at + w.host() + w.api() + "}"
	case n < 150:
		return at + w.host() + w.process() + w.kind() + "}"
	}
	return at + fmt.Sprintf(`"host":{"name":"node-%d"},"process":{"pid":%d,"entity_id":"other-%d"},"event":{"category":["file"],"type":["change"]},"file":{"path":"/var/lib/%d"}}`, n%6, 100000+n, n, n)
}

// TestSecondPassAgreesWithDecodingAll: what the second pass passes over answers nothing.
func TestSecondPassAgreesWithDecodingAll(t *testing.T) {
	r := withPlaybook(t)
	for seed := range uint64(8) {
		w := writer{rand.New(rand.NewPCG(seed, 5))}
		dir := t.TempDir()
		for _, name := range []string{"a.ndjson", "b.ndjson"} {
			var log strings.Builder
			for n := range 2500 {
				log.WriteString(w.line(n/5) + "\n")
			}
			write(t, filepath.Join(dir, name), log.String())
		}
		if seed%2 == 0 {
			write(t, filepath.Join(dir, "sub", "audit.log"), w.auditLog(1500, seed%4 == 0))
		}
		agree(t, r, dir)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func agree(t *testing.T, r *rule.Rule, dir string) {
	t.Helper()
	want, passed := secondPass(t, r, dir, scan.Options{NoPrefilter: true, Jobs: 1})
	if passed > 0 {
		t.Fatal("--no-prefilter passes over events")
	}
	for _, jobs := range []int{1, 4} {
		got, passed := secondPass(t, r, dir, scan.Options{Jobs: jobs})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%d workers (-all decoded +second pass):\n%s", jobs, diff)
		}
		if passed < 1000 {
			t.Errorf("%d workers: only %d events passed over", jobs, passed)
		}
	}
}

// auditLog returns a log of connects, programs that start and files that are opened.
func (w writer) auditLog(events int, starts bool) string {
	var log strings.Builder
	for n := range events {
		id := fmt.Sprintf("audit(%d.%03d:%d)", 1795168800+n/5, n%1000, 1000+n)
		node := w.one("", "", "node=node-1 ", "node=node-2 ")
		name, exe := w.one("kubelet", "sshd", "sh"), w.one("/usr/bin/kubelet", "/usr/sbin/sshd")
		if w.IntN(200) == 0 {
			name, exe = "curl", "/tmp/kd"
		}
		process := fmt.Sprintf(`ppid=%d pid=%d auid=0 uid=0 gid=0 ses=1 comm="%s" exe="%s" key=(null)`, w.IntN(300), w.IntN(300), name, exe)
		switch kind := w.IntN(3); {
		case name == "curl" || kind == 0:
			fmt.Fprintf(&log, "%stype=SYSCALL msg=%s: arch=c000003e syscall=42 success=no exit=-115 a0=5 items=0 %s\n", node, id, process)
			fmt.Fprintf(&log, "%stype=SOCKADDR msg=%s: saddr=0200%s0A00000%d0000000000000000\n", node, id, w.one("280A", "01BB"), w.IntN(8))
		case kind == 1 && starts:
			fmt.Fprintf(&log, "%stype=SYSCALL msg=%s: arch=c000003e syscall=59 success=yes exit=0 items=2 %s\n", node, id, process)
			fmt.Fprintf(&log, "%stype=EXECVE msg=%s: argc=2 a0=\"%s\" a1=%s\n", node, id, name, w.one(`"-c"`, `"http://x:10250/run/a"`, `2F6574632F6B756265726E657465732F78`))
		default:
			fmt.Fprintf(&log, "%stype=SYSCALL msg=%s: arch=c000003e syscall=257 success=yes exit=3 items=1 %s\n", node, id, process)
			fmt.Fprintf(&log, "%stype=PATH msg=%s: item=0 name=%s inode=1 dev=08:01 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL\n",
				node, id, w.one(`"/tmp/x"`, `"/var/log/y"`, `"/etc/kubernetes/admin.conf"`, `2F6574632F6B756265726E657465732F61646D696E2E636F6E66`))
		}
		fmt.Fprintf(&log, "%stype=EOE msg=%s: \n", node, id)
	}
	return log.String()
}
