package auditd

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
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
	name := at + len(typeToken)
	i := name
	for i < len(line) && line[i] != ' ' && i-name <= maxTypeName {
		i++
	}
	if i == name || i >= len(line) || line[i] != ' ' {
		return 0
	}
	r.name, r.nameEnd = name, i
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

// quickType reads "type=NAME " at the start of a line. It returns the type and where its
// name ends, 0 if the line begins in another way.
func (t *tables) quickType(line []byte) (typ uint16, end int) {
	const (
		name  = len(typeToken)
		least = name + 8 + 2 + len(idToken) // of a line whose name is short
	)
	if len(line) < least || string(line[:name]) != typeToken {
		return 0, 0
	}
	first := binary.LittleEndian.Uint64(line[name:])
	space := spaceIn(first)
	if space == 8 {
		return t.longType(line, first)
	}
	end = name + space
	switch first & (1<<(8*space) - 1) {
	case 0:
		return 0, 0
	case nameSyscall:
		return typeSyscall, end
	case namePath:
		return typePath, end
	case nameEOE:
		return typeEOE, end
	case nameCWD:
		return typeCWD, end
	case nameExecve:
		return typeExecve, end
	}
	return t.typeNumber(line[name:end]), end
}

// longType is quickType for a name of eight letters or more, the first of which are known.
func (t *tables) longType(line []byte, first uint64) (typ uint16, end int) {
	const name = len(typeToken)
	end = name + 8
	for end < len(line) && line[end] != ' ' && end-name <= maxTypeName {
		end++
	}
	switch {
	case end == len(line) || line[end] != ' ':
		return 0, 0
	case first == nameSockaddr && end == name+8:
		return typeSockaddr, end
	case first == nameProctitl && end == name+9 && line[end-1] == 'E':
		return typeProctitle, end
	}
	return t.typeNumber(line[name:end]), end
}

// Names of record types as numbers, the first letter lowest.
const (
	nameSyscall  = 'S' | 'Y'<<8 | 'S'<<16 | 'C'<<24 | 'A'<<32 | 'L'<<40 | 'L'<<48
	namePath     = 'P' | 'A'<<8 | 'T'<<16 | 'H'<<24
	nameEOE      = 'E' | 'O'<<8 | 'E'<<16
	nameCWD      = 'C' | 'W'<<8 | 'D'<<16
	nameExecve   = 'E' | 'X'<<8 | 'E'<<16 | 'C'<<24 | 'V'<<32 | 'E'<<40
	nameProctitl = 'P' | 'R'<<8 | 'O'<<16 | 'C'<<24 | 'T'<<32 | 'I'<<40 | 'T'<<48 | 'L'<<56
	nameSockaddr = 'S' | 'O'<<8 | 'C'<<16 | 'K'<<24 | 'A'<<32 | 'D'<<40 | 'D'<<48 | 'R'<<56
)

// spaceIn returns which byte of a word, the lowest first, is the first space, 8 if none is.
func spaceIn(word uint64) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	x := word ^ ' '*ones
	return bits.TrailingZeros64((x-ones)&^x&highs) / 8
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
