package auditd

import (
	"bytes"
	"math/bits"

	"kscan/readers/prefilter"
)

// habit is a SYSCALL record that was read. Others mostly differ from it in a few values
// alone: where the texts are equal they are not read again.
type habit struct {
	text   []byte // of the body, and slack bytes; empty if there is none
	fields []habitField
	parts  []int32 // the numbers of the fields that are parts, and that of none
	at     []int32 // for each byte of the text, and its end, the field whose value a difference there is in, or the next
	trust  int     // how many more records were like it than were not, up to maxTrust
}

// habitField is a field as a scanner finds it.
type habitField struct {
	start, end int // of the value in the text, with its quotes
	past       int // where a difference is behind the field, and no longer one of its value
	part       part
}

// maxTrust is how many records in a row that are unlike a habit make another of them.
const maxTrust = 8

// slack is how many bytes behind a text may be read when it is compared or searched.
const slack = max(8, prefilter.Tail)

// learn makes a record the habit if it has nothing that it takes a scanner to understand.
func (h *habit) learn(body []byte) {
	h.text, h.fields, h.parts, h.at, h.trust = h.text[:0], h.fields[:0], h.parts[:0], h.at[:0], 0
	if bytes.ContainsAny(body, `\{'`) {
		return
	}
	s := scanner{body: body}
	for s.next() {
		start := s.at + len(s.key) + 1
		f := habitField{start: start, end: start + len(s.val), part: partOf(s.key)}
		if s.quoted {
			f.end += len(`""`)
		}
		if f.past = f.end + 1; s.quoted {
			f.past = f.end
		}
		if f.part == noHabit || body[start-1] != '=' {
			return
		}
		h.add(f)
	}
	if s.open[0] || s.open[1] {
		return
	}
	h.parts = append(h.parts, int32(len(h.fields)))
	for len(h.at) <= len(body) {
		h.at = append(h.at, int32(len(h.fields)))
	}
	h.text = append(append(h.text, body...), make([]byte, slack)...)
}

func (h *habit) add(f habitField) {
	number := int32(len(h.fields))
	for len(h.at) < f.past {
		h.at = append(h.at, number)
	}
	if f.part != noPart {
		h.parts = append(h.parts, number)
	}
	h.fields = append(h.fields, f)
}

// doubt notes a record that is not like the habit, and learns from it if many are not.
func (h *habit) doubt(body []byte) {
	if h.trust--; h.trust < 0 {
		h.learn(body)
	}
}

// read reads the body text[from:end] into f, as a scanner would. It returns false if the
// record differs from the habit in more than values.
func (h *habit) read(f *callFields, d *Decoder, from, end int) bool {
	if len(h.text) == 0 || end+slack > len(d.text) {
		return false
	}
	text, size, known := d.text[from:end+slack], end-from, len(h.text)-slack
	parts := h.parts
	for i, j := 0, 0; ; {
		differ := min(j+equal(text[i:], h.text[j:]), known, j+size-i)
		number := h.at[differ]
		if differ == known && i+differ-j == size {
			number = int32(len(h.fields))
		}
		for ; parts[0] < number; parts = parts[1:] {
			k := &h.fields[parts[0]]
			f.takeText(d, k.part, text[k.start+i-j:k.end+i-j])
		}
		if differ == known && i+differ-j == size {
			break
		}
		if int(number) == len(h.fields) {
			return false
		}
		k := &h.fields[number]
		if differ < k.start || k.start < j {
			return false
		}
		value := text[k.start+i-j : size]
		at := valueSize(value)
		if at == 0 {
			return false
		}
		if k.part != noPart {
			f.takeText(d, k.part, value[:at])
			parts = parts[1:]
		}
		i, j = k.start+i-j+at, k.end
	}
	h.trust = min(h.trust+1, maxTrust)
	return true
}

// equal returns how many bytes at the start of two texts are equal. Of the last slack bytes
// of either it looks at some.
func equal(a, b []byte) (n int) {
	for n+8 <= len(a) && n+8 <= len(b) {
		if differ := load(a[n:]) ^ load(b[n:]); differ != 0 {
			return n + bits.TrailingZeros64(differ)/8
		}
		n += 8
	}
	return n
}

// valueSize returns how many bytes the value at the start of a text has, with its quotes; 0
// if that is left to a scanner.
func valueSize(text []byte) int {
	if len(text) == 0 || text[0] == '{' {
		return 0
	}
	if text[0] != '"' {
		n := 0
		for n < len(text) && !isGap[text[n]] {
			n++
		}
		return n
	}
	n := bytes.IndexByte(text[1:], '"') + 1
	if n == 0 || text[n-1] == '\\' {
		return 0
	}
	return n + 1
}

// takeText keeps the value of a field, as it is written.
func (f *callFields) takeText(d *Decoder, p part, val []byte) {
	s := scanner{val: val}
	if len(val) > 0 && val[0] == '"' {
		s.val, s.quoted = val[1:len(val)-1], true
	}
	f.take(d, p, &s)
}
