// Package auditd turns raw Linux audit records into joined and decoded ECS events, named
// as Auditbeat's auditd module names them. Start with Decoder.Decode; Sniff and Carries
// tell whether bytes or a JSON document hold audit records.
//
// One audit event is several records (SYSCALL, SOCKADDR, EXECVE, CWD, PATH, PROCTITLE, …)
// that share a node, a timestamp and a serial. Two such records belong to one event when
// no more than JoinWindow bytes of log lie between their starts, and the event belongs to
// the block whose core holds its first record. Whoever cuts a log into blocks gives each
// a margin of at least the window on both sides; then the events do not depend on where
// the cuts are.
//
// Decoding goes in steps, one file or two each: skim.go, run.go and header.go find the
// records of a block, join.go links those of one event, need.go and keep.go say which events
// are wanted, fields.go and merge.go read the records of one into an auditEvent, document.go
// writes that as an ECS document, partial.go only the fields that are asked for. What
// system calls, record types, error numbers and actions are called is in the text tables
// under tables/.
package auditd
