package ndjson

import "math/bits"

// seek decodes the lines of a block that may hold a need, for somebody who asks for nothing
// else: it never looks at the others. It returns the number of lines.
func (d *Decoder) seek() int64 {
	core, base, f := d.block.Core(), d.block.Start, d.filter
	d.picked = true
	counted, lines := 0, 0 // words of newlines in front of the line, and the lines that end there
	for at, known := f.next(0), 0; at < len(core); at = f.next(known) {
		start, end := f.startOf(at), min(f.endOf(at)+1, len(core))
		lines += ones(f.newlines[counted : start/64])
		counted = start / 64
		d.line = int64(1 + lines + bits.OnesCount64(f.newlines[counted]&(1<<(start%64)-1)))
		d.action = d.before(core[known:start], d.action)
		d.candidate(base+start, base+end)
		d.passed--
		known = end
	}
	d.picked = false
	total, known := d.known()
	if !known {
		total = int64(lines + ones(f.newlines[counted:]))
		if n := len(core); n > 0 && core[n-1] != '\n' {
			total++
		}
	}
	d.passed += total
	return total
}

// known returns how many lines the block has if somebody counted them before.
func (d *Decoder) known() (lines int64, ok bool) {
	b := d.block
	if b.Facts == nil || b.Open || b.Follows || b.Facts.Bytes != len(b.Core()) {
		return 0, false
	}
	return b.Facts.Lines, b.Facts.Lines > 0
}

// ones returns the number of bits that are set.
func ones(words []uint64) (n int) {
	for ; len(words) >= 4; words = words[4:] {
		n += bits.OnesCount64(words[0]) + bits.OnesCount64(words[1]) + bits.OnesCount64(words[2]) + bits.OnesCount64(words[3])
	}
	for _, word := range words {
		n += bits.OnesCount64(word)
	}
	return n
}

// candidate takes a line that may hold a need.
func (d *Decoder) candidate(start, end int) {
	trusted := isDocument(d.block.Data[start:end])
	switch {
	case trusted && d.settles(start, end, false):
	case !trusted && d.shows(start, end):
	default:
		d.record(start, end)
	}
}
