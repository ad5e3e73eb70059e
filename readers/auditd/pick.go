package auditd

import (
	"bytes"
	"math/bits"
	"slices"

	"kscan/readers/frame"
	"kscan/readers/prefilter"
)

// maxSpread is the most bytes between the records of an event for which a picker looks at
// the lines around a record: where they lie farther apart, going over all lines costs less.
const maxSpread = 32 << 10

// picker decodes those events of a unit that hold a need and no others. Where the unit was
// gone over before (frame.Facts), the lines that hold a need are enough to find them: the
// other records of an event are around each, so lines that hold none are not even looked at.
// What it gives is what emitAll would, without the problems, which were told then.
type picker struct {
	on      bool
	spread  int
	start   int     // of the first block of the unit, in Data
	end     int     // of the core of the last block, in its Data
	calls   bool    // events of some kinds are looked for
	types   uint64  // and these are the kinds of records that they may have
	places  []place // lines of the block that hold a need, in order
	members []line  // of the event at hand
	found   []found // events of the block
	waiting []place // lines whose events the next block may have more of
	refused int     // the last line that turned out to hold none
	passed  int     // the last hit that quickPass was done with
	// need and call say what stands at a place: something of a need, or a system call.
	need, call bool
	search     *search
	accept     func(literal, at int) bool // (*Decoder).acceptPick, made once
}

// place is a line that may hold a need.
type place struct {
	start  int
	number int32 // in the unit
	kind   bool  // it is only of a kind that is needed
}

// mayPick reports whether the blocks from here on can be picked from.
func (d *Decoder) mayPick(b *frame.Block) bool {
	p, n := &d.picker, d.needs
	if b.Facts == nil || n == nil || !n.only || d.options.JSON || b.Skipped != 0 {
		return false
	}
	for i := range n.kinds {
		if n.kinds[i].byType {
			return false
		}
	}
	p.spread, p.start, p.places = b.Facts.Spread, b.Start, p.places[:0]
	return n.finder != nil && len(n.list)+2 <= prefilter.MaxLiterals
}

// pickAll hands out the events of a block, but those of which the next block may have more.
func (d *Decoder) pickAll(b *frame.Block, o *output) (lines int64) {
	p := &d.picker
	if b.Follows {
		p.start += b.Start - p.end
		for i := range p.places {
			p.places[i].start += b.Start - p.end
		}
	}
	p.end, p.refused, p.passed = b.End, -1, -1
	p.calls, p.types = false, 0
	for i := range d.needs.kinds {
		if k := &d.needs.kinds[i]; k.openTo(b.Facts.Hosts, d.source) {
			p.calls = true
			p.types |= b.Facts.Kinds & d.tables.kindsAmong(k.categories)
		}
	}
	d.text, o.text = b.Data, b.Data
	d.starter.begin(d, b)
	number := d.pickLines(b.Start, b.End, int32(b.Line))
	d.starter.end(d, b)
	if b.End > b.Start && b.Data[b.End-1] != '\n' {
		number++
	}
	if !b.Open {
		d.pickLines(b.End, d.behind(b), number)
	}
	d.emitPicked(b, o)
	return int64(number) - b.Line
}

// behind returns up to where records behind a core may be of its events.
func (d *Decoder) behind(b *frame.Block) int {
	if b.End == len(b.Data) || b.End == b.Start {
		return b.End
	}
	if end := b.End + d.picker.spread; d.picker.spread > 0 && end < len(b.Data) {
		return min(lineEnd(b.Data, end)+1, len(b.Data))
	} else if d.picker.spread > 0 {
		return len(b.Data)
	}
	last := bytes.LastIndexByte(b.Data[:b.End-1], '\n') + 1
	e := d.sameAs(last, lineEnd(b.Data, last))
	at := b.End
	for at < len(b.Data) {
		end := lineEnd(b.Data, at)
		if _, same := d.inEvent(&e, at, end); !same {
			break
		}
		at = end + 1
	}
	return min(at, len(b.Data))
}

// pickLines notes the lines of text[from:to] that hold a need, of which number come before, and
// returns the number of newlines with those before.
func (d *Decoder) pickLines(from, to int, number int32) int32 {
	search := d.needs.searchFor(d.text[from:to], d.picker.calls || d.starter.on)
	in := lines{newlines: d.skim.newlines[:], at: from, start: from, number: number}
	if d.picker.types != 0 && from < to {
		d.pickType(from, number+1)
	}
	for at := from; at < to; at += skimChunk {
		end := min(at+skimChunk, to)
		search.finder.Scan(d.text[at:min(end+overlap, to)], d.skim.newlines[:], d.skim.hits[:])
		words := (end - at + 63) / 64
		for w, hits := range d.skim.hits[:words] {
			if hits != 0 {
				d.pickHits(search, at+w*64, hits, &in)
			}
			if d.picker.types != 0 {
				d.pickTypes(at+w*64, to, in.newlines[w], in.before(w))
			}
		}
		in.end(words, end)
	}
	return in.number
}

// pickHits looks at the hits of a word that begins at a place.
func (d *Decoder) pickHits(search *search, base int, hits uint64, in *lines) {
	quick := search.idAlone != 0 && !d.starter.lines
	for ; hits != 0; hits &= hits - 1 {
		hit := base + bits.TrailingZeros64(hits)
		if hit == d.picker.passed {
			continue
		}
		if quick && len(d.text)-hit >= quickRoom {
			if d.picker.passed = d.quickPass(search, hit, in); d.picker.passed >= hit {
				continue
			}
		}
		fits := search.finder.Fits(d.text, hit)
		if fits == 0 {
			continue
		}
		line := in.startOf(hit)
		if d.starter.on && d.starter.take(d, search, fits, hit, line) {
			continue
		}
		d.pickAt(search, hit, line, in.numberOf(hit))
	}
}

// pickTypes notes the lines behind the newlines after base whose types are of a kind that is
// needed. number lines end in front of base.
func (d *Decoder) pickTypes(base, to int, newlines uint64, number int32) {
	for ; newlines != 0; newlines &= newlines - 1 {
		number++
		if start := base + bits.TrailingZeros64(newlines) + 1; start < to {
			d.pickType(start, number+1)
		}
	}
}

func (d *Decoder) pickType(start int, number int32) {
	end := lineEnd(d.text, start)
	if n, _ := d.nameAt(start, end); n != nil && d.tables.kindsOf(n.typ)&d.picker.types == 0 {
		return
	}
	if d.isOfKind(start, end) {
		d.picker.places = append(d.picker.places, place{start: start, number: number, kind: true})
	}
}

// pickAt looks at a place where a literal may stand, in a line.
func (d *Decoder) pickAt(search *search, at, line int, number int32) {
	p := &d.picker
	last := place{start: -1}
	if len(p.places) > 0 {
		last = p.places[len(p.places)-1]
	}
	if last.start == line && !last.kind {
		return
	}
	p.need, p.call, p.search = false, false, search
	search.finder.Match(d.text, at, p.accept)
	if !p.need && !p.call {
		return
	}
	end := lineEnd(d.text, at)
	switch {
	case p.need && p.refused != line && d.needs.in(d.text[line:end]):
		if last.start == line {
			p.places = p.places[:len(p.places)-1]
		}
		p.places = append(p.places, place{start: line, number: number})
	case p.call && last.start != line && d.isOfKind(line, end):
		p.places = append(p.places, place{start: line, number: number, kind: true})
	case p.need:
		p.refused = line
	}
}

// acceptPick notes what stands at a place. It wants all.
func (d *Decoder) acceptPick(literal, at int) bool {
	p := &d.picker
	switch {
	case literal == p.search.call:
		p.call = p.calls
	case literal != p.search.id || d.needs.idAt(d.text, at):
		p.need = true
	}
	return false
}

// isOfKind reports whether the record in text[start:end], with a system call, may make its
// event one of a kind that is needed.
func (d *Decoder) isOfKind(start, end int) bool {
	l := line{start: start, end: end}
	var r record
	if d.tables.parseHeader(&r, d.text, start, end) != isRecord {
		return false
	}
	l.body, l.typ = r.body, r.typ
	return d.ofKind(&l, &chain{node: int32(r.node), nodeEnd: int32(r.nodeEnd)})
}

// emitPicked hands out the events of the lines that were noted, in the order of their first
// records. Those that may come behind an event of which the next block may have more wait
// with it.
func (d *Decoder) emitPicked(b *frame.Block, o *output) {
	p, j := &d.picker, &d.joiner
	j.reset()
	j.lines = true
	slices.SortStableFunc(p.places, func(a, b place) int { return a.start - b.start })
	limit := d.gatherAll(b)
	d.keep(b, limit)
	slices.SortStableFunc(p.found, func(a, b found) int { return int(a.chain.pos) - int(b.chain.pos) })
	p.places = p.places[:0]
	for i := range p.found {
		f := &p.found[i]
		c := &f.chain
		switch {
		case int(c.pos) >= limit:
			p.places = append(p.places, f.place)
		case i+1 < len(p.found) && p.found[i+1].chain.pos == c.pos: // found by two of its lines
			p.found[i+1].place.kind = p.found[i+1].place.kind && f.place.kind
		case !f.place.kind || d.wantsKind(c):
			c.marks |= hasNeed
			d.emit(o, c)
		}
	}
	p.places = append(p.places, p.waiting...)
	slices.SortFunc(p.places, func(a, b place) int { return a.start - b.start })
}

// keep says what the block that follows must have of this one: the lines from the limit on,
// and those that a first line behind them may be of the event of. So what is read next goes
// to memory that is in the cache.
func (d *Decoder) keep(b *frame.Block, limit int) {
	if b.Light = b.Open && b.End > 0; !b.Light {
		return
	}
	from := max(min(limit, b.End-d.picker.spread, b.End-1), 0)
	from = bytes.LastIndexByte(b.Data[:from], '\n') + 1
	last := bytes.LastIndexByte(b.Data[:b.End-1], '\n') + 1
	e := d.sameAs(last, lineEnd(b.Data[:b.End], last))
	if d.gatherBefore(&e, place{start: b.End}); len(d.picker.members) > 0 {
		from = min(from, d.picker.members[0].start)
	}
	b.Keep = b.End - from
}

// found is an event, and a line by which it was found.
type found struct {
	chain chain
	place place
}

// gatherAll makes p.found the events of the lines that were noted, and p.waiting the lines
// whose events the next block may have more of: none of these begins before the limit.
func (d *Decoder) gatherAll(b *frame.Block) (limit int) {
	p := &d.picker
	p.found, p.waiting = p.found[:0], p.waiting[:0]
	limit = len(b.Data)
	for _, at := range p.places {
		if n := len(p.found); n > 0 && d.joiner.isIn(&p.found[n-1].chain, at.start) {
			p.found[n-1].place.kind = p.found[n-1].place.kind && at.kind
			continue
		}
		switch c, is := d.gatherAround(at, b); is {
		case isOpen:
			p.waiting = append(p.waiting, at)
			limit = min(limit, p.members[0].start, at.start-p.spread)
		case isOurs:
			p.found = append(p.found, found{c, at})
		}
	}
	return limit
}

// isIn reports whether a line is in the only run of a chain.
func (j *joiner) isIn(c *chain, start int) bool {
	r := &j.runs[c.head]
	return c.head == c.tail && start >= int(r.start) && start <= int(r.end)
}

// wantsKind reports whether a kind is still needed of which an event may be.
func (d *Decoder) wantsKind(c *chain) bool {
	for i := range d.needs.kinds {
		if k := &d.needs.kinds[i]; k.open && (k.need.Open == nil || k.need.Open(nil)) && d.ofHost(k, c) {
			return true
		}
	}
	return false
}

// openTo reports whether events of any of some hosts may be needed, nil for any.
func (k *kindNeed) openTo(hosts []string, source string) bool {
	if !k.open || k.need.Hosts == nil || hosts == nil {
		return k.open
	}
	return slices.ContainsFunc(hosts, func(h string) bool { return k.ofHost([]byte(h), source) })
}
