package auditd

import "bytes"

// auditEvent is what the records of one event say, before it becomes a document. It is
// reused; what it points to is in the block or in the decoder's scratch.
type auditEvent struct {
	first   *record // the first record of the log
	kind    *record // the record that says what happened
	names   bag     // what auditd wrote beside the ids: AUID, UID, …
	ids     bag
	data    bag
	selinux bag // keys are user, role, …
	result  string
	session []byte
	tags    [][]byte
	args    []arg
	paths   []pair
	pathEnd []int // where in paths each PATH record ends

	call     uint16 // index of the system call, 0 if unknown
	hasCall  bool   // there is a system call, of whatever name
	compound bool   // several records, EOE not counted
	exit     int64
	hasExit  bool
	socket   address
	// hasSockaddr says that socket is of a SOCKADDR record. (NETFILTER_PKT has a field of
	// that name too.)
	hasSockaddr bool
	noSyscall   bool
	dropped     int // fields beyond maxFields, in records that add to others
}

const (
	resultSuccess = "success"
	resultFail    = "fail"
	resultUnknown = "unknown"
)

var unset = []byte("unset")

func (e *auditEvent) reset() {
	e.names.reset()
	e.ids.reset()
	e.data.reset()
	e.selinux.reset()
	*e = auditEvent{
		names: e.names, ids: e.ids, data: e.data, selinux: e.selinux,
		tags: e.tags[:0], args: e.args[:0], paths: e.paths[:0], pathEnd: e.pathEnd[:0],
		result: resultUnknown,
	}
}

// merge reads d.records into d.event. It returns false if they say nothing: an end of
// event alone.
func (d *Decoder) merge() bool {
	e := &d.event
	e.reset()
	d.scratch = d.scratch[:0]
	main := d.pick()
	if main == nil {
		return false
	}
	e.first = &d.records[0]
	if isAuxiliary(main.typ) {
		d.addRecord(main)
	} else {
		d.addMain(main)
	}
	for i := range d.records {
		if r := &d.records[i]; r != main {
			d.addRecord(r)
		}
	}
	d.finishCall()
	d.finishArgs()
	e.dropped += e.data.dropped + e.ids.dropped + e.names.dropped
	return true
}

// pick chooses the record whose fields are the event's own, a system call if there is
// one, and sets the record that says what happened: the first that does not only add to
// another.
func (d *Decoder) pick() (main *record) {
	e := &d.event
	n := 0
	for i := range d.records {
		r := &d.records[i]
		if r.typ == typeEOE {
			continue
		}
		n++
		if main == nil || main.typ != typeSyscall && rank(r.typ) > rank(main.typ) {
			main = r
		}
		if e.kind == nil || isAuxiliary(e.kind.typ) && !isAuxiliary(r.typ) {
			e.kind = r
		}
	}
	e.compound = n > 1
	e.noSyscall = main != nil && main.typ != typeSyscall && main.typ != typeUringOp
	return main
}

// rank orders record types by how much of the event they tell.
func rank(typ uint16) int {
	switch {
	case typ == typeSyscall:
		return 3
	case typ == typeUringOp:
		return 2
	case !isAuxiliary(typ):
		return 1
	}
	return 0
}

// addMain takes the fields of the main record.
func (d *Decoder) addMain(r *record) {
	e := &d.event
	var arch, call []byte
	hasSuccess := false
	s := d.open(r, &e.data)
	for {
		k, ok := d.nextField(r, &s)
		if !ok {
			break
		}
		switch k {
		case kindID, kindUnset:
			e.ids.set(s.key, s.val, k)
		case kindSession:
			e.session = s.val
		case kindSubj:
			e.selinux.reset()
			splitContext(&e.selinux, selinuxKeys, s.val)
		case kindKey:
			e.tags = appendTags(e.tags[:0], s.val)
		case kindItems:
			if !e.compound || r.typ != typeSyscall {
				e.data.set(s.key, s.val, kindData)
			}
		case kindSuccess, kindRes:
			if k == kindSuccess || !hasSuccess {
				e.result = resultOf(s.val)
			}
			hasSuccess = hasSuccess || k == kindSuccess
		case kindExit:
			e.data.set(s.key, d.exitName(s.val), kindData)
			e.exit, e.hasExit = signed(s.val)
		case kindArch:
			arch = s.val
		case kindSyscall:
			call = s.val
		case kindSaddr: // AUOMS puts a whole event into one record
			e.socket, d.scratch = parseAddress(s.val, d.scratch)
		default:
			e.data.set(s.key, s.val, k)
		}
	}
	e.names, d.names = d.names, e.names
	e.hasCall = r.typ == typeSyscall || r.typ == typeUringOp
	d.addCall(r.typ, arch, call)
}

// addRecord takes the fields of any other record; those that the event has stay.
func (d *Decoder) addRecord(r *record) {
	e := &d.event
	switch r.typ {
	case typeSyscall, typeEOE:
		return
	case typeExecve:
		d.addExecve(r)
		return
	}
	fields := d.readFields(r)
	switch r.typ {
	case typePath:
		e.addPath(fields, &d.names)
	case typeSockaddr:
		if hex := fields.ofKind(kindSaddr); hex != nil {
			e.socket, d.scratch = parseAddress(hex, d.scratch)
			e.hasSockaddr = true
		}
	default:
		d.addOther(fields)
	}
}

func (d *Decoder) addOther(fields *bag) {
	e := &d.event
	for i := range fields.pairs {
		p := &fields.pairs[i]
		switch p.kind {
		case kindSuccess, kindRes:
			e.data.add(keyResult, d.temp(resultOf(p.val)), kindData)
		case kindExit:
			e.data.add(p.key, d.exitName(p.val), kindData)
		case kindKey:
			// the key of a rule is the main record's
		case kindSubj:
			splitContext(&e.data, subjKeys, p.val)
		case kindArch, kindSyscall, kindItems:
			e.data.add(p.key, p.val, kindData)
		default:
			e.data.add(p.key, p.val, p.kind)
		}
	}
}

func (e *auditEvent) addPath(fields, names *bag) {
	for i := range fields.pairs {
		p := fields.pairs[i]
		if p.kind != kindKey {
			e.paths = append(e.paths, p)
		}
	}
	for _, name := range [...]string{"OUID", "OGID"} {
		if val := names.get(name); isName(val) {
			e.paths = append(e.paths, pair{key: []byte(name), val: val, kind: kindInside})
		}
	}
	e.pathEnd = append(e.pathEnd, len(e.paths))
}

// path returns the fields of the i-th PATH record.
func (e *auditEvent) path(i int) []pair {
	start := 0
	if i > 0 {
		start = e.pathEnd[i-1]
	}
	return e.paths[start:e.pathEnd[i]]
}

// isName reports whether what auditd wrote beside an id is a name.
func isName(val []byte) bool {
	return len(val) > 0 && string(val) != "unset" && !bytes.HasPrefix(val, []byte("unknown("))
}

// Keys that the decoder sets itself.
var (
	keyArch       = []byte("arch")
	keySyscall    = []byte("syscall")
	keySocketcall = []byte("socketcall")
	keySig        = []byte("sig")
	keyResult     = []byte("result")
	keyVerdict    = []byte("seresult")
	keyPerms      = []byte("seperms")
	selinuxKeys   = contextKeys("")
	subjKeys      = contextKeys("subj_")
	objKeys       = contextKeys("obj_")
)

// contextKeys are the keys for the parts of a SELinux context, in order.
func contextKeys(prefix string) (keys [5][]byte) {
	for i, part := range [...]string{"user", "role", "domain", "level", "category"} {
		keys[i] = []byte(prefix + part)
	}
	return keys
}

// splitContext sets a key for each part of "user:role:domain:level:category".
func splitContext(to *bag, keys [5][]byte, context []byte) {
	for i, key := range keys {
		val, rest, more := bytes.Cut(context, []byte(":"))
		if i == len(keys)-1 {
			val, more = context, false
		}
		to.add(key, val, kindData)
		if !more {
			return
		}
		context = rest
	}
}

func appendTags(tags [][]byte, keys []byte) [][]byte {
	for {
		tag, rest, more := bytes.Cut(keys, []byte{1})
		tags = append(tags, tag)
		if !more {
			return tags
		}
		keys = rest
	}
}

func resultOf(val []byte) string {
	switch {
	case bytes.EqualFold(val, []byte("yes")), string(val) == "1",
		len(val) >= 3 && bytes.EqualFold(val[:3], []byte("suc")):
		return resultSuccess
	}
	return resultFail
}

// signed reads a decimal number.
func signed(val []byte) (n int64, ok bool) {
	negative := len(val) > 0 && val[0] == '-'
	if negative {
		val = val[1:]
	}
	if len(val) > 18 {
		return 0, false
	}
	u, ok := parseUint(val, 10)
	if negative {
		return -int64(u), ok
	}
	return int64(u), ok
}

// exitName returns the name of the error that a negative exit code is, or the code.
func (d *Decoder) exitName(val []byte) []byte {
	n, ok := signed(val)
	if !ok || n >= 0 || -n >= int64(len(d.tables.errnos)) || d.tables.errnos[-n] == "" {
		return val
	}
	return d.temp(d.tables.errnos[-n])
}

// temp returns a string as bytes that live as long as the event.
func (d *Decoder) temp(s string) []byte {
	n := len(d.scratch)
	d.scratch = append(d.scratch, s...)
	return d.scratch[n:len(d.scratch):len(d.scratch)]
}

// readFields reads the fields of a record into d.fields, and the names that auditd adds
// into d.names. A key that comes twice has its last value.
func (d *Decoder) readFields(r *record) *bag {
	fields := &d.fields
	fields.reset()
	s := d.open(r, fields)
	for {
		k, ok := d.nextField(r, &s)
		if !ok {
			d.event.dropped += fields.dropped + d.names.dropped
			return fields
		}
		if r.typ == typePath && string(s.key) == "obj" {
			splitContext(fields, objKeys, s.val)
			continue
		}
		fields.set(s.key, s.val, k)
	}
}

// open returns a scanner of a record's fields; to takes those that have no key.
func (d *Decoder) open(r *record, to *bag) scanner {
	d.names.reset()
	s := scanner{body: d.text[r.body:r.end]}
	if r.typ == typeAVC {
		s.body = readAVC(s.body, to)
	}
	return s
}

// nextField scans the next field that says something and decodes its value.
func (d *Decoder) nextField(r *record, s *scanner) (k kind, ok bool) {
	for s.next() {
		if isUseless(s.val) {
			continue
		}
		switch k = kindOf(s.key); k {
		case kindInside:
			d.names.set(s.key, s.val, k)
			continue
		case kindID, kindUnset, kindSession:
			if r.typ == typeLogin && d.rename(s) {
				return kindOf(s.key), true
			}
			if k != kindID && (string(s.val) == "4294967295" || string(s.val) == "-1") {
				s.val = unset
			}
		case kindEncoded, kindComm, kindExe, kindCwd, kindTitle:
			d.decodeValue(s)
		case kindText:
			if r.typ == typeTTY || r.typ == typeUserTTY {
				d.decodeValue(s)
			}
		case kindKey:
			if bytes.HasPrefix(s.val, []byte("(null)")) {
				continue // "key=(null)ARCH=…": the 0x1D between is easily lost in copying
			}
			d.decodeKey(s)
		case kindRes:
			s.val = bytes.TrimRight(s.val, ")") // "(hostname=?, … res=success)'" of old releases
		}
		return k, true
	}
	return 0, false
}

// rename makes "old auid=" and "new auid=" of LOGIN records the keys old_auid and
// new_auid, and reports whether it did.
func (d *Decoder) rename(s *scanner) bool {
	word := before(s)
	if word != "" {
		s.key = d.temp(word + string(s.key))
	}
	return word != ""
}

// before returns the prefix that a word before a field of LOGIN makes: "old auid=" is
// old_auid.
func before(s *scanner) string {
	switch text := s.body[:s.at]; {
	case bytes.HasSuffix(text, []byte("old ")):
		return "old_"
	case bytes.HasSuffix(text, []byte("new ")):
		return "new_"
	}
	return ""
}

// readAVC reads what SELinux writes before its fields, "avc:  denied  { read } for …",
// and returns the rest.
func readAVC(body []byte, to *bag) []byte {
	rest, ok := bytes.CutPrefix(body, []byte("avc:"))
	if !ok {
		return body
	}
	head, rest, ok := bytes.Cut(rest, []byte("{"))
	if !ok {
		return body
	}
	perms, rest, ok := bytes.Cut(rest, []byte("}"))
	if !ok || !bytes.HasPrefix(bytes.TrimLeft(rest, " "), []byte("for ")) {
		return body
	}
	to.set(keyVerdict, bytes.TrimSpace(head), kindData)
	to.set(keyPerms, bytes.Join(bytes.Fields(perms), []byte(",")), kindData)
	return rest
}

// decodeValue decodes a value that is not quoted and is hex. A NUL separates the
// arguments of a process title; here as elsewhere it becomes a space.
func (d *Decoder) decodeValue(s *scanner) {
	if s.quoted {
		return
	}
	n := len(d.scratch)
	out, ok := appendHex(d.scratch, s.val)
	d.scratch = out
	if !ok {
		return
	}
	s.val = out[n:len(out):len(out)]
	for i, c := range s.val {
		if c == 0 {
			s.val[i] = ' '
		}
	}
}

// decodeKey makes the key of an audit rule the tags that it is, separated by 0x01.
func (d *Decoder) decodeKey(s *scanner) {
	if !s.quoted {
		n := len(d.scratch)
		out, ok := appendHex(d.scratch, s.val)
		if d.scratch = out; ok {
			s.val = out[n:len(out):len(out)]
			return
		}
	}
	if _, after, ok := bytes.Cut(s.val, []byte("=")); ok {
		s.val = after
	}
}
