package auditd

import (
	"fmt"

	"kscan/readers/event"
)

// again is for the records of events that are in front of a block which follows another:
// mostly none of them is wanted, and so they are not kept but read again when one is.
type again struct {
	text  []byte // the records of the event at hand
	piece []byte // what was read last
	at    int64  // where that is in the part
	next  int    // bytes to read next
}

const (
	// mostAgain is up to how many events that are not handed out yet are read again; of
	// more the text is kept.
	mostAgain = 32
	// How many bytes are read at once: more if what is read next is near.
	leastPiece, mostPiece = 4 << 10, 256 << 10
)

func (a *again) forget() { a.piece = a.piece[:0] }

// isLight reports whether the block that follows needs no text in front.
func (d *Decoder) isLight() bool {
	if len(d.problems) > 0 {
		return false
	}
	wanted := 0
	for i := d.done; i < len(d.joiner.chains); i++ {
		switch c := &d.joiner.chains[i]; {
		case c.number == 0:
			if int(c.last) >= d.learned.start {
				return false // learned wants the text
			}
		case !quiet[c.marks&^isApart]:
			wanted++
		}
	}
	return wanted <= mostAgain
}

// isBehind reports whether the records of a chain, or the first of them, are in front of the
// text.
func (d *Decoder) isBehind(c *chain) bool {
	return c.head != none && d.joiner.runs[c.head].start < 0
}

// emitAgain is emit for a chain that is behind.
func (d *Decoder) emitAgain(o *output, c *chain) {
	text, runs := d.text, len(d.joiner.runs)
	copied := *c
	ok := d.fetch(o, &copied)
	if d.text = d.again.text; ok {
		d.emit(o, &copied)
	} else {
		o.problem(event.Unreadable, c.number, int(c.pos), fmt.Sprintf("event with serial %d cannot be read again: the file changed", c.serial))
	}
	d.text, d.joiner.runs = text, d.joiner.runs[:runs]
}

// fetch reads the records of a chain again, and makes it one of the text that has them.
func (d *Decoder) fetch(o *output, c *chain) bool {
	a, j := &d.again, &d.joiner
	a.text = a.text[:0]
	at := c.head
	for c.head = none; at != none; at = j.runs[at].next {
		r := run{next: none}
		var ok bool
		if r.start, r.end, ok = a.copy(o, j.runs[at].start, j.runs[at].end); !ok {
			return false
		}
		if c.head == none {
			c.head = int32(len(j.runs))
		} else {
			j.runs[c.tail].next = int32(len(j.runs))
		}
		c.tail = int32(len(j.runs))
		j.runs = append(j.runs, r)
	}
	ok := true
	if c.node < c.nodeEnd {
		c.node, c.nodeEnd, ok = a.copy(o, c.node, c.nodeEnd)
	}
	first := j.runs[c.head]
	var r record
	return ok && d.tables.parseHeader(&r, a.text, int(first.start), lineEnd(a.text, int(first.start))) == isRecord &&
		r.stamp == c.stamp && r.serial == c.serial
}

// copy appends what is at a place of the block, or begins in front of it, and a newline. It
// returns where that is.
func (a *again) copy(o *output, from, to int32) (start, end int32, ok bool) {
	start = int32(len(a.text))
	if n := min(to, 0) - from; n > 0 {
		part := a.read(o, o.offset(int(from)), int(n))
		if part == nil {
			return 0, 0, false
		}
		a.text = append(a.text, part...)
	}
	// What is in the block may be of the next part.
	a.text = append(append(a.text, o.text[max(from, 0):max(to, 0)]...), '\n')
	return start, int32(len(a.text)) - 1, true
}

// read returns n bytes of the part, nil if they cannot be read.
func (a *again) read(o *output, offset int64, n int) []byte {
	end := a.at + int64(len(a.piece))
	if offset < a.at || offset+int64(n) > end {
		if a.next = min(2*a.next, mostPiece); offset < a.at || offset > end+leastPiece {
			a.next = leastPiece
		}
		size := max(n, a.next)
		if cap(a.piece) < size {
			a.piece = make([]byte, size)
		}
		m := 0
		if o.block.Again != nil {
			m, _ = o.block.Again.ReadAt(a.piece[:size], offset) // at the end of the part there is less
		}
		if a.piece, a.at = a.piece[:m], offset; m < n {
			return nil
		}
	}
	return a.piece[offset-a.at:][:n]
}
