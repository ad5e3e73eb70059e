package auditd

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator writes random audit logs of the kind that Linux writes.
type generator struct {
	*rand.Rand
	seconds, serial int
	nodes           bool // write node=
	enriched        bool
	odd             bool // values in hex, other architectures, user-space records
}

// one returns the records of one event.
func (g *generator) one() []string {
	g.serial++
	g.seconds += g.IntN(2)
	id := fmt.Sprintf("audit(%d.%03d:%d): ", 1700000000+g.seconds, g.IntN(1000), g.serial)
	var records []string
	switch n := g.IntN(10); {
	case n < 5:
		records = g.connect(id)
	case n < 7:
		records = g.execve(id)
	case n < 8:
		records = g.open(id)
	default:
		records = []string{g.user(id)}
	}
	if g.nodes {
		node := fmt.Sprintf("node=host-%d ", g.IntN(3))
		for i := range records {
			records[i] = node + records[i]
		}
	}
	return records
}

func (g *generator) pick(list ...string) string { return list[g.IntN(len(list))] }

func (g *generator) syscall(id, arch string, number int, items int) string {
	exit, success := g.pick("0", "3", "-115", "-111", "-13", "-2", "-110"), "no"
	if exit[0] != '-' {
		success = "yes"
	}
	uid := g.pick("0", "1000", "112")
	record := fmt.Sprintf("type=SYSCALL msg=%sarch=%s syscall=%d success=%s exit=%s a0=%x a1=7ffd%x a2=%x a3=0 items=%d "+
		"ppid=%d pid=%d auid=%s uid=%s gid=0 euid=%s suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=%s ses=%s comm=%s exe=%s%s key=%s",
		id, arch, number, success, exit, g.IntN(64), g.IntN(1<<24), g.IntN(128), items, g.IntN(1<<16), g.IntN(1<<16),
		g.pick("4294967295", "1000", "0"), uid, g.pick("0", uid), g.pick("(none)", "pts0"), g.pick("4294967295", "7"),
		`"`+g.pick("curl", "python3", "nc", "http-nio-8080-e")+`"`, g.exe(),
		g.pick("", " subj=unconfined", " subj=system_u:system_r:sshd_t:s0-s0:c0.c1023"),
		g.pick("(null)", `"net"`, "6E6574016578656375746564", `"key=net"`))
	if g.enriched {
		record += "\x1dARCH=x86_64 SYSCALL=connect AUID=\"unset\" UID=\"root\" GID=\"root\" EUID=\"unknown(112)\""
	}
	return record
}

func (g *generator) exe() string {
	if g.odd && g.IntN(3) == 0 {
		return strings.ToUpper(hex.EncodeToString([]byte(g.pick("/tmp/a b", "/usr/bin/x (deleted)", "/tmp/ü"))))
	}
	return g.pick(`"/usr/bin/curl"`, `"/usr/bin/python3.11"`, `"/tmp/.hidden/nc"`, `"/usr/bin/bash"`)
}

func (g *generator) connect(id string) []string {
	numbers := map[string][]int{"c000003e": {42, 42, 42, 44, 46, 43, 288, 45, 49}, "c00000b7": {203, 206, 202}, "40000003": {362, 364}}
	arch := "c000003e"
	if g.odd {
		arch = g.pick("c000003e", "c00000b7", "40000003")
	}
	number := numbers[arch][g.IntN(len(numbers[arch]))]
	saddr := g.pick("0200280A0A00002A0000000000000000", "0200280FC0A80101", "02000050A9FEA9FE0000000000000000",
		"0A00280A0000000020010DB800000000000000000000000100000000", "0A000016000000000000000000000000000000000000000000000000",
		"01002F7661722F72756E2F6E7363642F736F636B657400", "100000000000000000000000", "00000000000000000000000000000000")
	address := "type=SOCKADDR msg=" + id + "saddr=" + saddr
	if words := saddrWords[saddr]; g.enriched && words != "" {
		address += "\x1dSADDR={ saddr_fam=" + words + " }"
	}
	return []string{
		g.syscall(id, arch, number, 0),
		address,
		"type=PROCTITLE msg=" + id + "proctitle=" + g.pick(`"curl"`, "6375726C002D6B002F"),
	}
}

// saddrWords is what auditd adds to addresses where it enriches them.
var saddrWords = map[string]string{
	"0200280A0A00002A0000000000000000":                         "inet laddr=10.0.0.42 lport=10250",
	"0200280FC0A80101":                                         "inet laddr=192.168.1.1 lport=10255",
	"02000050A9FEA9FE0000000000000000":                         "inet laddr=169.254.169.254 lport=80",
	"0A00280A0000000020010DB800000000000000000000000100000000": "inet6 laddr=2001:db8::1 lport=10250",
	"0A000016000000000000000000000000000000000000000000000000": "inet6 laddr=:: lport=22",
	"01002F7661722F72756E2F6E7363642F736F636B657400":           "local path=/var/run/nscd/socket",
	"100000000000000000000000":                                 "netlink nlnk-fam=16 nlnk-pid=0",
}

func (g *generator) execve(id string) []string {
	records := []string{g.syscall(id, "c000003e", 59, 2)}
	argc := 1 + g.IntN(4)
	args := fmt.Sprintf("type=EXECVE msg=%sargc=%d", id, argc)
	for i := range argc {
		args += fmt.Sprintf(" a%d=%s", i, g.pick(`"-k"`, `"https://10.0.0.1"`, "612062", `"x=y"`))
	}
	return append(records, args, "type=CWD msg="+id+` cwd="/root"`, g.path(id, 0), g.path(id, 1),
		"type=PROCTITLE msg="+id+"proctitle=7368002D63")
}

func (g *generator) path(id string, item int) string {
	return fmt.Sprintf("type=PATH msg=%sitem=%d name=%s inode=%d dev=08:01 mode=%s ouid=0 ogid=%d rdev=00:00 nametype=%s",
		id, item, g.pick(`"/etc/passwd"`, "2F746D702F612062", "(null)"), g.IntN(1<<20), g.pick("0100644", "040755", "0100755"),
		g.IntN(3), g.pick("NORMAL", "PARENT", "CREATE", "UNKNOWN"))
}

func (g *generator) open(id string) []string {
	number := []int{2, 257, 82, 83, 87, 90, 165}[g.IntN(7)]
	records := []string{g.syscall(id, "c000003e", number, 2), "type=CWD msg=" + id + ` cwd=2F746D702F61`}
	for i := range g.IntN(4) {
		records = append(records, g.path(id, i))
	}
	return records
}

func (g *generator) user(id string) string {
	head := fmt.Sprintf("pid=%d uid=0 auid=%s ses=%s msg='", g.IntN(1<<16), g.pick("4294967295", "1000"), g.pick("4294967295", "3"))
	return "type=" + g.pick(
		"USER_LOGIN msg="+id+head+`op=login id=1000 exe="/usr/sbin/sshd" hostname=? addr=10.1.2.3 terminal=ssh res=success'`,
		"USER_LOGIN msg="+id+head+`op=login acct=28696E76616C6964207573657229 exe="/usr/sbin/sshd" hostname=? addr=10.9.8.7 terminal=ssh res=failed'`,
		"SERVICE_START msg="+id+head+`unit=cron comm="systemd" exe="/lib/systemd/systemd" hostname=? addr=? terminal=? res=success'`,
		"USER_START msg="+id+head+`op=PAM:session_open acct="root" exe="/usr/bin/sudo" hostname=? addr=? terminal=/dev/pts/0 res=success'`,
		"USER_CMD msg="+id+head+`cwd="/" cmd=6C73202D6C terminal=pts/0 res=success'`,
		"ADD_USER msg="+id+head+`op=add-user id=1002 exe="/usr/sbin/useradd" hostname=h addr=127.0.0.1 terminal=pts/1 res=success'`,
		"USER_MGMT msg="+id+head+`op=changing-uid id=9999 exe="/usr/sbin/usermod" hostname=h addr=? terminal=pts/1 res=success'`,
		"LOGIN msg="+id+"pid=99 uid=0 old-auid=4294967295 auid=1000 tty=(none) old-ses=4294967295 ses=5 res=1",
		"CONFIG_CHANGE msg="+id+`auid=1000 ses=3 op="add_rule" key=(null) list=4 res=1`,
		"AVC msg="+id+`avc:  denied  { read write } for  pid=13 comm="pickup" name="maildrop" dev=hda7 ino=149 scontext=a:b:c:s0 tcontext=d:e:f:s0 tclass=dir`,
		"AVC msg="+id+`apparmor="DENIED" operation="ptrace" profile="docker-default" pid=5571 comm="metricbeat" requested_mask="trace" denied_mask="trace" peer="unconfined"`,
		"SECCOMP msg="+id+`auid=1000 uid=1000 gid=1000 ses=1 pid=7 comm="chrome" exe="/opt/chrome" sig=31 arch=c000003e syscall=42 compat=0 ip=0x7f code=0x0`,
		"ANOM_ABEND msg="+id+`auid=1000 uid=1000 gid=1000 ses=1 pid=7 comm="chrome" exe="/opt/chrome" sig=11 res=1`,
		"DAEMON_START msg="+id+"op=start ver=3.0 format=raw kernel=5.15 auid=0 pid=9 uid=0 ses=4 res=success",
		"KERNEL msg="+id+"initialized")
}

// log returns n events with their records interleaved: a record comes up to spread
// records late, and sometimes before its time.
func (g *generator) log(n, spread int) string {
	type placed struct {
		at   float64
		line string
	}
	var all []placed
	for i := range n {
		for j, line := range g.one() {
			at := float64(i*4+j) + float64(g.IntN(spread+1))*g.Float64()
			all = append(all, placed{at, line})
		}
	}
	lines := make([]string, len(all))
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	sortBy(order, func(i int) float64 { return all[i].at })
	for i, j := range order {
		lines[i] = all[j].line
	}
	return strings.Join(lines, "\n") + "\n"
}
