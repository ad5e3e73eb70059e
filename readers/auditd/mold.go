package auditd

import (
	"hash/maphash"

	"kscan/readers/event"
)

// mold is what the events of a program have in common, with a call, a result and a user: of each
// only the values are put in that are its own.
type mold struct {
	moldKey
	found event.Found
	ready bool // found is filled
}

type moldKey struct {
	comm, exe, user []byte
	like            likeKey
}

// molds are those that came last.
type molds struct {
	seed     maphash.Seed
	places   [1 << moldBits][moldWays]*mold
	made     uint
	patience int  // how many more are made of which no event comes again
	own      mold // of an event that has no other
}

const (
	moldBits, moldWays = 6, 4
	// moldPatience bounds how many molds are made in a log of which each event has another
	// program.
	moldPatience = 4 * moldWays << moldBits
)

func newMolds() molds { return molds{seed: maphash.MakeSeed(), patience: moldPatience} }

func (k *moldKey) is(o *moldKey) bool {
	return k.like == o.like && string(k.comm) == string(o.comm) && string(k.exe) == string(o.exe) &&
		string(k.user) == string(o.user)
}

// moldOf returns what the event of p.call has in common with others, for its own values to be
// put in.
func (d *Decoder) moldOf(like likeKey) *event.Found {
	f, ms := &d.partial.call, &d.partial.molds
	key := moldKey{comm: f.comm, exe: f.exe, like: like}
	if f.uid != nil && string(f.uid) != "unset" && isName(f.uidName) {
		key.user = f.uidName
	}
	m := ms.find(&key)
	if m == nil {
		d.fill(&ms.own.found, &key)
		return &ms.own.found
	}
	if !m.ready {
		d.fill(&m.found, &key)
		m.found.Fix()
		m.ready = true
	}
	m.found.Again()
	return &m.found
}

// find returns the mold of a key, which may be empty yet; nil if it is not worth having one.
func (ms *molds) find(key *moldKey) *mold {
	if ms.patience < 0 {
		return nil
	}
	hash := maphash.Bytes(ms.seed, key.exe) ^ maphash.Bytes(ms.seed, key.comm)*3 ^ uint64(key.like.call)
	places := &ms.places[hash%(1<<moldBits)]
	for _, m := range places {
		if m != nil && m.is(key) {
			ms.patience = min(ms.patience+1, moldPatience)
			return m
		}
	}
	ms.patience--
	ms.made++
	at := &places[ms.made%moldWays]
	if *at == nil {
		*at = new(mold)
	}
	m := *at
	m.comm, m.exe, m.user = append(m.comm[:0], key.comm...), append(m.exe[:0], key.exe...), append(m.user[:0], key.user...)
	m.like, m.ready = key.like, false
	return m
}

// fill puts in what the events of a key have in common.
func (d *Decoder) fill(found *event.Found, k *moldKey) {
	w, p := d.writer, d.partial
	found.Reset(p.finder)
	for _, t := range d.shared(k.like) {
		found.Put(t.slot, t.value)
	}
	p.set(w, found, partName, k.comm)
	p.set(w, found, partExecutable, k.exe)
	if len(k.user) > 0 {
		p.set(w, found, partUser, k.user)
	}
}
