package auditd

import "bytes"

// How usual lines are taken: those that go on with the event of the line before, which are one
// run with it, and those that begin another. This is what a log costs of which nobody wants
// anything.

// asking says what taking a record needs besides its type.
type asking uint8

const (
	asksNothing asking = iota
	asksMarks          // marksOf
	asksAddress        // marksOf, unless its address is written as most are
)

// usualAddress is how the body of a SOCKADDR record begins behind the id.
const usualAddress = ": saddr="

// addressDigits returns how many hex digits an address of a usual family has at least: family,
// port and ip, or the family alone; 0 for other families.
func addressDigits(family []byte) int {
	switch string(family) {
	case "0200": // IPv4
		return 16
	case "0A00": // IPv6
		return 48
	case "0100", "1000": // unix, netlink
		return 4
	}
	return 0
}

// addressRoom is how many bytes the vector code may read behind a line.
const addressRoom = 72

// takeRuns takes lines from the i-th on, up to the n-th, and returns the number of the first
// that it did not take. It does what skimLine does, for usual lines: those that go on with the
// event of the line before, and those that begin another.
func (d *Decoder) takeRuns(i, n int) int {
	s, k := &d.skim, &d.skim.known
	for {
		for s.start <= k.until {
			most := n
			if k.chain >= 0 {
				most = min(n, i+d.joiner.most-int(d.joiner.chains[k.chain].count))
			}
			taken, brings, asks := s.runOn(d.types, d.text, i, most)
			d.extendRun(i, taken, brings)
			if i += taken; !asks {
				break
			}
			start := s.start
			d.extendRun(i, 1, 0)
			d.markLast(start)
			i++
		}
		if i == n || !d.startRun(s.end(i)) {
			return i
		}
		i++
	}
}

// extendRun notes that some lines from the i-th on are records of the known event, to which
// they bring marks.
func (d *Decoder) extendRun(i, taken int, brings marks) {
	s := &d.skim
	if taken == 0 {
		return
	}
	last := s.start
	if taken > 1 {
		last = s.end(i+taken-2) + 1
	}
	s.start = s.end(i+taken-1) + 1
	s.number += s.step * int32(taken)
	if s.known.chain == nobodys {
		return
	}
	ch := &d.joiner.chains[s.known.chain]
	ch.last = int32(last)
	if ch.number == 0 {
		return
	}
	ch.marks |= brings
	ch.count += int32(taken)
	d.joiner.runs[ch.tail].end = int32(s.start - 1)
}

// markLast adds to the marks of the known event what the record that was taken last brings to
// it, which starts at a place.
func (d *Decoder) markLast(start int) {
	k := &d.skim.known
	if k.chain == nobodys || d.needs == nil {
		return
	}
	if ch := &d.joiner.chains[k.chain]; ch.number != 0 {
		n, idEnd := k.recordAt(d.types, d.text, start)
		d.mark(ch, &line{start: start, end: d.skim.start - 1, body: skipGap(d.text, idEnd), typ: n.typ})
	}
}

// startRun takes the line that ends at a place if its header is like the known one but for
// the id, which is of the same second, and reports whether it is.
func (d *Decoder) startRun(end int) bool {
	s, k := &d.skim, &d.skim.known
	start := s.start
	at := start + len(k.node)
	if k.chain == none || !k.id.whole || len(d.text)-at < headRoom || at > start && string(d.text[start:at]) != string(k.node) {
		return false
	}
	head := load(d.text[at:])
	name := d.types.like(head)
	at += name.size
	header := (*[8 + idRoom]byte)(d.text[at-8:])
	if head != name.head || load(header[:]) != name.tail {
		return false
	}
	stamp, serial, ok := k.id.next((*[idRoom]byte)(header[8:]))
	if !ok {
		return false
	}
	k.idAt = at
	s.start = end + 1
	s.number += s.step
	number := s.number * s.step
	d.setKnown(stamp, serial, start, number)
	if k.chain == nobodys || d.join(k.chain, &line{start: start, end: end, body: skipGap(d.text, at+k.id.size), typ: name.typ}, start, number) {
		d.mayRun(end)
	} else {
		k.until = -1
	}
	return true
}

// mayRun says of the line that ends at a place, and is of the known event, whether those
// behind it may go on with it.
func (d *Decoder) mayRun(end int) {
	k := &d.skim.known
	k.until = -1
	if !k.id.whole {
		return
	}
	limit := len(d.text) - len(k.node) - headRoom
	if k.chain == nobodys {
		k.until = limit
	} else if ch := &d.joiner.chains[k.chain]; ch.number == 0 || int(d.joiner.runs[ch.tail].end) == end {
		k.until = min(int(ch.pos)+d.joiner.window, limit)
	}
}

// runOn finds out how many lines from the i-th on, up to the n-th, are records of the known
// event, what these bring to it, and whether the next one, too, is such a record, but one
// that asks. Without vector code it does as that does.
func (s *skim) runOn(names *typeNames, text []byte, i, n int) (taken int, brings marks, asks bool) {
	if hasRunVector && s.known.short && i < n {
		r := &s.run
		r.first, r.lines, r.start = i, n-i, s.start
		runVector(r)
		return r.taken, marks(r.brings), r.asks != 0
	}
	k, start := &s.known, s.start
	for ; i+taken < n && start <= k.until; taken++ {
		name, idEnd := k.recordAt(names, text, start)
		if name == nil {
			break
		}
		end := s.end(i + taken)
		if asks := name.asks | k.asks; asks != asksNothing && !(asks == asksAddress && isUsualAddress(text[idEnd:end])) {
			return taken, brings, true
		}
		brings |= name.brings
		start = end + 1
	}
	return taken, brings, false
}

// recordAt returns the name of the record's type and where its id ends if the line at start
// is a record of the known event; nil if it is not, or that is not sure.
func (k *known) recordAt(names *typeNames, text []byte, start int) (n *typeName, idEnd int) {
	at := start + len(k.node)
	if at > start && string(text[start:at]) != string(k.node) {
		return nil, 0
	}
	head := load(text[at:])
	n = names.like(head)
	at += n.size
	header := (*[8 + idRoom]byte)(text[at-8:])
	// A newline is in neither, so both are in the line.
	if head != n.head || load(header[:]) != n.tail || !k.id.is((*[idRoom]byte)(header[8:])) {
		return nil, 0
	}
	return n, at + k.id.size
}

// isUsualAddress reports whether isShort does not hold, of the body of a SOCKADDR record, from its
// id on, that is as the kernel writes it and auditd enriches it.
func isUsualAddress(body []byte) bool {
	const front, family = len(usualAddress), 4
	if len(body) < front+family || string(body[:front]) != usualAddress {
		return false
	}
	body = body[front:]
	size := addressDigits(body[:family])
	if size == 0 || len(body) < size {
		return false
	}
	for _, c := range body[:size] {
		if c-'0' > 9 && c-'A' > 5 {
			return false
		}
	}
	return !bytes.Contains(body, []byte(saddrField))
}

// runArgs is what runVector does, which is runOn for a known event whose node is short. It knows
// the layout of what this refers to.
type runArgs struct {
	text                *byte
	ends                *int32
	names               *[1 << nameBits]typeName
	known               *known
	base                int
	first, lines, start int
	room                int // up to where an address may end
	// What it found.
	taken  int
	brings uint64
	asks   uint64
}
