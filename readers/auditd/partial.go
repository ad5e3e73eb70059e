package auditd

import (
	"bytes"
	"slices"
	"strings"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
)

// partial makes documents that have only the fields of an Interest, of the events that
// fill most logs: those of one system call, in the form that the kernel writes. What it
// makes of a field is what document makes of it; what it is not sure of it leaves to
// document.
type partial struct {
	service, title, pid, ppid, ip, port, user bool // what is asked for
	// doc is reused: its keys are dotted names and stay, in this order. Those that an event
	// has no value for are nothing, which is an empty array: a null may count as a value.
	doc, nothing *fastjson.Value
	call         callFields
}

// callFields are what a SYSCALL record says, nil for what it does not.
type callFields struct {
	arch, call, comm, exe, pid, ppid, uid, uidName []byte
	result                                         string
	hasSuccess                                     bool
}

// maxPartial bounds the bytes of the records that are read in part: fewer than maxFields
// fields fit. (A field takes four bytes at least, a part of a context not quite three.)
const maxPartial = 1400

// newPartial returns a partial for the fields, nil if there are none, or some that it does
// not know.
func newPartial(w *writer, fields []string) *partial {
	p := &partial{}
	for _, field := range fields {
		if !p.ask(field) {
			return nil
		}
	}
	if len(fields) == 0 {
		return nil
	}
	p.doc, p.nothing = w.fixed.NewObject(), w.fixed.NewArray()
	return p
}

// ask notes that a field is wanted. It returns false for one that a document may have and
// that set does not give.
func (p *partial) ask(field string) bool {
	switch field {
	case "process.title":
		p.title = true
	case "process.pid":
		p.pid = true
	case "process.parent.pid":
		p.ppid = true
	case "destination.ip", "source.ip":
		p.ip = true
	case "destination.port", "source.port":
		p.port = true
	case "user.name":
		p.user = true
	case "process.name", "process.executable", "auditd.sequence", "auditd.message_type",
		"auditd.data.lost", "auditd.data.audit_lost": // of the last two, see scan
	default:
		if strings.HasPrefix(field, "service.") {
			p.service = true
			return true
		}
		return !p.mayHave(field)
	}
	return true
}

// mayHave reports whether the document of a system call may have a field, or fields below
// it, that set does not give.
func (p *partial) mayHave(field string) bool {
	top, below, _ := strings.Cut(field, ".")
	switch top {
	case "@timestamp":
		return below != ""
	case "event", "host", "network":
		return below == ""
	case "process":
		next, _, _ := strings.Cut(below, ".")
		return slices.Contains([]string{"", "parent", "args", "working_directory", "title", "name", "executable", "pid"}, next) &&
			!strings.HasPrefix(below, "parent.")
	case "destination", "source":
		next, _, _ := strings.Cut(below, ".")
		return slices.Contains([]string{"", "ip", "port", "path"}, next)
	case "user", "group", "file", "tags", "auditd", "service":
		return true
	}
	return false
}

// show gives the sink what is asked for of an event that lacks nothing, and reports
// whether that was all that the sink wants of it.
func (d *Decoder) show(o *output, c *chain) bool {
	p := d.partial
	d.scratch = d.scratch[:0]
	socket, title, ok := d.readPartial(c)
	if !ok || !d.setPartial(c, &socket, title) {
		return false
	}
	d.out = event.Event{
		Doc: p.doc, Assumed: d.assumed[:], Picked: true, Partial: true,
		Evidence: event.Evidence{
			Source: o.source, Member: o.member, Format: Format, Line: int64(c.number), Offset: o.offset(int(c.pos)),
		},
	}
	o.sink.Event(&d.out)
	return !d.out.Wanted
}

// readPartial reads the records of a chain that matter. It returns false if some are not
// of the kinds that it knows, or not in the form that the kernel writes.
func (d *Decoder) readPartial(c *chain) (socket address, title []byte, ok bool) {
	called, size := false, 0
	for _, l := range d.members(c) {
		body := d.text[l.body:l.end]
		if l.typ != typeExecve {
			size += len(body)
		}
		ok = size <= maxPartial
		switch l.typ {
		case typeSyscall:
			ok = ok && !called && d.isPlainSyscall(c, &l) && d.partial.call.read(d, body)
			called = true
		case typeSockaddr:
			var hex []byte
			if hex, ok = d.only(body, "saddr", ok); ok {
				socket, d.scratch = parseAddress(hex, d.scratch)
			}
		case typeProctitle:
			var val []byte
			if val, ok = d.only(body, "proctitle", ok); title == nil {
				title = val
			}
		case typeCWD:
			_, ok = d.only(body, "cwd", ok)
		case typeExecve, typePath, typeEOE:
		default:
			ok = false
		}
		if !ok {
			return socket, nil, false
		}
	}
	return socket, title, called
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

// only returns the value of the only field of a record. It returns false if there is
// another, or so is not.
func (d *Decoder) only(body []byte, name string, so bool) (val []byte, ok bool) {
	s := scanner{body: body}
	if !so || !s.next() || string(s.key) != name || isUseless(s.val) {
		return nil, false
	}
	field := s
	if s.next() {
		return nil, false
	}
	if name == "proctitle" && d.partial.title {
		d.decodeValue(&field)
	}
	return field.val, true
}

// read reads the fields of a SYSCALL record. It returns false if some are missing that a
// record of the kernel has, or are there that it has not.
func (f *callFields) read(d *Decoder, body []byte) bool {
	*f = callFields{result: resultUnknown}
	s := scanner{body: body}
	for s.next() {
		if isUseless(s.val) {
			continue
		}
		switch string(s.key) {
		case "arch":
			f.arch = s.val
		case "syscall":
			f.call = s.val
		case "success", "res":
			f.setResult(&s)
		case "comm":
			d.decodeValue(&s)
			f.comm = s.val
		case "exe":
			d.decodeValue(&s)
			f.exe = s.val
		case "pid":
			f.pid = s.val
		case "ppid":
			f.ppid = s.val
		case "uid":
			f.uid = s.val
		case "UID":
			f.uidName = s.val
		case "cwd", "proctitle", "saddr", "lost", "audit_lost":
			return false
		}
	}
	// What the SYSCALL record has, the others do not change.
	return f.arch != nil && f.call != nil && f.comm != nil && f.exe != nil && f.pid != nil && f.ppid != nil
}

func (f *callFields) setResult(s *scanner) {
	success := string(s.key) == "success"
	if success || !f.hasSuccess {
		val := s.val
		if !success {
			val = bytes.TrimRight(val, ")")
		}
		f.result = resultOf(val)
	}
	f.hasSuccess = f.hasSuccess || success
}

// callOf returns the index of the system call, 0 unless it is one that it is enough to
// know by its number.
func (d *Decoder) callOf(f *callFields) uint16 {
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

// setPartial makes the partial document.
func (d *Decoder) setPartial(c *chain, socket *address, title []byte) bool {
	w, p := d.writer, d.partial
	f := &p.call
	call := d.callOf(f)
	if call == 0 {
		return false
	}
	d.summary.action, d.summary.extra, d.event.result = d.tables.syscalls[call].action, 0, f.result
	w.reset()
	doc := p.doc
	doc.Set("@timestamp", w.timestamp(c.stamp))
	doc.Set("event", d.eventOf(typeSyscall))
	doc.Set("host", w.hostObject(d.text[c.node:c.nodeEnd]))
	doc.Set("process.name", w.text(f.comm))
	doc.Set("process.executable", w.text(f.exe))
	if p.service {
		doc.Set("service", w.service)
	}
	p.setNetwork(w, d.tables.syscalls[call].flow, socket)
	if p.title {
		p.set("process.title", p.nothing)
		if title != nil {
			p.set("process.title", w.text(title))
		}
	}
	if p.pid {
		p.setInt(w, "process.pid", f.pid)
	}
	if p.ppid {
		p.setInt(w, "process.parent.pid", f.ppid)
	}
	if p.user {
		p.set("user.name", p.nothing)
		if f.uid != nil && string(f.uid) != "unset" && isName(f.uidName) {
			p.set("user.name", w.text(f.uidName))
		}
	}
	doc.Set("auditd.message_type", w.syscall)
	doc.Set("auditd.sequence", w.arena.NewNumberInt(int(c.serial)))
	return true
}

func (p *partial) set(key string, v *fastjson.Value) { p.doc.Set(key, v) }

func (p *partial) setInt(w *writer, key string, val []byte) {
	if n, ok := signed(val); ok {
		p.set(key, w.arena.NewNumberInt(int(n)))
	} else {
		p.set(key, p.nothing)
	}
}

// setNetwork sets who talked to whom.
func (p *partial) setNetwork(w *writer, way flow, socket *address) {
	network, from, to := p.nothing, (*address)(nil), (*address)(nil)
	if socket.present {
		switch way {
		case egress:
			network, to = w.flows[egress], socket
		case ingress:
			network, from = w.flows[ingress], socket
		}
	}
	p.set("network", network)
	p.setAddress(w, "source.ip", "source.port", from)
	p.setAddress(w, "destination.ip", "destination.port", to)
}

func (p *partial) setAddress(w *writer, ipKey, portKey string, a *address) {
	ip, port := p.nothing, p.nothing
	if a != nil && a.addr.IsValid() {
		if p.ip {
			w.number = a.addr.AppendTo(w.number[:0])
			ip = w.arena.NewStringBytes(w.number)
		}
		port = w.arena.NewNumberInt(int(a.port))
	}
	if p.ip {
		p.set(ipKey, ip)
	}
	if p.port {
		p.set(portKey, port)
	}
}
