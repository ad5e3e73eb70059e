package auditd

import (
	"strings"
	"testing"

	"kscan/readers/event"
	"kscan/readers/frame"
)

type dropSink struct{ problems []event.Problem }

func (*dropSink) Event(*event.Event) {}

func (s *dropSink) Problem(p event.Problem) { s.problems = append(s.problems, p) }

// TestLoss: lines of the kernel and of auditd that tell of lost records are noted, at
// their place, and others between records are not.
func TestLoss(t *testing.T) {
	const record = "Nov 23 10:00:00 node-1 audisp-syslog: type=EOE msg=audit(1795168800.100:11): \n"
	for line, want := range map[string]bool{
		"kernel: audit: audit_lost=12 audit_rate_limit=0 audit_backlog_limit=64": true,
		"kernel: audit: audit_lost=0 audit_rate_limit=0 audit_backlog_limit=64":  false,
		"kernel: audit: backlog limit exceeded":                                  true,
		"kernel: [12.5] audit: rate limit exceeded":                              true,
		"audispd[7]: queue to plugins is full - dropping event":                  true,
		"auditd[7]: Audit daemon rotating log files":                             false,
		"sshd[7]: Accepted publickey for root":                                   false,
	} {
		text := []byte(record + "Nov 23 10:00:01 node-1 " + line + "\n" + record)
		var s dropSink
		New(Options{}).Decode("a", "", &frame.Block{Data: text, End: len(text)}, &s)
		got := len(s.problems) == 1 && s.problems[0].Kind == event.Dropped && s.problems[0].Line == 2 &&
			strings.Contains(s.problems[0].Detail, line[:20])
		if got != want || !want && len(s.problems) > 0 {
			t.Errorf("%s: %+v", line, s.problems)
		}
	}
	if event.Dropped.Lost() {
		t.Error("what was lost before it was written counts as not examined")
	}
}
