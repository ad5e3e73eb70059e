package auditd

import (
	"bytes"
	"slices"
	"strconv"
)

// addCall names the architecture and the system call of the main record; either may be
// nil.
func (d *Decoder) addCall(typ uint16, archVal, val []byte) {
	e := &d.event
	arch := ""
	if archVal != nil {
		arch = d.addArch(archVal)
	}
	if typ == typeUringOp {
		d.addUringOp(e.data.get("uring_op"))
		return
	}
	if val == nil {
		return
	}
	e.hasCall = true
	n, ok := parseUint(val, 10)
	if ok {
		e.call = d.tables.syscall(arch, n)
	} else {
		e.call = d.tables.byName[string(val)]
	}
	if e.call != 0 {
		val = d.temp(d.tables.syscalls[e.call].name)
	}
	e.data.set(keySyscall, val, kindData)
	if typ != typeSeccomp {
		return
	}
	if sig, ok := parseUint(e.data.ofKind(kindSig), 10); ok && sig < uint64(len(signals)) && sig > 0 {
		e.data.set(keySig, d.temp("SIG"+signals[sig]), kindData)
	}
}

func (d *Decoder) addArch(val []byte) (arch string) {
	switch n, ok := parseUint(val, 16); {
	case !ok:
		arch = string(val) // AUOMS writes the name
	default:
		if arch = archName(n); arch == "" {
			arch = "unknown[" + strconv.FormatUint(n, 16) + "]"
		}
	}
	d.event.data.set(keyArch, d.temp(arch), kindData)
	return arch
}

func (d *Decoder) addUringOp(op []byte) {
	n, ok := parseUint(op, 10)
	if !ok {
		return
	}
	if name := uringOp(n); name != "" {
		d.event.call = d.tables.byName[name]
	}
}

// finishCall finds the call behind socketcall(2), by which 32-bit programs and s390 do
// all that they do with sockets.
func (d *Decoder) finishCall() {
	e := &d.event
	if e.call == 0 || d.tables.syscalls[e.call].name != "socketcall" {
		return
	}
	n, ok := parseUint(e.data.get("a0"), 16)
	if !ok || n == 0 || n >= uint64(len(socketcalls)) {
		return
	}
	name := socketcalls[n]
	e.data.add(keySocketcall, d.temp(name), kindData)
	if call, ok := d.tables.byName[name]; ok {
		e.call = call
	}
}

// signals are the names of the signals of Linux, without SIG, by number.
var signals = [...]string{"", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV",
	"USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
	"VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS"}

// arg is an argument of EXECVE, or a piece of one that was too long for a record.
type arg struct {
	index, piece uint32
	val          []byte
}

// addExecve takes the arguments of one EXECVE record; there may be several.
func (d *Decoder) addExecve(r *record) {
	e := &d.event
	s := scanner{body: d.text[r.body:r.end]}
	for s.next() {
		if string(s.key) == "argc" {
			e.data.add(s.key, s.val, kindData)
			continue
		}
		a, ok := argOf(s.key)
		if !ok {
			continue
		}
		a.val = s.val
		if !s.quoted {
			n := len(d.scratch)
			out, ok := appendHex(d.scratch, s.val)
			if d.scratch = out; ok {
				a.val = out[n:len(out):len(out)]
			}
		}
		if nul := bytes.IndexByte(a.val, 0); nul >= 0 {
			a.val = a.val[:nul]
		}
		e.args = append(e.args, a)
	}
}

// argOf reads the key of an argument, a1, or of a piece of one, a1[0].
func argOf(key []byte) (a arg, ok bool) {
	if key[0] != 'a' {
		return a, false
	}
	index, i := digits(key, 1, 9)
	if i == 0 {
		return a, false
	}
	a.index = uint32(index)
	if i == len(key) {
		return a, true
	}
	if key[i] != '[' {
		return a, false
	}
	piece, i := digits(key, i+1, 9)
	a.piece = uint32(piece)
	return a, i > 0
}

func (a arg) compare(b arg) int {
	if a.index != b.index {
		return int(a.index) - int(b.index)
	}
	return int(a.piece) - int(b.piece)
}

// finishArgs puts the arguments in order and their pieces together.
func (d *Decoder) finishArgs() {
	e := &d.event
	if !slices.IsSortedFunc(e.args, arg.compare) {
		slices.SortStableFunc(e.args, arg.compare)
	}
	whole := e.args[:0]
	for i := 0; i < len(e.args); {
		j := i + 1
		for j < len(e.args) && e.args[j].index == e.args[i].index {
			j++
		}
		whole = append(whole, d.joinPieces(e.args[i:j]))
		i = j
	}
	e.args = whole
}

// joinPieces makes one argument of its pieces. A piece that comes twice counts once.
func (d *Decoder) joinPieces(pieces []arg) arg {
	if len(pieces) == 1 {
		return pieces[0]
	}
	n := len(d.scratch)
	for i, p := range pieces {
		if i == 0 || p.piece != pieces[i-1].piece {
			d.scratch = append(d.scratch, p.val...)
		}
	}
	return arg{index: pieces[0].index, val: d.scratch[n:len(d.scratch):len(d.scratch)]}
}
