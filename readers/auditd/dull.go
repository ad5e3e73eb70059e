package auditd

import (
	"hash/maphash"

	"kscan/readers/event"
)

// dullness tells of events that they do not matter by what their SYSCALL records alone say.
// What that comes to is remembered of each call by a program.
type dullness struct {
	test     func(*event.Found) bool // nil if nothing can be told
	event    event.Event             // stands for one that does not matter
	seed     maphash.Seed
	calls    [1 << dullBits]programCall
	patience int // how many more calls are looked into that are not remembered
}

// programCall is a kind of event.
type programCall struct {
	comm, exe []byte
	result    string
	call      uint16 // 0 if nothing is remembered
	dull      bool
}

const (
	dullBits = 10
	// dullPatience bounds how many programs are looked into if few events turn out not to
	// matter for it: a log where each event has another program costs no more for it.
	dullPatience = 4 << dullBits
)

// undecided are the fields of which a SYSCALL record alone does not tell what partial makes
// of the event.
func undecided() (names []string) {
	for field, name := range partNames {
		if field != partName && field != partExecutable {
			names = append(names, name)
		}
	}
	return append(names, "auditd.data.lost", "auditd.data.audit_lost")
}

func newDullness(dull func(unknown []string) func(*event.Found) bool) (t dullness) {
	if dull != nil {
		t = dullness{test: dull(undecided()), event: event.Event{Picked: true, Dull: true}, seed: maphash.MakeSeed(), patience: dullPatience}
	}
	return t
}

// isDull reports whether an event that lacks nothing does not matter, by its SYSCALL record.
// It is one as the kernel writes it: no other record can change its program, its call or
// the result, and none is of a kind that makes the event another. Whether there is an
// address does not matter.
func (d *Decoder) isDull(c *chain) bool {
	p := d.partial
	p.read = -1
	if p.dull.test == nil || c.marks&(hasCall|hasOther) != hasCall || c.head != c.tail {
		return false
	}
	r := &d.joiner.runs[c.head]
	l := line{start: int(r.start), end: int(r.end)}
	if l.end-l.start > maxPartial || !d.isPlainSyscall(c, &l) {
		return false
	}
	l.end = min(l.end, lineEnd(d.text, l.start))
	d.readHeader(&l)
	if !p.call.read(d, l.body, l.end) {
		return false
	}
	p.read = l.start
	call := d.callOf(&p.call)
	return call != 0 && d.isDullCall(call)
}

// isDullCall reports whether no event with the call of p.call matters.
func (d *Decoder) isDullCall(call uint16) bool {
	f, t := &d.partial.call, &d.partial.dull
	k := &t.calls[(maphash.Bytes(t.seed, f.exe)^maphash.Bytes(t.seed, f.comm)*3^uint64(call))&(1<<dullBits-1)]
	if k.call != call || string(k.comm) != string(f.comm) || string(k.exe) != string(f.exe) || k.result != f.result {
		if t.patience--; t.patience < 0 {
			t.test = nil
			return false
		}
		*k = programCall{append(k.comm[:0], f.comm...), append(k.exe[:0], f.exe...), f.result, call, d.testDull(call)}
	}
	if k.dull {
		t.patience = min(t.patience+1, dullPatience)
	}
	return k.dull
}

// testDull is isDullCall by the test.
func (d *Decoder) testDull(call uint16) bool {
	p, found := d.partial, &d.partial.molds.own.found
	for _, socket := range [...]bool{false, true} {
		d.writer.reset()
		d.fill(found, &moldKey{comm: p.call.comm, exe: p.call.exe, like: likeKey{call, p.call.result, socket}})
		if !p.dull.test(found) {
			return false
		}
	}
	return true
}
