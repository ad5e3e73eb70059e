package auditd

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"kscan/readers/prefilter"
)

// search is what a picker looks for.
type search struct {
	finder   *prefilter.Finder // nil before it is asked for
	sample   int               // bytes that it was made for
	id       int               // the number of the literal pidField, -1 if it is none
	call     int               // that of syscallField
	idAlone  uint64            // what Finder.Fits says of pidField, if no other literal may stand there
	callWord uint32            // what stands at a hit of syscallField, if no other literal may stand there
	callEnd  int               // and where the field ends, behind that
}

// searchFor returns what a picker looks for, made for logs like a text: what holds a need, and
// system calls too if they matter.
func (n *needs) searchFor(text []byte, calls bool) *search {
	s, list := &n.picks[0], n.list
	if calls {
		s, list = &n.picks[1], append(slices.Clip(list), prefilter.Literal{Text: syscallField}, prefilter.Literal{Text: pidField})
	}
	if sample := min(len(text), prefilter.MaxSample); s.finder == nil || sample >= 2*s.sample && sample > 0 {
		*s = newSearch(prefilter.NewFor(list, text))
		s.sample = sample
	}
	return s
}

func newSearch(f *prefilter.Finder) search {
	s := search{finder: f, id: slices.Index(f.Literals(), prefilter.Literal{Text: pidField}),
		call: slices.Index(f.Literals(), prefilter.Literal{Text: syscallField})}
	if s.id >= 0 && f.Fits([]byte(pidField), 0) == 1<<s.id {
		s.idAlone = 1 << s.id
	}
	if s.call >= 0 {
		if at := syscallField[f.Offset(s.call):]; f.Fits([]byte(at), 0) == 1<<s.call {
			s.callWord, s.callEnd = binary.LittleEndian.Uint32([]byte(at)), f.End(s.call)
		}
	}
	return s
}

// lines are those of a chunk of a text. Most hits need not know what line they are in.
type lines struct {
	newlines []uint64
	at       int   // where the chunk begins
	start    int   // of the line that it begins in
	counted  int   // words of newlines
	number   int32 // of lines that end in front of the rest of the words
}

// startOf returns where the line of a place starts.
func (l *lines) startOf(at int) int {
	w := (at - l.at) / 64
	word := l.newlines[w] & (1<<((at-l.at)%64) - 1)
	for ; word == 0; word = l.newlines[w] {
		if w--; w < 0 {
			return l.start
		}
	}
	return l.at + w*64 + bits.Len64(word)
}

// before returns how many lines end in front of a word, one that is not in front of one that was
// asked for.
func (l *lines) before(word int) int32 {
	number := l.number
	for _, newlines := range l.newlines[l.counted:word] {
		number += int32(bits.OnesCount64(newlines))
	}
	l.number, l.counted = number, word
	return number
}

// numberOf returns the number of the line of a place, from 1.
func (l *lines) numberOf(at int) int32 {
	w := (at - l.at) / 64
	return l.before(w) + int32(bits.OnesCount64(l.newlines[w]&(1<<((at-l.at)%64)-1))) + 1
}

// end goes on to the chunk that begins at a place, behind so many words.
func (l *lines) end(words, next int) {
	l.before(words)
	if last := l.newlines[words-1]; last != 0 {
		l.start = l.at + (words-1)*64 + bits.Len64(last)
	} else {
		l.start = l.startOf(l.at + (words-1)*64)
	}
	l.at, l.counted = next, 0
}

// quickRoom is how many bytes quickPass looks at.
const quickRoom = 64

// quickPass passes over a system call or ids that nobody wants, which most hits are. It returns
// the hit, or the later one that this was done for too; -1 if more must be looked at.
func (d *Decoder) quickPass(search *search, hit int, in *lines) int {
	switch binary.LittleEndian.Uint32(d.text[hit:]) {
	case pidWord:
		return d.passIDs(hit, in)
	case search.callWord:
		if !d.starter.on || d.picker.calls {
			break
		}
		switch other := d.starter.other(d, hit+search.callEnd); {
		case other < 0:
			d.starter.takeCall(d, hit+search.callEnd, in.startOf(hit))
			return hit
		case other > 0:
			return hit
		}
	}
	return -1
}

// passIDs is quickPass at pidField: of one id, or of a parent's and the pid behind it.
func (d *Decoder) passIDs(hit int, in *lines) int {
	n, s, text := &d.needs.ids, &d.starter, d.text
	id, end := usualID(text, hit+len(pidField))
	switch {
	case end == 0 || hit == 0:
		return -1
	case text[hit-1] != 'p' || text[end] != ' ' || binary.LittleEndian.Uint32(text[end+1:]) != pidWord:
		marks := &n.pids
		if text[hit-1] == 'p' {
			marks = &n.parents
		}
		if s.line >= 0 || marks.has(id) {
			return -1
		}
		return hit
	}
	next := end + 1
	pid, end := usualID(text, next+len(pidField))
	if end == 0 || s.line >= 0 && !s.takePair(d, id, pid, end, in.startOf(hit)) || n.parents.has(id) || n.pids.has(pid) {
		return -1
	}
	return next
}

// usualID reads an id as they are mostly written, of less than eight digits. It returns where it
// ends, 0 if it may be another.
func usualID(text []byte, at int) (id uint64, end int) {
	id, size := leadingDigits(load(text[at:]))
	if size == 0 || size == 8 || text[at] == '0' {
		return 0, 0
	}
	return id, at + size
}
