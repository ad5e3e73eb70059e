package auditd

import (
	"bytes"
	"math"
)

// record is one audit record: where its parts are in the decoder's text.
type record struct {
	body, end     int // the text after the header
	node, nodeEnd int // the value of node=, or the host of a syslog prefix
	id, idEnd     int // "seconds.milliseconds:serial"
	name, nameEnd int // the type as written
	stamp         uint64
	serial        uint32
	typ           uint16 // 0 if unknown
}

// verdict is what a line turned out to be.
type verdict uint8

const (
	isRecord verdict = iota
	isBlank
	isForeign // a line of another program, or a separator that ausearch prints
	isBroken
)

const (
	typeToken  = "type="
	nodeToken  = "node="
	msgToken   = "msg="
	auditToken = "audit("
	auoms      = "AUOMS_"
)

// maxTypeName bounds the length in bytes of a record type's name; the longest that
// audit knows has 25.
const maxTypeName = 64

// parseHeader reads the header of the record in text[start:end], a line without its
// newline.
func (t *tables) parseHeader(r *record, text []byte, start, end int) verdict {
	line := text[start:end]
	at := 0
	if bytes.HasPrefix(line, []byte(nodeToken)) {
		if space := bytes.IndexByte(line, ' '); space > 0 {
			r.node, r.nodeEnd = start+len(nodeToken), start+space
			at = space + 1
		}
	}
	if bytes.HasPrefix(line[at:], []byte(typeToken)) {
		if at = t.parseFrom(r, line, at); at > 0 {
			r.shift(start, start+at, end)
			return isRecord
		}
		r.node, r.nodeEnd = 0, 0
	}
	return t.parseCarried(r, line, start, end)
}

// shift makes the positions that parseFrom found in a line positions in the text.
func (r *record) shift(start, body, end int) {
	r.id += start
	r.idEnd += start
	r.name += start
	r.nameEnd += start
	r.body, r.end = body, end
}

// parseFrom reads "type=NAME [msg=]audit(SEC.MS:SERIAL)" at line[at:] and returns where
// the body starts, or 0.
func (t *tables) parseFrom(r *record, line []byte, at int) int {
	size := typeSize(line[at:])
	if size == 0 {
		return 0
	}
	i := at + size
	r.name, r.nameEnd = at+len(typeToken), i
	for i < len(line) && line[i] == ' ' {
		i++
	}
	if bytes.HasPrefix(line[i:], []byte(msgToken)) {
		i += len(msgToken)
	}
	if !bytes.HasPrefix(line[i:], []byte(auditToken)) {
		return 0
	}
	i = r.parseID(line, i+len(auditToken))
	if i == 0 {
		return 0
	}
	r.typ = t.typeNumber(line[r.name:r.nameEnd])
	return i
}

// skipGap passes over what is between a header and the body.
func skipGap(line []byte, i int) int {
	for i < len(line) && (line[i] == ':' || line[i] == ' ') {
		i++
	}
	return i
}

// parseID reads "SEC.MS:SERIAL)" at line[i:] and returns where the body starts, or 0.
func (r *record) parseID(line []byte, i int) int {
	r.id = i
	seconds, i := digits(line, i, maxSecondsDigits)
	if i == 0 || i >= len(line) || line[i] != '.' {
		return 0
	}
	millis, i := digits(line, i+1, 3)
	if i == 0 || i >= len(line) || line[i] != ':' {
		return 0
	}
	serial, i := digits(line, i+1, 10)
	if i == 0 || i >= len(line) || line[i] != ')' || serial > math.MaxUint32 {
		return 0
	}
	r.idEnd = i
	r.stamp = seconds*1000 + millis
	r.serial = uint32(serial)
	return skipGap(line, i+1)
}

// maxSecondsDigits bounds the seconds of a timestamp: 11 digits reach the year 5138.
const maxSecondsDigits = 11

// digits reads 1 to most digits at line[i:] and returns their value and where they end,
// 0 if there are none or more.
func digits(line []byte, i, most int) (value uint64, end int) {
	start := i
	for i < len(line) && line[i]-'0' <= 9 {
		if i-start == most {
			return 0, 0
		}
		value = value*10 + uint64(line[i]-'0')
		i++
	}
	if i == start {
		return 0, 0
	}
	return value, i
}

// parseCarried reads a record that does not begin its line: behind the prefix of syslog
// or journald, or as the kernel prints it ("audit: type=1300 audit(…): …").
func (t *tables) parseCarried(r *record, line []byte, start, end int) verdict {
	marked := false
	for from := 0; ; {
		i := bytes.Index(line[from:], []byte(auditToken))
		if i < 0 {
			break
		}
		marked = true
		i += from
		from = i + len(auditToken)
		at := typeBefore(line, i)
		if at < 0 {
			continue
		}
		if body := t.parseFrom(r, line, at); body > 0 {
			r.shift(start, start+body, end)
			from, to := prefixHost(line[:at])
			if from < to {
				r.node, r.nodeEnd = start+from, start+to
			}
			return isRecord
		}
	}
	return plainLine(line, marked)
}

// typeBefore returns where the "type=" starts whose record has "audit(" at line[i], or -1.
func typeBefore(line []byte, i int) int {
	if bytes.HasSuffix(line[:i], []byte(msgToken)) {
		i -= len(msgToken)
	}
	for i > 0 && line[i-1] == ' ' {
		i--
	}
	low := max(0, i-maxTypeName-len(typeToken))
	at := bytes.LastIndex(line[low:i], []byte(typeToken))
	if at < 0 {
		return -1
	}
	at += low
	if at > 0 && isKey[line[at-1]] {
		return -1
	}
	return at
}

// plainLine judges a line that holds no record. marked says that "audit(" is in it.
func plainLine(line []byte, marked bool) verdict {
	line = bytes.TrimSpace(line)
	switch {
	case len(line) == 0:
		return isBlank
	case bytes.HasPrefix(line, []byte(typeToken)), bytes.HasPrefix(line, []byte(nodeToken)):
		return isBroken
	case bytes.Equal(line, []byte("----")), bytes.HasPrefix(line, []byte("time->")), bytes.HasPrefix(line, []byte("-- ")):
		return isForeign
	case !marked && hasLogPrefix(line):
		return isForeign
	}
	return isBroken
}
