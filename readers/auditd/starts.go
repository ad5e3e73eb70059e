package auditd

import (
	"bytes"
	"math"
	"slices"

	"kscan/readers/event"
	"kscan/readers/frame"
)

// starter tells of the starts of processes that a picker comes by. It reads four numbers of
// a record, so that a log of nothing but starts costs little more than any other.
type starter struct {
	on    bool
	lines bool  // there are records of other types that may be starts
	all   bool  // of the block all were told
	calls calls // those that are surely no starts
	call  int   // the last line with a system call
	other int   // the last line that was looked at for its type
	id    knownID
}

// isNoStart reports whether a system call is surely not the start of a process.
func isNoStart(t *tables, call uint16) bool {
	c := &t.syscalls[call]
	a := &t.actions[c.action]
	return c.name != "socketcall" && !(slices.Contains(a.category, "process") && slices.Contains(a.types, "start"))
}

func (s *starter) begin(d *Decoder, b *frame.Block) {
	to := d.needs.starts
	s.on = to != nil && (b.Facts.Hosts == nil || slices.ContainsFunc(b.Facts.Hosts, func(h string) bool { return to.Wants([]byte(h), d.source) }))
	s.lines = s.on && b.Facts.Kinds&d.tables.started != 0
	s.all, s.call, s.other = true, -1, -1
}

func (s *starter) end(d *Decoder) {
	if s.on = false; d.needs.starts != nil {
		d.needs.starts.Told(s.all)
	}
	s.lines = false
}

// take looks at a place where literals may stand, and reports whether that was all that
// there is to see.
func (s *starter) take(d *Decoder, search *search, fits uint64, at, line int) bool {
	if fits>>search.call&1 != 0 && search.finder.Stands(search.call, d.text, at) {
		s.call = line
		s.takeCall(d, at+search.finder.End(search.call), line)
		return fits == 1<<search.call && !d.picker.calls
	}
	if fits != search.idAlone || search.idAlone == 0 {
		return false
	}
	if s.lines && line != s.call && line != s.other && d.text[max(at-1, 0)] != 'p' {
		s.other = line
		s.takeOther(d, at, line)
	}
	return d.needs.ids.rules(d.text, at)
}

// takeCall takes a record of a system call, whose number is at a place of a line.
func (s *starter) takeCall(d *Decoder, at, line int) {
	const arch = 1 + len(archField) + 8 + 1
	if from := at - len(syscallField) - arch; from >= line && string(d.text[from:from+1+len(archField)]) == " "+archField {
		n, end := digits(d.text, at, 4)
		if name := d.text[from+1+len(archField):][:8]; end > 0 && end < len(d.text) && d.text[end] == ' ' && s.calls.isOther(d.tables, name, n) {
			return
		}
	}
	r, ok := s.header(d, line, lineEnd(d.text, at))
	if !ok || r.typ != typeSyscall {
		if ok && d.tables.kindsOf(r.typ)&d.tables.started != 0 {
			s.all = false
		}
		return
	}
	const parent, pid = " ppid=", " pid="
	i := bytes.Index(d.text[at:r.end], []byte(parent))
	if i < 0 {
		s.all = false
		return
	}
	a, i := digits(d.text[:r.end], at+i+len(parent), 10)
	if i == 0 || !bytes.HasPrefix(d.text[i:r.end], []byte(pid)) {
		s.all = false
		return
	}
	b, i := digits(d.text[:r.end], i+len(pid), 10)
	s.tell(d, &r, i > 0 && (i == r.end || d.text[i] == ' '), event.Start{PID: uint32(b), Parent: uint32(a), HasParent: true}, max(a, b))
}

// takeOther takes a record of another type, which has "pid=" at a place.
func (s *starter) takeOther(d *Decoder, at, line int) {
	r, ok := s.header(d, line, lineEnd(d.text, at))
	if !ok || d.tables.kindsOf(r.typ)&d.tables.started == 0 {
		return
	}
	n, i := digits(d.text[:r.end], at+len(pidField), 10)
	s.tell(d, &r, i > 0, event.Start{PID: uint32(n)}, n)
}

// tell tells of a start, if its numbers are sure. The greatest of them is given apart.
func (s *starter) tell(d *Decoder, r *record, sure bool, start event.Start, greatest uint64) {
	node := d.text[r.node:r.nodeEnd]
	if !sure || greatest > math.MaxUint32 || !isPlain(node) {
		s.all = false
		return
	}
	start.Time = int64(r.stamp)
	start.Early = r.end-d.picker.start <= d.options.Window
	d.needs.starts.Start(node, d.source, start)
}

// header reads the header of a line.
func (s *starter) header(d *Decoder, start, end int) (r record, ok bool) {
	if n, at := d.nameAt(start, end); n != nil {
		if stamp, _, ok := s.id.read(d.text, at, end); ok {
			return record{typ: n.typ, stamp: stamp, end: end}, true
		}
	}
	return r, d.tables.parseHeader(&r, d.text, start, end) == isRecord
}
