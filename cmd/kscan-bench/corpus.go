//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// corpus makes the logs that the cases run on, once: a file that is there is kept. All is
// drawn from a fixed seed, so that a corpus is the same on every machine.
type corpus struct {
	dir  string
	size int64 // bytes of each plain log
}

// start is the time of the first event of every corpus.
var start = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

// make writes every corpus that is not there yet.
func (c *corpus) make() error {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	for _, log := range []struct {
		name string
		size int64
		line func(w io.Writer, r *rand.Rand, n int)
	}{
		{"ecs.ndjson", c.size, ecsRare},
		{"ecs-dense.ndjson", c.size, ecsDense},
		{"audit.log", c.size, audit(auditLog{})},
		{"audit-enriched.log", c.size, audit(auditLog{enriched: true})},
		{"audit-dense.log", c.size, audit(auditLog{kubelet: true})},
	} {
		if err := c.plain(log.name, log.size, log.line); err != nil {
			return err
		}
	}
	if err := c.compressed(); err != nil {
		return err
	}
	if err := c.pack(); err != nil {
		return err
	}
	return c.small()
}

func (c *corpus) path(name string) string { return filepath.Join(c.dir, name) }

// plain writes one log of about size bytes, event by event.
func (c *corpus) plain(name string, size int64, event func(io.Writer, *rand.Rand, int)) error {
	path := c.path(name)
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := &counter{w: bufio.NewWriterSize(f, 1<<20)}
	r := rand.New(rand.NewPCG(1, 2))
	for n := 0; w.n < size; n++ {
		event(w, r, n)
	}
	if err := w.w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

type counter struct {
	w *bufio.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return c.w.Write(p)
}

// compressed packs the rare NDJSON log with gzip and zstd, and cuts it into four .gz.
func (c *corpus) compressed() error {
	script := `
set -e
[ -f ecs.ndjson.gz ] || pigz -k -c ecs.ndjson > ecs.ndjson.gz
[ -f ecs.ndjson.zst ] || zstd -q -T0 -k ecs.ndjson -o ecs.ndjson.zst
[ -d four ] || { mkdir four; split -n l/4 --additional-suffix=.ndjson ecs.ndjson four/part-; pigz four/part-*; }
`
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir, cmd.Stderr = c.dir, os.Stderr
	return cmd.Run()
}

// Many small files: a folder of logs as a collector of per-container logs leaves it.
const (
	smallFiles = 20_000
	smallSize  = 5 << 10 // bytes
)

func (c *corpus) small() error {
	dir := c.path("small")
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	r := rand.New(rand.NewPCG(3, 4))
	n := 0
	for i := range smallFiles {
		path := filepath.Join(dir, fmt.Sprintf("node-%02d", i%50), fmt.Sprintf("%05d.ndjson", i))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		var text []byte
		for len(text) < smallSize {
			text = fmt.Appendf(text, "%s", ecsLine(r, n, false, false))
			n++
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// hitEvery is how rare hits are in the rare corpora: about 100 in 1 GB.
const hitEvery = 10_000

func ecsRare(w io.Writer, r *rand.Rand, n int) {
	io.WriteString(w, ecsLine(r, n, n%hitEvery == hitEvery/2, false))
}

func ecsDense(w io.Writer, r *rand.Rand, n int) {
	io.WriteString(w, ecsLine(r, n, n%hitEvery == hitEvery/2, true))
}

var programs = []string{"kubelet", "sshd", "systemd", "containerd", "prometheus", "metrics-agent", "bash", "cron"}

// ecsLine is a document such as Elastic Defend writes: of the network when the port is
// to be the kubelet's, otherwise of the network, of processes or of files.
func ecsLine(r *rand.Rand, n int, hit, kubelet bool) string {
	name := programs[r.IntN(len(programs))]
	executable := "/usr/bin/" + name
	port := 1024 + r.IntN(9000)
	if hit || kubelet {
		port = 10250
	}
	if hit {
		name, executable = "curl", "/tmp/.cache/curl"
	}
	at := start.Add(time.Duration(n) * 3 * time.Millisecond).Format("2006-01-02T15:04:05.000Z")
	pid := 300 + r.IntN(60000)
	process := fmt.Sprintf(`"process":{"pid":%d,"entity_id":"%016x%016x","name":%q,"executable":%q,"args":[%q,"--config","/etc/%s/config.yaml"],"args_count":3,`+
		`"parent":{"pid":%d,"name":"systemd","executable":"/usr/lib/systemd/systemd","entity_id":"%016x"},"user":{"id":"0","name":"root"}}`,
		pid, r.Uint64(), r.Uint64(), name, executable, executable, name, 1+r.IntN(300), r.Uint64())
	host := fmt.Sprintf(`"host":{"hostname":"node-%02d","name":"node-%02d","os":{"type":"linux","family":"debian","version":"12","kernel":"6.1.0-18-amd64","platform":"debian","full":"Debian 12"},`+
		`"ip":["10.20.0.%d","127.0.0.1","::1"],"mac":["02-42-0a-14-00-%02x"],"architecture":"x86_64","id":"%032x"}`,
		n%40, n%40, n%250, n%250, n%40)
	event, rest := ecsKind(r, hit || kubelet, port)
	return fmt.Sprintf(`{"@timestamp":%q,"agent":{"id":"3f1c2b7e-%04x","type":"endpoint","version":"8.15.0"},"data_stream":{"type":"logs","dataset":"endpoint.events.%s","namespace":"default"},`+
		`"ecs":{"version":"8.10.0"},%s,%s,%s,"message":"Endpoint event","event":{"id":"%016x+%d","sequence":%d,%s}}`+"\n",
		at, n%40, ecsDataset(rest), host, process, rest, r.Uint64(), n, n, event)
}

func ecsDataset(rest string) string {
	switch rest[1] {
	case 'd':
		return "network"
	case 'f':
		return "file"
	}
	return "process"
}

// ecsKind returns the event's own fields and those of its category.
func ecsKind(r *rand.Rand, network bool, port int) (event, rest string) {
	kind := r.IntN(3)
	if network {
		kind = 0
	}
	switch kind {
	case 0:
		return `"category":["network"],"type":["start"],"action":"connection_attempted","kind":"event","outcome":"unknown","dataset":"endpoint.events.network","module":"endpoint"`,
			fmt.Sprintf(`"destination":{"ip":"10.20.%d.%d","port":%d,"address":"10.20.0.1"},"source":{"ip":"10.20.0.7","port":%d,"address":"10.20.0.7"},"network":{"type":"ipv4","transport":"tcp","direction":"egress"}`,
				r.IntN(4), r.IntN(250), port, 32768+r.IntN(20000))
	case 1:
		return `"category":["file"],"type":["change"],"action":"modification","kind":"event","outcome":"unknown","dataset":"endpoint.events.file","module":"endpoint"`,
			fmt.Sprintf(`"file":{"path":"/var/lib/containerd/tmp-%d/data","name":"data","extension":"","size":%d,"uid":"0","owner":"root"}`, r.IntN(1<<20), r.IntN(1<<24))
	}
	return `"category":["process"],"type":["start"],"action":"exec","kind":"event","outcome":"unknown","dataset":"endpoint.events.process","module":"endpoint"`,
		fmt.Sprintf(`"group":{"id":"0","name":"root"},"tty":{"major":%d}`, r.IntN(8))
}

// auditLog is a kind of audit log of one host.
type auditLog struct {
	kubelet  bool // connects to the kubelet alone, no executions
	enriched bool // with log_format=ENRICHED
}

// names returns what is added to a record of an enriched log.
func (l auditLog) names(format string, a ...any) string {
	if !l.enriched {
		return ""
	}
	return "\x1d" + fmt.Sprintf(format, a...)
}

// call returns what is added to a SYSCALL record.
func (l auditLog) call(name string) string {
	return l.names(`ARCH=x86_64 SYSCALL=%s AUID="unset" UID="root" GID="root" EUID="root" SUID="root" FSUID="root" EGID="root" SGID="root" FSGID="root"`, name)
}

// audit returns what writes the events of an audit log.
func audit(l auditLog) func(io.Writer, *rand.Rand, int) {
	h := newHost()
	return func(w io.Writer, r *rand.Rand, n int) {
		hit := n%hitEvery == hitEvery/2
		at := start.Add(time.Duration(n) * 2 * time.Millisecond)
		id := fmt.Sprintf("audit(%d.%03d:%d)", at.Unix(), at.Nanosecond()/1e6, 1000+n)
		var p *process
		if !hit && !l.kubelet && n%3 == 0 {
			p = h.exec(r, n)
			l.execve(w, r, id, p)
		} else {
			p = h.connect(r, hit)
			port := 1024 + r.IntN(9000)
			if hit || l.kubelet {
				port = 10250
			}
			fmt.Fprintf(w, "type=SYSCALL msg=%s: arch=c000003e syscall=42 success=no exit=-115 a0=5 a1=7ffc12ac3ab0 a2=10 a3=4 items=0 %s%s\n", id, p, l.call("connect"))
			a, b := r.IntN(4), r.IntN(250)
			fmt.Fprintf(w, "type=SOCKADDR msg=%s: saddr=0200%04X0A14%02X%02X0000000000000000%s\n", id, port, a, b,
				l.names("SADDR={ saddr_fam=inet laddr=10.20.%d.%d lport=%d }", a, b, port))
		}
		fmt.Fprintf(w, "type=PROCTITLE msg=%s: proctitle=%X\n", id, "/usr/bin/"+p.name+"\x00--config\x00/etc/config.yaml")
		fmt.Fprintf(w, "type=EOE msg=%s: \n", id)
	}
}

// String is the process as a SYSCALL record has it.
func (p *process) String() string {
	return fmt.Sprintf(`ppid=%d pid=%d auid=4294967295 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=4294967295 comm="%.15s" exe="/usr/bin/%s" subj=unconfined key="netconn"`,
		p.ppid(), p.pid, p.name, p.name)
}

func (l auditLog) execve(w io.Writer, r *rand.Rand, id string, p *process) {
	owner := l.names(`OUID="root" OGID="root"`)
	fmt.Fprintf(w, "type=SYSCALL msg=%s: arch=c000003e syscall=59 success=yes exit=0 a0=55d1 a1=55d2 a2=55d3 a3=8 items=2 %s%s\n", id, p, l.call("execve"))
	fmt.Fprintf(w, "type=EXECVE msg=%s: argc=3 a0=\"%s\" a1=\"--config\" a2=\"/etc/%s/config.yaml\"\n", id, p.name, p.name)
	fmt.Fprintf(w, "type=CWD msg=%s: cwd=\"/\"\n", id)
	fmt.Fprintf(w, "type=PATH msg=%s: item=0 name=\"/usr/bin/%s\" inode=%d dev=08:01 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0%s\n", id, p.name, r.IntN(1<<20), owner)
	fmt.Fprintf(w, "type=PATH msg=%s: item=1 name=\"/lib64/ld-linux-x86-64.so.2\" inode=1311 dev=08:01 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0%s\n", id, owner)
}
