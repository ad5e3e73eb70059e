package builtin_test

import (
	"iter"
	"strings"
)

// clause is a part of the rule: the values of a field with which a document matches, and
// those next to them with which it does not. The base makes a document of sources match
// but for the field.
type clause struct {
	name    string
	base    []change
	field   string
	yes, no []any
}

// cases gives each value with what the rule must say.
func (c *clause) cases() iter.Seq2[any, bool] {
	return func(yield func(any, bool) bool) {
		for _, v := range c.yes {
			if !yield(v, true) {
				return
			}
		}
		for _, v := range c.no {
			if !yield(v, false) {
				return
			}
		}
	}
}

// network is one block with its ends and the addresses next to it.
type network struct{ block, before, first, last, after string }

var networks = []network{
	{"127.0.0.0/8", "126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
	{"10.0.0.0/8", "9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
	{"172.16.0.0/12", "172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
	{"192.168.0.0/16", "192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
	{"169.254.0.0/16", "169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
	{"100.64.0.0/10", "100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
	{"::1/128", "::", "::1", "::1", "::2"},
	{"fc00::/7", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::"},
	{"fe80::/10", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fec0::"},
}

// The names that the rule lists, each whole or as what a name begins with.
var (
	wholeNames = []string{
		"curl", "wget", "nc", "ncat", "netcat", "socat", "openssl", "perl", "busybox",
		"nginx", "lighttpd", "caddy", "mongrel_rails", "gunicorn", "uwsgi", "openresty", "cherokee", "h2o", "resin",
		"puma", "unicorn", "traefik", "tornado", "hypercorn", "daphne", "twistd", "yaws", "webfsd", "flask", "rails",
		"mongrel", "catalina.sh", "hiawatha", "lswsctrl",
	}
	nameStarts = []string{"python", "ruby", "node", "java", "lua", "apache", "php", "httpd"}
)

var pathPrefixes = []string{"/tmp/", "/var/tmp/", "/dev/shm/", "/var/run/", "/home/", "/run/user/", "/busybox/"}

// curl makes a document of sources match.
var curl = []change{{"process.name", "curl"}}

// clauses returns every clause of the rule. A nil value takes the field away.
func clauses() []clause {
	all := append(eventClauses(), processClauses()...)
	for _, n := range networks {
		all = append(all, clause{n.block, curl, "destination.ip", []any{n.first, n.last}, []any{n.before, n.after}})
	}
	for _, name := range wholeNames {
		all = append(all, clause{"name " + name, nil, "process.name",
			[]any{name, []any{name}, []any{"agentd", name}},
			[]any{name + "X", "x" + name, name[:len(name)-1] + "~", strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], name + " ", " " + name}})
	}
	for _, name := range nameStarts {
		all = append(all, clause{"name " + name + "*", nil, "process.name",
			[]any{name, name + "3.11", name + "-x/y", []any{name + "d"}},
			[]any{name[:len(name)-1], "x" + name, strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:] + "3", " " + name}})
	}
	for _, prefix := range pathPrefixes {
		bare := strings.TrimSuffix(prefix, "/")
		all = append(all, clause{"path " + prefix, nil, "process.executable",
			[]any{prefix, prefix + "x", prefix + "a/b", prefix + "x (deleted)", []any{prefix + "x"}},
			[]any{bare, bare + "x", bare + "x/y", strings.ToUpper(prefix) + "x", "/mnt" + prefix + "x", prefix[1:] + "x", " " + prefix + "x"}})
	}
	return all
}

func eventClauses() []clause {
	return []clause{
		{"category", curl, "event.category",
			[]any{"network", []any{"network"}, []any{"process", "network"}},
			[]any{nil, "process", "Network", "network ", "networks", []any{}, []any{"process"}}},
		{"type", curl, "event.type",
			[]any{"start", []any{"start"}, []any{"connection", "start"}, []any{"start", "end"}},
			[]any{nil, "end", "Start", "started", []any{}, []any{"connection"}, []any{"connection", "allowed"}}},
		{"system", curl, "host.os.type",
			[]any{"linux", []any{"linux"}},
			[]any{nil, "Linux", "LINUX", "windows", "macos", "linu", "linux2", []any{}}},
		{"direction", curl, "network.direction",
			[]any{"egress", []any{"egress"}, []any{"ingress", "egress"}},
			[]any{nil, "ingress", "Egress", "outbound", "egres", "", []any{}}},
		{"action", curl, "event.action",
			[]any{"connected-to", "connection_attempted", []any{"connected-to"}, []any{"x", "connection_attempted"}},
			[]any{nil, "Connected-To", "CONNECTION_ATTEMPTED", "connected", "connected_to", "connection-attempted",
				"connection_accepted", "connection_attempte", "disconnect_received", "sent-to", "", []any{}}},
		{"port", curl, "destination.port",
			[]any{10250, "10250", 10255, "10255", 10250.0, "10250.0", 1.025e4, "1.025e4",
				[]any{10250}, []any{"10255"}, []any{80, 10250}, []any{[]any{10255}}},
			[]any{nil, 10249, 10251, 10254, 10256, "10249", "10251", "10254", "10256", 1025, 102500, 0, -10250,
				"10250x", "x10250", "0x280a", "", true, []any{}, []any{80, 443}, doc{}}},
		{"form of the address", curl, "destination.ip",
			[]any{"::ffff:10.0.0.1", "::FFFF:127.0.0.1", "::ffff:a00:1", "fe80::1%eth0", "FE80::1", "0:0:0:0:0:0:0:1",
				[]any{"10.0.0.1"}, []any{"198.51.100.1", "10.0.0.1"}},
			[]any{nil, "::ffff:9.255.255.255", "::ffff:198.51.100.1", "10.0.0", "10.0.0.1:10250", "10.0.0.0/8", "localhost",
				"2001:db8::1", "", 167772161, true, []any{}, []any{"198.51.100.1"}, doc{}}},
	}
}

func processClauses() []clause {
	noName := []change{{"process.name", nil}}
	return []clause{
		{"a process that is not named", nil, "process.name", []any{"curl"}, []any{"agentd", nil, ""}},
		{"hidden name", nil, "process.name",
			[]any{".x", ".", "..", ".X y", []any{".x"}},
			[]any{nil, "x.", "x.y", "", " .x", "Z.x", []any{}}},
		{"hidden path", nil, "process.executable",
			[]any{"/opt/.x", "/opt/.x/y", "/a/b/c/.d/e", "//.x", "/opt/../x", []any{"/opt/.x"}},
			[]any{nil, "/.x", "/opt/x.y", "/opt/x./y", "opt/.x", ".x", "", []any{}}},
		{"no name", noName, "process.executable", []any{"/tmp/x", "/opt/.x"}, []any{nil, "/usr/bin/curl", "curl"}},
		{"no path", []change{{"process.executable", nil}}, "process.name", []any{"curl"}, []any{nil, "agentd"}},
		{"no process", nil, "process", nil, []any{nil}},
	}
}
