package builtin_test

import (
	"fmt"
	"testing"

	"kscan/report/triage"
	"kscan/scan"
)

// conditionCases are, for each condition of the playbook by its reason, members of a hit
// for which it holds, and others for which it does not. Hits without the fields are tried
// for all.
func conditionCases() map[string]struct{ holds, others []string } {
	executable := func(path string) string { return fmt.Sprintf(`{"executable":%q}`, path) }
	called := func(name, path string) string { return fmt.Sprintf(`{"name":%q,"executable":%q}`, name, path) }
	return map[string]struct{ holds, others []string }{
		"the executable is in a folder that any user can write to": {
			[]string{executable("/tmp/x"), executable("/var/tmp/a/b"), executable("/dev/shm/x"), executable("/run/shm/x"), executable("/run/lock/x"), executable("/var/lock/x"), executable("/run/user/1000/x")},
			[]string{executable("/usr/bin/tmp"), executable("/opt/tmp/x"), executable("/TMP/x")}},
		"the executable is in a folder for what programs keep while they run, where no program belongs": {
			[]string{executable("/var/run/x"), executable("/run/a/b")}, []string{executable("/run/user/1000/x"), executable("/usr/run/x"), executable("/var/runner")}},
		"the executable is in somebody's home folder": {[]string{executable("/home/u/x"), executable("/root/x")}, []string{executable("/opt/home/x"), executable("/home")}},
		"the executable's path has a hidden file or folder": {
			[]string{executable("/.x"), executable("/home/u/.cache/x"), executable("/usr/bin/.x")}, []string{executable("/usr/bin/x.y"), executable("x/.y")}},
		"the executable was deleted while it ran":         {[]string{executable("/usr/bin/x (deleted)")}, []string{executable("/usr/bin/deleted")}},
		"the executable is in memory only, not in a file": {[]string{executable("/memfd:x (deleted)"), executable("memfd:")}, []string{executable("/usr/bin/memfd:")}},
		"a server or its runtime calls the kubelet: if that is none of its tasks, it has been taken over": {
			[]string{called("node", "/usr/local/bin/node"), called("java", "/usr/bin/java"), called("php-fpm8", "/usr/sbin/php-fpm8"), called("nginx", "/usr/sbin/nginx")},
			[]string{called("node", "/tmp/node"), called("node", "/home/u/node"), called("nginx-x", "/usr/sbin/nginx-x")}},
		"a download tool or interpreter that people and scripts start": {
			[]string{called("curl", "/usr/bin/curl"), called("python3.11", "/usr/bin/python3.11"), called("perl", "/usr/bin/perl"), called("busybox", "/bin/busybox")},
			[]string{called("curlie", "/usr/bin/curlie"), called("kd", "/tmp/kd")}},
		"the process goes by another name than its file": {
			[]string{called("kworker", "/usr/bin/nc")}, []string{called("nc", "/usr/bin/nc"), called("http-nio-8080-e", "/usr/bin/java"), executable("/usr/bin/nc")}},
		"it ran in a session with a terminal, as an operator's does: ask the person": {
			[]string{`{"interactive":true}`, `{},"auditd":{"data":{"tty":"pts0"}}`, `{},"auditd":{"data":{"tty":"tty1"}}`},
			[]string{`{"interactive":false}`, `{},"auditd":{"data":{"tty":"(none)"}}`}},
		"the path is that of a monitoring agent: confirm its image and deployment": {
			[]string{executable("/opt/datadog-agent/bin/agent/agent"), executable("/usr/share/metricbeat/bin/metricbeat"), executable("/opt/Elastic/Agent/data/x")},
			[]string{executable("/tmp/opt/datadog-agent/x"), executable("/opt/other/x")}},
	}
}

// noted reports whether a note with the reason stands in the report on a hit.
func noted(t *testing.T, reason, process string) bool {
	t.Helper()
	c := triage.NewCollector()
	hit := fmt.Sprintf(`{"host":{"name":"n1"},"destination":{"ip":"10.20.0.12","port":10250},"process":%s}`, process)
	if err := c.Finding(&scan.Finding{Rule: withPlaybook(t), Hits: []scan.Hit{{JSON: []byte(hit), Time: at("10:00:00.000")}}}); err != nil {
		t.Fatal(err)
	}
	for _, step := range c.Case(&scan.Summary{}).Rules[0].Groups[0].Steps {
		for _, n := range step.Notes {
			if n.Reason == reason {
				return true
			}
		}
	}
	return false
}

// TestPlaybookConditions: each condition holds where it should, does not where it should
// not, and does not where the hit has none of its fields.
func TestPlaybookConditions(t *testing.T) {
	cases := conditionCases()
	for _, step := range withPlaybook(t).Playbook.Steps {
		for _, condition := range step.Conditions {
			c, ok := cases[condition.Reason]
			if !ok || len(c.holds) == 0 || len(c.others) == 0 {
				t.Errorf("%s: no case for it", condition.Reason)
				continue
			}
			for _, process := range c.holds {
				if !noted(t, condition.Reason, process) {
					t.Errorf("%s: does not hold for %s", condition.Reason, process)
				}
			}
			for _, process := range append(c.others, "{}") {
				if noted(t, condition.Reason, process) {
					t.Errorf("%s: holds for %s", condition.Reason, process)
				}
			}
			delete(cases, condition.Reason)
		}
	}
	for reason := range cases {
		t.Errorf("%s: no condition of the playbook", reason)
	}
}
