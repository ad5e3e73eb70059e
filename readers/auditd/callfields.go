package auditd

import "bytes"

// callFields are what a SYSCALL record says, nil for what it does not.
type callFields struct {
	arch, call, comm, exe, pid, ppid, uid, uidName []byte
	result                                         string
	hasSuccess                                     bool
}

// part is what a field of a SYSCALL record is to callFields: most are nothing.
type part uint8

const (
	noPart part = iota
	partArch
	partCall
	partSuccess
	partProcess
	partParentProcess
	partUID
	partUserName
	partComm
	partExe
	noHabit // to be read by a scanner
)

func partOf(key []byte) part {
	switch string(key) {
	case "arch":
		return partArch
	case "syscall":
		return partCall
	case "success":
		return partSuccess
	case "pid":
		return partProcess
	case "ppid":
		return partParentProcess
	case "uid":
		return partUID
	case "UID":
		return partUserName
	case "comm":
		return partComm
	case "exe":
		return partExe
	case "res", "msg", "cwd", "proctitle", "saddr", "lost", "audit_lost":
		return noHabit
	}
	return noPart
}

// read reads the fields of a SYSCALL record. It returns false if some are missing that a
// record of the kernel has, or are there that it has not.
func (f *callFields) read(d *Decoder, from, end int) bool {
	h := &d.partial.habit
	*f = callFields{result: resultUnknown}
	if !h.read(f, d, from, end) {
		body := d.text[from:end]
		h.doubt(body)
		*f = callFields{result: resultUnknown}
		if !f.scan(d, body) {
			return false
		}
	}
	// What the SYSCALL record has, the others do not change.
	return f.arch != nil && f.call != nil && f.comm != nil && f.exe != nil && f.pid != nil && f.ppid != nil
}

// scan reads the fields of a record that may be written in any way. It returns false if some
// are there that one of the kernel has not.
func (f *callFields) scan(d *Decoder, body []byte) bool {
	for s := (scanner{body: body}); s.next(); {
		switch p := partOf(s.key); {
		case p != noHabit:
			f.take(d, p, &s)
		case isUseless(s.val):
		case string(s.key) == "res":
			if !f.hasSuccess {
				f.result = resultOf(bytes.TrimRight(s.val, ")"))
			}
		case string(s.key) != "msg":
			return false
		}
	}
	return true
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
	case partUserName:
		f.uidName = s.val
	case partComm:
		d.decodeValue(s)
		f.comm = s.val
	case partExe:
		d.decodeValue(s)
		f.exe = s.val
	}
}
