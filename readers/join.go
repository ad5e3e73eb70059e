package readers

import (
	"bytes"

	"kscan/readers/event"
	"kscan/readers/frame"
)

// margins gives blocks the bytes around them. Blocks wait until enough of what follows
// them has been read; parts and problems wait with them, so that the order stays. For a
// format that needs nothing behind a core nothing waits.
//
// A run is the consecutive parts whose records are joined with each other; margins reach
// from one part of a run into the next.
type margins struct {
	before  int // bytes in front of a core
	after   int // bytes behind it
	waiting []entry
	ahead   int            // bytes of the cores that wait
	tail    []byte         // the run's last records in front of the first block that waits
	records []frame.Record // of tail, when they are not lines
}

// entry is one thing to tell the handler; one of its fields is set.
type entry struct {
	part    *Part
	problem *event.Problem
	unit    *Unit
}

// put adds an entry and hands on those that have waited long enough.
func (m *margins) put(r *Reader, e entry) error {
	m.waiting = append(m.waiting, e)
	if e.unit != nil {
		m.ahead += e.unit.size()
	}
	return m.release(r, false)
}

// flush hands on all that waits and ends the run.
func (m *margins) flush(r *Reader) error {
	err := m.release(r, true)
	m.tail, m.records = m.tail[:0], m.records[:0]
	return err
}

// release hands on entries from the front until one has too little behind it.
func (m *margins) release(r *Reader, all bool) error {
	done := 0
	for _, e := range m.waiting {
		if e.unit != nil {
			core := e.unit.size()
			if !all && m.ahead-core < m.after {
				break
			}
			m.ahead -= core
			m.surround(e.unit, m.waiting[done+1:])
		}
		done++
		if err := r.tell(e); err != nil {
			m.waiting = nil
			return err
		}
	}
	m.waiting = append(m.waiting[:0], m.waiting[done:]...)
	return nil
}

// surround gives a unit its margins, and keeps the last lines of the run up to there for
// the next one.
func (m *margins) surround(u *Unit, behind []entry) {
	if u.file == nil {
		m.surroundBlock(&u.block, behind)
	} else if m.after > 0 {
		m.surroundRange(u, behind)
	}
}

// surroundBlock puts the margins of a block into the room that its buffer has for them.
func (m *margins) surroundBlock(b *frame.Block, behind []entry) {
	core := b.Core()
	start := b.Start - len(m.tail)
	copy(b.Data[start:b.Start], m.tail)
	own := b.Records
	if own != nil {
		b.Records = append(shift(nil, m.records, start), own...)
	}
	m.keep(core, own, b.Start)
	m.follow(b, nil, behind)
	b.Data = b.Data[start:]
	b.Start -= start
	b.End -= start
	if own != nil {
		b.Records = shift(b.Records[:0], b.Records, -start)
	}
}

// surroundRange gives a range of a file what its margins reach of the parts before and
// behind; of its own file it reads them itself.
func (m *margins) surroundRange(u *Unit, behind []entry) {
	f := u.file
	from, to := u.bounds()
	if from-f.ranges.Layout.Offset < int64(m.before) {
		u.front = bytes.Clone(m.tail)
	}
	if f.ranges.Size-to < int64(m.after) {
		next := frame.Block{}
		m.follow(&next, f, behind)
		u.behind = next.Data
	}
	if to == f.ranges.Size {
		m.tail = frame.Tail(endLine(append(m.tail, f.tail(m.before+1)...)), m.before)
	}
}

// shift appends records moved by n bytes.
func shift(dst, records []frame.Record, n int) []frame.Record {
	for _, r := range records {
		dst = append(dst, frame.Record{Start: r.Start + n, End: r.End + n})
	}
	return dst
}

// follow appends the records of the entries behind a block, those that begin in the window,
// but not those of a file: the block is of that file, or it is nil.
func (m *margins) follow(b *frame.Block, file *rangedFile, behind []entry) {
	left := m.after
	for _, e := range behind {
		if e.unit == nil || left <= 0 || e.unit.file != nil && e.unit.file == file {
			continue
		}
		next, core := &e.unit.block, e.unit.block.Core()
		if file = e.unit.file; file != nil { // this is its first range
			core = file.ranges.Head(left)
		}
		n := len(frame.Head(core, left))
		if next.Records != nil {
			n = 0
			for _, r := range next.Records {
				if r.Start-next.Start >= left {
					break
				}
				n = r.End - next.Start
				b.Records = append(b.Records, frame.Record{Start: len(b.Data) + r.Start - next.Start, End: len(b.Data) + n})
			}
		} else {
			b.Data = endLine(b.Data)
		}
		b.Data = append(b.Data, core[:n]...)
		left -= n
	}
}

// keep makes tail the last records of the run up to the end of core, which starts at
// position start of its block.
func (m *margins) keep(core []byte, records []frame.Record, start int) {
	if len(core) == 0 || m.before == 0 {
		return
	}
	if records != nil {
		m.keepRecords(core, records, start)
		return
	}
	m.tail = append(m.tail, core[max(0, len(core)-m.before-1):]...)
	last := endLine(m.tail)
	m.tail = append(m.tail[:0], frame.Tail(last, m.before)...)
}

// keepRecords is keep for records that are not lines.
func (m *margins) keepRecords(core []byte, records []frame.Record, start int) {
	m.records = shift(m.records, records, len(m.tail)-start)
	m.tail = append(m.tail, core...)
	first := len(m.tail)
	n := len(m.records)
	for n > 0 && len(m.tail)-m.records[n-1].Start <= m.before {
		n--
		first = m.records[n].Start
	}
	m.records = shift(m.records[:0], m.records[n:], -first)
	m.tail = append(m.tail[:0], m.tail[first:]...)
}

// endLine ends the last line of b, so that the next part's first line is not glued to it.
func endLine(b []byte) []byte {
	if len(b) > 0 && b[len(b)-1] != '\n' {
		b = append(b, '\n')
	}
	return b
}
