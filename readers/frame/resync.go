package frame

import (
	"bytes"
	"slices"
)

// maxLike is how many bytes of a document's beginning are compared to find another: its
// bracket, the white space behind it and its first key.
const maxLike = 256

// anyDocument is how a document begins when there is none to compare with.
var anyDocument = []byte(`{"`)

// likeness returns how a document begins, up to the end of its first key; nil if it does
// not begin as a document does.
func likeness(text []byte) []byte {
	text = text[:min(len(text), maxLike)]
	if len(text) == 0 || text[0] != '{' {
		return nil
	}
	n := 1
	for n < len(text) && classes[text[n]] == space {
		n++
	}
	if n == len(text) || text[n] != '"' {
		return nil
	}
	end := bytes.IndexByte(text[n+1:], '"')
	if end < 0 {
		return nil
	}
	return append([]byte(nil), text[:n+1+end+1]...)
}

// beginning returns how the document began that is being scanned or was scanned last.
func (j *JSON) beginning(core []byte) []byte {
	s := &j.scan
	if s.inRecord && !s.junk && s.start >= 0 && s.start < j.pos {
		if like := likeness(core[s.start:j.pos]); like != nil {
			j.like = like
		}
	}
	if j.like == nil {
		j.like = anyDocument
	}
	return j.like
}

// repeats reports whether the record that is being scanned, or a part of it, begins again
// inside it: a sign that it swallowed other documents.
func (j *JSON) repeats(core []byte) bool {
	s := &j.scan
	if !s.inRecord || s.junk {
		return false
	}
	like := j.beginning(core)
	return bytes.Contains(core[s.start+1:], like)
}

// salvage looks for documents in a record that the end of the stream cut.
func (j *JSON) salvage(core []byte) bool {
	if !j.repeats(core) {
		return false
	}
	j.resync(core)
	return true
}

// freeAgain is how many bytes are scanned again after damage whatever the input.
const freeAgain = 1 << 20

// resync makes the record that is broken at the position junk, and goes on behind its
// first byte: what follows it may be whole. Scanning again is paid for by bytes scanned
// once, four each; text that breaks over and over is passed over up to the break, so that
// time stays linear in the input.
func (j *JSON) resync(core []byte) {
	s := &j.scan
	like := j.beginning(core)
	start, from := j.pos, j.pos
	if s.inRecord {
		start = s.start
		if again := int64(j.pos - start); j.again+again <= freeAgain+4*(j.offset+int64(j.pos)) {
			j.again += again
			from = start
		}
	}
	s.restart(start, like)
	j.pos = min(from+1, len(core))
}

// discard passes over a record that is longer than the limit, without its bytes. It ends
// where the record ends, or turns out to be the envelope of others, or, if it is broken,
// where the next one begins like it.
func (j *JSON) discard(data []byte) Block {
	s := &j.scan
	like := j.beginning(data[j.layout.Before:])
	from := j.offset
	s.passing = true
	core := j.forget(data[j.layout.Before:])
	for v := more; v != finished; {
		if v == damaged {
			s.restart(j.pos, like)
			j.pos++
		} else if j.err != nil {
			j.pos = len(core)
			s.restart(j.pos, nil)
			s.inRecord, s.junk = false, false
			break
		} else {
			core = j.forget(core)
			size := max(j.layout.Size, len(core)+1)
			room := slices.Grow(core, size-len(core))[:size]
			var n int
			n, j.err = readFull(j.r, room[len(core):])
			core = room[:len(core)+n]
		}
		j.pos, v = s.run(core, j.pos, &j.records)
	}
	s.passing = false
	j.carry = append(j.carry[:0], core[j.pos:]...)
	j.move(j.pos)
	return Block{
		Data: data[:j.layout.Before], Start: j.layout.Before, End: j.layout.Before,
		Offset: from, Skipped: j.offset - from, Records: []Record{},
	}
}

// forget drops what is scanned, but for the beginning of a name, and returns what is left.
func (j *JSON) forget(core []byte) []byte {
	cut := j.pos
	if s := &j.scan; s.inString && s.key >= 0 {
		if cut = s.key; j.pos-cut > maxLike {
			s.key, cut = -1, j.pos
		}
	}
	j.move(cut)
	return core[:copy(core, core[cut:])]
}
