package builtin_test

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// auditbeat writes what Auditbeat's auditd module on one host sends to its file output.
type auditbeat struct {
	*evidence
	*host
	sequence int
}

// result is what a system call came to: 0 or an error.
type result struct {
	name  string // as Auditbeat writes it
	errno int
}

var (
	done        = result{}
	inProgress  = result{"EINPROGRESS", -115}
	refused     = result{"ECONNREFUSED", -111}
	timedOut    = result{"ETIMEDOUT", -110}
	unreachable = result{"EHOSTUNREACH", -113}
)

// event returns what all events of a system call have in common. Its time is that of the
// kernel, in milliseconds.
func (a *auditbeat) event(t time.Time, p *proc, syscall string, r result) doc {
	a.sequence++
	outcome, verdict := "success", "success"
	if r.errno != 0 {
		outcome, verdict = "failure", "fail"
	}
	data := doc{"arch": "x86_64", "syscall": syscall, "tty": tty(p), "a0": "6", "a1": "7ffd4c1e9a30", "a2": "10", "a3": "0"}
	data["exit"] = "0"
	if r.errno != 0 {
		data["exit"] = r.name
	}
	auditd := doc{
		"message_type": "syscall", "sequence": a.sequence, "result": verdict, "data": data,
		"summary": doc{"actor": doc{"primary": "unset", "secondary": p.user}, "how": p.exe},
	}
	if p.ses >= 0 {
		auditd["session"] = strconv.Itoa(p.ses)
	}
	return doc{
		"@timestamp": stamp(t, "000"),
		"@metadata":  doc{"beat": "auditbeat", "type": "_doc", "version": a.version},
		"agent":      doc{"ephemeral_id": "5f0c1d9e-26b3-4a7e-8f41-d2c3b4a59617", "id": a.agent, "name": a.name, "type": "auditbeat", "version": a.version},
		"auditd":     auditd,
		"ecs":        doc{"version": "8.0.0"},
		"event":      doc{"kind": "event", "module": "auditd", "outcome": outcome},
		"host": doc{
			"architecture": "x86_64", "hostname": a.name, "name": a.name, "id": a.id, "containerized": false,
			"ip": []string{a.ip, "fe80::5054:ff:fe1a:2012"}, "mac": []string{a.mac},
			"os": doc{"codename": "jammy", "family": "debian", "kernel": a.kernel, "name": "Ubuntu", "platform": "ubuntu", "type": "linux", "version": "22.04.5 LTS (Jammy Jellyfish)"},
		},
		"process": a.process(p),
		"service": doc{"type": "auditd"},
		"user":    doc{"id": strconv.Itoa(p.uid), "name": p.user, "group": doc{"id": strconv.Itoa(p.uid), "name": p.user}},
	}
}

func tty(p *proc) string {
	if p.tty == "" {
		return "(none)"
	}
	return p.tty
}

func (a *auditbeat) process(p *proc) doc {
	out := doc{"pid": p.pid, "name": p.name, "executable": p.exe, "title": strings.Join(p.args, " ")}
	if p.parent != nil {
		out["parent"] = doc{"pid": p.parent.pid}
	}
	return out
}

// exec writes the start of a process.
func (a *auditbeat) exec(p *proc) {
	e := a.event(p.started, p, "execve", done)
	set(e["event"].(doc), "action", "executed", "category", []string{"process"}, "type", []string{"start"})
	set(e["process"].(doc), "args", p.args, "working_directory", p.cwd)
	auditd := e["auditd"].(doc)
	set(auditd["data"].(doc), "argc", strconv.Itoa(len(p.args)))
	set(auditd["summary"].(doc), "object", doc{"type": "file", "primary": p.exe})
	auditd["paths"] = []doc{{
		"item": "0", "name": p.exe, "nametype": "NORMAL", "mode": "0100755", "dev": "fd:00", "inode": "131072",
		"ouid": "0", "ogid": "0", "rdev": "00:00", "cap_fe": "0", "cap_fi": "0", "cap_fp": "0", "cap_fver": "0",
	}}
	e["file"] = doc{"path": p.exe, "mode": "0755", "device": "00:00", "inode": "131072", "uid": "0", "gid": "0", "owner": "root", "group": "root"}
	e["tags"] = []string{"exec"}
	a.write("", e)
}

// connect writes a connect with its result.
func (a *auditbeat) connect(why, clock string, p *proc, address string, port int, r result) {
	a.write(why, a.socket(clock, p, "connect", "connected-to", "egress", address, port, r))
}

// accepted writes the other end of a connection.
func (a *auditbeat) accepted(clock string, p *proc, address string, port int) {
	a.write("", a.socket(clock, p, "accept4", "accepted-connection-from", "ingress", address, port, done))
}

// socket returns an event of a system call with an address. Auditbeat writes ports as
// strings.
func (a *auditbeat) socket(clock string, p *proc, syscall, action, direction, address string, port int, r result) doc {
	e := a.event(at(clock), p, syscall, r)
	set(e["event"].(doc), "action", action, "category", []string{"network"}, "type", []string{"connection", "start"})
	family := "ipv4"
	if netip.MustParseAddr(address).Is6() {
		family = "ipv6"
	}
	auditd := e["auditd"].(doc)
	set(auditd["data"].(doc), "socket_family", family, "socket_addr", address, "socket_port", strconv.Itoa(port))
	set(auditd["summary"].(doc), "object", doc{"type": "socket", "primary": address, "secondary": strconv.Itoa(port)})
	end := doc{"ip": address, "port": strconv.Itoa(port)}
	if direction == "egress" {
		e["destination"] = end
	} else {
		e["source"] = end
	}
	e["network"] = doc{"direction": direction}
	e["tags"] = []string{"egress"}
	return e
}

// netlink writes a message to the kernel: category network, and no address.
func (a *auditbeat) netlink(clock string, p *proc) {
	e := a.event(at(clock), p, "sendto", done)
	set(e["event"].(doc), "action", "sent-to", "category", []string{"network"}, "type", []string{"connection", "start"})
	auditd := e["auditd"].(doc)
	set(auditd["data"].(doc), "socket_family", "netlink", "exit", "20")
	set(auditd["summary"].(doc), "object", doc{"type": "socket"})
	e["network"] = doc{"direction": "egress"}
	e["tags"] = []string{"egress"}
	a.write("", e)
}

func (a *auditbeat) write(why string, e doc) { a.add(why, encode(e)) }

// set sets keys of an object, given as pairs.
func set(d doc, pairs ...any) {
	for i := 0; i < len(pairs); i += 2 {
		d[pairs[i].(string)] = pairs[i+1]
	}
}

// auditbeatFile is what Auditbeat on k8s-node-02 sent.
func auditbeatFile() *evidence {
	a := &auditbeat{evidence: &evidence{path: "k8s-node-02/auditbeat-20261120.ndjson.gz"}, host: node02, sequence: 771204}
	kubelet := root(1044, "root", 0, "/usr/bin/kubelet", "/usr/bin/kubelet", "--config=/var/lib/kubelet/config.yaml")
	prometheus := root(6120, "nobody", 65534, "/bin/prometheus", "/bin/prometheus", "--config.file=/etc/prometheus/prometheus.yml")
	shim := root(5088, "root", 0, "/usr/bin/containerd-shim-runc-v2", "/usr/bin/containerd-shim-runc-v2", "-namespace", "k8s.io")

	a.accepted("01:56:05.114", kubelet, "10.20.0.11", 41322)
	a.connect("", "01:58:30.002", prometheus, "10.20.0.12", 10250, inProgress)
	a.connect("", "01:58:30.002", prometheus, "10.20.0.13", 10250, inProgress)
	a.connect("", "01:59:11.340", kubelet, "127.0.0.1", 10248, done)
	a.accepted("02:06:10.323", kubelet, "10.20.0.11", 41361)
	a.accepted("02:08:05.220", kubelet, "10.20.0.11", 41362)
	reportsPod(a, shim)
	a.connect("", "02:28:30.004", prometheus, "10.20.0.12", 10250, inProgress)
	renamedThread(a, shim)
	withoutHost(a)
	return a.evidence
}

// reportsPod is what the kubelet ran for the intruder, and what that did.
func reportsPod(a *auditbeat, shim *proc) {
	id := shim.child(51211, "02:08:05.301", "/usr/bin/id", "id").in("reports", "/app")
	id.uid, id.user = 1001, "app"
	a.exec(id)
	shell := shim.child(51230, "02:09:02.118", "/bin/dash", "sh", "-c", "cat /var/run/secrets/kubernetes.io/serviceaccount/token").in("reports", "/app")
	shell.name, shell.uid, shell.user = "sh", 1001, "app"
	a.exec(shell)
	a.exec(shell.child(51231, "02:09:02.121", "/usr/bin/cat", "cat", "/var/run/secrets/kubernetes.io/serviceaccount/token"))

	python := shell.child(51244, "02:09:20.004", "/usr/local/bin/python3.11", "python3", "-c", "import ssl,urllib.request as u;...")
	python.name = "python3"
	a.exec(python)
	a.netlink("02:09:20.190", python)
	const why = "python3 in the reports pod tries the next node"
	a.connect(why, "02:09:20.207", python, "10.20.0.13", 10250, inProgress)
	a.connect(why+": refused", "02:09:20.911", python, "10.20.0.14", 10250, refused)
	a.connect(why+": unreachable", "02:09:24.020", python, "10.20.0.15", 10255, unreachable)
	a.connect("", "02:09:25.500", python, "10.96.0.1", 443, inProgress)

	updater := shell.child(51290, "02:09:58.730", "/app/.cache/updater", "/app/.cache/updater", "--node", "10.20.0.13")
	a.exec(updater)
	a.connect("a program in a hidden folder", "02:09:58.741", updater, "10.20.0.13", 10255, inProgress)
	a.connect("a program in a hidden folder", "02:09:59.102", updater, "10.20.0.13", 10250, done)
}

// renamedThread is a near miss: java by its path, but the thread has another name.
func renamedThread(a *auditbeat, shim *proc) {
	java := shim.child(8802, "00:10:00.000", "/usr/lib/jvm/java-17-openjdk-amd64/bin/java", "java", "-jar", "/srv/orders.jar").in("orders", "/srv")
	java.name, java.uid, java.user = "http-nio-8080-e", 1002, "orders"
	a.connect("", "04:40:12.650", java, "10.20.0.11", 10250, inProgress)
}

// withoutHost is a near miss: after a restart the first event lacks the host's fields.
func withoutHost(a *auditbeat) {
	login := root(60412, "root", 0, "/usr/sbin/sshd", "sshd: mkern [priv]")
	curl := login.child(60455, "08:01:03.300", "/usr/bin/curl", "curl", "-sk", "https://127.0.0.1:10250/healthz")
	curl.uid, curl.user, curl.auid, curl.ses, curl.tty = 1003, "mkern", 1003, 18, "pts0"
	e := a.socket("08:01:03.312", curl, "connect", "connected-to", "egress", "127.0.0.1", 10250, inProgress)
	delete(e, "host")
	a.write("", e)
}
