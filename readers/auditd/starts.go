package auditd

import (
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
	typed int   // the last line that was looked at for its type
	// Where the core of the block starts, and the time of the record there.
	from  int
	first uint64
	id    knownID

	// The start at hand: its line, -1 for none, what its header says, the parent, and where
	// the pid must be, behind that.
	line   int
	header record
	parent uint64
	next   int
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
	s.all, s.call, s.typed, s.line = true, -1, -1, -1
	if s.from, s.first = b.Start, 0; s.on && b.Start < b.End {
		first := d.sameAs(b.Start, lineEnd(b.Data, b.Start))
		s.first = first.stamp
	}
}

func (s *starter) end(d *Decoder, b *frame.Block) {
	if s.on = false; d.needs.starts != nil {
		d.needs.starts.Told(event.StartBlock{All: s.all && s.line < 0, Offset: b.Offset, End: b.Offset + int64(b.End-b.Start), Line: b.Line})
	}
	s.lines, s.line = false, -1
}

// take looks at a place where literals may stand, and reports whether that was all that
// there is to see.
func (s *starter) take(d *Decoder, search *search, fits uint64, at, line int) bool {
	if fits>>search.call&1 != 0 && search.finder.Stands(search.call, d.text, at) {
		s.call = line
		if end := at + search.finder.End(search.call); s.other(d, end) <= 0 {
			s.takeCall(d, end, line)
		}
		return fits == 1<<search.call && !d.picker.calls
	}
	if fits>>search.id&1 == 0 {
		return false
	}
	if s.line >= 0 {
		s.takeID(d, at, line)
	} else if s.lines && line != s.call && line != s.typed && d.text[max(at-1, 0)] != 'p' {
		s.typed = line
		s.takeOther(d, at, line)
	}
	return fits == search.idAlone && d.needs.ids.rules(d.text, at)
}

// other is more than 0 if the system call whose number is at a place is surely no start, less if
// it surely may be one, and 0 if there is no telling.
func (s *starter) other(d *Decoder, at int) int {
	from := at - len(archField) - 8 - 1 - len(syscallField)
	if from <= 0 || d.text[from-1] != ' ' {
		return 0
	}
	return s.calls.otherAt(d.tables, d.text, from, len(d.text))
}

// takeCall takes a record of a system call that may be a start. Its number is at a place of a
// line.
func (s *starter) takeCall(d *Decoder, at, line int) {
	r, ok := s.read(d, line, at)
	switch {
	case !ok:
	case r.typ == typeSyscall && s.line < 0:
		s.line, s.header, s.next = line, r, -1
	default: // a line before has no pid, or this one's is in front
		s.all = s.all && r.typ != typeSyscall && d.tables.kindsOf(r.typ)&d.tables.started == 0
	}
}

// takeID takes the parent or the pid of the start at hand, which the kernel writes one behind
// the other.
func (s *starter) takeID(d *Decoder, at, line int) {
	n, end := shortDigits(d.text, at+len(pidField))
	switch {
	case line != s.line || end == 0:
		s.all, s.line = false, -1
	case d.text[at-1] == 'p':
		s.parent, s.next = n, end+1
	default:
		s.line = -1
		sure := at == s.next && d.text[at-1] == ' ' && (end == len(d.text) || d.text[end] <= ' ')
		s.tell(d, &s.header, line, sure, event.Start{PID: uint32(n), Parent: uint32(s.parent), HasParent: true}, max(n, s.parent))
	}
}

// takePair is takeID for both ids of a line, and reports whether they are of the start at hand.
func (s *starter) takePair(d *Decoder, parent, pid uint64, end, line int) bool {
	if line != s.line {
		return false
	}
	s.line = -1
	s.tell(d, &s.header, line, d.text[end] <= ' ', event.Start{PID: uint32(pid), Parent: uint32(parent), HasParent: true}, max(pid, parent))
	return true
}

// takeOther takes a record of another type, which has "pid=" at a place.
func (s *starter) takeOther(d *Decoder, at, line int) {
	r, ok := s.read(d, line, at)
	if !ok || d.tables.kindsOf(r.typ)&d.tables.started == 0 {
		return
	}
	n, i := digits(d.text, at+len(pidField), 10)
	s.tell(d, &r, line, i > 0, event.Start{PID: uint32(n)}, n)
}

// tell tells of a start, if its numbers are sure. The greatest of them is given apart.
func (s *starter) tell(d *Decoder, r *record, line int, sure bool, start event.Start, greatest uint64) {
	node := d.text[r.node:r.nodeEnd]
	if !sure || greatest > math.MaxUint32 || !isPlain(node) {
		s.all = false
		return
	}
	start.Time = int64(r.stamp)
	start.Reach = s.reach(d, r, line)
	d.needs.starts.Start(node, d.source, start)
}

// reach returns by how many bytes the event of a record in a line may begin in front of the block. Where
// the records of events are neighbours, only that of the first record may.
func (s *starter) reach(d *Decoder, r *record, line int) int {
	switch {
	case d.picker.spread > 0:
		return max(0, d.picker.spread-(line-s.from))
	case r.stamp == s.first:
		return d.options.Window
	}
	return 0
}

// read reads the header of a line that goes on behind it.
func (s *starter) read(d *Decoder, start, end int) (r record, ok bool) {
	if n, at := d.nameAt(start, end); n != nil {
		if stamp, _, ok := s.id.read(d.text, at, end); ok {
			return record{typ: n.typ, stamp: stamp, end: end}, true
		}
	}
	return r, d.tables.parseHeader(&r, d.text, start, end) == isRecord
}
