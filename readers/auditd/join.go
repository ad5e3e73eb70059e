package auditd

import (
	"bytes"
	"hash/maphash"
	"math/bits"
)

// JoinWindow is how many bytes of log may lie between the starts of two consecutive
// records of one event. Records come late by seconds at most; on a host that writes a
// megabyte of audit log each second, 2 MiB are two seconds.
const JoinWindow = 2 << 20

// MaxEventRecords bounds the records of one event. The kernel needs about 560 for the
// longest argument list that execve takes; more is counted as a problem.
const MaxEventRecords = 1024

// joiner links the records of a block that belong to one event.
//
// In a chain, the first record's head is its own index, its tail the last record with
// its key so far, and its count how many came within the window, members or too many;
// next leads from member to member. A record farther than the window from the first is
// late: it begins no event and is no member. (If it were one, an event could outgrow
// every margin.) Once a tail is no member, its chain takes no more members.
type joiner struct {
	seed  maphash.Seed // so that no log can be made to fill one slot
	keys  [2]uint64
	slots []int32 // open addressing: 1 + index of the chain's first record, 0 if free
	mask  uint32
}

func newJoiner() joiner {
	seed := maphash.MakeSeed()
	return joiner{seed: seed, keys: [2]uint64{maphash.String(seed, "stamp"), maphash.String(seed, "serial")}}
}

const (
	none     = int32(-1) // no next record
	lateHead = int32(-2) // the head of a late record
	overHead = int32(-3) // the head of a record beyond MaxEventRecords
)

// link joins records, which are in the order of the log.
func (j *joiner) link(text []byte, records []record, window, most int) {
	j.reset(len(records))
	for i := range records {
		r := &records[i]
		r.head, r.tail, r.next, r.count = int32(i), int32(i), none, 1
		first := j.find(text, records, int32(i))
		if first == int32(i) {
			continue
		}
		h := &records[first]
		last := &records[h.tail]
		switch {
		case r.pos-last.pos > window: // the key came back: another event
			j.replace(text, records, int32(i))
			continue
		case r.pos-h.pos > window:
			r.head = lateHead
		default:
			h.count++
			if int(h.count) > most {
				r.head = overHead
				break
			}
			r.head = first
			last.next = int32(i)
		}
		h.tail = int32(i)
	}
}

func (j *joiner) reset(n int) {
	size := 64
	for size < 2*n {
		size *= 2
	}
	if cap(j.slots) < size {
		j.slots = make([]int32, size)
	} else {
		j.slots = j.slots[:size]
		clear(j.slots)
	}
	j.mask = uint32(size - 1)
}

// find returns the first record of the chain with the key of record i, which is i if
// there was none.
func (j *joiner) find(text []byte, records []record, i int32) int32 {
	slot := j.slot(text, records, i)
	if first := j.slots[slot]; first != 0 {
		return first - 1
	}
	j.slots[slot] = i + 1
	return i
}

// replace begins a new chain with the key of record i.
func (j *joiner) replace(text []byte, records []record, i int32) {
	j.slots[j.slot(text, records, i)] = i + 1
}

// slot returns the slot that has the key of record i, or the free one where it goes.
func (j *joiner) slot(text []byte, records []record, i int32) uint32 {
	r := &records[i]
	high, low := bits.Mul64(r.stamp^j.keys[0], uint64(r.serial)^r.nodeHash^j.keys[1])
	slot := uint32(high^low) & j.mask
	for {
		first := j.slots[slot]
		if first == 0 || sameKey(text, &records[first-1], r) {
			return slot
		}
		slot = (slot + 1) & j.mask
	}
}

func sameKey(text []byte, a, b *record) bool {
	return a.serial == b.serial && a.stamp == b.stamp && a.nodeHash == b.nodeHash &&
		bytes.Equal(text[a.node:a.nodeEnd], text[b.node:b.nodeEnd])
}

// hash is the hash of a node's name.
func (j *joiner) hash(node []byte) uint64 { return maphash.Bytes(j.seed, node) }
