package auditd

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
)

// partial makes events that have only the fields of an Interest, of the kind that fills
// most logs: one system call, in the form that the kernel writes. What it makes of a field
// is what document makes of it; what it is not sure of it leaves to document.
type partial struct {
	finder *event.Finder
	molds  molds
	slots  [partFields]int // numbers in the finder, -1 for what is not asked for
	call   callFields
	habit  habit
	read   int // where the SYSCALL record starts that call was read of, -1 if it was of none
	dull   dullness
	number []byte // the port and the serial
	last   calledAs
	likes  map[likeKey][]told
	like   likeKey // of the event before
	told   []told  // for it
}

// Fields that differ from event to event.
const (
	partTime = iota
	partHost
	partName
	partExecutable
	partTitle
	partPid
	partParent
	partUser
	partSourceIP
	partSourcePort
	partIP
	partPort
	partSequence
	partDirectory
	partArgs
	partFile
	partFields
)

var partNames = [partFields]string{
	partTime: "@timestamp", partHost: "host.name", partName: "process.name", partExecutable: "process.executable",
	partTitle: "process.title", partPid: "process.pid", partParent: "process.parent.pid", partUser: "user.name",
	partSourceIP: "source.ip", partSourcePort: "source.port", partIP: "destination.ip", partPort: "destination.port",
	partSequence: "auditd.sequence", partDirectory: "process.working_directory", partArgs: "process.args", partFile: "file.path",
}

// told is a value of a field that many events share.
type told struct {
	slot  int
	value event.Scalar
}

// likeKey is what the fields that events share depend on.
type likeKey struct {
	call   uint16
	result string
	socket bool // there is a SOCKADDR
}

// maxLikes bounds the kinds of events whose shared fields are kept: there are fewer system
// calls and results.
const maxLikes = 4096

// calledAs is a system call as a record writes it.
type calledAs struct {
	arch, number []byte
	call         uint16
}

// maxPartial bounds the bytes of the records that are read in part: fewer than maxFields
// fields fit. (A field takes four bytes at least, a part of a context not quite three.)
const maxPartial = 1400

// newPartial returns a partial for the names of a finder and a test of what does not matter,
// nil if the finder is nil or has names that partial does not know.
func newPartial(f *event.Finder, dull func(unknown []string) func(*event.Found) bool) *partial {
	if f == nil {
		return nil
	}
	for _, name := range f.Names() {
		if mayLack(name) {
			return nil
		}
	}
	p := &partial{finder: f, likes: map[likeKey][]told{}, molds: newMolds(), dull: newDullness(dull)}
	for i, name := range partNames {
		slot, ok := f.Slot(name)
		if !ok {
			slot = -1
		}
		p.slots[i] = slot
	}
	return p
}

// mayLack reports whether the document of a system call may have a field, or fields below
// it, that partial does not give.
func mayLack(field string) bool {
	top, below, _ := strings.Cut(field, ".")
	next, _, _ := strings.Cut(below, ".")
	switch {
	case field == "auditd.message_type", field == "auditd.data.lost", field == "auditd.data.audit_lost", // of the last two, see scan
		slices.Contains(partNames[:], field), strings.HasPrefix(field, "service."):
		return false
	}
	switch top {
	case "@timestamp":
		return true
	case "event", "host", "network":
		return below == ""
	case "process":
		return slices.Contains([]string{"", "parent", "args", "working_directory", "title", "name", "executable", "pid"}, next) &&
			!strings.HasPrefix(below, "parent.")
	case "user":
		return next != "username" // which those of other sources have
	case "destination", "source":
		return slices.Contains([]string{"", "ip", "port", "path"}, next)
	case "group", "file", "tags", "auditd", "service":
		return true
	}
	return false
}

// show gives the sink what is asked for of an event that lacks nothing, and reports
// whether that was all that the sink wants of it.
func (d *Decoder) show(o *output, c *chain) bool {
	p := d.partial
	d.scratch = d.scratch[:0]
	if d.isDull(c) {
		o.sink.Event(&p.dull.event)
		return true
	}
	others, ok := d.readPartial(c)
	if !ok {
		return false
	}
	found := d.setPartial(c, &others)
	if found == nil {
		return false
	}
	d.out = event.Event{
		Found: found, Assumed: d.assumed[:], Picked: true, Partial: true,
		Evidence: event.Evidence{
			Source: o.source, Member: o.member, Format: Format, Line: int64(c.number), Offset: o.offset(int(c.pos)),
		},
	}
	if d.needs.only { // who asks for nothing else may take what there is
		d.out.Evidence.EventID = d.idOf(&d.lines[0])
	}
	o.sink.Event(&d.out)
	return !d.out.Wanted
}

// idOf returns what a record that is one calls its event.
func (d *Decoder) idOf(l *line) string {
	head := d.text[l.start:l.body]
	id := head[bytes.LastIndexByte(head, '(')+1 : bytes.LastIndexByte(head, ')')]
	return unsafe.String(&id[0], len(id))
}

// otherRecords are what the records of an event say besides SYSCALL. Arguments and paths are
// in the decoder's event.
type otherRecords struct {
	socket           address
	title, directory []byte
}

// readPartial reads the records of a chain that matter. It returns false if some are not
// of the kinds that it knows, or not in the form that the kernel writes.
func (d *Decoder) readPartial(c *chain) (others otherRecords, ok bool) {
	p, e, called, size := d.partial, &d.event, false, 0
	e.args, e.paths, e.pathEnd = e.args[:0], e.paths[:0], e.pathEnd[:0]
	for _, l := range d.members(c) {
		if l.typ != typeExecve {
			size += l.end - l.body
		}
		ok = size <= maxPartial
		if l.typ == typeSyscall {
			ok = ok && !called && d.isPlainSyscall(c, &l) && (l.start == p.read || p.call.read(d, l.body, l.end))
			called = true
		} else {
			ok = ok && d.readOther(&l, &others)
		}
		if !ok {
			return others, false
		}
	}
	return others, called
}

// readOther reads a record that is no SYSCALL. It returns false if it is of a kind that it does
// not know, or not as the kernel writes it.
func (d *Decoder) readOther(l *line, others *otherRecords) (ok bool) {
	p, body := d.partial, d.text[l.body:l.end]
	switch l.typ {
	case typeSockaddr:
		others.socket, ok = d.onlyAddress(body)
		return ok
	case typeProctitle:
		val, ok := d.onlyTitle(body)
		if others.title == nil {
			others.title = val
		}
		return ok
	case typeCWD:
		val, ok := d.only(body, "cwd", p.slots[partDirectory] >= 0)
		if others.directory == nil {
			others.directory = val
		}
		return ok
	case typeExecve:
		if p.slots[partArgs] >= 0 {
			d.event.data.reset()
			d.addExecve(&record{body: l.body, end: l.end})
		}
	case typePath:
		if p.slots[partFile] >= 0 {
			d.event.addPath(d.readFields(&record{typ: l.typ, body: l.body, end: l.end}), &d.names)
		}
	case typeEOE:
	default:
		return false
	}
	return true
}

// isPlainSyscall reports whether the type of a record is written SYSCALL, and that is all
// there is in front of its header but node=.
func (d *Decoder) isPlainSyscall(c *chain, l *line) bool {
	text := d.text[l.start:l.end]
	if c.node < c.nodeEnd {
		const node = int32(len(nodeToken))
		n := node + c.nodeEnd - c.node
		if int32(len(text)) <= n || !bytes.HasPrefix(text, []byte(nodeToken)) || !bytes.Equal(text[node:n], d.text[c.node:c.nodeEnd]) {
			return false
		}
		text = text[n+1:]
	}
	return bytes.HasPrefix(text, []byte("type=SYSCALL "))
}

// only returns the value of the only field of a record, decoded if that is asked for. It
// returns false if there is another.
func (d *Decoder) only(body []byte, name string, decode bool) (val []byte, ok bool) {
	s := scanner{body: body}
	if !s.next() || string(s.key) != name || isUseless(s.val) {
		return nil, false
	}
	field := s
	if s.next() {
		return nil, false
	}
	if decode {
		d.decodeValue(&field)
	}
	return field.val, true
}

// onlyAddress reads the only field of a SOCKADDR record.
func (d *Decoder) onlyAddress(body []byte) (a address, ok bool) {
	if hex, found := bytes.CutPrefix(body, []byte(saddrField)); found {
		if a, d.scratch = parseAddress(hex, d.scratch); a.size > 0 && 2*a.size == len(hex) {
			return a, true
		}
	}
	hex, ok := d.only(body, "saddr", false)
	if ok {
		a, d.scratch = parseAddress(hex, d.scratch)
	}
	return a, ok
}

// onlyTitle returns the value of the only field of a PROCTITLE record.
func (d *Decoder) onlyTitle(body []byte) (val []byte, ok bool) {
	const name = "proctitle="
	asked := d.partial.slots[partTitle] >= 0
	if val, ok = bytes.CutPrefix(body, []byte(name)); ok && !asked && len(val) > 0 && isHex(val) {
		return val, true
	}
	return d.only(body, "proctitle", asked)
}

// callOf returns the index of the system call, 0 unless it is one that it is enough to
// know by its number.
func (d *Decoder) callOf(f *callFields) uint16 {
	last := &d.partial.last
	if string(f.arch) == string(last.arch) && string(f.call) == string(last.number) {
		return last.call
	}
	last.arch, last.number = append(last.arch[:0], f.arch...), append(last.number[:0], f.call...)
	last.call = d.plainCall(f)
	return last.call
}

func (d *Decoder) plainCall(f *callFields) uint16 {
	arch, isHex := parseUint(f.arch, 16)
	n, isNumber := parseUint(f.call, 10)
	if !isHex || !isNumber {
		return 0
	}
	call := d.tables.syscall(archName(arch), n)
	a := &d.tables.actions[d.tables.syscalls[call].action]
	if d.tables.syscalls[call].name == "socketcall" || len(a.users)+len(a.source) > 0 {
		return 0
	}
	return call
}

// setPartial finds the values of the fields; nil if it is not sure of them.
func (d *Decoder) setPartial(c *chain, others *otherRecords) *event.Found {
	w, p, f := d.writer, d.partial, &d.partial.call
	call := d.callOf(f)
	if call == 0 {
		return nil
	}
	w.reset()
	found := d.moldOf(likeKey{call, f.result, others.socket.present})
	found.Put(p.slots[partTime], event.Scalar{Type: fastjson.TypeString, Text: w.dateOf(c.stamp)})
	found.SetTime(time.UnixMilli(int64(c.stamp)).UTC())
	if c.node < c.nodeEnd {
		p.set(w, found, partHost, d.text[c.node:c.nodeEnd])
	}
	p.number = p.number[:0]
	switch d.tables.syscalls[call].flow {
	case egress:
		p.setAddress(found, partIP, partPort, &others.socket)
	case ingress:
		p.setAddress(found, partSourceIP, partSourcePort, &others.socket)
	}
	if others.title != nil {
		p.set(w, found, partTitle, others.title)
	}
	if others.directory != nil {
		p.set(w, found, partDirectory, others.directory)
	}
	d.setArgs(found)
	d.setPath(found, call)
	p.setInt(found, partPid, f.pid)
	p.setInt(found, partParent, f.ppid)
	p.setNumber(found, partSequence, int64(c.serial))
	return found
}

// setArgs gives the arguments of EXECVE records, which were read if they are asked for.
func (d *Decoder) setArgs(found *event.Found) {
	if len(d.event.args) == 0 {
		return
	}
	d.finishArgs()
	for _, a := range d.event.args {
		d.partial.set(d.writer, found, partArgs, a.val)
	}
}

// setPath gives the path of the file that a system call worked on, by its PATH records.
func (d *Decoder) setPath(found *event.Found, call uint16) {
	a, f := &d.tables.actions[d.tables.syscalls[call].action], &d.summary.file
	if len(d.event.pathEnd) == 0 || !a.onFile() {
		return
	}
	*f = file{selinux: f.selinux}
	if d.setFile(a.path); len(f.path) > 0 {
		d.partial.set(d.writer, found, partFile, f.path)
	}
}

// shared returns the fields that events of a kind share.
func (d *Decoder) shared(key likeKey) []told {
	p := d.partial
	if key == p.like && p.told != nil {
		return p.told
	}
	list, known := p.likes[key]
	if !known {
		list = d.newShared(key)
		if len(p.likes) < maxLikes {
			p.likes[key] = list
		}
	}
	p.like, p.told = key, list
	return list
}

func (d *Decoder) newShared(key likeKey) []told {
	w, p, call := d.writer, d.partial, &d.tables.syscalls[key.call]
	d.summary.action, d.summary.extra, d.event.result = call.action, 0, key.result
	doc, audit := w.arena.NewObject(), w.arena.NewObject()
	audit.Set("message_type", w.syscall)
	doc.Set("event", d.eventOf(typeSyscall))
	doc.Set("host", w.host)
	doc.Set("service", w.service)
	doc.Set("auditd", audit)
	if key.socket && call.flow != noFlow {
		doc.Set("network", w.flows[call.flow])
	}
	var found event.Found
	p.finder.Find(&event.Event{Doc: doc}, &found)
	list := []told{}
	for slot := range p.finder.Len() {
		for _, v := range found.Values(slot) {
			list = append(list, told{slot, event.Scalar{Type: v.Type, Text: bytes.Clone(v.Text)}})
		}
	}
	return list
}

// set gives a field a text, if it is asked for.
func (p *partial) set(w *writer, found *event.Found, field int, text []byte) {
	if slot := p.slots[field]; slot >= 0 {
		found.Put(slot, w.scalar(text))
	}
}

// setInt gives a field a decimal number, if it is asked for and val is one.
func (p *partial) setInt(found *event.Found, field int, val []byte) {
	if p.slots[field] >= 0 {
		if n, ok := signed(val); ok {
			p.setNumber(found, field, n)
		}
	}
}

func (p *partial) setNumber(found *event.Found, field int, n int64) {
	if slot := p.slots[field]; slot >= 0 {
		start := len(p.number)
		p.number = strconv.AppendInt(p.number, n, 10)
		found.Put(slot, event.Scalar{Type: fastjson.TypeNumber, Text: p.number[start:]})
	}
}

func (p *partial) setAddress(found *event.Found, ip, port int, a *address) {
	if !a.addr.IsValid() {
		return
	}
	if slot := p.slots[ip]; slot >= 0 {
		start := len(p.number)
		p.number = a.addr.AppendTo(p.number)
		found.Put(slot, event.Scalar{Type: fastjson.TypeString, Text: p.number[start:]})
	}
	p.setNumber(found, port, int64(a.port))
}
