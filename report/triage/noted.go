package triage

import (
	"cmp"
	"iter"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"kscan/readers/event"
	"kscan/rule/eql"
	"kscan/scan"
)

// maxNoted is how many bytes of process starts are noted in the second pass: three million.
// Units beyond are read again for each generation of parents.
const maxNoted = 64 << 20

// notedSize is what a start that is noted takes, in bytes, and blockSize a block.
const notedSize, blockSize = 24, 32

// noted are all the process starts of the second pass, as far as the readers told of them:
// who started whom, and when. With that the generations of parents are known when the pass
// ends, and one more fetches their events, from the units that have them.
type noted struct {
	units []notedUnit // of the second pass, in the order of the input
	room  int64
	whole bool // the starts of all units were told
	reach int  // by how many bytes an event may begin in front of the block of its start
	// beyond are the starts that there was no room for.
	beyond int64
}

type notedUnit struct {
	order  int64
	lines  int64 // of its part in front of it
	told   bool  // of all its starts
	hosts  []hostKey
	rows   [][]notedStart // in pieces, so that they need not be copied to make room
	blocks []event.StartBlock
	reach  int
}

// notedStart is a start in few words.
type notedStart struct {
	time        int64 // in milliseconds
	pid, parent uint32
	host        uint32 // of the unit's
	block       uint16 // of the unit's
	flags       uint8
}

// The rows of the first piece, and how often the next has twice as many: to some 100 KB.
const leastRows, doubledRows = 16, 8

// maxBlocks is how many blocks of a unit can be told apart; one has some thirty.
const maxBlocks = 1 << 16

// blockAt is a block of a unit of the second pass, and blocks are some of them.
type (
	blockAt struct{ unit, block int }
	blocks  map[blockAt]bool
)

// Flags of a notedStart.
const (
	hasParent uint8 = 1 << iota
	isEarly         // the event may begin in front of the block
	isFetched       // it was looked for, so that it is known as a whole or is no start
)

func newNoted() *noted { return &noted{room: maxNoted, whole: true} }

// startQuery is what readers take for the start of a process.
const startQuery = `process where event.type == "start"`

// isStart reports whether a query asks for all starts of processes, and no more.
func isStart(q *eql.EventQuery) bool {
	plain, err := eql.Parse(startQuery)
	return err == nil && plain.String() == q.String()
}

// noting is what a worker knows of the host whose starts it was told last.
type noting struct {
	name, source string
	host         uint32 // of the unit's
	spans        []millis
	known        bool
}

// Wants implements event.Starts.
func (w *probeWorker) Wants(host []byte, source string) bool {
	return len(w.probe.framesOf(hostNamed(host, source))) > 0
}

// framesOf returns the frames of a host in which starts matter.
func (p *Probe) framesOf(host hostKey) (list []*frame) {
	for _, l := range p.lookups {
		if f := l.frames[host]; l.starts != nil && f != nil {
			list = append(list, f)
		}
	}
	return list
}

// Start implements event.Starts.
func (w *probeWorker) Start(host []byte, source string, s event.Start) {
	n := &w.noting
	if !n.known || n.name != string(host) || n.source != source {
		*n = noting{name: string(host), source: source, known: true}
		for _, f := range w.probe.framesOf(hostNamed(host, source)) {
			n.spans = append(n.spans, f.millis())
		}
		n.host = w.unit.hostNumber(hostNamed(host, source))
	}
	if !slices.ContainsFunc(n.spans, func(m millis) bool { return s.Time >= m.from && s.Time <= m.to }) {
		return
	}
	row := notedStart{time: s.Time, pid: s.PID, parent: s.Parent, host: n.host, block: uint16(len(w.unit.noted.blocks))}
	if s.HasParent {
		row.flags |= hasParent
	}
	if s.Reach > 0 {
		row.flags |= isEarly
		w.unit.noted.reach = max(w.unit.noted.reach, s.Reach)
	}
	w.unit.noted.add(row)
	w.unit.weight += notedSize
}

func (u *notedUnit) add(row notedStart) {
	last := len(u.rows) - 1
	if last < 0 || len(u.rows[last]) == cap(u.rows[last]) {
		last++
		u.rows = append(u.rows, make([]notedStart, 0, leastRows<<min(last, doubledRows)))
	}
	u.rows[last] = append(u.rows[last], row)
}

// size returns how many starts were noted, and in how many bytes they and the blocks are.
func (u *notedUnit) size() (starts, bytes int64) {
	bytes = int64(cap(u.blocks)) * blockSize
	for _, piece := range u.rows {
		starts, bytes = starts+int64(len(piece)), bytes+int64(cap(piece))*notedSize
	}
	return starts, bytes
}

// millis is a span of time in milliseconds.
type millis struct{ from, to int64 }

// millis returns the milliseconds that a frame has.
func (f *frame) millis() millis {
	if f.open {
		return millis{math.MinInt64, math.MaxInt64}
	}
	return millis{f.from.Add(time.Millisecond - 1).UnixMilli(), f.to.UnixMilli()}
}

// Told implements event.Starts.
func (w *probeWorker) Told(b event.StartBlock) {
	u := &w.unit.noted
	u.told = b.All && (u.told || len(u.blocks) == 0) && len(u.blocks) < maxBlocks
	u.blocks = append(u.blocks, b)
}

// hostNumber returns the number of a host in the unit.
func (u *probeUnit) hostNumber(host hostKey) uint32 {
	i := slices.Index(u.noted.hosts, host)
	if i < 0 {
		i = len(u.noted.hosts)
		u.noted.hosts = append(u.noted.hosts, host)
	}
	return uint32(i)
}

// hostNamed returns the host of events that give it a name, or none.
func hostNamed(name []byte, source string) hostKey {
	if len(name) == 0 {
		return hostKey{folder: filepath.Dir(source)}
	}
	return hostKey{name: string(name)}
}

// add takes the next unit of the second pass.
func (n *noted) add(u *probeUnit, lines int64) {
	unit := u.noted
	unit.order, unit.lines = u.at, lines
	starts, size := unit.size()
	if unit.told && size > n.room {
		unit.told = false
		n.beyond += starts
	}
	if !unit.told {
		unit.rows, unit.hosts, unit.blocks = nil, nil, nil
	} else {
		n.room -= size
		n.reach = max(n.reach, unit.reach)
	}
	n.whole = n.whole && unit.told
	n.units = append(n.units, unit)
}

// find returns the place of a unit in n.units.
func (n *noted) find(order int64) (int, bool) {
	return slices.BinarySearchFunc(n.units, order, func(u notedUnit, order int64) int { return cmp.Compare(u.order, order) })
}

// eachBlock calls f with the blocks that the event of a noted start may have its first record
// in, as long as it returns true, and reports whether it always did.
func (n *noted) eachBlock(s *start, f func(at blockAt) bool) bool {
	at, reach, ok := blockAt{s.unit, int(s.row.block)}, 0, true
	if s.row.flags&isEarly != 0 {
		reach = n.reach
	}
	for f(at) {
		if at, ok = n.before(at); !ok || reach <= 0 {
			return true
		}
		b := &n.units[at.unit].blocks[at.block]
		reach -= int(b.End - b.Offset)
	}
	return false
}

// before returns the block in front of another, and false if it is not known, or read in any case.
func (n *noted) before(at blockAt) (blockAt, bool) {
	if at.block == 0 && at.unit > 0 {
		at.unit--
		at.block = len(n.units[at.unit].blocks)
	}
	at.block--
	return at, at.block >= 0
}

// places returns where those of some blocks are that are in a unit, in order.
func (n *noted) places(unit int, of blocks) (list []scan.BlockPlace) {
	for i, b := range n.units[unit].blocks {
		if of[blockAt{unit, i}] && b.End > b.Offset {
			list = append(list, scan.BlockPlace{Offset: b.Offset, Line: b.Line})
		}
	}
	return list
}

// lines returns how many lines of its part are in front of a unit, of which a pass that
// skips others does not know it.
func (n *noted) lines(order, counted int64) int64 {
	if i, ok := n.find(order); ok {
		return n.units[i].lines
	}
	return counted
}

// each gives the starts that were noted.
func (u *notedUnit) each() iter.Seq[*notedStart] {
	return func(yield func(*notedStart) bool) {
		for _, piece := range u.rows {
			for i := range piece {
				if !yield(&piece[i]) {
					return
				}
			}
		}
	}
}

// rows appends the starts of some processes that were noted in a frame and not looked for yet.
func (n *noted) rows(list []start, of map[hostPID]bool, frames map[hostKey]*frame) []start {
	pids := map[uint32]bool{}
	var some [1024]uint64 // a bit for each, by its lowest bits
	for key := range of {
		if pid, err := strconv.ParseUint(strings.TrimPrefix(key.id, "#"), 10, 32); err == nil {
			pids[uint32(pid)] = true
			some[pid%65536/64] |= 1 << (pid % 64)
		}
	}
	for i := range n.units {
		unit := &n.units[i]
		j := -1
		for row := range unit.each() {
			if j++; some[row.pid%65536/64]>>(row.pid%64)&1 == 0 || !pids[row.pid] {
				continue
			}
			s := start{row: row, unit: i, host: unit.hosts[row.host], time: time.UnixMilli(row.time).UTC(), order: int(unit.order)}
			s.pid, s.evidence.Offset = strconv.FormatUint(uint64(row.pid), 10), int64(j)
			if row.flags&hasParent != 0 {
				s.parentPID = strconv.FormatUint(uint64(row.parent), 10)
			}
			if of[pidKey(s.host, s.pid)] && frames[s.host].has(s.time) {
				list = append(list, s)
			}
		}
	}
	return list
}
