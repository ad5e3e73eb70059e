package ndjson

// refusal is an array that holds no value that is wanted.
type refusal struct {
	text  []byte
	block uint32 // in which that is so, 0 if it always is
}

// wants reports whether a value is one of those of the tests, and whether it still matters.
func (k *keyTests) wants(value []byte) (wanted, matters bool) {
	if value == nil || !k.all.Has(value) {
		return false, false
	}
	for i := range k.tests {
		if t := &k.tests[i]; t.values.Has(value) && (t.open == nil || t.open(value)) {
			return true, true
		}
	}
	return true, false
}

// rejects reports whether the value that text begins with, behind a colon, is surely none that
// matters in this block.
func (k *keyTests) rejects(text []byte) bool {
	if text[0] == '[' {
		return k.rejectsArray(text)
	}
	value, n := k.one(text)
	_, matters := k.wants(value)
	return n > 0 && !matters
}

const (
	// maxRefused is up to how many bytes of an array are kept: two dozen addresses.
	maxRefused = 512
	// refusedArrays is how many are kept: a fleet's worth, as long as that fits the caches.
	refusedArrays = 2048
)

func (k *keyTests) rejectsArray(text []byte) bool {
	if len(text) < 2*wordSize {
		return false
	}
	if k.refused == nil {
		k.refused = make([]refusal, refusedArrays)
	}
	slot := hash(loadWord(text)^loadWord(text[wordSize:])*mixer) % refusedArrays
	first, second := &k.refused[slot], &k.refused[slot^1]
	if first.is(text, *k.block) || second.is(text, *k.block) {
		return true
	}
	n, always := k.arrayWithout(text)
	if n == 0 {
		return false
	}
	if n <= maxRefused {
		*first, *second = *second, *first
		first.text, first.block = append(first.text[:0], text[:n]...), 0
		if !always {
			first.block = *k.block
		}
	}
	return true
}

// is reports whether text begins with the array, and that holds no wanted value in the block.
func (r *refusal) is(text []byte, block uint32) bool {
	n := len(r.text)
	return n > 0 && n <= len(text) && string(r.text) == string(text[:n]) && (r.block == 0 || r.block == block)
}

// arrayWithout returns the length of the array that text begins with, if surely no value in it
// matters, and whether none is wanted; else 0.
func (k *keyTests) arrayWithout(text []byte) (length int, always bool) {
	always = true
	for i := 1; i < len(text); i++ {
		value, n := k.one(text[i:])
		wanted, matters := k.wants(value)
		if n == 0 || matters {
			return 0, false
		}
		always = always && !wanted
		switch i += n; byteAt(text, i) {
		case ',':
		case ']':
			return i + 1, always
		default:
			return 0, false
		}
	}
	return 0, false
}
