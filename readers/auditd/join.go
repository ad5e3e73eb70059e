package auditd

import (
	"hash/maphash"
	"math/bits"
	"slices"
)

// JoinWindow is how many bytes of log may lie between the starts of two consecutive
// records of one event. Records come late by seconds at most; on a host that writes a
// megabyte of audit log each second, 2 MiB are two seconds.
const JoinWindow = 2 << 20

// MaxEventRecords bounds the records of one event. The kernel needs about 560 for the
// longest argument list that execve takes; more is counted as a problem.
const MaxEventRecords = 1024

// joiner links the records of a block that belong to one event. Records come to it in the
// order of the log: place finds the chain of a record, push puts the record there.
//
// A record farther than the window from the first of its chain is late: it begins no event
// and is no member. (If it were one, an event could outgrow every margin.)
type joiner struct {
	keys   [2]uint64        // secret, so that no log can be made to fill one slot
	chains []chain          // in the order of their first records
	runs   []run            // the members of all chains
	lines  bool             // the records of the text are lines: neighbours are one run
	newest uint32           // the highest serial so far
	nodes  map[string]int32 // the names of nodes, numbered from 1
	spare  []run            // memory for runs
	// slots is a hash table with open addressing: 1 + index of the last chain with a key,
	// 0 if free. It is made when a record is not of a new event or one of the last few.
	slots  []int32
	mask   uint32
	hashed bool
	window int
	most   int
}

// chain is the records of one event.
type chain struct {
	key
	node, nodeEnd int32 // the node's name in the decoder's text
	pos, last     int32 // where the lines of the first and the last record start, the latter member or not
	head, tail    int32 // the first and the last run of members
	count         int32 // records within the window, members or too many
	number        int32 // of the first record's line: 1-based in the core, 0 in a margin
	marks         marks
}

// key is what the records of one event have in common.
type key struct {
	stamp  uint64
	serial uint32
	host   int32 // the number of the node's name, 0 if there is none
}

// run is members of a chain of which each but the last is followed by a newline and the
// next. Most events are one run, so that a record which goes on with its event costs little.
type run struct {
	start, end int32 // in the decoder's text, without the last newline
	next       int32 // run of the chain, or none
}

// marks say what a chain has, so that an event which is not wanted need not be decoded.
type marks uint16

const (
	hasNeed    marks = 1 << iota // a record may hold a need
	hasContent                   // a record that is no EOE
	hasCall                      // a SYSCALL
	mayConnect                   // the first SYSCALL may be a connect
	hasAddress                   // a SOCKADDR
	mayBeShort                   // of which one may lack a part
	mayBeCut                     // a SYSCALL that may name no program
	hasUringOp
	hasOther  // a record of a type that partial does not know, or a second SYSCALL
	isApart   // its records are not one run of lines
	isSampled // the event is decoded whatever it holds

	allMarks = isSampled << 1
)

const none = int32(-1) // no next run

func newJoiner(window, most int) joiner {
	seed := maphash.MakeSeed()
	return joiner{
		keys:   [2]uint64{maphash.String(seed, "stamp"), maphash.String(seed, "serial")},
		window: window, most: most, nodes: map[string]int32{},
	}
}

// reset forgets all chains.
func (j *joiner) reset() {
	j.chains, j.runs = j.chains[:0], j.runs[:0]
	j.newest, j.hashed = 0, false
	clear(j.nodes)
}

// slide makes all positions count from elsewhere: delta is added to them. The chains that
// no record behind a position can belong to are forgotten, and of the first so many, which
// are done, the members. It returns how many of those are left.
func (j *joiner) slide(delta, behind, done int) (left int) {
	kept, runs := 0, j.spare[:0]
	for i := range j.chains {
		c := &j.chains[i]
		if behind-int(c.last) > j.window {
			continue
		}
		// Copied first: a copy of what was written just before in smaller parts would wait.
		j.chains[kept] = *c
		c = &j.chains[kept]
		kept++
		if i < done {
			left++
			c.head, c.tail = none, none
		}
		at := c.head
		for c.head = none; at != none; at = j.runs[at].next {
			r := j.runs[at]
			if c.tail = int32(len(runs)); c.head == none {
				c.head = c.tail
			} else {
				runs[c.tail-1].next = c.tail
			}
			runs = append(runs, run{start: r.start + int32(delta), end: r.end + int32(delta), next: none})
		}
		c.pos, c.last = c.pos+int32(delta), c.last+int32(delta)
		if c.host != 0 {
			c.node, c.nodeEnd = c.node+int32(delta), c.nodeEnd+int32(delta)
		}
	}
	j.chains, j.runs, j.spare, j.hashed = j.chains[:kept], runs, j.runs, false
	return left
}

// recent is how many of the last chains are looked at one by one: as many events as
// usually write their records at the same time.
const recent = 4

// leastChains is for how many chains there is memory at least. It grows in large steps, for
// what it leaves behind is collected late.
const leastChains = 256

// place returns the chain for a record at a position, in a line with a number: the one of
// its key, or a new one if there is none or the key came back after more than the window.
func (j *joiner) place(k *key, pos int, number int32) int32 {
	if c := j.find(k); c != none && pos-int(j.chains[c].last) <= j.window {
		return c
	}
	c := int32(len(j.chains))
	if len(j.chains) == cap(j.chains) {
		j.chains = slices.Grow(j.chains, max(3*len(j.chains), leastChains))
	}
	j.chains = j.chains[:c+1]
	ch := &j.chains[c] // in place, for the same reason as in slide
	ch.stamp, ch.serial, ch.host = k.stamp, k.serial, k.host
	ch.pos, ch.last, ch.head, ch.tail, ch.number = int32(pos), int32(pos), none, none, number
	ch.node, ch.nodeEnd, ch.count, ch.marks = 0, 0, 0, 0
	j.newest = max(j.newest, k.serial)
	if j.hashed {
		if 2*len(j.chains) > len(j.slots) {
			j.rehash()
		}
		j.slots[j.slot(k)] = c + 1
	}
	return c
}

// find returns the last chain with a key, or none.
func (j *joiner) find(k *key) int32 {
	if k.serial > j.newest || len(j.chains) == 0 {
		return none
	}
	for c := len(j.chains) - 1; c >= max(0, len(j.chains)-recent); c-- {
		if j.chains[c].key == *k {
			return int32(c)
		}
	}
	if !j.hashed {
		j.rehash()
	}
	return j.slots[j.slot(k)] - 1
}

// rehash makes a hash table of all chains, with room for as many more.
func (j *joiner) rehash() {
	size := 64
	for size < 4*len(j.chains) {
		size *= 2
	}
	if cap(j.slots) < size {
		j.slots = make([]int32, size)
	} else {
		j.slots = j.slots[:size]
		clear(j.slots)
	}
	j.mask, j.hashed = uint32(size-1), true
	for c := range j.chains {
		j.slots[j.slot(&j.chains[c].key)] = int32(c) + 1
	}
}

// slot returns the slot that has a key, or the free one where it goes.
func (j *joiner) slot(k *key) uint32 {
	high, low := bits.Mul64(k.stamp^j.keys[0], (uint64(k.serial)|uint64(k.host)<<32)^j.keys[1])
	slot := uint32(high^low) & j.mask
	for {
		c := j.slots[slot]
		if c == 0 || j.chains[c-1].key == *k {
			return slot
		}
		slot = (slot + 1) & j.mask
	}
}

// membership is what became of a record.
type membership uint8

const (
	isMember membership = iota
	isLate
	isOver // beyond the most that an event may have
)

// push puts the record text[start:end] into a chain. Its line, or the document that carries
// it, is at a position at most the window behind that of the last one. Of a chain that
// begins in a margin the members are not kept.
func (j *joiner) push(ch *chain, typ uint16, start, end, pos int) membership {
	ch.last = int32(pos)
	if pos-int(ch.pos) > j.window {
		return isLate
	}
	if ch.number == 0 {
		return isMember
	}
	if ch.count++; int(ch.count) > j.most {
		return isOver
	}
	if ch.head == none {
		ch.head = int32(len(j.runs))
	} else if last := &j.runs[ch.tail]; j.lines && int(last.end)+1 == start {
		last.end = int32(end)
		return isMember
	} else if ch.marks |= isApart; typ == typeEOE {
		return isMember // and has nothing to say
	} else {
		last.next = int32(len(j.runs))
	}
	ch.tail = int32(len(j.runs))
	j.runs = append(j.runs, run{start: int32(start), end: int32(end), next: none})
	return isMember
}

// host returns the number of a node's name.
func (j *joiner) host(name []byte) int32 {
	if len(name) == 0 {
		return 0
	}
	n, known := j.nodes[string(name)]
	if !known {
		n = int32(len(j.nodes)) + 1
		j.nodes[string(name)] = n
	}
	return n
}
