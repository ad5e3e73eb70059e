package auditd

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/readers/frame"
)

const testHead = "msg=audit(1700000000.001:7): "

func connectWith(arch, syscall, saddr string) string {
	return "type=SYSCALL " + testHead + "arch=" + arch + " syscall=" + syscall + " success=no exit=-115 a0=3 a1=0 items=0 ppid=1 pid=2 " +
		"auid=1000 uid=1000 gid=1000 euid=0 comm=\"curl\" exe=\"/usr/bin/curl\" key=(null)\n" +
		"type=SOCKADDR " + testHead + "saddr=" + saddr + "\n"
}

// TestConnectEverywhere holds the fields that rules on connections read, on each
// architecture and in each form of address.
func TestConnectEverywhere(t *testing.T) {
	const v4, v6 = "0200280A0A00002A0000000000000000", "0A00280A0000000020010DB8000000000000000000000001"
	for _, c := range []struct{ name, arch, syscall, saddr, ip, port string }{
		{"x86_64", "c000003e", "42", v4, "10.0.0.42", "10250"},
		{"x32", "c000003e", "1073741866", v4, "10.0.0.42", "10250"},
		{"aarch64", "c00000b7", "203", v4, "10.0.0.42", "10250"},
		{"arm", "40000028", "283", v4, "10.0.0.42", "10250"},
		{"i386", "40000003", "362", v4, "10.0.0.42", "10250"},
		{"i386 socketcall", "40000003", "102", v4, "10.0.0.42", "10250"},
		{"ppc64le", "c0000015", "328", v4, "10.0.0.42", "10250"},
		{"s390x", "80000016", "362", "0002280A0A00002A0000000000000000", "10.0.0.42", "10250"},
		{"s390x socketcall", "80000016", "102", "0002280F0A00002A0000000000000000", "10.0.0.42", "10255"},
		{"riscv64", "c00000f3", "203", v4, "10.0.0.42", "10250"},
		{"ipv6", "c000003e", "42", v6, "2001:db8::1", "10250"},
		{"ipv4 in ipv6", "c000003e", "42", "0A00280F0000000000000000000000000000FFFFC0A8010200000000", "192.168.1.2", "10255"},
		{"ipv6, big-endian", "80000016", "362", "000A280A0000000020010DB800000000000000000000000100000000", "2001:db8::1", "10250"},
		{"lower case", "c000003e", "42", strings.ToLower(v4), "10.0.0.42", "10250"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := decodeAll(Options{}, connectWith(c.arch, c.syscall, c.saddr))
			if len(s.events) != 1 || len(s.problems) != 0 {
				t.Fatalf("%d events, problems %v", len(s.events), s.problems)
			}
			got := s.events[0].Fields
			for field, want := range map[string]string{
				"destination.ip": c.ip, "destination.port": c.port, "network.direction": "egress",
				"event.category.0": "network", "event.type.0": "connection", "event.type.1": "start",
				"event.action": "connected-to", "event.outcome": "failure", "auditd.data.exit": "EINPROGRESS",
				"process.name": "curl", "process.executable": "/usr/bin/curl", "host.os.type": "linux", "user.id": "1000",
			} {
				if got[field] != want {
					t.Errorf("%s = %q, want %q", field, got[field], want)
				}
			}
		})
	}
}

// TestNumbersAreNumbers holds that ECS long fields come as JSON numbers.
func TestNumbersAreNumbers(t *testing.T) {
	var types []string
	sink := sinkFunc(func(e *event.Event) {
		for _, path := range [][]string{{"destination", "port"}, {"process", "pid"}, {"process", "parent", "pid"}, {"auditd", "sequence"}} {
			types = append(types, e.Doc.Get(path...).Type().String())
		}
		if e.Assumed[0] != "host.os.type" {
			t.Errorf("assumed %v", e.Assumed)
		}
	})
	log := connectWith("c000003e", "42", "0200280A0A00002A")
	New(Options{}).Decode("", "", &frame.Block{Data: []byte(log), End: len(log)}, sink)
	if d := cmp.Diff([]string{"number", "number", "number", "number"}, types); d != "" {
		t.Error(d)
	}
}

type sinkFunc func(*event.Event)

func (f sinkFunc) Event(e *event.Event)  { f(e) }
func (f sinkFunc) Problem(event.Problem) {}

// field returns one field of the only event of a log.
func field(t *testing.T, log, name string) string {
	t.Helper()
	s := decodeAll(Options{}, log)
	if len(s.events) != 1 {
		t.Fatalf("%d events in %q", len(s.events), log)
	}
	return s.events[0].Fields[name]
}

func TestValues(t *testing.T) {
	call := func(rest string) string {
		return "type=SYSCALL " + testHead + "arch=c000003e syscall=59 success=yes exit=0 a0=1000 pid=7 uid=1000 " + rest + "\n"
	}
	for _, c := range []struct{ name, log, field, want string }{
		{"hex only where it may be", call("comm=\"x\""), "user.id", "1000"},
		{"hex exe with a space", call("exe=2F746D702F61206220632864656C6574656429"), "process.executable", "/tmp/a b c(deleted)"},
		{"deleted", call("exe=2F746D702F78202864656C6574656429"), "process.executable", "/tmp/x (deleted)"},
		{"hex comm", call("comm=6E63202D6C"), "process.name", "nc -l"},
		{"a backslash at the end", call(`comm="x\" exe="/usr/bin/curl"`), "process.executable", "/usr/bin/curl"},
		{"a control character", call("comm=1B5B306D"), "process.name", "\x1b[0m"},
		{"a quote", call("comm=6122625C"), "process.name", `a"b\`},
		{"not UTF-8", call("comm=61FF62"), "process.name", "a\ufffdb"},
		{"enriched", call("uid=0 key=\"k\"\x1dARCH=x86_64 UID=\"root\""), "user.name", "root"},
		{"enriched, unquoted value before", call("uid=0 key=(null)\x1dUID=\"root\""), "user.name", "root"},
		{"enriched, no name", call("uid=5 key=\"k\"\x1dUID=\"unknown(5)\""), "user.name", ""},
		{"enriched tags", call("key=\"k\"\x1dARCH=x86_64"), "tags.0", "k"},
		{"several keys", call("key=6578656301726F6F74"), "tags.1", "root"},
		{"title", call("") + "type=PROCTITLE " + testHead + "proctitle=6375726C002D6B", "process.title", "curl -k"},
		{"arguments", call("") + "type=EXECVE " + testHead + "argc=3 a0=\"c\" a1=612062 a2=\"z\"", "process.args.1", "a b"},
		{"a number is no hex", call("") + "type=EXECVE " + testHead + "argc=1 a0=\"1234\"", "process.args.0", "1234"},
		{"split argument", call("") + "type=EXECVE " + testHead + "argc=2 a0=\"c\" a1_len=12 a1[0]=616263\n" +
			"type=EXECVE " + testHead + "a1[1]=646566", "process.args.1", "abcdef"},
		{"split argument, out of order", call("") + "type=EXECVE " + testHead + "a1[1]=646566\n" +
			"type=EXECVE " + testHead + "argc=2 a0=\"c\" a1_len=12 a1[0]=616263", "process.args.1", "abcdef"},
		{"cwd", call("") + "type=CWD " + testHead + " cwd=2F612062", "process.working_directory", "/a b"},
		{"file", call("") + "type=PATH " + testHead + "item=0 name=2F612062 inode=5 mode=0100644 ouid=0 ogid=0 nametype=NORMAL", "file.path", "/a b"},
		{"owner", call("") + "type=PATH " + testHead + "item=0 name=\"/a\" mode=0100644 ouid=0 nametype=NORMAL\x1dOUID=\"root\"", "file.owner", "root"},
		{"errno", call("exit=-111"), "auditd.data.exit", "ECONNREFUSED"},
		{"unix socket", connectWith("c000003e", "42", "01002F72756E2F7300"), "destination.path", "/run/s"},
		{"abstract socket", connectWith("c000003e", "42", "01000061622F"), "destination.path", "@ab/"},
		{"scope", connectWith("c000003e", "42", "0A00280A00000000FE80000000000000000000000000000102000000"), "auditd.data.socket.scope_id", "2"},
		{"scope stays out of the ip", connectWith("c000003e", "42", "0A00280A00000000FE80000000000000000000000000000102000000"), "destination.ip", "fe80::1"},
		{"SADDR", strings.ReplaceAll(connectWith("c000003e", "42", "0200280A0A00002A"), "00002A\n", "00002A\x1dSADDR={ saddr_fam=inet laddr=10.0.0.42 lport=10250 }\n"), "auditd.data.laddr", ""},
		{"node", "node=web-1 " + call(""), "host.name", "web-1"},
		{"syslog", "Nov 23 10:00:00 web-2 audisp-syslog: " + call(""), "host.name", "web-2"},
		{"syslog with a priority", "<13>Nov  3 10:00:00 web-2 audispd: " + call(""), "host.name", "web-2"},
		{"ISO syslog", "2026-11-23T10:00:00.123456+00:00 web-3 audit: " + call(""), "host.name", "web-3"},
		{"node behind a prefix", "Nov 23 10:00:00 relay audispd: node=web-4 " + call(""), "host.name", "web-4"},
		{"kernel", "[   12.345] audit: " + strings.NewReplacer("SYSCALL", "1300", "msg=", "").Replace(call("")), "auditd.message_type", "syscall"},
		{"unknown type", "type=UNKNOWN[1999] " + testHead + "pid=1", "auditd.message_type", "unknown[1999]"},
		{"login", "type=USER_LOGIN " + testHead + "pid=1 uid=0 auid=1000 msg='op=login acct=\"bob\" addr=10.0.0.9 res=failed'", "source.ip", "10.0.0.9"},
		{"service", "type=SERVICE_START " + testHead + "pid=1 uid=0 msg='unit=cron comm=\"systemd\" res=success'", "event.action", "started-service"},
		{"Windows line ends", strings.ReplaceAll(call("key=\"a\""), "\n", "\r\n"), "tags.0", "a"},
		{"AUOMS", "type=AUOMS_SYSCALL audit(1.001:2): arch=x86_64 syscall=connect success=yes exit=0 pid=5 comm=\"x\"", "event.action", "connected-to"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := field(t, c.log, c.field); got != c.want {
				t.Errorf("%s = %q, want %q", c.field, got, c.want)
			}
		})
	}
}

func TestUringConnect(t *testing.T) {
	log := "type=URINGOP " + testHead + "uring_op=16 success=yes exit=0 items=0 ppid=1 pid=2 uid=0 gid=0 key=(null)\n" +
		"type=SOCKADDR " + testHead + "saddr=0200280A0A00002A\n"
	if got := field(t, log, "destination.ip") + " " + field(t, log, "event.action"); got != "10.0.0.42 connected-to" {
		t.Error(got)
	}
}

// TestDocumentIsJSON holds that a document with anything in it can be read back.
func TestDocumentIsJSON(t *testing.T) {
	log := "type=SYSCALL " + testHead + "arch=c000003e syscall=42 comm=" + strings.ToUpper("1b0022c3a9") + " exe=\"/a\\b\" key=\"a\x01b\"\n"
	sink := sinkFunc(func(e *event.Event) {
		if text := e.Doc.MarshalTo(nil); !json.Valid(text) {
			t.Errorf("not JSON: %s", text)
		}
	})
	New(Options{}).Decode("", "", &frame.Block{Data: []byte(log), End: len(log)}, sink)
}

func TestProblems(t *testing.T) {
	call, addr, _ := strings.Cut(connectWith("c000003e", "42", "0200280A0A00002A"), "\n")
	for _, c := range []struct {
		name, log string
		events    int
		want      []event.Kind
	}{
		{"clean", call + "\n" + addr, 1, nil},
		{"blank lines", "\n \n" + call + "\n" + addr, 1, nil},
		{"no SOCKADDR", call + "\n", 1, []event.Kind{event.Incomplete}},
		{"no SOCKADDR, and none expected", strings.Replace(call, "exit=-115", "exit=-14", 1) + "\n", 1, nil},
		{"no SYSCALL", addr, 1, []event.Kind{event.Incomplete}},
		{"an address cut short", connectWith("c000003e", "42", "0200280A"), 1, []event.Kind{event.Incomplete}},
		{"an address that is none", connectWith("c000003e", "42", "zz00280A0A00002A"), 1, []event.Kind{event.Incomplete}},
		{"a call cut short", call[:strings.Index(call, " comm=")] + "\n" + addr, 1, []event.Kind{event.Incomplete}},
		{"NUL bytes before a record", call + "\n\x00\x00" + addr, 1, []event.Kind{event.Broken}},
		{"many NUL bytes before a record", call + "\n\x00\x00\x00\x00\x00\x00\x00\x00" + addr, 1, []event.Kind{event.Broken}},
		{"other text", "hello there\n" + call + "\n" + addr, 1, []event.Kind{event.Broken}},
		{"a broken header", "type=SYSCALL msg=audit(x): a=b\n", 0, []event.Kind{event.Broken}},
		{"lines of other programs", "Nov 23 10:00:00 web sshd[1]: hello\n" + call + "\n" + addr, 1, nil},
		{"separators", "----\ntime->Fri Nov 20 10:00:00 2026\n" + call + "\n" + addr, 1, nil},
		{"cut in the header", call + "\n" + addr + "type=SYSCALL msg=aud", 1, []event.Kind{event.Truncated}},
		{"cut in a value", call + "\n" + addr + "type=CWD msg=audit(1.001:9): cwd=\"/ho", 2, []event.Kind{event.Truncated}},
		{"not UTF-8", call + "\n" + addr + "type=CWD msg=audit(1.001:9): cwd=\"/\xff\"\n", 2, []event.Kind{event.InvalidUTF8}},
		{"an end alone", "type=EOE msg=audit(1.001:9): \n", 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := decodeAll(Options{}, c.log)
			var kinds []event.Kind
			for _, p := range s.problems {
				kinds = append(kinds, p.Kind)
				if p.Line == 0 || p.Offset < 0 || p.Detail == "" || p.Source != "log" {
					t.Errorf("a problem without a place: %+v", p)
				}
			}
			if d := cmp.Diff(c.want, kinds); d != "" || len(s.events) != c.events {
				t.Errorf("%d events, want %d; problems (-want +got):\n%s", len(s.events), c.events, d)
			}
		})
	}
}

func TestSkippedRecord(t *testing.T) {
	var s seen
	lines := New(Options{}).Decode("log", "", &frame.Block{Offset: 99, Skipped: 1 << 30}, &s)
	if lines != 1 || len(s.problems) != 1 || s.problems[0].Kind != event.TooLong || s.problems[0].Offset != 99 {
		t.Errorf("%d lines, problems %v", lines, s.problems)
	}
}

func TestSniff(t *testing.T) {
	record := "type=CWD msg=audit(1700000000.001:7): cwd=\"/\"\n"
	for name, head := range map[string]string{
		"plain": record, "node": "node=a " + record, "BOM": "\xef\xbb\xbf" + record,
		"syslog":  strings.Repeat("Nov 23 10:00:00 web sshd[1]: hello\n", 50) + "Nov 23 10:00:00 web audispd: " + record,
		"kernel":  "audit: type=1307 audit(1700000000.001:7): cwd=\"/\"",
		"dmesg":   "[    0.000000] Linux version 6\n[   12.345] audit: type=1307 audit(1700000000.001:7): cwd=\"/\"",
		"journal": "-- Boot 1 --\nNov 23 10:00:00 web kernel: audit: type=1307 audit(1700000000.001:7): cwd=\"/\"",
	} {
		if err := Sniff([]byte(head)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, head := range map[string]string{
		"empty": "", "text": "hello\nworld\n", "JSON": `{"message":"type=CWD msg=audit(1700000000.001:7): cwd=1"}`,
		"indented JSON":        "\n {\"message\":\"type=CWD msg=audit(1700000000.001:7): cwd=1\"}",
		"syslog without audit": "Nov 23 10:00:00 web sshd[1]: hello\n", "binary": "\x00\x01\x02",
	} {
		if Sniff([]byte(head)) == nil {
			t.Errorf("%s: taken for an audit log", name)
		}
	}
}

func TestCarriers(t *testing.T) {
	call, addr, _ := strings.Cut(strings.TrimSpace(connectWith("c000003e", "42", "0200280A0A00002A")), "\n")
	quote := func(s string) string {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for name, log := range map[string]string{
		"message in two documents": `{"message":` + quote(call) + `,"host":{"name":"h"}}` + "\n" + `{"message":` + quote(addr) + `,"host":{"name":"h"}}`,
		"event.original, an array": `{"event":{"original":[` + quote(call) + `,` + quote(addr) + `]},"host":{"name":"h"}}`,
		"dotted":                   `{"event.original":` + quote(call+"\n"+addr) + `,"host.name":"h"}`,
		"Syslog of Azure":          `{"SyslogMessage":` + quote(call) + `,"HostName":"h"}` + "\n" + `{"SyslogMessage":` + quote(addr) + `,"HostName":"h"}`,
		"a search hit":             `{"_index":"x","_source":{"message":` + quote(call+"\n"+addr) + `,"host":{"name":"h"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := decodeAll(Options{JSON: true}, log)
			if len(s.events) != 1 || len(s.problems) != 0 {
				t.Fatalf("%d events, problems %v", len(s.events), s.problems)
			}
			got := s.events[0]
			if got.Fields["destination.ip"] != "10.0.0.42" || got.Fields["host.name"] != "h" || got.Evidence.Line != 1 {
				t.Errorf("%+v", got)
			}
			first, _, _ := strings.Cut(log, "\n")
			if !Carries(fastjson.MustParse(first)) {
				t.Error("not seen as a carrier")
			}
		})
	}
}

func TestEventsAreNoCarriers(t *testing.T) {
	log := `{"event":{"category":["network"],"original":["type=CWD msg=audit(1.001:2): cwd=\"/\""]}}`
	if Carries(fastjson.MustParse(log)) {
		t.Error("an event is taken for a carrier")
	}
	if s := decodeAll(Options{JSON: true, Others: true}, log); len(s.events)+len(s.problems) != 0 {
		t.Errorf("events %v, problems %v", s.events, s.problems)
	}
	if s := decodeAll(Options{JSON: true}, log); len(s.problems) != 1 {
		t.Errorf("problems %v", s.problems)
	}
}

func TestElements(t *testing.T) {
	data := "[\n{\"message\":\"type=CWD msg=audit(1.001:2): cwd=1\"},\n{\"message\":\"type=CWD msg=audit(1.001:3): cwd=1\"}\n]\n"
	first, second := strings.Index(data, "{"), strings.LastIndex(data, "{")
	b := &frame.Block{Data: []byte(data), End: len(data), Records: []frame.Record{
		{Start: first, End: second - 2}, {Start: second, End: strings.LastIndex(data, "}") + 1},
	}}
	var s seen
	lines := New(Options{JSON: true}).Decode("", "", b, &s)
	if lines != 4 || len(s.events) != 2 || s.events[0].Evidence.Line != 2 || s.events[1].Evidence.Line != 3 {
		t.Errorf("%d lines, events %v", lines, s.events)
	}
}

func TestTables(t *testing.T) {
	tables := loadTables()
	for _, c := range []struct {
		arch   string
		number uint64
		want   string
	}{
		{"x86_64", 59, "execve"}, {"x86_64", x32Bit | 518, "sendmsg"}, {"aarch64", 221, "execve"}, {"arm", 283, "connect"},
		{"arm", 983041, "breakpoint"}, {"i386", 102, "socketcall"}, {"ppc64le", 328, "connect"}, {"s390x", 362, "connect"},
		{"riscv64", 203, "connect"}, {"x86_64", 1 << 40, ""}, {"nothing", 1, ""},
	} {
		if got := tables.syscalls[tables.syscall(c.arch, c.number)].name; got != c.want {
			t.Errorf("%s %d is %q, want %q", c.arch, c.number, got, c.want)
		}
	}
	if tables.errnos[115] != "EINPROGRESS" || tables.typeNames[1300] != "SYSCALL" || tables.types["SOCKADDR"] != 1306 {
		t.Error("a table is not read right")
	}
	for name := range tables.types {
		if n := tables.typeNumber([]byte(name)); tables.typeNames[n] != name {
			t.Errorf("type %s is number %d, which is %s", name, n, tables.typeNames[n])
		}
	}
	for _, row := range rows(actionsText) {
		kind, names, _ := strings.Cut(row[0], "=")
		for name := range strings.SplitSeq(names, ",") {
			if _, ok := tables.types[name]; kind == "records" && !ok {
				t.Errorf("an action for the unknown record type %s", name)
			}
		}
	}
}
