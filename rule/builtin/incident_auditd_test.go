package builtin_test

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
)

// auditd writes what auditd keeps on disk: log_format ENRICHED, name_format hostname, no
// EOE records.
type auditd struct {
	*evidence
	node   string
	serial int
}

// stamp returns the head of a record.
func (a *auditd) head(recordType, clock string, serial int) string {
	t := at(clock)
	return fmt.Sprintf("node=%s type=%s msg=audit(%d.%03d:%d):", a.node, recordType, t.Unix(), t.UnixMilli()%1000, serial)
}

// text writes a value as the kernel does: quoted, or as hex when it holds a blank, a
// quote or a byte that does not print.
func text(s string) string {
	for _, c := range []byte(s) {
		if c <= ' ' || c == '"' || c > '~' {
			return strings.ToUpper(hex.EncodeToString([]byte(s)))
		}
	}
	return `"` + s + `"`
}

// id writes a login or session id, -1 as the kernel's unset.
func id(n int) string {
	if n < 0 {
		return "4294967295"
	}
	return fmt.Sprint(n)
}

// call is a system call.
type call struct {
	arch, name string
	number     int
	args       [4]string
	result     result
	items      int
	key        string
}

// syscall returns a SYSCALL record.
func (a *auditd) syscall(clock string, serial int, p *proc, c call) string {
	success := "yes"
	if c.result.errno < 0 {
		success = "no"
	}
	ppid := 1
	if p.parent != nil {
		ppid = p.parent.pid
	}
	ids := fmt.Sprintf("auid=%s uid=%[2]d gid=%[2]d euid=%[2]d suid=%[2]d fsuid=%[2]d egid=%[2]d sgid=%[2]d fsgid=%[2]d", id(p.auid), p.uid)
	auid := "unset"
	if p.auid >= 0 {
		auid = p.user
	}
	archs := map[string]string{"c000003e": "x86_64", "40000003": "i386"}
	names := fmt.Sprintf("ARCH=%s SYSCALL=%s AUID=%q UID=%[4]q GID=%[4]q EUID=%[4]q SUID=%[4]q FSUID=%[4]q EGID=%[4]q SGID=%[4]q FSGID=%[4]q",
		archs[c.arch], c.name, auid, p.user)
	return fmt.Sprintf("%s arch=%s syscall=%d success=%s exit=%d a0=%s a1=%s a2=%s a3=%s items=%d ppid=%d pid=%d %s tty=%s ses=%s comm=%s exe=%s subj=unconfined key=%q\x1d%s",
		a.head("SYSCALL", clock, serial), c.arch, c.number, success, c.result.errno, c.args[0], c.args[1], c.args[2], c.args[3],
		c.items, ppid, p.pid, ids, tty(p), id(p.ses), text(p.name), text(p.exe), c.key, names)
}

func (a *auditd) proctitle(clock string, serial int, p *proc) string {
	title := strings.Join(p.args, "\x00")
	title = title[:min(len(title), 128)] // what the kernel keeps of it
	return a.head("PROCTITLE", clock, serial) + " proctitle=" + text(title)
}

// sockaddr returns a SOCKADDR record of an address as a little-endian machine has it.
func (a *auditd) sockaddr(clock string, serial int, address string, port int) string {
	ip := netip.MustParseAddr(address)
	raw := fmt.Sprintf("0200%04X%X0000000000000000", port, ip.AsSlice())
	family := "inet"
	if ip.Is6() {
		raw = fmt.Sprintf("0A00%04X00000000%X00000000", port, ip.AsSlice())
		family = "inet6"
	}
	return fmt.Sprintf("%s saddr=%s\x1dSADDR={ saddr_fam=%s laddr=%s lport=%d }", a.head("SOCKADDR", clock, serial), raw, family, address, port)
}

// connect returns the records of a connect.
func (a *auditd) connect(clock string, p *proc, address string, port int, r result) []string {
	a.serial++
	length := "10"
	if netip.MustParseAddr(address).Is6() {
		length = "1c"
	}
	c := call{arch: "c000003e", name: "connect", number: 42, args: [4]string{"5", "7ffe19c04b70", length, "0"}, result: r, key: "egress"}
	return []string{
		a.syscall(clock, a.serial, p, c),
		a.sockaddr(clock, a.serial, address, port),
		a.proctitle(clock, a.serial, p),
	}
}

// socketcall returns the records of a connect by a 32-bit program that goes through the
// old multiplexer: a0=3 is connect.
func (a *auditd) socketcall(clock string, p *proc, address string, port int, r result) []string {
	a.serial++
	c := call{arch: "40000003", name: "socketcall", number: 102, args: [4]string{"3", "ffb1c7e0", "8", "0"}, result: r, key: "egress"}
	args := a.head("SOCKETCALL", clock, a.serial) + " nargs=3 a0=3 a1=ffb1c810 a2=10"
	return []string{
		a.syscall(clock, a.serial, p, c), args,
		a.sockaddr(clock, a.serial, address, port),
		a.proctitle(clock, a.serial, p),
	}
}

// other returns a call to an address that is none of the network: a Unix socket or
// netlink.
func (a *auditd) other(clock string, p *proc, c call, saddr, meaning string) []string {
	a.serial++
	return []string{
		a.syscall(clock, a.serial, p, c),
		fmt.Sprintf("%s saddr=%s\x1dSADDR={ %s }", a.head("SOCKADDR", clock, a.serial), saddr, meaning),
		a.proctitle(clock, a.serial, p),
	}
}

// exec returns the records of the start of a process.
func (a *auditd) exec(clock string, p *proc) []string {
	a.serial++
	c := call{arch: "c000003e", name: "execve", number: 59, args: [4]string{"55d0c1a3e2b8", "55d0c1a3e2d8", "55d0c1a3e2f0", "8"}, items: 2, key: "exec"}
	args := fmt.Sprintf("argc=%d", len(p.args))
	for i, arg := range p.args {
		args += fmt.Sprintf(" a%d=%s", i, text(arg))
	}
	path := func(item, inode int, name string) string {
		return fmt.Sprintf("%s item=%d name=%s inode=%d dev=fd:00 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0\x1dOUID=\"root\" OGID=\"root\"",
			a.head("PATH", clock, a.serial), item, text(name), inode)
	}
	return []string{
		a.syscall(clock, a.serial, p, c),
		a.head("EXECVE", clock, a.serial) + " " + args,
		a.head("CWD", clock, a.serial) + " cwd=" + text(p.cwd),
		path(0, 262310, p.exe),
		path(1, 395021, "/lib64/ld-linux-x86-64.so.2"),
		a.proctitle(clock, a.serial, p),
	}
}

// user returns a record that a program writes, such as of a login.
func (a *auditd) user(recordType, clock string, pid, uid, auid, ses int, message, names string) string {
	a.serial++
	return fmt.Sprintf("%s pid=%d uid=%d auid=%s ses=%s subj=unconfined msg='%s'\x1d%s",
		a.head(recordType, clock, a.serial), pid, uid, id(auid), id(ses), message, names)
}

// zip interleaves the records of two events, as two busy processors do.
func zip(a, b []string) []string {
	var out []string
	for i := range max(len(a), len(b)) {
		if i < len(a) {
			out = append(out, a[i])
		}
		if i < len(b) {
			out = append(out, b[i])
		}
	}
	return out
}

// auditLog is the audit log of k8s-node-03, rotated in the middle of an event.
func auditLog() (older, newer *evidence) {
	older = &evidence{path: "k8s-node-03/audit/audit.log.1.zst"}
	newer = &evidence{path: "k8s-node-03/audit/audit.log"}
	a := &auditd{evidence: older, node: "k8s-node-03", serial: 30411}
	ordinary(a)
	shell := memoryProgram(a)

	hidden := shell.child(77031, "02:10:41.310", "/dev/shm/.x (deleted)", "./.x")
	hidden.name = ".x"
	split := a.connect("02:10:44.117", hidden, "10.20.0.11", 10250, inProgress)
	a.add("/dev/shm/.x calls node 01; its records lie in two files", split[0])
	a.evidence = newer
	a.add("", split[1:]...)
	lateral(a, shell, hidden)
	nearMisses(a)
	operator(a)
	return older, newer
}

// ordinary is a node at work.
func ordinary(a *auditd) {
	kubelet := root(988, "root", 0, "/usr/bin/kubelet", "/usr/bin/kubelet", "--config=/var/lib/kubelet/config.yaml")
	prometheus := root(5521, "nobody", 65534, "/bin/prometheus", "/bin/prometheus", "--config.file=/etc/prometheus/prometheus.yml")
	cron := root(801, "root", 0, "/usr/sbin/cron", "/usr/sbin/cron", "-f", "-P")
	a.add("", a.user("SERVICE_START", "01:50:01.334", 1, 0, -1, -1, `unit=sysstat-collect comm="systemd" exe="/usr/lib/systemd/systemd" hostname=? addr=? terminal=? res=success`, `UID="root" AUID="unset"`))
	a.add("", a.connect("01:51:00.120", kubelet, "10.20.0.10", 6443, inProgress)...)
	a.add("", a.connect("01:58:30.003", prometheus, "10.20.0.13", 10250, inProgress)...)
	a.add("", zip(
		a.connect("01:59:12.402", kubelet, "127.0.0.1", 10248, done),
		a.connect("01:59:12.402", prometheus, "10.20.0.12", 10250, inProgress),
	)...)
	job := cron.child(76420, "02:00:01.510", "/usr/bin/python3.10", "/usr/bin/python3", "/opt/backup/sync.py")
	job.name = "python3"
	netlink := call{arch: "c000003e", name: "sendto", number: 44, args: [4]string{"3", "7ffd0f2c6a10", "14", "0"}, result: result{errno: 20}, key: "egress"}
	a.add("", a.exec("02:00:01.510", job)...)
	a.add("", a.other("02:00:01.702", job, netlink, "100000000000000000000000", "saddr_fam=netlink nlnk-fam=16 nlnk-pid=0")...)
	local := call{arch: "c000003e", name: "connect", number: 42, args: [4]string{"4", "7ffd0f2c6b80", "6e", "0"}, result: result{errno: -2}, key: "egress"}
	path := strings.ToUpper(hex.EncodeToString([]byte("/var/run/nscd/socket")))
	a.add("", a.other("02:00:01.703", job, local, "0100"+path+"0000", "saddr_fam=local path=/var/run/nscd/socket")...)
}

// memoryProgram is how the intruder begins on the node: a shell in a container of the node
// that starts a program in shared memory and deletes its file.
func memoryProgram(a *auditd) *proc {
	shim := root(70210, "root", 0, "/usr/bin/containerd-shim-runc-v2", "/usr/bin/containerd-shim-runc-v2", "-namespace", "k8s.io")
	entered := shim.child(76988, "02:10:28.912", "/bin/dash", "sh") // what the API server was asked to run at 02:10:28.730
	entered.name = "sh"
	a.add("", a.exec("02:10:28.912", entered)...)
	shell := entered.child(77012, "02:10:30.040", "/bin/dash", "sh", "-c", "cd /dev/shm; chmod 755 .x; ./.x & rm .x")
	shell.name = "sh"
	a.add("", a.exec("02:10:30.040", shell)...)
	started := shell.child(77031, "02:10:41.310", "/dev/shm/.x", "./.x")
	started.cwd = "/dev/shm"
	a.add("", a.exec("02:10:41.310", started)...)
	return shell
}

// lateral is what the program and its helpers try.
func lateral(a *auditd, shell, hidden *proc) {
	a.add("/dev/shm/.x calls the node's own kubelet", a.connect("02:11:02.250", hidden, "127.0.0.1", 10250, done)...)
	a.add("/dev/shm/.x calls the node's own kubelet by IPv6: refused", a.connect("02:11:02.251", hidden, "::1", 10250, refused)...)
	a.add("/dev/shm/.x calls a node by its IPv6 address", a.connect("02:11:05.870", hidden, "fd12:3456:789a::12", 10250, inProgress)...)
	keys := hidden.child(77055, "02:11:20.610", "/usr/bin/cat", "cat", "/var/lib/kubelet/pki/kubelet-client-current.pem", "/etc/kubernetes/kubelet.conf")
	keys.cwd = "/dev/shm"
	a.add("", a.exec("02:11:20.610", keys)...)
	perl := shell.child(77102, "02:12:10.400", "/usr/bin/perl", "perl", "-MIO::Socket::INET", "-e", "IO::Socket::INET->new(\"10.20.0.12:10255\")")
	a.add("", a.exec("02:12:10.400", perl)...)
	a.add("perl on the read-only port: timed out", a.connect("02:14:21.633", perl, "10.20.0.12", 10255, timedOut)...)
	nc := shell.child(77140, "02:15:03.900", "/var/tmp/nc", "./nc", "10.20.0.11", "10250")
	first := a.socketcall("02:15:03.911", nc, "10.20.0.11", 10250, done)
	second := a.connect("02:15:03.911", hidden, "10.20.0.12", 10250, inProgress)
	mixed := zip(first, second)
	a.add("", a.exec("02:15:03.900", nc)...)
	a.add("a 32-bit nc in /var/tmp, through socketcall", mixed[0])
	a.add("/dev/shm/.x calls node 02, its records among those of nc", mixed[1:]...)
}

// nearMisses fit but for one thing.
func nearMisses(a *auditd) {
	worker := root(6033, "metrics", 1010, "/usr/bin/python3.10", "/usr/bin/python3", "/usr/bin/gunicorn", "portal:app")
	worker.name = "gunicorn: worke" // python3.10 by its path
	a.add("", a.connect("05:20:47.115", worker, "10.20.0.12", 10250, inProgress)...)
	curl := root(78801, "root", 0, "/usr/bin/curl", "curl", "-s", "https://198.51.100.20:10250/")
	a.add("", a.connect("05:31:09.002", curl, "198.51.100.20", 10250, inProgress)...)
}

// operator is an expected hit: a person looks at a node in working hours.
func operator(a *auditd) {
	a.add("", a.user("USER_LOGIN", "09:12:01.118", 81200, 0, 1003, 21, `op=login id=1003 exe="/usr/sbin/sshd" hostname=10.20.0.5 addr=10.20.0.5 terminal=/dev/pts/0 res=success`, `UID="root" AUID="mkern" ID="mkern"`))
	bash := root(81233, "mkern", 1003, "/usr/bin/bash", "-bash")
	bash.auid, bash.ses, bash.tty, bash.cwd = 1003, 21, "pts0", "/home/mkern"
	bash.parent = root(81200, "root", 0, "/usr/sbin/sshd", "sshd: mkern [priv]")
	a.add("", a.exec("09:12:01.702", bash)...)
	curl := bash.child(81260, "09:12:40.550", "/usr/bin/curl", "curl", "-sk", "https://127.0.0.1:10250/healthz")
	a.add("", a.exec("09:12:40.550", curl)...)
	a.add("an operator's curl: a hit, and most likely expected", a.connect("09:12:40.566", curl, "127.0.0.1", 10250, inProgress)...)
	a.add("", a.user("USER_END", "09:20:11.002", 81200, 0, 1003, 21, `op=PAM:session_close grantors=pam_unix,pam_systemd acct="mkern" exe="/usr/sbin/sshd" hostname=10.20.0.5 addr=10.20.0.5 terminal=ssh res=success`, `UID="root" AUID="mkern"`))
}
