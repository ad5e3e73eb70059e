package auditd

import (
	"bytes"
	"math/bits"

	"kscan/readers/frame"
	"kscan/readers/prefilter"
)

// Policies of passing over events that cannot match.
const (
	// wholeBlock is the size in bytes of a core up to which every event is decoded: small
	// logs are cheap, and so all that is said of them is exact.
	wholeBlock = 64 << 10
	// sampleBytes is how much of the start of each larger core, or stretch of cores, is
	// decoded whatever it holds, and its last event too: this is the sample from which the
	// report says what is in the log and from when to when.
	sampleBytes = 16 << 10
)

// chooseSample marks the events that are decoded whatever they hold, of the chains of a
// block, which come after those that were known.
func (d *Decoder) chooseSample(b *frame.Block, known int) {
	before := b.Start
	switch {
	case d.needs == nil, b.Sampling == frame.BySize && b.End-b.Start <= d.whole:
		before = b.End
	case b.Sampling == frame.BySize, b.Sampling == frame.Starts:
		before = b.Start + d.sample
	}
	chains := d.joiner.chains
	for i := known; i < len(chains) && int(chains[i].pos) < before; i++ {
		chains[i].marks |= isSampled
	}
	if b.Sampling == frame.Starts || b.Sampling == frame.Inside {
		return
	}
	last := len(chains) - 1
	for last >= known && chains[last].number == 0 {
		last--
	}
	if last >= known {
		chains[last].marks |= isSampled
	}
}

// doubtful reports whether an event with the marks must be read to tell that it lacks a
// record.
func (m marks) doubtful() bool {
	switch m & (hasCall | hasAddress | hasUringOp) {
	case 0:
		return false
	case hasCall:
		return m&mayConnect != 0
	case hasCall | hasAddress:
		return m&mayConnect != 0 && m&(mayBeShort|mayBeCut) != 0
	}
	return true
}

// quiet says of which marks there is nothing to say but that they are those of an event.
var quiet = func() (is [allMarks]bool) {
	for m := range marks(allMarks) {
		is[m] = m&(hasNeed|isSampled|isApart|hasContent) == hasContent && !m.doubtful()
	}
	return is
}()

// mark adds to the marks of an event what a record brings to it.
func (d *Decoder) mark(ch *chain, l *line) {
	ch.marks |= d.marksOf(l.typ, l.body, l.end, ch.marks)
	if l.typ != typeEOE {
		d.markKind(ch, l)
	}
}

// marksOf says what a record, text[start:end] with its body at text[body:end], brings to
// its event that has the marks so far.
func (d *Decoder) marksOf(typ uint16, body, end int, so marks) marks {
	switch typ {
	case typeEOE:
		return 0
	case typeSyscall:
		m := hasContent | hasCall
		if so&hasCall != 0 {
			m |= hasOther
		}
		if so&hasCall == 0 && d.mayConnect(body, end) {
			m |= mayConnect
		}
		if (so|m)&mayConnect != 0 && !d.namesProgram(body, end) {
			m |= mayBeCut
		}
		return m
	case typeSockaddr:
		if isShort(d.text[body:end]) {
			return hasContent | hasAddress | mayBeShort
		}
		return hasContent | hasAddress
	}
	d.learned.kinds |= d.tables.kindsOf(typ)
	if typ == typeUringOp {
		return hasContent | hasUringOp | hasOther
	}
	return broughtBy(typ)
}

// broughtBy is marksOf for a record of which only the type says anything.
func broughtBy(typ uint16) marks {
	switch typ {
	case typeProctitle, typeCWD, typePath, typeExecve:
		return hasContent
	}
	return hasContent | hasOther
}

const (
	archField    = "arch="
	syscallField = "syscall="
	saddrField   = "saddr="
)

// mayConnect reports whether the body of a SYSCALL record, text[from:end], may be that of
// a connect. It says no only of records as the kernel writes them: arch first, then the
// number, and neither again.
func (d *Decoder) mayConnect(from, end int) bool {
	i := d.calls.otherAt(d.tables, d.text, from, end)
	if i <= 0 {
		return true
	}
	names := d.namesCall(from+i, end)
	d.learned.odd = d.learned.odd || names
	return names
}

// callStart is how many bytes at the start of a SYSCALL record tell all that otherAt does:
// "arch=c000003e syscall=1234 ".
const callStart = len(archField) + 8 + 1 + len(syscallField) + 4 + 1

// calledAt is the start of a SYSCALL record, and what otherAt says of it.
type calledAt struct {
	start [4]uint64
	end   int
}

// plainCall reads the body of a SYSCALL record that begins as the kernel writes it: with
// the architecture and the number of the call. It returns where that ends, 0 if it does not.
func plainCall(body []byte) (archValue []byte, n uint64, end int) {
	const arch, call, number = len(archField), len(archField) + 8 + 1, len(archField) + 8 + 1 + len(syscallField)
	if len(body) <= number || string(body[:arch]) != archField || body[call-1] != ' ' || string(body[call:number]) != syscallField {
		return nil, 0, 0
	}
	n, i := digits(body, number, 4)
	if i == 0 || i >= len(body) || body[i] != ' ' {
		return nil, 0, 0
	}
	return body[arch : call-1], n, i
}

// callFinder finds the ends of the fields of which a SYSCALL record has one each. They are
// so long that nearly nothing else is found, and so alike that it takes little time.
var callFinder = prefilter.New([]prefilter.Literal{{Text: "rch="}, {Text: "all="}})

// namesCall reports whether arch= or syscall= is in text[from:end].
func (d *Decoder) namesCall(from, end int) bool {
	s := &d.skim
	words := prefilter.Words(end - from)
	if words > len(s.fieldHits) || from+words*64+slack > len(d.text) {
		text := d.text[from:end]
		return bytes.Contains(text, []byte(archField)) || bytes.Contains(text, []byte(syscallField))
	}
	callFinder.ScanWords(d.text[from:], words, s.fieldLines[:], s.fieldHits[:])
	for w, hits := range s.fieldHits[:words] {
		for ; hits != 0; hits &= hits - 1 {
			at := from + w*64 + bits.TrailingZeros64(hits)
			if at < end && callFinder.Match(d.text[:end], at, func(_, at int) bool {
				text := d.text[from : at+len("all=")]
				return bytes.HasSuffix(text, []byte(archField)) || bytes.HasSuffix(text, []byte(syscallField))
			}) {
				return true
			}
		}
	}
	return false
}

// namesProgram reports whether it is sure that the body text[from:end] of a SYSCALL record says
// what program it is of: the first text in quotes is the value of comm or exe, and one that
// says something.
func (d *Decoder) namesProgram(from, end int) bool {
	const comm, exe = " comm=", " exe="
	body := d.text[from:end]
	i := d.firstQuote(from, end)
	if i < len(comm) || i >= len(body) || body[i] != '"' || i > maxPartial || string(body[i-len(comm):i]) != comm && string(body[i-len(exe):i]) != exe {
		return false
	}
	value := body[i+1:]
	return len(value) > 0 && (isKey[value[0]] || value[0] == '/') && bytes.IndexByte(value, '"') > 0
}

// quoteRoom is how many bytes behind a text quoteVector may read.
const quoteRoom = 31

// firstQuote returns where in text[from:end] the first byte is that may begin a value in
// which there are spaces.
func (d *Decoder) firstQuote(from, end int) int {
	if hasRunVector && from < end && end+quoteRoom <= len(d.text) {
		return quoteVector(&d.text[from], end-from)
	}
	return bytes.IndexAny(d.text[from:end], "\"'{")
}

// isShort reports whether the address in the body of a SOCKADDR record may be of a family
// that has an ip and a port, and too short to hold them.
func isShort(body []byte) bool {
	const family, ipv4, ipv6 = 4, 16, 48 // digits, the port included
	saddr, ok := bytes.CutPrefix(body, []byte(saddrField))
	if !ok || len(saddr) < family {
		return true
	}
	size := family
	switch string(saddr[:family]) {
	case "0200", "0002":
		size = ipv4
	case "0A00", "000A", "0a00", "000a":
		size = ipv6
	}
	if len(saddr) < size {
		return true
	}
	if !isHex(saddr[:size]) {
		return true
	}
	return bytes.IndexByte(saddr[size:], '=') >= 0 && bytes.Contains(saddr[size:], []byte(saddrField))
}

// calls remembers which system calls are others than those that matter, so that asking
// needs no names.
type calls struct {
	archs []archCalls
	last  [8]calledAt
	other func(t *tables, call uint16) bool
}

// otherAt returns where the number ends of a call that is surely another, in the body
// text[from:end] of a SYSCALL record; -1 if it surely is none, and 0 if there is no telling. A
// log has few that differ.
func (c *calls) otherAt(t *tables, text []byte, from, end int) int {
	if end-from < callStart {
		return c.findOther(t, text[from:end])
	}
	start := (*[callStart]byte)(text[from:])
	a, b, e, f := load(start[:]), load(start[8:]), load(start[16:]), load(start[callStart-8:])
	last := &c.last[(f>>24+f>>31)%uint64(len(c.last))] // by the number
	if w := &last.start; (w[0]^a)|(w[1]^b)|(w[2]^e)|(w[3]^f) != 0 {
		*w, last.end = [...]uint64{a, b, e, f}, c.findOther(t, text[from:end])
	}
	return last.end
}

func (c *calls) findOther(t *tables, body []byte) int {
	arch, n, i := plainCall(body)
	if i == 0 || c.isOther(t, arch, n) {
		return i
	}
	return -1
}

// isNoConnect reports whether a system call is neither connect nor one that may stand for it.
func isNoConnect(t *tables, call uint16) bool {
	name := t.syscalls[call].name
	return name != "connect" && name != "socketcall"
}

// archCalls are those of one architecture, as records write it.
type archCalls struct {
	arch  [8]byte
	other [maxDense / 64]uint64
}

// maxArchs bounds the architectures that are remembered; no host has more than two.
const maxArchs = 8

// isOther reports whether a system call is known to be another.
func (c *calls) isOther(t *tables, arch []byte, n uint64) bool {
	if n >= maxDense {
		return false
	}
	for i := range c.archs {
		if a := &c.archs[i]; string(a.arch[:]) == string(arch) {
			return a.other[n/64]>>(n%64)&1 != 0
		}
	}
	number, ok := parseUint(arch, 16)
	if !ok || len(c.archs) == maxArchs {
		return false
	}
	a := archCalls{arch: [8]byte(arch)}
	for k := range uint64(maxDense) {
		if c.other(t, t.syscall(archName(number), k)) {
			a.other[k/64] |= 1 << (k % 64)
		}
	}
	c.archs = append(c.archs, a)
	return a.other[n/64]>>(n%64)&1 != 0
}
