package auditd

import "bytes"

// keep reports whether the event that begins with record head is to be decoded. If it is
// not, incomplete says whether it must be read all the same, to tell that a record is
// missing.
func (d *Decoder) keep(head int32) (wanted, incomplete bool) {
	if d.needs == nil || d.records[head].pos-d.start < sampleBytes {
		return true, false
	}
	call, addr, short, empty := false, false, false, true
	d.lines = d.lines[:0]
	for i := head; i != none; i = d.records[i].next {
		r := &d.records[i]
		d.lines = append(d.lines, d.text[r.name:r.end])
		empty = empty && r.typ == typeEOE
		switch r.typ {
		case typeSyscall, typeUringOp:
			call = true
		case typeSockaddr:
			addr = true
			short = short || isShort(d.text[r.body:r.end])
		}
	}
	if empty || d.needs.in(d.lines) {
		return true, false
	}
	d.passed++
	return false, call != addr || short
}

// isShort reports whether the address in the body of a SOCKADDR record may be of a family
// that has an ip and a port, and too short to hold them.
func isShort(body []byte) bool {
	i := bytes.Index(body, []byte("saddr="))
	if i < 0 {
		return true
	}
	saddr := body[i+len("saddr="):]
	size := 0
	for size < len(saddr) && hexDigit(saddr[size]&^lowerBit(saddr[size])) <= 15 {
		size++
	}
	const family, ipv4, ipv6 = 4, 16, 48 // digits, the port included
	if size < family {
		return true
	}
	switch string(saddr[:family]) {
	case "0200", "0002":
		return size < ipv4
	case "0A00", "000A", "0a00", "000a":
		return size < ipv6
	}
	return false
}
