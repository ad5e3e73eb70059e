package ndjson

import (
	"math/bits"

	"kscan/readers/event"
	"kscan/readers/prefilter"
)

// A gate is a text that must stand in a line that holds some of the needs, such as the name of
// a host. Where it stands in few lines it is looked for in place of what else they need, and
// a filter of its own looks for that in those lines alone.

const (
	// gateRoom is how many bytes there must be for each line of a gate: if there are fewer,
	// what lies behind gates is as soon found by itself.
	gateRoom = 4 << 10
	// shutBlocks is for how many blocks it is left at that.
	shutBlocks = 16
)

// gateOf returns the text that a need's lines hold, "" if there is none.
func gateOf(n *event.Need) string {
	for i := range n.And {
		if t, ok := newLineTest(&n.And[i]); ok && t.text != "" {
			return t.text
		}
	}
	return ""
}

// gate is what lies behind a literal that is a gate.
type gate struct {
	needs   []event.Need
	filter  *filter // of these
	refused int     // where the last line ends that holds none of them
}

// open makes the filters behind the gates. It returns false if one cannot tell.
func (m *filterMaker) open(sample []byte) bool {
	for _, a := range m.list {
		if a.gate == nil {
			continue
		}
		if a.gate.filter = newFilter(a.gate.needs, false, sample); a.gate.filter == nil {
			return false
		}
	}
	return true
}

// enters reports whether the line of a place, where a gate stands, may hold a need behind it.
func (f *filter) enters(g *gate, at int) bool {
	if at < g.refused {
		return false // the gate stood in front of it in the line
	}
	f.entered++
	start, end := f.startOf(at), f.endOf(at)
	if g.filter.holds(f.data[start:end]) {
		return true
	}
	g.refused = end
	return false
}

// holds reports whether a line may hold one of the needs.
func (f *filter) holds(line []byte) bool {
	words := prefilter.Words(len(line))
	f.prepare(line, words)
	if cap(f.hits) < words {
		f.hits = make([]uint64, words)
	}
	f.hits = f.hits[:words]
	f.finder.Scan(line, f.newlines, f.hits)
	for w, word := range f.hits {
		for ; word != 0; word &= word - 1 {
			i := w*64 + bits.TrailingZeros64(word)
			if i >= glanceRoom && i <= len(line)-glanceRoom && f.refuses(i) {
				continue
			}
			if f.finder.Match(line, i, f.wanted) {
				return true
			}
		}
	}
	return false
}

// gating says whether gates are looked for in the next block.
type gating struct{ shut int } // for how many blocks they are not

// next takes what the block before was looked at with.
func (g *gating) next(f *filter) (gated bool) {
	switch {
	case g.shut > 0:
		g.shut--
	case f.entered*gateRoom > len(f.data):
		g.shut = shutBlocks
	}
	return g.shut == 0
}

// samplePieces are what a sample is made of: of logs whose hosts take turns it is to have many.
const samplePieces = 16

// sampleOf returns parts of the data from all over it.
func sampleOf(data []byte) []byte {
	const piece = prefilter.MaxSample / samplePieces
	sample := make([]byte, 0, prefilter.MaxSample)
	for at := 0; at < len(data) && len(sample) < prefilter.MaxSample; at += max(len(data)/samplePieces, piece) {
		sample = append(sample, data[at:min(at+piece, len(data))]...)
	}
	return sample
}
