package auditd

import (
	"bytes"
	"errors"
)

// sniffLines bounds how many lines of a file Sniff looks at. In the file of a syslog
// other programs write too, and audit records may be rare among theirs.
const sniffLines = 1000

var (
	errNoRecord = errors.New("none of the first lines is an audit record (type=… msg=audit(…): …)")
	errNoText   = errors.New("no lines of text")
	errJSON     = errors.New("the text is JSON")
)

// Sniff returns nil if head, the first bytes of a file, has an audit record among its
// first lines, and otherwise why it is no audit log. Head may end inside a line.
func Sniff(head []byte) error {
	t := loadTables()
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	text := bytes.TrimSpace(head)
	if len(text) == 0 {
		return errNoText
	}
	if text[0] == '{' || text[0] == '[' && !isUptime(text) {
		return errJSON
	}
	lines := 0
	for line := range bytes.Lines(head) {
		line = bytes.TrimRight(line, "\r\n")
		var r record
		if t.parseHeader(&r, line, 0, len(line)) == isRecord {
			return nil
		}
		if lines++; lines >= sniffLines {
			break
		}
	}
	return errNoRecord
}

// Holds reports whether whole lines hold an audit record.
func Holds(text []byte) bool {
	var t *tables
	for {
		i := bytes.Index(text, []byte(auditToken))
		if i < 0 {
			return false
		}
		if t == nil {
			t = loadTables()
		}
		start := bytes.LastIndexByte(text[:i], '\n') + 1
		end := len(text)
		if n := bytes.IndexByte(text[i:], '\n'); n >= 0 {
			end = i + n
		}
		line := bytes.TrimRight(text[start:end], "\r")
		var r record
		if t.parseHeader(&r, line, 0, len(line)) == isRecord {
			return true
		}
		text = text[end:]
	}
}
