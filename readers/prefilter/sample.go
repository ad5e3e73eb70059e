package prefilter

import "encoding/binary"

// MaxSample is how many bytes of a sample NewFor looks at: logs are so much alike that more
// says no more.
const MaxSample = 16 << 10

// texts are what is known of the texts that are searched.
type texts struct {
	shares [16][16]float64 // of bytes, in any log
	// windows are those of the sample, each once, by their first byte, of so many in all.
	windows [256][]times
	size    int
	counts  *counts // in place of them, or nil
}

// times is how often a sample has a window.
type times struct {
	window uint32
	n      int
}

func newTexts(sample []byte) *texts {
	sample = sample[:min(len(sample), MaxSample)]
	t := &texts{shares: shares(), size: len(sample)}
	counts := make(map[uint32]int)
	for i := range len(sample) - (window - 1) {
		counts[binary.LittleEndian.Uint32(sample[i:])]++
	}
	for w, n := range counts {
		t.windows[byte(w)] = append(t.windows[byte(w)], times{w, n})
	}
	return t
}

// chance is about how often a shape fits.
func (t *texts) chance(s *shape) float64 {
	if t.size == 0 {
		return s.chance(&t.shares)
	}
	return s.chance(&t.shares) + float64(t.seen(s))/float64(t.size)
}

// seen is how often a shape fits the sample.
func (t *texts) seen(s *shape) (n int) {
	for c, list := range &t.windows {
		if len(list) == 0 || !s[0].fits(byte(c)) {
			continue
		}
		for i := range list {
			if w := list[i].window; s[1].fits(byte(w>>8)) && s[2].fits(byte(w>>16)) && s[3].fits(byte(w>>24)) {
				n += list[i].n
			}
		}
	}
	return n
}

func (h *halves) fits(c byte) bool { return h[0]>>(c&15)&(h[1]>>(c>>4))&1 != 0 }

// rarest returns the offset of that window of a literal which there is least of.
func (t *texts) rarest(l Literal) int {
	offset := rarest(l.Text)
	if t.counts != nil && !l.Fold {
		return t.counts.rarest(l.Text, offset)
	}
	if t.size == 0 {
		return offset
	}
	s := shapeOf(l.Text[offset:], l.Fold)
	best := t.chance(&s)
	for i := 0; i+window <= len(l.Text); i++ {
		s := shapeOf(l.Text[i:], l.Fold)
		if chance := t.chance(&s); chance < best {
			best, offset = chance, i
		}
	}
	return offset
}
