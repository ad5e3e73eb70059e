package auditd

import "bytes"

// logPrefix is what syslog, journald or the kernel ring buffer puts before a message.
type logPrefix struct {
	host, hostEnd int // the host's name; empty if the prefix has none
}

// prefixHost returns where in the prefix of a record the name of its host is: that of
// node= if there is one, or the host of a syslog line. from == to means none.
func prefixHost(prefix []byte) (from, to int) {
	trimmed := bytes.TrimRight(prefix, " ")
	if i := bytes.LastIndex(trimmed, []byte(nodeToken)); i >= 0 && (i == 0 || !isKey[trimmed[i-1]]) {
		value := trimmed[i+len(nodeToken):]
		if len(value) > 0 && bytes.IndexByte(value, ' ') < 0 {
			return i + len(nodeToken), len(trimmed)
		}
	}
	p, ok := parsePrefix(prefix)
	if !ok {
		return 0, 0
	}
	return p.host, p.hostEnd
}

// hasLogPrefix reports whether a line begins as lines of syslog, journald or dmesg do.
func hasLogPrefix(line []byte) bool {
	_, ok := parsePrefix(line)
	return ok
}

// parsePrefix reads "Nov 23 10:00:00 host …", "2026-11-23T10:00:00Z host …", either
// behind a priority "<13>" or "<13>1 ", or "[ 123.456] …", which names no host.
func parsePrefix(line []byte) (p logPrefix, ok bool) {
	i := skipPriority(line)
	if i < len(line) && line[i] == '[' {
		return p, isUptime(line[i:])
	}
	priority := i
	i = skipTime(line, i)
	if i == 0 || i >= len(line) {
		return p, i > 0 || priority > 0
	}
	p.host, i = i, endOfWord(line, i)
	p.hostEnd = i
	if i > p.host && line[i-1] == ':' { // a program: this log names no host
		p.hostEnd = p.host
	}
	return p, true
}

func skipPriority(line []byte) int {
	if len(line) == 0 || line[0] != '<' {
		return 0
	}
	_, i := digits(line, 1, 3)
	if i == 0 || i >= len(line) || line[i] != '>' {
		return 0
	}
	i++
	if i+1 < len(line) && line[i] == '1' && line[i+1] == ' ' {
		i += 2
	}
	return i
}

func isUptime(line []byte) bool {
	i := 1
	for i < len(line) && line[i] == ' ' {
		i++
	}
	_, i = digits(line, i, 19)
	return i > 0 && i < len(line) && (line[i] == '.' || line[i] == ']')
}

// skipTime returns where the word after a time of day starts, or 0.
func skipTime(line []byte, i int) int {
	switch {
	case matchShape(line[i:], "dddd-dd-ddTdd:dd"):
		i = endOfWord(line, i)
	case matchShape(line[i:], "dddd-dd-dd dd:dd"):
		i = endOfWord(line, i+len("2026-11-23 "))
	case isBSDTime(line[i:]):
		i += len("Nov 23 10:00:00")
		if i+5 <= len(line) && line[i] == ' ' && isYear(line[i+1:i+5]) {
			i += 5 // "Nov 23 10:00:00 2026 host"
		}
	default:
		return 0
	}
	for i < len(line) && line[i] == ' ' {
		i++
	}
	return i
}

func isYear(b []byte) bool { return matchShape(b, "dddd") }

func isBSDTime(b []byte) bool {
	return matchShape(b, "aaa dd dd:dd:dd") || matchShape(b, "aaa  d dd:dd:dd")
}

// matchShape reports whether b begins with the shape: d stands for a digit, a for a
// letter, anything else for itself.
func matchShape(b []byte, shape string) bool {
	if len(b) < len(shape) {
		return false
	}
	for i := range len(shape) {
		switch c := b[i]; shape[i] {
		case 'd':
			if c-'0' > 9 {
				return false
			}
		case 'a':
			if (c|0x20)-'a' > 'z'-'a' {
				return false
			}
		default:
			if c != shape[i] {
				return false
			}
		}
	}
	return true
}

func endOfWord(line []byte, i int) int {
	for i < len(line) && line[i] != ' ' {
		i++
	}
	return i
}
