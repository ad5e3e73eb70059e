package auditd

import (
	"bytes"
	"encoding/binary"
	"math"
)

// known is the header of the last record: that of the next is likely to differ from it in
// the type alone, or in the type and the id.
type known struct {
	chain int32     // none if the rest means nothing
	node  []byte    // "node=NAME ", or empty
	id    []byte    // " msg=audit(SEC.MS:SERIAL)"
	words [5]uint64 // the first 24 and the last 16 bytes of id, if it is not short
	host  int32     // the number of the node
	// until is up to where a line that has the known header goes on with the last run of the
	// chain; -1 if the last line was not of that.
	until int
	base  uint64 // the seconds of id, in milliseconds
}

// idToken is what is between the type and the id in the kernel's records.
const idToken = " " + msgToken + auditToken

// goesOn takes text[start:end] if it is one more record of the event of the line before, and
// reports whether it is. It does what takeLine does, for the usual case.
func (d *Decoder) goesOn(start, end int) bool {
	k := &d.skim.known
	if start > k.until {
		return false
	}
	rest, node := d.text[start:end], len(k.node)
	if node > 0 {
		if !bytes.HasPrefix(rest, k.node) {
			return false
		}
		rest = rest[node:]
	}
	typ, name := d.tables.quickType(rest)
	if name == 0 || !k.same(rest[name:]) {
		return false
	}
	ch := &d.joiner.chains[k.chain]
	if int(ch.count) >= d.joiner.most {
		return false
	}
	ch.count++
	ch.last = int32(start)
	d.joiner.runs[ch.tail].end = int32(end)
	switch typ {
	case typeEOE:
	case typeSyscall, typeSockaddr, typeUringOp:
		if d.needs != nil {
			ch.marks |= d.marksOf(typ, start+node+skipGap(rest, name+len(k.id)), end, ch.marks)
		}
	default:
		ch.marks |= hasContent
	}
	if d.needs != nil && len(d.needs.kinds) > 0 && typ != typeEOE {
		d.markKind(ch, &line{start: start, end: end, body: start + node + skipGap(rest, name+len(k.id)), typ: typ})
	}
	return true
}

// header finds the chain of the record in text[start:end] if its header is like that of
// the last one, but for the type and the id; none if it is not.
func (d *Decoder) header(start, end int, number int32) (typ uint16, body int, c int32) {
	k := &d.skim.known
	text := d.text[start:end]
	if k.chain == none || len(k.node) > 0 && !bytes.HasPrefix(text, k.node) {
		return 0, 0, none
	}
	rest := text[len(k.node):]
	typ, name := d.tables.quickType(rest)
	if name == 0 {
		return 0, 0, none
	}
	c = k.chain
	if k.same(rest[name:]) && (c == nobodys || start-int(d.joiner.chains[c].last) <= d.joiner.window) {
		body = skipGap(rest, name+len(k.id))
	} else if body, c = d.newID(rest, name, start, number); body == 0 {
		return 0, 0, none
	}
	return typ, start + len(k.node) + body, c
}

// same reports whether a text begins with the known id.
func (k *known) same(text []byte) bool {
	n := len(k.id)
	if n < leastID || n > 40 || len(text) < n { // others are rare
		return bytes.HasPrefix(text, k.id)
	}
	w := &k.words
	return load(text[n-8:]) == w[4] && load(text[n-16:]) == w[3] && load(text) == w[0] && load(text[8:]) == w[1] && load(text[16:]) == w[2]
}

// leastID is the length of an id that is not short.
const leastID = 24

func load(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// setID makes an id known.
func (k *known) setID(id []byte, stamp uint64) {
	k.id, k.base = id, stamp-stamp%1000
	if n := len(id); n >= leastID {
		k.words = [5]uint64{load(id), load(id[8:]), load(id[16:]), load(id[n-16:]), load(id[n-8:])}
	}
}

// newID reads an id other than the known one, which begins with idToken at line[at:], and
// makes it known. It returns where the body starts, 0 if there is no id.
func (d *Decoder) newID(line []byte, at, start int, number int32) (body int, c int32) {
	if len(line) < at+len(idToken) || string(line[at:at+len(idToken)]) != idToken {
		return 0, none
	}
	var r record
	k := &d.skim.known
	if body = k.nextID(&r, line, at+len(idToken)); body == 0 {
		if body = r.parseID(line, at+len(idToken)); body == 0 {
			return 0, none
		}
	}
	k.setID(line[at:r.idEnd+1], r.stamp)
	if k.chain = nobodys; !d.skim.after || r.serial <= d.joiner.newest {
		k.chain = d.joiner.place(&key{stamp: r.stamp, serial: r.serial, host: k.host}, start, number)
		if len(k.node) > 0 {
			r.node, r.nodeEnd = start+len(nodeToken), start+len(k.node)-1
			d.setNode(k.chain, &r)
		}
	}
	return body, k.chain
}

// secondSize is the length of "SEC." since 2001, and until 2286.
const secondSize = 11

// nextID is parseID for an id of the same second as the known one. It returns 0 if it is
// not of that second, or in a form that is not the usual one.
func (k *known) nextID(r *record, line []byte, i int) int {
	const millis, serial = secondSize, secondSize + 4
	if len(k.id) < len(idToken)+serial || len(line) < i+serial+1 {
		return 0
	}
	id, last := line[i:], k.id[len(idToken):]
	if load(id) != load(last) || load(id[secondSize-8:]) != load(last[secondSize-8:]) || id[secondSize-1] != '.' || id[serial-1] != ':' {
		return 0
	}
	a, b, c := id[millis]-'0', id[millis+1]-'0', id[millis+2]-'0'
	n, end := digits(id, serial, 10)
	if a > 9 || b > 9 || c > 9 || end == 0 || end >= len(id) || id[end] != ')' || n > math.MaxUint32 {
		return 0
	}
	r.id, r.idEnd = i, i+end
	r.stamp = k.base + uint64(a)*100 + uint64(b)*10 + uint64(c)
	r.serial = uint32(n)
	return skipGap(line, r.idEnd+1)
}

// remember makes the header of a record known, if it has the form of the kernel's in
// audit.log.
func (d *Decoder) remember(r *record, key *key, start int, c int32) {
	k := &d.skim.known
	if string(d.text[r.nameEnd:r.id]) != idToken {
		return
	}
	k.node = nil
	if r.node < r.nodeEnd {
		if r.node != start+len(nodeToken) || r.name != r.nodeEnd+1+len(typeToken) {
			return
		}
		k.node = d.text[start : r.nodeEnd+1]
	} else if r.name != start+len(typeToken) {
		return
	}
	k.chain, k.host = c, key.host
	k.setID(d.text[r.nameEnd:r.idEnd+1], r.stamp)
}
