package scan

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"kscan/readers/event"
	"kscan/rule"
	"kscan/rule/eql"
	"kscan/rule/eval"
)

// Limits on near misses.
const (
	// MaxNearRules is up to how many rules near misses are looked for: the clauses of
	// each rule are asked one by one, which with a whole pack would cost more than the
	// scan.
	MaxNearRules = 16
	// MaxNear is how many different near misses are listed for each reason and rule:
	// enough to see what they are. All are counted.
	MaxNear = 10
)

// NearReason says what is telling about a near miss. Reasons are part of the JSON output.
type NearReason string

const (
	// NearMissing is an event that lacks all fields of the clause that fails.
	NearMissing NearReason = "field_missing"
	// NearName is an event whose clause would hold if process.name, at most 15 bytes that
	// a thread may change, were the base name of process.executable.
	NearName NearReason = "process_name"
	// NearAddress is an event that fits but for its address.
	NearAddress NearReason = "address"
)

// NearMisses are the events for which all clauses of a rule hold but one.
type NearMisses struct {
	Events  int64 // all of them
	Clauses []NearClause
	// Listed are the first MaxNear different ones of each reason, in input order.
	Listed []NearMiss
}

// NearClause says how often one clause alone kept events from matching.
type NearClause struct {
	Text   string
	Fields []string // that it reads
	// NotCounted is set for the clause whose values the prefilter looks for: of the
	// events that fail it there is no account.
	NotCounted                 bool
	Events                     int64
	Missing, ByName, ByAddress int64 // of Events, by what is telling about them
}

// NearMiss is one telling near miss. Its texts are those of the event, cut to 256 bytes.
type NearMiss struct {
	Reason                            NearReason
	Clause                            int
	Evidence                          event.Evidence
	Time                              time.Time // zero if the event has none
	Host, Process, Name, User, Target string
}

// alike reports whether two near misses tell the same.
func (m *NearMiss) alike(o *NearMiss) bool {
	return m.Reason == o.Reason && m.Clause == o.Clause && m.Host == o.Host && m.Process == o.Process &&
		m.Name == o.Name && m.User == o.User && m.Target == o.Target
}

// newNearMisses returns an empty count for a rule, nil if it can have none: near misses
// are those of single events and of conditions with several clauses.
func newNearMisses(r *rule.Rule) *NearMisses {
	clauses := r.Program.Clauses()
	if _, ok := r.Program.Query().(*eql.EventQuery); !ok || len(clauses) < 2 {
		return nil
	}
	n := &NearMisses{}
	for i := range clauses {
		n.Clauses = append(n.Clauses, NearClause{Text: clauses[i].Expr.String(), Fields: clauses[i].Fields(), NotCounted: i == r.Program.NeedClause()})
	}
	return n
}

// nearMisses returns an empty count for each rule; none if there are too many rules.
func nearMisses(rules []*rule.Rule) []*NearMisses {
	if len(rules) > MaxNearRules {
		return nil
	}
	var list []*NearMisses
	for _, r := range rules {
		list = append(list, newNearMisses(r))
	}
	return list
}

// add counts the loaded event if it is a near miss of the rule.
func (n *NearMisses) add(miss closeness, s *eval.Scratch, e *event.Event, t time.Time) {
	if !miss.near {
		return
	}
	if n.count(miss); miss.reason == "" {
		return
	}
	if m := newNearMiss(miss, s); n.room(&m) {
		m.Evidence = kept(e.Evidence)
		if !t.IsZero() {
			m.Time = t.UTC()
		}
		n.Listed = append(n.Listed, m)
	}
}

// count counts a near miss of the rule.
func (n *NearMisses) count(miss closeness) {
	n.Events++
	c := &n.Clauses[miss.clause]
	c.Events++
	switch miss.reason {
	case NearMissing:
		c.Missing++
	case NearName:
		c.ByName++
	case NearAddress:
		c.ByAddress++
	}
}

// wants reports whether the loaded event is a near miss that is going to be listed.
func (n *NearMisses) wants(miss closeness, s *eval.Scratch) bool {
	if !miss.near || miss.reason == "" || n.isFull(miss.reason) {
		return false
	}
	m := newNearMiss(miss, s)
	return n.room(&m)
}

// closeness says whether an event is a near miss of a rule, the clause that fails, and what
// is telling about it, "" if nothing is.
type closeness struct {
	near   bool
	clause int
	reason NearReason
}

// nearMiss returns how near the loaded event comes to a match of a program.
func nearMiss(p *eval.Program, s *eval.Scratch) closeness {
	if !p.Category(s) {
		return closeness{}
	}
	i, near := p.Near(s, p.NeedClause())
	if !near {
		return closeness{}
	}
	c := &p.Clauses()[i]
	switch {
	case c.Missing(s):
		return closeness{true, i, NearMissing}
	case slices.Contains(c.Fields(), "process.name") && byName(p, s, i):
		return closeness{true, i, NearName}
	case c.IsAddress():
		return closeness{true, i, NearAddress}
	}
	return closeness{true, i, ""}
}

// byName reports whether the clause would hold if the process had the name of its file.
func byName(p *eval.Program, s *eval.Scratch, clause int) bool {
	executable := watchedText(s, eval.WatchExecutable)
	base := bytes.TrimSuffix(executable[bytes.LastIndexByte(executable, '/')+1:], []byte(" (deleted)"))
	return len(base) > 0 && !bytes.Equal(base, watchedText(s, eval.WatchName)) && p.HoldsWith(s, clause, "process.name", string(base))
}

func newNearMiss(miss closeness, s *eval.Scratch) NearMiss {
	target := watched(s, eval.WatchAddress)
	if port := watched(s, eval.WatchPort); port != "" {
		target += " port " + port
	}
	return NearMiss{Reason: miss.reason, Clause: miss.clause,
		Host: watched(s, eval.WatchHost), Process: watched(s, eval.WatchExecutable), Name: watched(s, eval.WatchName),
		User: watched(s, eval.WatchUser), Target: strings.TrimSpace(target)}
}

// room reports whether a near miss is to be listed: none like it is, and there are not
// enough of its reason.
func (n *NearMisses) room(m *NearMiss) bool {
	return !n.isFull(m.Reason) && !slices.ContainsFunc(n.Listed, func(o NearMiss) bool { return o.alike(m) })
}

// isFull reports whether enough near misses of a reason are listed.
func (n *NearMisses) isFull(reason NearReason) bool {
	same := 0
	for i := range n.Listed {
		if n.Listed[i].Reason == reason {
			same++
		}
	}
	return same >= MaxNear
}

// merge adds the near misses of the unit that follows, whose lines count from a line.
func (n *NearMisses) merge(next *NearMisses, lines int64) {
	n.Events += next.Events
	for i := range n.Clauses {
		c, d := &n.Clauses[i], &next.Clauses[i]
		c.Events += d.Events
		c.Missing += d.Missing
		c.ByName += d.ByName
		c.ByAddress += d.ByAddress
	}
	for _, m := range next.Listed {
		m.Evidence.Line += lines
		if n.room(&m) {
			n.Listed = append(n.Listed, m)
		}
	}
}
