package eval

import (
	"kscan/readers/event"
	"kscan/rule/eql"
)

// watchedFields are the fields that every set looks up beside those of its queries, in the
// same walk over the document: what an account of events needs. Watch reads them.
var watchedFields = [...]string{
	WatchHost: "host.name", WatchDataset: "event.dataset", WatchStream: "data_stream.dataset", WatchModule: "event.module",
	WatchAgent: "agent.type", WatchName: "process.name", WatchExecutable: "process.executable", WatchUser: "user.name",
	WatchAddress: "destination.ip", WatchPort: "destination.port", WatchSerial: "auditd.sequence",
	WatchMessage: "auditd.message_type", WatchLost: "auditd.data.audit_lost", WatchDropped: "auditd.data.lost",
	WatchCategory: "event.category",
}

// The places of the fields in watchedFields.
const (
	WatchHost = iota
	WatchDataset
	WatchStream
	WatchModule
	WatchAgent
	WatchName
	WatchExecutable
	WatchUser
	WatchAddress
	WatchPort
	WatchSerial
	WatchMessage
	WatchLost
	WatchDropped
	WatchCategory
)

// Watch returns the values of a watched field in the loaded event, by its place in
// watchedFields. They are as the document has them, valid until the next Load.
func (s *Scratch) Watch(field int) []event.Scalar { return s.found.Values(s.set.watched[field]) }

func (t *Set) watch() {
	for i, name := range watchedFields {
		t.watched[i] = t.finder.Add(name)
	}
}

// IsAddress reports whether the clause asks for an address in given ranges.
func (c *Clause) IsAddress() bool {
	call, ok := c.Expr.(*eql.Call)
	return ok && call.Func == "cidrMatch"
}
