package scan

import (
	"strings"

	"kscan/rule/eval"
)

const (
	// restart is how far an audit serial must lie below the highest so far to be of
	// another boot of the host. Records come out of order by less than that.
	restart = 1000
	// maxJump is how far serials may jump ahead within one boot: more is another
	// counter, such as that of another host without a name.
	maxJump = 1 << 20
	// maxRuns is how many boots a stream counts serials of.
	maxRuns = 1000
)

// Lost says what a stream lacks by its own account.
type Lost struct {
	// Serials is how many audit serials are missing: the kernel counts each event, so
	// those events were lost, or left out before the log was written. 0 if Known is not
	// set.
	Serials int64
	Known   bool
	// Runs is how many times the counter began anew: boots of the host.
	Runs int
	// Reported is the highest count of lost audit records that the log itself tells.
	Reported int64
}

// serials are the audit serials that a stream has, by boots.
type serials struct {
	runs   []serialRun
	beyond bool
}

type serialRun struct{ low, high, events int64 }

// add counts a serial. Each event has its own.
func (s *serials) add(n int64) {
	s.append(serialRun{n, n, 1})
}

// append adds a run that follows. It continues the last one unless the counter began
// anew in between.
func (s *serials) append(r serialRun) {
	if n := len(s.runs); n > 0 {
		last := &s.runs[n-1]
		if r.low >= last.high-restart && r.low <= last.high+maxJump {
			last.low = min(last.low, r.low)
			last.high = max(last.high, r.high)
			last.events += r.events
			return
		}
	}
	if len(s.runs) >= maxRuns {
		s.beyond = true
		return
	}
	s.runs = append(s.runs, r)
}

func (s *serials) merge(next *serials) {
	for _, r := range next.runs {
		s.append(r)
	}
	s.beyond = s.beyond || next.beyond
}

// lost notes the audit serial of the loaded event and what it tells of lost records.
// The audit daemon's own records count by themselves.
func (st *stream) lost(s *eval.Scratch) {
	if n := watchedNumber(s, eval.WatchSerial); n > 0 && !isDaemon(watchedText(s, eval.WatchMessage)) {
		st.serials.add(n)
	}
	st.reported = max(st.reported, watchedNumber(s, eval.WatchLost), watchedNumber(s, eval.WatchDropped))
}

// isDaemon reports whether a message type is one of the audit daemon's, in any case.
func isDaemon(name []byte) bool {
	const prefix = "daemon_"
	return len(name) > len(prefix) && strings.EqualFold(string(name[:len(prefix)]), prefix)
}

func (st *stream) lostEvents(partial bool) Lost {
	l := Lost{Runs: len(st.serials.runs), Reported: st.reported}
	if partial || st.serials.beyond || len(st.serials.runs) == 0 {
		return l
	}
	l.Known = true
	for _, r := range st.serials.runs {
		l.Serials += max(0, r.high-r.low+1-r.events)
	}
	return l
}
