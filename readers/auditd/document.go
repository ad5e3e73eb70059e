package auditd

import (
	"time"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
)

// writer makes the ECS documents. Values made with arena live until the next event;
// those made with fixed live as long as the decoder, for parts that many events share.
type writer struct {
	arena, fixed fastjson.Arena
	host         *fastjson.Value // host of an event that names none
	hostOS       *fastjson.Value
	service      *fastjson.Value
	syscall      *fastjson.Value // the message type of most events
	flows        [egress + 1]*fastjson.Value
	events       map[eventKey]*fastjson.Value
	users        map[string]*fastjson.Value // made with userArena
	userArena    fastjson.Arena
	odd          []*fastjson.Parser // for strings that the arena cannot hold
	oddUsed      int
	json         []byte
	second       int64 // the second whose date is in date
	date         []byte
	number       []byte
}

// eventKey is what the event object of a document depends on.
type eventKey struct {
	action, extra int
	result        string
	category      string // of an event that has no ECS category
}

func newWriter() *writer {
	w := &writer{events: map[eventKey]*fastjson.Value{}, users: map[string]*fastjson.Value{}, second: -1}
	w.hostOS = w.fixed.NewObject()
	w.hostOS.Set("type", w.constant("linux"))
	w.host = w.fixed.NewObject()
	w.host.Set("os", w.hostOS)
	w.syscall = w.constant("syscall")
	w.service = w.fixed.NewObject()
	w.service.Set("type", w.constant("auditd"))
	for way, name := range [...]string{ingress: "ingress", egress: "egress"} {
		if name != "" {
			w.flows[way] = w.fixed.NewObject()
			w.flows[way].Set("direction", w.constant(name))
		}
	}
	return w
}

// constant returns a string value that lives as long as the decoder.
func (w *writer) constant(s string) *fastjson.Value {
	v := w.fixed.NewString(s)
	v.Type() // settles its form, which is otherwise done when it is first read
	return v
}

func (w *writer) reset() {
	w.arena.Reset()
	w.oddUsed = 0
}

// document writes d.event and d.summary as an ECS document, valid until the next one.
func (d *Decoder) document() *fastjson.Value {
	w, e, m := d.writer, &d.event, &d.summary
	w.reset()
	doc := w.arena.NewObject()
	doc.Set("@timestamp", w.timestamp(e.kind.stamp))
	doc.Set("event", d.eventOf(e.kind.typ))
	doc.Set("host", w.hostObject(d.text[e.first.node:e.first.nodeEnd]))
	doc.Set("service", w.service)
	d.setNetwork(doc)
	d.setProcess(doc)
	d.setUserObjects(doc)
	if m.file.present {
		doc.Set("file", w.fileObject(&m.file))
	}
	if len(e.tags) > 0 {
		tags := w.arena.NewArray()
		for i, tag := range e.tags {
			tags.SetArrayItem(i, w.text(tag))
		}
		doc.Set("tags", tags)
	}
	doc.Set("auditd", d.auditdObject())
	return doc
}

// timestamp is RFC 3339 with milliseconds in UTC.
func (w *writer) timestamp(stamp uint64) *fastjson.Value {
	return w.arena.NewStringBytes(w.dateOf(stamp))
}

// dateOf is the text of timestamp, valid until the next.
func (w *writer) dateOf(stamp uint64) []byte {
	if second := int64(stamp / 1000); second != w.second {
		w.second = second
		w.date = time.Unix(second, 0).UTC().AppendFormat(w.date[:0], "2006-01-02T15:04:05.000Z")
	}
	n := len(w.date)
	ms := stamp % 1000
	w.date[n-4], w.date[n-3], w.date[n-2] = byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10)
	return w.date
}

func (w *writer) hostObject(node []byte) *fastjson.Value {
	if len(node) == 0 {
		return w.host
	}
	host := w.arena.NewObject()
	host.Set("name", w.text(node))
	host.Set("os", w.hostOS)
	return host
}

// eventOf returns the event object of an event that a record of some type is about. Events
// of one action and result share it.
func (d *Decoder) eventOf(typ uint16) *fastjson.Value {
	m := &d.summary
	key := eventKey{action: m.action, extra: m.extra, result: d.event.result}
	first, second := &d.tables.actions[m.action], &d.tables.actions[m.extra]
	if len(first.category)+len(second.category) == 0 {
		key.category = typeCategory(typ)
	}
	if v := d.writer.events[key]; v != nil {
		return v
	}
	v := d.newEventObject(first, second, key.category)
	d.writer.events[key] = v
	return v
}

func (d *Decoder) newEventObject(first, second *action, category string) *fastjson.Value {
	w := d.writer
	v := w.fixed.NewObject()
	v.Set("kind", w.constant("event"))
	v.Set("module", w.constant("auditd"))
	if category == "" {
		v.Set("category", w.list(first.category, second.category))
	} else {
		v.Set("category", w.constant(category))
	}
	if len(first.types)+len(second.types) > 0 {
		v.Set("type", w.list(first.types, second.types))
	}
	if first.name != "" {
		v.Set("action", w.constant(first.name))
	}
	outcome := d.event.result
	if outcome == resultFail {
		outcome = "failure"
	}
	v.Set("outcome", w.constant(outcome))
	return v
}

func (w *writer) list(lists ...[]string) *fastjson.Value {
	v := w.fixed.NewArray()
	n := 0
	for _, list := range lists {
		for _, s := range list {
			v.SetArrayItem(n, w.constant(s))
			n++
		}
	}
	return v
}

// setNetwork sets who talked to whom, if the call says it.
func (d *Decoder) setNetwork(doc *fastjson.Value) {
	w, e, m := d.writer, &d.event, &d.summary
	way := noFlow
	if e.socket.present && e.hasCall {
		way = d.tables.syscalls[e.call].flow
	}
	switch way {
	case egress:
		doc.Set("network", w.flows[egress])
		w.setAddress(doc, "destination", &e.socket)
	case ingress:
		doc.Set("network", w.flows[ingress])
		w.setAddress(doc, "source", &e.socket)
	default:
		if m.sourceIP != nil {
			doc.Set("network", w.flows[ingress])
			source := w.arena.NewObject()
			source.Set("ip", w.text(m.sourceIP))
			doc.Set("source", source)
		}
	}
}

func (w *writer) setAddress(doc *fastjson.Value, key string, a *address) {
	switch {
	case a.addr.IsValid():
		v := w.arena.NewObject()
		w.number = a.addr.AppendTo(w.number[:0])
		v.Set("ip", w.arena.NewStringBytes(w.number))
		v.Set("port", w.arena.NewNumberInt(int(a.port)))
		doc.Set(key, v)
	case len(a.path) > 0:
		v := w.arena.NewObject()
		v.Set("path", w.text(a.path))
		doc.Set(key, v)
	}
}

func (d *Decoder) setProcess(doc *fastjson.Value) {
	w := d.writer
	v := w.arena.NewObject()
	for i := range d.event.data.pairs {
		p := &d.event.data.pairs[i]
		switch p.kind {
		case kindPid:
			w.setInt(v, "pid", p.val)
		case kindPpid:
			parent := w.arena.NewObject()
			if w.setInt(parent, "pid", p.val) {
				v.Set("parent", parent)
			}
		case kindComm:
			v.Set("name", w.text(p.val))
		case kindExe:
			v.Set("executable", w.text(p.val))
		case kindCwd:
			v.Set("working_directory", w.text(p.val))
		case kindTitle:
			v.Set("title", w.text(p.val))
		}
	}
	if len(d.event.args) > 0 {
		args := w.arena.NewArray()
		for i, a := range d.event.args {
			args.SetArrayItem(i, w.text(a.val))
		}
		v.Set("args", args)
	}
	if v.GetObject().Len() > 0 {
		doc.Set("process", v)
	}
}

// setInt sets a key to a decimal number, if val is one.
func (w *writer) setInt(v *fastjson.Value, key string, val []byte) bool {
	n, ok := signed(val)
	if ok {
		v.Set(key, w.arena.NewNumberInt(int(n)))
	}
	return ok
}

func (w *writer) fileObject(f *file) *fastjson.Value {
	v := w.arena.NewObject()
	w.set(v, "path", f.path)
	w.set(v, "device", f.device)
	w.set(v, "inode", f.inode)
	w.set(v, "mode", f.mode)
	w.set(v, "uid", f.uid)
	w.set(v, "gid", f.gid)
	w.set(v, "owner", f.owner)
	w.set(v, "group", f.group)
	w.setBag(v, "selinux", &f.selinux)
	return v
}

// set sets a key to a text, unless the text is empty.
func (w *writer) set(v *fastjson.Value, key string, val []byte) {
	if len(val) > 0 {
		v.Set(key, w.text(val))
	}
}

// setBag sets a key to an object with the fields of a bag, unless it is empty.
func (w *writer) setBag(v *fastjson.Value, key string, b *bag) {
	if len(b.pairs) == 0 {
		return
	}
	object := w.arena.NewObject()
	for i := range b.pairs {
		object.Set(w.key(b.pairs[i].key), w.text(b.pairs[i].val))
	}
	v.Set(key, object)
}

// text returns a string value with what b holds. The arena cannot hold a string that
// JSON escapes: it would come out with Go's escapes in it. Such a string is parsed.
func (w *writer) text(b []byte) *fastjson.Value {
	if isPlain(b) {
		return w.arena.NewStringBytes(b)
	}
	w.json = appendJSON(w.json[:0], b)
	if w.oddUsed == len(w.odd) {
		w.odd = append(w.odd, new(fastjson.Parser))
	}
	p := w.odd[w.oddUsed]
	w.oddUsed++
	return parsed(p, w.json)
}

// parsed returns the value of a JSON string, which appendJSON wrote.
func parsed(p *fastjson.Parser, text []byte) *fastjson.Value {
	v, err := p.ParseBytes(text)
	if err != nil {
		panic("auditd: a JSON string that does not parse: " + err.Error())
	}
	return v
}

// scalar is text without a document.
func (w *writer) scalar(b []byte) event.Scalar {
	if isPlain(b) {
		return event.Scalar{Type: fastjson.TypeString, Text: b}
	}
	return event.ScalarOf(w.text(b))
}

// isPlain reports whether b is the same in JSON: ASCII without controls, quotes and
// backslashes.
func isPlain(b []byte) bool {
	if len(b) < 8 {
		for _, c := range b {
			if !plainByte[c] {
				return false
			}
		}
		return true
	}
	odd := oddBytes(load(b[len(b)-8:]))
	for ; len(b) >= 8; b = b[8:] {
		odd |= oddBytes(load(b))
	}
	return odd == 0
}

// oddBytes is 0 if isPlain holds of the bytes of a word.
func oddBytes(word uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quote, slash := word^'"'*ones, word^'\\'*ones
	control := (word - ' '*ones) &^ word
	return (word | control | (quote-ones)&^quote | (slash-ones)&^slash) & highs
}

var plainByte = func() (is [256]bool) {
	for c := 0x20; c < 0x80; c++ {
		is[c] = c != '"' && c != '\\'
	}
	return is
}()
