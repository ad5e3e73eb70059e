package auditd

import "bytes"

// losses are what the kernel and the audit daemon write into the system's log when they
// lose audit records: audit_log_lost and audit_log_start in kernel/audit.c, and the
// dispatcher of auditd.
var losses = [...][]byte{
	[]byte("audit_lost="), []byte("audit: backlog limit exceeded"), []byte("audit: rate limit exceeded"),
	[]byte("audit: kauditd hold queue overflow"), []byte("audit: kauditd retry queue overflow"),
	[]byte("dispatch err (pipe full) event lost"), []byte("queue to plugins is full - dropping event"),
}

// tellsLoss reports whether a line that is no audit record says that some were lost.
// "audit_lost=0" says that none were.
func tellsLoss(line []byte) bool {
	for _, loss := range losses {
		if _, after, found := bytes.Cut(line, loss); found {
			return !bytes.HasPrefix(after, []byte("0 ")) && !bytes.Equal(after, []byte("0"))
		}
	}
	return false
}
