package ndjson

// refusal is an array that holds no value that is wanted. It is the size of what a processor
// loads at once, as there is one for each host.
type refusal struct {
	start [startWords]uint64 // of the text, and zeros behind its end
	size  uint32             // of the text; 0 if there is none
	block uint32             // in which that is so, 0 if it always is
	more  *refusalMore       // nil if there is no more
}

// refusalMore is what few refusals have.
type refusalMore struct {
	rest []byte // of the text behind its start
	// only is the one value that is wanted, but does not matter in the block; empty if there are
	// others.
	only []byte
}

// startWords is room for most arrays of addresses.
const startWords = 6

// matters reports whether a value is one of those of the tests that still matter.
func (k *keyTests) matters(value []byte) bool {
	for i := range k.tests {
		if t := &k.tests[i]; t.values.Has(value) && (t.open == nil || t.open(value)) {
			return true
		}
	}
	return false
}

// rejects reports whether the value that text begins with, behind a colon, is surely none that
// matters in this block.
func (k *keyTests) rejects(text []byte) bool {
	if text[0] == '[' {
		return k.rejectsArray(text)
	}
	value, n := k.one(text)
	return n > 0 && (value == nil || !k.all.Has(value) || !k.matters(value))
}

const (
	// maxRefused is up to how many bytes of an array are kept: two dozen addresses.
	maxRefused = 512
	// fewRefused is how many are kept at first, and maxRefusals at most: a fleet's worth, as long
	// as that fits the caches.
	fewRefused  = 256
	maxRefusals = 2048
)

func (k *keyTests) rejectsArray(text []byte) bool {
	if len(text) < startWords*wordSize {
		return false
	}
	if len(k.refused) == 0 || k.forgotten > len(k.refused) && len(k.refused) < maxRefusals {
		k.refused, k.forgotten = make([]refusal, max(2*len(k.refused), fewRefused)), 0
	}
	slot := hash(loadWord(text)^loadWord(text[wordSize:])*mixer) % uint64(len(k.refused))
	first, second := &k.refused[slot], &k.refused[slot^1]
	if first.is(text) && first.holds(k) || second.is(text) && second.holds(k) {
		return true
	}
	n, wanted, only := k.arrayWithout(text)
	if n == 0 {
		return false
	}
	if n <= maxRefused {
		*first, *second = *second, *first
		if first.size > 0 {
			k.forgotten++
		}
		first.set(text[:n])
		if wanted > 0 {
			first.block = *k.block
		}
		if wanted == 1 {
			more := first.keep()
			more.only = append(more.only, only...)
		}
	}
	return true
}

// set makes it the refusal of an array in any block.
func (r *refusal) set(text []byte) {
	var room [startWords * wordSize]byte
	n := copy(room[:], text)
	for i := range r.start {
		r.start[i] = loadWord(room[i*wordSize:])
	}
	r.size, r.block = uint32(len(text)), 0
	if r.more != nil {
		r.more.rest, r.more.only = r.more.rest[:0], r.more.only[:0]
	}
	if n < len(text) {
		more := r.keep()
		more.rest = append(more.rest, text[n:]...)
	}
}

func (r *refusal) keep() *refusalMore {
	if r.more == nil {
		r.more = new(refusalMore)
	}
	return r.more
}

// holds reports whether the array still holds no value that matters.
func (r *refusal) holds(k *keyTests) bool {
	if r.block == 0 || r.block == *k.block {
		return true
	}
	if r.more == nil || len(r.more.only) == 0 || k.matters(r.more.only) {
		return false
	}
	r.block = *k.block
	return true
}

// is reports whether text, which is as long as start, begins with the array.
func (r *refusal) is(text []byte) bool {
	size, i := int(r.size), 0
	for ; i < startWords && size >= wordSize; i, size = i+1, size-wordSize {
		if loadWord(text[i*wordSize:]) != r.start[i] {
			return false
		}
	}
	switch {
	case r.size == 0:
		return false
	case i < startWords:
		return (loadWord(text[i*wordSize:])^r.start[i])<<(8*(wordSize-size)) == 0
	}
	return size <= len(text)-i*wordSize && (size == 0 || string(text[i*wordSize:i*wordSize+size]) == string(r.more.rest))
}

// arrayWithout returns the length of the array that text begins with, if surely no value in it
// matters, how many are wanted all the same, and the last of them; else 0.
func (k *keyTests) arrayWithout(text []byte) (length, wanted int, last []byte) {
	for i := 1; i < len(text); i++ {
		value, n := k.one(text[i:])
		if n == 0 {
			return 0, 0, nil
		}
		if value != nil && k.all.Has(value) {
			if k.matters(value) {
				return 0, 0, nil
			}
			wanted, last = wanted+1, value
		}
		switch i += n; byteAt(text, i) {
		case ',':
		case ']':
			return i + 1, wanted, last
		default:
			return 0, 0, nil
		}
	}
	return 0, 0, nil
}
