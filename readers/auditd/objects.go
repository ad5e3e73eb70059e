package auditd

import (
	"strconv"
	"unicode/utf8"

	"github.com/valyala/fastjson"
)

// entityNames are the user objects of a document; the user himself has no name in it.
var entityNames = [...]string{
	userEffective: "effective", userSaved: "saved", userFilesystem: "filesystem",
	userAudit: "audit", userTarget: "target", userChanges: "changes",
}

// maxUserObjects bounds the user objects that are kept for events to come. A host has
// few users, and few ways to be one.
const maxUserObjects = 1024

// setUserObjects sets user and group. Most events of a log have the user object of some
// event before: those are kept, under the values that they are made of.
func (d *Decoder) setUserObjects(doc *fastjson.Value) {
	w, m := d.writer, &d.summary
	if group := &m.users[groupSelf]; group.id != nil || group.name != nil {
		v := w.arena.NewObject()
		w.setEntity(&w.arena, v, group)
		doc.Set("group", v)
	}
	if m.isMapped {
		w.setUser(doc, d.userObject(&w.arena))
		return
	}
	w.json = d.appendUserKey(w.json[:0])
	if v, ok := w.users[string(w.json)]; ok {
		w.setUser(doc, v)
		return
	}
	if len(w.users) >= maxUserObjects {
		clear(w.users)
		w.userArena.Reset()
	}
	key := string(w.json)
	v := d.userObject(&w.userArena)
	w.users[key] = v
	w.setUser(doc, v)
}

func (w *writer) setUser(doc, user *fastjson.Value) {
	if user.GetObject().Len() > 0 {
		doc.Set("user", user)
	}
}

// appendUserKey appends what the user object of an event depends on, when its action
// says nothing of users.
func (d *Decoder) appendUserKey(key []byte) []byte {
	for _, b := range [...]*bag{&d.event.ids, &d.event.names, &d.event.selinux} {
		for i := range b.pairs {
			p := &b.pairs[i]
			key = append(key, p.key...)
			key = append(key, '=')
			key = strconv.AppendInt(key, int64(len(p.val)), 10)
			key = append(key, ':')
			key = append(key, p.val...)
		}
		key = append(key, 0)
	}
	return key
}

func (d *Decoder) userObject(arena *fastjson.Arena) *fastjson.Value {
	w, e, m := d.writer, &d.event, &d.summary
	user := arena.NewObject()
	w.setEntity(arena, user, &m.users[userSelf])
	for slot := userEffective; slot <= userChanges; slot++ {
		if who := &m.users[slot]; who.id != nil || who.name != nil || who.gid != nil {
			v := arena.NewObject()
			w.setEntity(arena, v, who)
			user.Set(entityNames[slot], v)
		}
	}
	for i := range e.ids.pairs {
		p := &e.ids.pairs[i]
		if slot, _, _ := idSlot(p.key); slot < 0 && string(p.val) != "unset" {
			v := arena.NewObject()
			w.setIn(arena, v, "id", p.val)
			user.Set(string(p.key), v)
		}
	}
	if len(e.selinux.pairs) > 0 {
		v := arena.NewObject()
		for i := range e.selinux.pairs {
			w.setIn(arena, v, string(e.selinux.pairs[i].key), e.selinux.pairs[i].val)
		}
		user.Set("selinux", v)
	}
	return user
}

// setIn sets a key to a text that lives as long as the arena.
func (w *writer) setIn(arena *fastjson.Arena, v *fastjson.Value, key string, val []byte) {
	switch {
	case len(val) == 0:
	case arena == &w.arena:
		v.Set(key, w.text(val))
	case isPlain(val):
		v.Set(key, arena.NewStringBytes(val))
	default:
		v.Set(key, parsed(new(fastjson.Parser), appendJSON(nil, val)))
	}
}

func (w *writer) setEntity(arena *fastjson.Arena, v *fastjson.Value, who *entity) {
	w.setIn(arena, v, "id", who.id)
	w.setIn(arena, v, "name", who.name)
	if who.gid != nil {
		group := arena.NewObject()
		w.setIn(arena, group, "id", who.gid)
		w.setIn(arena, group, "name", who.groupName)
		v.Set("group", group)
	}
}

// auditdObject holds what ECS has no field for, under the names that Auditbeat uses.
func (d *Decoder) auditdObject() *fastjson.Value {
	w, e := d.writer, &d.event
	v := w.arena.NewObject()
	v.Set("message_type", w.text(d.messageType(e.kind)))
	v.Set("sequence", w.arena.NewNumberInt(int(e.kind.serial)))
	v.Set("result", w.arena.NewString(e.result))
	if string(e.session) != "unset" {
		w.set(v, "session", e.session)
	}
	v.Set("data", d.dataObject())
	v.Set("summary", d.summaryObject())
	if len(e.pathEnd) > 0 {
		v.Set("paths", d.pathArray())
	}
	return v
}

// messageType is the type's name in lower case, as "syscall".
func (d *Decoder) messageType(r *record) []byte {
	name, ok := d.tables.typeNames[r.typ]
	written := d.text[r.name:r.nameEnd]
	if r.typ == 0 || len(written) > len(auoms) && string(written[:len(auoms)]) == auoms {
		name, ok = string(written), true
	}
	if !ok {
		name = "unknown[" + strconv.Itoa(int(r.typ)) + "]"
	}
	n := len(d.scratch)
	for i := range len(name) {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		d.scratch = append(d.scratch, c)
	}
	return d.scratch[n:len(d.scratch):len(d.scratch)]
}

func (d *Decoder) dataObject() *fastjson.Value {
	w, e := d.writer, &d.event
	v := w.arena.NewObject()
	for i := range e.data.pairs {
		p := &e.data.pairs[i]
		switch p.kind {
		case kindPid, kindPpid, kindComm, kindExe, kindCwd, kindTitle:
			continue // under process
		}
		v.Set(w.key(p.key), w.text(p.val))
	}
	if e.socket.present {
		v.Set("socket", d.socketObject(&e.socket))
	}
	return v
}

func (d *Decoder) socketObject(a *address) *fastjson.Value {
	w := d.writer
	v := w.arena.NewObject()
	if a.family != "" {
		v.Set("family", w.arena.NewString(a.family))
	} else {
		w.set(v, "family", d.decimal(uint64(a.number)))
	}
	if a.addr.IsValid() {
		w.number = a.addr.AppendTo(w.number[:0])
		v.Set("addr", w.arena.NewStringBytes(w.number))
		w.number = strconv.AppendUint(w.number[:0], uint64(a.port), 10)
		v.Set("port", w.arena.NewStringBytes(w.number))
	}
	if a.flow != 0 {
		w.set(v, "flow", d.decimal(uint64(a.flow)))
	}
	if a.scope != 0 {
		w.set(v, "scope_id", d.decimal(uint64(a.scope)))
	}
	w.set(v, "path", a.path)
	w.set(v, "saddr", a.raw)
	return v
}

func (d *Decoder) summaryObject() *fastjson.Value {
	w, m := d.writer, &d.summary
	v := w.arena.NewObject()
	actor := w.arena.NewObject()
	w.set(actor, "primary", m.actor1)
	w.set(actor, "secondary", m.actor2)
	if actor.GetObject().Len() > 0 {
		v.Set("actor", actor)
	}
	object := w.arena.NewObject()
	if m.objectType != "" {
		object.Set("type", w.arena.NewString(m.objectType))
	}
	w.set(object, "primary", m.object1)
	w.set(object, "secondary", m.object2)
	if object.GetObject().Len() > 0 {
		v.Set("object", object)
	}
	w.set(v, "how", m.how)
	return v
}

func (d *Decoder) pathArray() *fastjson.Value {
	w, e := d.writer, &d.event
	paths := w.arena.NewArray()
	for i := range e.pathEnd {
		v := w.arena.NewObject()
		for _, p := range e.path(i) {
			if p.kind != kindInside {
				v.Set(w.key(p.key), w.text(p.val))
			}
		}
		paths.SetArrayItem(i, v)
	}
	return paths
}

// commonKey returns a key that most documents have, without memory of its own, or "".
func commonKey(key []byte) string {
	switch string(key) {
	case "a0":
		return "a0"
	case "a1":
		return "a1"
	case "a2":
		return "a2"
	case "a3":
		return "a3"
	case "arch":
		return "arch"
	case "syscall":
		return "syscall"
	case "exit":
		return "exit"
	case "tty":
		return "tty"
	case "item":
		return "item"
	case "name":
		return "name"
	case "inode":
		return "inode"
	case "dev":
		return "dev"
	case "mode":
		return "mode"
	case "ouid":
		return "ouid"
	case "ogid":
		return "ogid"
	case "rdev":
		return "rdev"
	case "nametype":
		return "nametype"
	}
	return ""
}

// key returns a field's key as a string.
func (w *writer) key(key []byte) string {
	if s := commonKey(key); s != "" {
		return s
	}
	return string(key)
}

// appendJSON appends b as a JSON string. A byte that is not UTF-8 becomes U+FFFD, as it
// does on its way into Elasticsearch.
func appendJSON(dst, b []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(b); {
		c := b[i]
		switch {
		case plainByte[c]:
			dst = append(dst, c)
			i++
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
			i++
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			i++
		default:
			r, size := utf8.DecodeRune(b[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
		}
	}
	return append(dst, '"')
}

// typeCategory names the group of a record type, as Auditbeat does for an event that has
// no ECS category. The ranges are those of audit-userspace.
func typeCategory(typ uint16) string {
	for _, c := range [...]struct {
		from, to uint16
		name     string
	}{
		{1100, 1101, "user-login"}, {1103, 1106, "user-login"}, {1108, 1110, "user-login"}, {1112, 1113, "user-login"}, {1126, 1126, "user-login"}, {1102, 1102, ""},
		{1114, 1117, "user-account"}, {1132, 1133, "user-account"}, {1135, 1136, "user-account"},
		{2000, 2000, "system-services"}, {1127, 1131, "system-services"},
		{1111, 1111, "configuration"}, {1305, 1305, "configuration"}, {1325, 1325, "configuration"}, {1328, 1329, "configuration"},
		{1326, 1326, "dac-decision"},
		{1119, 1121, "user-space"}, {1123, 1123, "user-space"}, {1125, 1125, "user-space"},
		{1124, 1124, "TTY"}, {1319, 1319, "TTY"},
		{1200, 1299, "audit-daemon"},
		{1107, 1107, "mac-decision"}, {1122, 1122, "mac-decision"}, {1400, 1402, "mac-decision"}, {1502, 1503, "mac-decision"}, {1506, 1506, "mac-decision"},
		{1800, 1899, "integrity"}, {2109, 2109, "integrity"},
		{1700, 1799, "anomaly"}, {2100, 2108, "anomaly"}, {2110, 2199, "anomaly"},
		{2200, 2299, "anomaly-response"},
		{1403, 1501, "mac"}, {1504, 1505, "mac"}, {2300, 2399, "mac"},
		{1600, 1699, "crypto"}, {2400, 2499, "crypto"},
		{2500, 2599, "virt"},
		{1300, 1304, "audit-rule"}, {1306, 1315, "audit-rule"}, {1317, 1318, "audit-rule"}, {1321, 1324, "audit-rule"},
	} {
		if typ >= c.from && typ <= c.to && c.name != "" {
			return c.name
		}
	}
	return "unknown"
}
