package auditd

import (
	"bytes"
	"encoding/binary"
	"slices"

	"kscan/readers/event"
)

// kindNeed is a need of events of some categories. Categories are not written in records:
// they follow from the system call and from the types of the records.
type kindNeed struct {
	categories event.Values
	need       event.Need
	calls      calls // those that are surely of none of the categories
	byType     bool  // the types that only add to others have one of the categories
	open       bool  // in the block
	// node and source are of a host whose events do not matter, if refused is set.
	node, source string
	refused      bool
}

func newKindNeed(need event.Need) kindNeed {
	k := kindNeed{categories: need.Among, need: need}
	k.calls.other = func(t *tables, call uint16) bool {
		c := &t.syscalls[call]
		return c.name != "socketcall" && !k.hasAny(t.actions[c.action].category)
	}
	for typ := uint16(typeSyscall); typ < typeAVC; typ++ {
		k.byType = k.byType || k.hasAny([]string{typeCategory(typ)})
	}
	return k
}

// ask asks which needs are open as a block begins.
func (n *needs) ask() {
	for i := range n.kinds {
		k := &n.kinds[i]
		k.open = k.need.Open == nil || k.need.Open(nil)
	}
}

func (k *kindNeed) hasAny(categories []string) bool {
	return slices.ContainsFunc(categories, func(c string) bool { return k.categories.Has([]byte(c)) })
}

// markKind marks an event as wanted if a record may make it one of a kind that is needed.
func (d *Decoder) markKind(c *chain, l *line) {
	if c.marks&hasNeed == 0 && len(d.needs.kinds) > 0 && d.ofKind(l, c) {
		c.marks |= hasNeed
	}
}

// ofKind reports whether a record may make its event one of a kind that is needed.
func (d *Decoder) ofKind(l *line, c *chain) bool {
	adds := l.typ != typeSyscall && l.typ != typeSocketcall && isAuxiliary(l.typ) && !bytes.Contains(d.text[l.start:l.end], []byte(syscallField))
	for i := range d.needs.kinds {
		k := &d.needs.kinds[i]
		if k.open && (!adds || k.byType) && d.mayBe(k, l) && (k.need.Open == nil || k.need.Open(nil)) && d.ofHost(k, c) {
			return true
		}
	}
	return false
}

// ofHost reports whether events of the host of a chain may matter. Where the name is no
// longer in the text they may.
func (d *Decoder) ofHost(k *kindNeed, c *chain) bool {
	return c.node < 0 || k.ofHost(d.text[c.node:c.nodeEnd], d.source)
}

// ofHost reports whether events of a host matter. Once they do not, they never will.
func (k *kindNeed) ofHost(node []byte, source string) bool {
	switch {
	case k.need.Hosts == nil || !isPlain(node):
		return true
	case k.refused && string(node) == k.node && source == k.source:
		return false
	case k.need.Hosts(node, source):
		return true
	}
	k.refused, k.node, k.source = true, string(node), source
	return false
}

// mayBe reports whether a record that does not only add to others may give its event a
// category. An event has those of its
// system call and those of what else it is about.
func (d *Decoder) mayBe(k *kindNeed, l *line) bool {
	if l.typ != typeSyscall || l.body == 0 || k.byType {
		return true
	}
	body := d.text[l.body:l.end]
	arch, number, end := plainCall(body)
	return end == 0 || !k.calls.isOther(d.tables, arch, number) || d.namesCall(l.body+end, l.end)
}

// idNeed is a need of a process id: of the values of a field.
type idNeed struct {
	key    string // as records have it
	values event.Values
}

const (
	pidField  = "pid="
	ppidField = "ppid="
)

// idNeeds are all of them.
type idNeeds struct {
	list []idNeed
	// pids and parents have a bit set for each value, by its lowest bits: most ids of a log
	// are told by that.
	pids, parents idMarks
}

type idMarks [idBits / 64]uint64

func (m *idMarks) has(id uint64) bool { return m[id%idBits/64]>>(id%64)&1 != 0 }

// idBits is how many bits tell ids: a few hundred of them let one in a hundred pass.
const idBits = 1 << 14

func (n *idNeeds) add(key string, values event.Values) {
	n.list = append(n.list, idNeed{key, values})
	marks := &n.pids
	if key == ppidField {
		marks = &n.parents
	}
	set, ok := values.(*event.Set)
	if !ok {
		for i := range marks {
			marks[i] = ^uint64(0)
		}
		return
	}
	for text := range set.All() {
		if value, end := digits([]byte(text), 0, 18); end == len(text) { // others no field of digits has
			marks[value%idBits/64] |= 1 << (value % 64)
		}
	}
}

// rules reports whether at a place of a text stands an id that is surely not needed.
func (n *idNeeds) rules(text []byte, at int) bool {
	if at == 0 || len(text)-at < len(pidField)+8 || binary.LittleEndian.Uint32(text[at:]) != pidWord {
		return false
	}
	id, end := usualID(text, at+len(pidField))
	if end == 0 {
		return false
	}
	if text[at-1] == 'p' {
		return !n.parents.has(id)
	}
	return !n.pids.has(id)
}

// pidWord is pidField as a number, the first letter lowest.
const pidWord = 'p' | 'i'<<8 | 'd'<<16 | '='<<24

// in reports whether the field that ends a key at a place of a text, a number as it is
// mostly written, may have one of the values.
func (n *idNeed) at(text []byte, at int) bool {
	start := at + len(pidField) - len(n.key)
	if start < 0 || string(text[start:at+len(pidField)]) != n.key {
		return false
	}
	if n.key == pidField && at > 0 && text[at-1] == 'p' {
		return false
	}
	value := text[at+len(pidField):]
	_, end := digits(value, 0, 18)
	if end == 0 || value[0] == '0' && end > 1 {
		return true // written in another way
	}
	return n.values.Has(value[:end])
}

// idAt reports whether an id that is needed stands at "pid=" in a text.
func (n *needs) idAt(text []byte, at int) bool {
	for i := range n.ids.list {
		if n.ids.list[i].at(text, at) {
			return true
		}
	}
	return false
}

func (n *needs) idIn(record []byte) bool {
	if len(n.ids.list) == 0 {
		return false
	}
	for from := 0; ; {
		i := bytes.Index(record[from:], []byte(pidField))
		if i < 0 {
			return false
		}
		if n.idAt(record, from+i) {
			return true
		}
		from += i + len(pidField)
	}
}

// addressIn looks for an address in the hex of a record.
func (n *needs) addressIn(record []byte) bool {
	for i := range n.addresses {
		if n.addresses[i].plainIn(record) {
			return true
		}
	}
	return false
}

// neverHas reports whether no document of audit records has a field.
func neverHas(field string) bool {
	parts := bytes.Split([]byte(field), []byte("."))
	at := func(i int, names ...string) bool { return len(parts) <= i || slices.Contains(names, string(parts[i])) }
	switch string(parts[0]) {
	case "process":
		return !at(1, "pid", "parent", "name", "executable", "working_directory", "title", "args") ||
			len(parts) > 1 && string(parts[1]) == "parent" && !at(2, "pid")
	case "host":
		return !at(1, "name", "os")
	case "event":
		return !at(1, "kind", "module", "category", "type", "action", "outcome")
	case "@timestamp", "service", "network", "destination", "source", "user", "group", "file", "tags", "auditd":
		return false
	}
	return true
}
