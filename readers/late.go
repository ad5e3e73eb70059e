package readers

import (
	"bytes"

	"kscan/readers/auditd"
)

// lateLine is the longest line in bytes that is searched for an audit record as a whole.
const lateLine = 64 << 10

// holdsRecord reads the rest of a text that no format fits, and reports whether an audit
// record is in it: a syslog in which other programs wrote first. Binary content, which
// has NUL bytes, is not read.
func holdsRecord(l *layers) bool {
	if len(bytes.TrimSpace(l.head)) == 0 || bytes.IndexByte(l.head, 0) >= 0 {
		return false
	}
	buf := make([]byte, lateLine+readSize)
	for have := 0; ; {
		n, err := readFull(l, buf[have:])
		text := buf[:have+n]
		whole := len(text)
		if err == nil {
			whole = bytes.LastIndexByte(text, '\n') + 1
		}
		if auditd.Holds(text[:whole]) {
			return true
		}
		if err != nil {
			return false
		}
		have = copy(buf, text[max(whole, len(text)-lateLine):])
	}
}

// readFull reads until p is full or the reader ends.
func readFull(l *layers, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = l.Read(p[n:])
		n += m
	}
	return n, err
}
