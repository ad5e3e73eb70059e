package ndjson

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"kscan/readers/prefilter"
)

const (
	// chunk is how many bytes are looked at together: few enough to stay in the fastest cache
	// from the search to the glances.
	chunk      = 16 << 10
	chunkWords = chunk / 64
	// maxDeals is how many literals get their places apart from all others.
	maxDeals = 7
)

// dealer deals the places of a chunk: each key that a glance tells by its value gets those of
// its own. A processor foresees what comes next at places that are alike, and not if they come
// as they stand in the lines.
type dealer struct {
	deals [1 << dealBits]deal
	keys  [maxDeals]int // the literals
	dealt int           // how many keys there are
	room  *dealRoom
}

// dealRoom is the memory for the places of a chunk, which are counted from its start.
type dealRoom struct {
	hits   [chunkWords]uint64
	some   [chunkWords]uint8      // which words have hits
	at     [chunk + 2]uint16      // the hits
	counts [1 + maxDeals]int      // of lists
	lists  [1 + maxDeals][]uint16 // the first has the places of all others
}

// deal says whose a place is where a window stands.
type deal struct {
	window uint32
	list   uint32
}

const dealBits = 8

func dealOf(window uint32) uint32 { return window * 0x9E3779B1 >> (32 - dealBits) }

// newDealer returns a dealer for the keys of which the windows tell, together with what is
// mostly behind them, that no other literal stands there.
func newDealer(f *filter) (d dealer) {
	for k := range f.accepts {
		g, l := &f.glances[k], f.finder.Literals()[k]
		if d.dealt == maxDeals || g.kind == atNothing || g.kind == atLiteral {
			continue
		}
		window := uint32(wordOf((l.Text + "::::")[f.finder.Offset(k):]))
		if set, known := f.finder.Known(window); known && set == 1<<k {
			d.keys[d.dealt] = k
			d.dealt++
			d.deals[dealOf(window)] = deal{window, uint32(d.dealt)}
		}
	}
	return d
}

// search finds the places where a literal may make its line a candidate, as far as a glance
// tells, and notes whether an AuditMark stands anywhere. It reports whether all of the data is
// ASCII, and nothing of it NUL.
func (f *filter) search() (plain bool) {
	f.places, f.tried, f.carried = f.places[:0], 0, false
	plain = true
	room := f.dealer.room
	for at := 0; at < len(f.data); at += chunk {
		if len(f.data)-at >= chunk+prefilter.Tail {
			plain = f.finder.ScanWords(f.data[at:], chunkWords, f.newlines[at/64:], room.hits[:]) && plain
		} else {
			plain = f.scanEnd(at) && plain
		}
		f.thin(at, room.list())
	}
	return plain
}

// scanEnd marks the hits of the last chunk, and of all but a few bytes the last but one.
func (f *filter) scanEnd(at int) (plain bool) {
	room := f.dealer.room
	clear(room.hits[:])
	var hits [chunkWords + 1]uint64
	words := prefilter.Words(len(f.data) - at)
	plain = f.finder.Scan(f.data[at:], f.newlines[at/64:], hits[:words])
	copy(room.hits[:], hits[:])
	return plain
}

// list returns the hits in order. It hardly ever takes a turn that depends on how many there
// are in a word.
func (d *dealRoom) list() []uint16 {
	some := 0
	for w, word := range d.hits {
		d.some[some&(chunkWords-1)] = uint8(w)
		some += int((word | -word) >> 63)
	}
	n := 0
	for _, w := range d.some[:some] {
		word, base := d.hits[w], uint16(w)*64
		rest := word & (word - 1)
		to := d.at[n:]
		to[0], to[1] = base+uint16(bits.TrailingZeros64(word)), base+uint16(bits.TrailingZeros64(rest))
		n += bits.OnesCount64(word)
		for k := 2; k < len(to); k++ {
			if rest &= rest - 1; rest == 0 {
				break
			}
			to[k] = base + uint16(bits.TrailingZeros64(rest))
		}
	}
	return d.at[:n]
}

// thin lists those places, of hits in a chunk, that no glance refuses.
func (f *filter) thin(start int, hits []uint16) {
	if len(hits) == 0 {
		return
	}
	before := len(f.places)
	f.deal(start, hits)
	room := f.dealer.room
	for _, hit := range room.lists[0][:room.counts[0]] {
		if i := start + int(hit); !f.refuses(i) {
			f.places = append(f.places, int32(i))
		}
	}
	for k, literal := range f.dealer.keys[:f.dealer.dealt] {
		f.places = f.glances[literal].keep(f.places, f.data, start, room.lists[1+k][:room.counts[1+k]])
	}
	if kept := f.places[before:]; !slices.IsSorted(kept) {
		slices.Sort(kept)
	}
}

// deal puts hits into lists, and those at the ends of the data into places.
func (f *filter) deal(start int, hits []uint16) {
	d, room, last := &f.dealer, f.dealer.room, len(f.data)-glanceRoom
	room.counts = [1 + maxDeals]int{}
	for k := range 1 + d.dealt {
		if len(room.lists[k]) == 0 {
			room.lists[k] = make([]uint16, chunk)
		}
	}
	for _, hit := range hits {
		i := start + int(hit)
		if i < glanceRoom || i > last {
			f.carried = f.carried || f.finder.Stands(f.audit, f.data, i)
			f.places = append(f.places, int32(i))
			continue
		}
		window := binary.LittleEndian.Uint32(f.data[i:])
		to := &d.deals[dealOf(window)]
		list := to.list
		if to.window != window {
			list = 0
		}
		list &= maxDeals
		room.lists[list][room.counts[list]] = hit
		room.counts[list]++
	}
}

// refuses reports whether surely no literal at a place makes its line a candidate. The place
// must be glanceRoom away from the ends of the data.
func (f *filter) refuses(i int) bool {
	set, known := f.finder.Known(binary.LittleEndian.Uint32(f.data[i:]))
	if !known {
		set = f.finder.Fits(f.data, i)
	}
	for ; set != 0; set &= set - 1 {
		k := bits.TrailingZeros64(set)
		if !f.glances[k].refuses(f.data, i) {
			f.carried = f.carried || set>>f.audit&1 != 0 && f.finder.Stands(f.audit, f.data, i)
			return false
		}
	}
	return true
}
