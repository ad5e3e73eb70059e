package auditd

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"kscan/readers/prefilter"
)

// callFields are what a SYSCALL record says, nil for what it does not.
type callFields struct {
	arch, call, comm, exe, pid, ppid, uid, uidName []byte
	result                                         string
	hasSuccess                                     bool
}

// read reads the fields of a SYSCALL record. It returns false if some are missing that a
// record of the kernel has, or are there that it has not.
func (f *callFields) read(d *Decoder, from, end int) bool {
	*f = callFields{result: resultUnknown}
	s := scanner{body: d.text[from:end]}
	for s.i = f.usual(d, from, end); s.next(); {
		if isUseless(s.val) {
			continue
		}
		switch string(s.key) {
		case "arch":
			f.arch = s.val
		case "syscall":
			f.call = s.val
		case "success", "res":
			f.setResult(&s)
		case "comm":
			d.decodeValue(&s)
			f.comm = s.val
		case "exe":
			d.decodeValue(&s)
			f.exe = s.val
		case "pid":
			f.pid = s.val
		case "ppid":
			f.ppid = s.val
		case "uid":
			f.uid = s.val
		case "UID":
			f.uidName = s.val
		case "cwd", "proctitle", "saddr", "lost", "audit_lost":
			return false
		}
	}
	// What the SYSCALL record has, the others do not change.
	return f.arch != nil && f.call != nil && f.comm != nil && f.exe != nil && f.pid != nil && f.ppid != nil
}

func (f *callFields) setResult(s *scanner) {
	success := string(s.key) == "success"
	if success || !f.hasSuccess {
		val := s.val
		if !success {
			val = bytes.TrimRight(val, ")")
		}
		f.result = resultOf(val)
	}
	f.hasSuccess = f.hasSuccess || success
}

// usualKey is a key with which a SYSCALL record usually goes on, and what it is to
// callFields: most are nothing.
type usualKey struct {
	word, mask uint64
	size       int
	part       part
}

type part uint8

const (
	noPart part = iota
	partArch
	partCall
	partSuccess
	partProcess
	partParentProcess
	partUID
	partComm
	partExe
)

// usualKeys are in the order in which the kernel writes them. Each fits in a word.
var usualKeys = func() (list []usualKey) {
	parts := map[string]part{"arch": partArch, "syscall": partCall, "success": partSuccess, "ppid": partParentProcess,
		"pid": partProcess, "uid": partUID, "comm": partComm, "exe": partExe}
	for _, key := range [...]string{"arch", "syscall", "per", "success", "exit", "a0", "a1", "a2", "a3", "items", "ppid", "pid", "auid",
		"uid", "gid", "euid", "suid", "fsuid", "egid", "sgid", "fsgid", "tty", "ses", "comm", "exe", "subj", "key"} {
		var word [8]byte
		size := copy(word[:], key+"=")
		list = append(list, usualKey{binary.LittleEndian.Uint64(word[:]), 1<<(8*size) - 1, size, parts[key]})
	}
	return list
}()

// usual reads the fields at the start of the body text[from:end] as long as they are the
// usual ones in their order, as a scanner would, and returns where to go on.
func (f *callFields) usual(d *Decoder, from, end int) int {
	gaps := d.gapsIn(from, end)
	if gaps == nil {
		return 0
	}
	text, size := d.text[from:], end-from
	c := newCursor(text[:size], gaps)
	pos := 0
	for k := 0; pos < size && k < len(usualKeys); {
		key := &usualKeys[k]
		k++
		if load(text[pos:])&key.mask != key.word {
			if k == len(usualKeys) {
				return pos
			}
			continue
		}
		if gap := c.next(); gap < size && text[gap] == ' ' { // as mostly
			if key.part != noPart {
				f.take(d, key.part, &scanner{val: text[pos+key.size : gap]})
			}
			pos = gap + 1
		} else if pos, gap = f.special(d, &c, key, pos, gap); gap < 0 {
			return pos
		}
	}
	return pos
}

// special reads the field at pos, whose value is in quotes or ends at a gap that is no
// space. It returns where the next field is or, with ok negative, where a scanner goes on.
func (f *callFields) special(d *Decoder, c *cursor, key *usualKey, pos, gap int) (next, ok int) {
	start := pos + key.size
	if start > len(c.text) {
		return pos, -1
	}
	s := scanner{}
	if gap > start || gap == len(c.text) {
		s.val = c.text[start:gap]
	} else if gap = c.quoted(gap, &s); gap < 0 {
		return pos, -1
	}
	if key.part != noPart {
		f.take(d, key.part, &s)
	}
	if gap == len(c.text) || c.text[gap] != ' ' {
		return gap, -1
	}
	return gap + 1, 0
}

// take keeps the value of a field.
func (f *callFields) take(d *Decoder, p part, s *scanner) {
	if isUseless(s.val) {
		return
	}
	switch p {
	case partArch:
		f.arch = s.val
	case partCall:
		f.call = s.val
	case partSuccess:
		f.result, f.hasSuccess = resultOf(s.val), true
	case partProcess:
		f.pid = s.val
	case partParentProcess:
		f.ppid = s.val
	case partUID:
		f.uid = s.val
	case partComm:
		d.decodeValue(s)
		f.comm = s.val
	case partExe:
		d.decodeValue(s)
		f.exe = s.val
	}
}

// cursor goes from gap to gap of a text: the bytes that end an unquoted value.
type cursor struct {
	text []byte
	gaps []uint64 // where they are, and the end
	word uint64   // the rest of gaps[at]
	at   int
}

func newCursor(text []byte, gaps []uint64) cursor {
	return cursor{text: text, gaps: gaps, word: gaps[0]}
}

// next returns where the next gap is, len(text) behind the last; not to be called after that.
func (c *cursor) next() int {
	for c.word == 0 {
		c.at++
		c.word = c.gaps[c.at]
	}
	i := c.at*64 + bits.TrailingZeros64(c.word)
	c.word &= c.word - 1
	return i
}

// quoted reads into s the value in quotes at a gap, and returns the gap behind it, -1 if
// it is left to a scanner.
func (c *cursor) quoted(gap int, s *scanner) int {
	if c.text[gap] != '"' {
		return -1
	}
	last := c.next()
	for last < len(c.text) && c.text[last] != '"' {
		last = c.next()
	}
	if last == len(c.text) || c.text[last-1] == '\\' {
		return -1
	}
	s.val, s.quoted = c.text[gap+1:last], true
	if gap = c.next(); gap != last+1 {
		return -1
	}
	return gap
}

// gapFinder finds the bytes of isGap.
var gapFinder = func() *prefilter.Finder {
	var list []prefilter.Literal
	for c, is := range isGap {
		if is {
			list = append(list, prefilter.Literal{Text: string([]byte{byte(c)})})
		}
	}
	return prefilter.New(list)
}()

// gapsIn marks the gaps of text[from:end], and its end; nil if that is too long or too
// near the end of the text.
func (d *Decoder) gapsIn(from, end int) []uint64 {
	s := &d.skim
	size := end - from
	words := size/64 + 1
	if words > len(s.fieldHits) || from+words*64+slack > len(d.text) {
		return nil
	}
	gapFinder.ScanWords(d.text[from:], words, s.fieldLines[:], s.fieldHits[:])
	stop := uint64(1) << (size % 64)
	s.fieldHits[words-1] = s.fieldHits[words-1]&(stop-1) | stop
	return s.fieldHits[:words]
}

// slack is how many bytes behind a record may be read when it is searched.
const slack = max(8, prefilter.Tail)
