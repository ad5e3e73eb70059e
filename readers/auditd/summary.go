package auditd

import (
	"bytes"
	"strconv"
)

// summary is what Auditbeat concludes from an event: its action, and who did what to
// what by what means.
type summary struct {
	action, extra    int // indexes of actions; extra adds categories, 0 if none
	actor1, actor2   []byte
	objectType       string
	object1, object2 []byte
	how              []byte
	sourceIP         []byte
	file             file
	users            [entities]entity
	isMapped         bool
	mapped           [entities]bool   // the action says who this is, in mappedTo
	mappedTo         [entities]entity // applied last: the records name users by id
}

// file is the object of an event on files.
type file struct {
	present                      bool
	path, device, inode          []byte
	mode, uid, gid, owner, group []byte
	selinux                      bag
}

// entity is a user, or the group that an event is about.
type entity struct {
	id, name, gid, groupName []byte
}

// The entities of an event.
const (
	userSelf = iota
	userEffective
	userSaved
	userFilesystem
	userAudit
	userTarget
	userChanges
	groupSelf
	entities
)

// summarize draws the conclusions from d.event into d.summary.
func (d *Decoder) summarize() {
	e, m := &d.event, &d.summary
	selinux := m.file.selinux
	*m = summary{}
	m.file.selinux = selinux
	m.actor1, m.actor2 = e.ids.get("auid"), e.ids.get("uid")
	m.how = e.defaultHow()
	d.setUsers()
	d.chooseAction()
	a := &d.tables.actions[m.action]
	m.objectType = a.object
	switch {
	case a.onFile():
		d.setFile(a.path)
	case a.object == "socket":
		d.setSocketObject()
	}
	d.setParts(a)
	d.resolve()
}

// onFile reports whether the action is one on a file.
func (a *action) onFile() bool { return a.object == "file" || a.object == "filesystem" }

// setParts fills the parts of the summary that the action names fields for.
func (d *Decoder) setParts(a *action) {
	e, m := &d.event, &d.summary
	e.pick(&m.actor1, a.actor1)
	e.pick(&m.actor2, a.actor2)
	e.pick(&m.object1, a.object1)
	e.pick(&m.object2, a.object2)
	e.pick(&m.how, a.how)
	for _, key := range a.source {
		if val := e.data.get(key); val != nil {
			m.sourceIP = val
			e.data.del(key)
			break
		}
	}
	for _, u := range a.users {
		d.mapUser(u)
	}
}

// pick sets part to the first field of the list that the event has.
func (e *auditEvent) pick(part *[]byte, keys []string) {
	for _, key := range keys {
		val := e.data.get(key)
		if val == nil {
			val = e.ids.get(key)
		}
		if val != nil {
			*part = val
			return
		}
	}
}

// defaultHow is the program: the script, if the program is an interpreter of scripts.
func (e *auditEvent) defaultHow() []byte {
	exe, comm := e.data.ofKind(kindExe), e.data.ofKind(kindComm)
	if exe == nil {
		exe = comm
	}
	for _, shell := range [...]string{"python", "sh", "bash", "perl"} {
		if rest, ok := bytes.CutPrefix(exe, []byte("/usr/bin/")); ok && bytes.HasPrefix(rest, []byte(shell)) && comm != nil {
			return comm
		}
	}
	return exe
}

// chooseAction finds the action of the event: that of its system call, or of the record
// type that says what happened, with the categories of the system call added. A record
// type without an action leaves the call's.
func (d *Decoder) chooseAction() {
	e, m := &d.event, &d.summary
	call := 0
	if e.hasCall && (e.call != 0 || e.data.get("syscall") != nil) {
		call = d.tables.syscalls[e.call].action
	}
	if e.kind.typ != typeSyscall {
		m.action = d.recordAction(e.kind.typ)
	}
	switch {
	case m.action == 0:
		m.action = call
	case call != 0 && d.tables.actions[call].name != d.tables.actions[m.action].name:
		m.extra = call
	}
}

func (d *Decoder) recordAction(typ uint16) (action int) {
	for _, i := range d.tables.byRecord[typ] {
		all := true
		for _, key := range d.tables.actions[i].has {
			all = all && d.event.data.get(key) != nil
		}
		if all {
			action = i
		}
	}
	return action
}

func (d *Decoder) setSocketObject() {
	m, s := &d.summary, &d.event.socket
	switch {
	case s.addr.IsValid():
		n := len(d.scratch)
		d.scratch = s.addr.AppendTo(d.scratch)
		m.object1 = d.scratch[n:len(d.scratch):len(d.scratch)]
		m.object2 = d.decimal(uint64(s.port))
	case len(s.path) > 0:
		m.object1 = s.path
	}
}

// setFile takes the file of a PATH record: the one at the index if it is what the call
// worked on, else the first after it that is. (Directories are called files, as
// Auditbeat calls them.)
func (d *Decoder) setFile(index int) {
	e, m := &d.event, &d.summary
	if len(e.pathEnd) == 0 {
		return
	}
	if index >= len(e.pathEnd) {
		index = 0
	}
	chosen := e.path(index)
	for i := index; i < len(e.pathEnd); i++ {
		if t := get(e.path(i), "nametype"); string(t) != "PARENT" && string(t) != "UNKNOWN" {
			chosen = e.path(i)
			break
		}
	}
	f := &m.file
	f.present = true
	f.selinux.reset()
	f.path, f.inode, f.device = get(chosen, "name"), get(chosen, "inode"), get(chosen, "rdev")
	m.object1 = f.path
	if mode := get(chosen, "mode"); mode != nil {
		m.objectType = "file"
		f.mode = d.octal(mode)
		if f.mode == nil {
			return
		}
	}
	f.uid, f.gid = get(chosen, "ouid"), get(chosen, "ogid")
	f.owner, f.group = get(chosen, "OUID"), get(chosen, "OGID")
	for _, p := range chosen {
		if part, ok := bytes.CutPrefix(p.key, []byte("obj_")); ok {
			f.selinux.add(part, p.val, kindData)
		}
	}
}

func get(pairs []pair, key string) []byte {
	for i := range pairs {
		if string(pairs[i].key) == key {
			return pairs[i].val
		}
	}
	return nil
}

// octal returns the permissions of a file mode in four octal digits, nil if mode is none.
func (d *Decoder) octal(mode []byte) []byte {
	var n uint64
	for _, c := range mode {
		if c-'0' > 7 || n >= 1<<60 {
			return nil
		}
		n = n<<3 | uint64(c-'0')
	}
	return d.temp(string([]byte{byte('0' + n>>9&7), byte('0' + n>>6&7), byte('0' + n>>3&7), byte('0' + n&7)}))
}

// decimal returns n in decimal, as bytes that live as long as the event.
func (d *Decoder) decimal(n uint64) []byte {
	start := len(d.scratch)
	d.scratch = strconv.AppendUint(d.scratch, n, 10)
	return d.scratch[start:len(d.scratch):len(d.scratch)]
}
