package auditd

import (
	"bytes"

	"kscan/readers/frame"
)

// Policies of passing over events that cannot match.
const (
	// wholeBlock is the size in bytes of a core up to which every event is decoded: small
	// logs are cheap, and so all that is said of them is exact.
	wholeBlock = 64 << 10
	// sampleBytes is how much of the start of each larger core is decoded whatever it
	// holds, and its last event too: this is the sample from which the report says what
	// is in the log and from when to when.
	sampleBytes = 16 << 10
)

// sample is the events of a core that are decoded whatever they hold.
type sample struct {
	before int // a position in Block.Data
	last   int // index of the last chain that begins in the core
}

func (d *Decoder) sampleOf(b *frame.Block) sample {
	if d.needs == nil || b.End-b.Start <= d.whole {
		return sample{before: b.End}
	}
	s := sample{before: b.Start + d.sample, last: len(d.joiner.chains) - 1}
	for s.last >= 0 && d.joiner.chains[s.last].number == 0 {
		s.last--
	}
	return s
}

func (s *sample) has(chain, pos int) bool { return pos < s.before || chain == s.last }

// doubtful reports whether an event must be read to tell that it lacks a record.
func (d *Decoder) doubtful(c *chain) bool {
	switch c.marks & (hasCall | hasAddress | hasUringOp) {
	case 0:
		return false
	case hasCall:
		return c.marks&mayConnect != 0
	case hasCall | hasAddress:
		return c.marks&mayConnect != 0 && c.marks&(mayBeShort|mayBeCut) != 0
	}
	return true
}

// marksOf says what a record of the core or behind it brings to its event that has the
// marks so far.
func (d *Decoder) marksOf(l *line, so marks) marks {
	switch l.typ {
	case typeEOE:
		return 0
	case typeSyscall:
		m := hasContent | hasCall
		if so&hasCall == 0 && d.mayConnect(d.bodyOf(l)) {
			m |= mayConnect
		}
		if !d.skim.finds.program {
			m |= mayBeCut
		}
		return m
	case typeSockaddr:
		if isShort(d.bodyOf(l)) {
			return hasContent | hasAddress | mayBeShort
		}
		return hasContent | hasAddress
	case typeUringOp:
		return hasContent | hasUringOp
	}
	return hasContent
}

// bodyOf is the text after the header of a line, or all of it if it is not known where
// the body starts.
func (d *Decoder) bodyOf(l *line) []byte { return d.text[int(l.start)+int(l.body) : l.end] }

const (
	archField    = "arch="
	syscallField = "syscall="
	saddrField   = "saddr="
	exePath      = `exe="/`
)

// mayConnect reports whether the body of a SYSCALL record, the one of the line at hand, may
// be that of a connect. It says no only of records as the kernel writes them: arch first,
// then the number, and neither again.
func (d *Decoder) mayConnect(body []byte) bool {
	if f := &d.skim.finds; f.archs != 1 || f.syscalls != 1 {
		return true
	}
	rest, ok := bytes.CutPrefix(body, []byte(archField))
	if !ok || len(rest) < 9 || rest[8] != ' ' {
		return true
	}
	arch := rest[:8]
	rest, ok = bytes.CutPrefix(rest[9:], []byte(syscallField))
	if !ok {
		return true
	}
	n, end := digits(rest, 0, 4)
	return end == 0 || end >= len(rest) || rest[end] != ' ' || !d.calls.isOther(d.tables, arch, n)
}

// isShort reports whether the address in the body of a SOCKADDR record may be of a family
// that has an ip and a port, and too short to hold them.
func isShort(body []byte) bool {
	saddr, ok := bytes.CutPrefix(body, []byte(saddrField))
	if !ok {
		return true
	}
	size := 0
	for size < len(saddr) && isHex[saddr[size]] {
		size++
	}
	const family, ipv4, ipv6 = 4, 16, 48 // digits, the port included
	if size < family || size < len(saddr) && bytes.Contains(saddr[size:], []byte(saddrField)) {
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

// isHex says which bytes are hex digits of either case.
var isHex = func() (is [256]bool) {
	for c := range is {
		is[c] = hexDigit(byte(c)&^lowerBit(byte(c))) <= 15
	}
	return is
}()

// calls remembers which system calls are no connect, so that asking needs no names.
type calls []archCalls

// archCalls are those of one architecture, as records write it.
type archCalls struct {
	arch  [8]byte
	other [maxDense / 64]uint64
}

// maxArchs bounds the architectures that are remembered; no host has more than two.
const maxArchs = 8

// isOther reports whether a system call is known to be neither connect nor one that may
// stand for it.
func (c *calls) isOther(t *tables, arch []byte, n uint64) bool {
	if n >= maxDense {
		return false
	}
	for i := range *c {
		if a := &(*c)[i]; string(a.arch[:]) == string(arch) {
			return a.other[n/64]>>(n%64)&1 != 0
		}
	}
	number, ok := parseUint(arch, 16)
	if !ok || len(*c) == maxArchs {
		return false
	}
	a := archCalls{arch: [8]byte(arch)}
	for k := range uint64(maxDense) {
		if name := t.syscalls[t.syscall(archName(number), k)].name; name != "connect" && name != "socketcall" {
			a.other[k/64] |= 1 << (k % 64)
		}
	}
	*c = append(*c, a)
	return a.other[n/64]>>(n%64)&1 != 0
}
