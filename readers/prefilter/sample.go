package prefilter

import "encoding/binary"

// MaxSample is how many bytes of a sample NewFor looks at: logs are so much alike that more
// says no more.
const MaxSample = 32 << 10

// texts are what is known of the texts that are searched.
type texts struct {
	shares [16][16]float64 // of bytes, in any log
	// windows are those of the sample, each once, and how many of all it is.
	windows []uint32
	parts   []float64
	counts  *counts // in place of them, or nil
}

func newTexts(sample []byte) *texts {
	t := &texts{shares: shares()}
	sample = sample[:min(len(sample), MaxSample)]
	at := make(map[uint32]int)
	for i := range len(sample) - (window - 1) {
		w := binary.LittleEndian.Uint32(sample[i:])
		k, known := at[w]
		if !known {
			k = len(t.windows)
			at[w] = k
			t.windows, t.parts = append(t.windows, w), append(t.parts, 0)
		}
		t.parts[k] += 1 / float64(len(sample))
	}
	return t
}

// chance is about how often a shape fits.
func (t *texts) chance(s *shape) float64 { return s.chance(&t.shares) + t.seen(s) }

// seen is how often a shape fits the sample.
func (t *texts) seen(s *shape) (sum float64) {
	for k, w := range t.windows {
		if s[0].fits(byte(w)) && s[1].fits(byte(w>>8)) && s[2].fits(byte(w>>16)) && s[3].fits(byte(w>>24)) {
			sum += t.parts[k]
		}
	}
	return sum
}

func (h *halves) fits(c byte) bool { return h[0]>>(c&15)&(h[1]>>(c>>4))&1 != 0 }

// rarest returns the offset of that window of a literal which there is least of.
func (t *texts) rarest(l Literal) int {
	offset := rarest(l.Text)
	if t.counts != nil && !l.Fold {
		return t.counts.rarest(l.Text, offset)
	}
	if len(t.windows) == 0 {
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
