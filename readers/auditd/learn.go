package auditd

import (
	"bytes"
	"maps"
	"slices"

	"kscan/readers/event"
	"kscan/readers/frame"
)

// learned is what going over a unit shows of it, for whoever looks for few of its events
// later (see picker).
type learned struct {
	start  int // of the unit in the block, which may be in front of it
	spread int
	kinds  uint64
	bare   bool // there are records that name no node
	odd    bool // there is what a picker does not know
}

func (l *learned) begin(b *frame.Block) { *l = learned{start: b.Start} }

// event takes an event of the unit that is not as most are.
func (l *learned) event(c *chain, most int) {
	l.odd = l.odd || int(c.count) > most
	if c.marks&isApart != 0 {
		l.spread = max(l.spread, int(c.last-c.pos))
	}
}

// margin takes an event that begins in the margin in front of a unit.
func (l *learned) margin(d *Decoder, c *chain) {
	if int(c.last) >= l.start && (d.options.JSON || !d.isRun(c)) {
		l.spread = max(l.spread, int(c.last-c.pos))
	}
}

// isRun reports whether the lines of a chain, of which the members are not known, are neighbours.
func (d *Decoder) isRun(c *chain) bool {
	if c.pos < 0 {
		return false
	}
	e := d.sameAs(int(c.pos), lineEnd(d.text, int(c.pos)))
	for at := int(c.pos); at <= int(c.last); {
		end := lineEnd(d.text, at)
		if _, same := d.inEvent(&e, at, end); !same {
			return false
		}
		at = end + 1
	}
	return true
}

// lineEnd returns where the line ends that a place of a text is in.
func lineEnd(text []byte, at int) int {
	if n := bytes.IndexByte(text[at:], '\n'); n >= 0 {
		return at + n
	}
	return len(text)
}

// Facts returns what is known of the unit whose last block was decoded; nil if nothing is.
func (d *Decoder) Facts() *frame.Facts {
	if d.needs == nil || d.options.JSON || d.picker.on || d.learned.odd || d.learned.spread > maxSpread {
		return nil
	}
	f := &frame.Facts{Spread: d.learned.spread, Kinds: d.learned.kinds}
	if nodes := d.joiner.nodes; len(nodes) < maxUnitNodes {
		f.Hosts = slices.Sorted(maps.Keys(nodes))
		if d.learned.bare || len(nodes) == 0 {
			f.Hosts = append(f.Hosts, "")
		}
	}
	return f
}

// maxUnitNodes is of how many hosts the records of a unit may be for their names to be kept.
const maxUnitNodes = 8

// Kinds of records, other than of a system call and of what only adds to it, by the
// categories that they may give an event: a bit for each.
const (
	allKinds = ^uint64(0)
	maxType  = 2999 // of the types that are known
)

func (t *tables) loadKinds() {
	for typ := range t.kindOf {
		typ := uint16(typ)
		if typ == typeUringOp || typ == typeSocketcall {
			t.kindOf[typ] = allKinds
			continue
		}
		if typ == typeSyscall || isAuxiliary(typ) {
			continue
		}
		t.addKind(typ, typeCategory(typ))
		for _, action := range t.byRecord[typ] {
			for _, category := range t.actions[action].category {
				t.addKind(typ, category)
			}
			if slices.Contains(t.actions[action].types, "start") {
				t.addKind(typ, startKind)
			}
		}
	}
	t.started = 1 << slices.Index(t.kinds, startKind)
}

// startKind is the kind of what is of the type "start", whatever its category.
const startKind = "type start"

func (t *tables) addKind(typ uint16, category string) {
	i := slices.Index(t.kinds, category)
	if i < 0 {
		i = len(t.kinds)
		t.kinds = append(t.kinds, category)
	}
	t.kindOf[typ] |= 1 << i
}

// kindsOf returns the kinds of a type of records.
func (t *tables) kindsOf(typ uint16) uint64 {
	if typ > maxType {
		typ = 0
	}
	return t.kindOf[typ]
}

// kindsAmong returns the kinds of the categories of a set.
func (t *tables) kindsAmong(set event.Values) (kinds uint64) {
	for i, category := range t.kinds {
		if set.Has([]byte(category)) {
			kinds |= 1 << i
		}
	}
	return kinds
}
