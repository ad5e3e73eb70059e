package triage

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"kscan/scan"
)

// familyRule asks for starts, parents and files of each hit.
func familyCase(t *testing.T) *Case {
	t.Helper()
	const step = `[[step.evidence]]
label = "its start"
query = 'process where event.type == "start" and process.pid == {{process.pid}}'
show = ["process.args"]
[[step.evidence]]
label = "its files"
query = 'file where process.pid == {{process.pid}}'
show = ["file.path"]
raise = 1
reason = "r"
`
	r := bookRule(t, followStep+step)
	log := logOf([]begin{{"h", 1, 10, 1}, {"h", 5, 20, 10}, {"h", 7, 30, 20}, {"g", 8, 40, 1}}) +
		`{"@timestamp":"2026-11-20T00:00:09Z","host":{"name":"h"},"event":{"category":"file"},"file":{"path":"/etc/x"},"process":{"pid":30}}` + "\n" +
		`{"host":{"name":"h"},"event":{"category":"file"},"file":{"path":"/etc/undated"},"process":{"pid":30}}` + "\n"
	hit := func(second int, host, executable string, pid, parent int) *scan.Finding {
		return finding(t, r, fmt.Sprintf("2026-11-20T00:00:%02dZ", second), "host.name", host, "process.executable", executable, "process.pid", pid, "process.parent.pid", parent)
	}
	return investigate(t, log, 1, 0, hit(20, "h", "/bin/c", 30, 20), hit(6, "h", "/bin/a", 10, 1), hit(11, "h", "/bin/c", 30, 20), hit(9, "g", "/bin/g", 40, 1))
}

// TestStory: hits and evidence stand in the order of time, each event once with all that it
// answers.
func TestStory(t *testing.T) {
	r := familyCase(t).Rules[0]
	var got []string
	for _, m := range r.Story {
		text := m.Time.Format("05 ") + m.Host
		if m.Hits != nil {
			text += fmt.Sprintf(" %d hits of %s", m.Hits.Count, m.Hits.Key.Process)
		}
		for _, s := range m.Says {
			text += fmt.Sprintf("; %s of", s.Label)
			for _, g := range s.Groups {
				text += " " + g.Key.Process
			}
			if s.Raises {
				text += "!"
			}
		}
		got = append(got, text)
	}
	want := []string{
		"01 h; l of /bin/c; its start of /bin/a", "05 h; l of /bin/c", "06 h 1 hits of /bin/a", "07 h; its start of /bin/c",
		"08 g; its start of /bin/g", "09 h; its files of /bin/c!", "09 g 1 hits of /bin/g", "11 h 2 hits of /bin/c",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestLineage: a group knows which groups' processes started its own.
func TestLineage(t *testing.T) {
	for _, g := range familyCase(t).Rules[0].Groups {
		name := func(list []*Group) (names string) {
			for _, o := range list {
				names += o.Key.Process
			}
			return names
		}
		got := name(g.StartedBy) + " " + name(g.Started)
		if want := map[string]string{"/bin/a": " /bin/c", "/bin/c": "/bin/a ", "/bin/g": " "}[g.Key.Process]; got != want {
			t.Errorf("%s: started by and started %q, want %q", g.Key.Process, got, want)
		}
	}
}

func TestCompany(t *testing.T) {
	row := func(program, host string, n int64) *Tally { return &Tally{Values: []string{program, host}, Count: n} }
	g := &Group{Key: Key{Process: "/x"}}
	for _, test := range []struct {
		rows  []*Tally
		other int64
		want  string
	}{
		{[]*Tally{row("/x", "h", 3)}, 0, "no other program is among them"},
		{[]*Tally{row("/x", "h", 3), row("/a", "h", 1)}, 0, "1 other program is among them, 0 on several hosts; this one on one host alone, in 3 of 9 events"},
		{[]*Tally{row("/x", "h", 3), row("/a", "h", 1), row("/a", "g", 1)}, 0, "1 other program is among them, 1 on several hosts; this one on one host alone, in 3 of 9 events"},
		{[]*Tally{row("/x", "h", 3), row("/x", "g", 3), row("/a", "h", 1), row("/b", "h", 1)}, 7,
			"at least 2 other programs are among them, 0 on several hosts; this one on 2 hosts, in 6 of 9 events"},
		{[]*Tally{row("", "h", 3), row("/a", "h", 1)}, 0, "1 other program is among them, 0 on several hosts; this one is not"},
		{nil, 0, ""},
	} {
		l := &Lookup{CountBy: []string{"process.executable", "host.name"}, Tally: test.rows, Other: test.other, Count: 9}
		if got := g.company(l); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
	if got := g.company(&Lookup{CountBy: []string{"host.name"}, Tally: []*Tally{{Values: []string{"h"}}}}); got != "" {
		t.Errorf("of other fields: %q", got)
	}
}

func TestKubeletRequestsNameThePod(t *testing.T) {
	r := &Remedy{}
	r.learn(&FoundEvent{Values: []Answer{{"process.args", Values{Seen: []string{
		"curl -sk https://10.0.0.1:10250/run/a/b-1/c -d cmd=id https://10.0.0.1:10250/pods http://10.0.0.1:10255/containerLogs/d/e/f https://10.0.0.1:443/run/x/y/z"}}}}})
	if want := []string{"pod a/b-1, through the kubelet", "pod d/e, through the kubelet"}; !slices.Equal(r.Workloads, want) {
		t.Errorf("%q, want %q", r.Workloads, want)
	}
}

// TestPolicyClosesAllPorts: the policy is the same for all groups of a rule and closes
// what any of them reached; ports that are none are left out.
func TestPolicyClosesAllPorts(t *testing.T) {
	r := bookRule(t, "analysis = \"response\"\n")
	hit := func(executable string, port any) *scan.Finding {
		return finding(t, r, "", "host.name", "h", "process.executable", executable, "destination.ip", "10.0.0.1", "destination.port", port)
	}
	c := collect(t, hit("/a", 10250), hit("/b", "10255"), hit("/b", 1), hit("/c", "x; rm"))
	for _, g := range c.Rules[0].Groups {
		policy := g.Steps[0].Response.Policy
		for _, want := range []string{"# all, not TCP 1, not TCP 10250, not TCP 10255\n", "port: 2, endPort: 10249}", "port: 10251, endPort: 10254}", "port: 10256, endPort: 65535}"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy lacks %q:\n%s", g.Key.Process, want, policy)
			}
		}
		if strings.Contains(policy, "rm") {
			t.Errorf("a value of a log is in the policy:\n%s", policy)
		}
	}
}
