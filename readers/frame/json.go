package frame

import (
	"errors"
	"fmt"
	"io"
)

// JSON cuts a stream of JSON values into documents without parsing them: objects one
// after another, the elements of a top-level array, and the hits of Elasticsearch search
// responses, however they are laid out in lines. What lies between documents (commas, the
// envelope of a response) is in the cores and in no record.
//
// After damage, which is a bracket that does not fit, a byte that cannot be outside of a
// string, or the end of the stream, it goes on at the next place that begins as the
// broken document began: same brackets, white space and first key. The bytes up to there
// become one record, which a decoder reports. It holds at most one block and one record.
type JSON struct {
	r      io.Reader
	layout Layout
	carry  []byte // read and not handed out
	pos    int    // how much of carry is scanned
	offset int64  // in the part, of the first byte of carry
	err    error  // of the reader, kept until the data before it is handed out
	done   bool   // the last block was handed out

	scan    scanner
	records []Record
	like    []byte // how the last broken document began
	again   int64  // bytes scanned again after damage
}

// CutError says that a stream of JSON ended inside a document, or inside the array or
// response around the documents.
type CutError struct {
	Offset   int64 // where what is not closed begins, or the end if that is not a document
	Lost     int64 // bytes of a document that were not handed out as a record
	Document bool
}

func (e *CutError) Error() string {
	if e.Document {
		return fmt.Sprintf("the input ends inside a document: its %d bytes were not examined", e.Lost)
	}
	return "the input ends before the array or response around the documents is closed"
}

// NewJSON returns a JSON that reads r.
func NewJSON(r io.Reader, layout Layout) *JSON {
	layout.Size = max(layout.Size, 1)
	layout.Max = max(layout.Max, layout.Size)
	j := &JSON{r: r, layout: layout, offset: layout.Offset}
	j.scan.reset()
	return j
}

// Next returns the next block, as Lines.Next does, with its Records. At the end it
// returns the reader's error, or a CutError in place of io.EOF.
func (j *JSON) Next(buf []byte) (Block, error) {
	if j.done {
		return Block{}, j.end()
	}
	data := j.begin(buf)
	for {
		core := data[j.layout.Before:]
		var v verdict
		if j.pos, v = j.scan.run(core, j.pos, &j.records); v == damaged {
			j.resync(core)
			continue
		}
		cut := j.safe()
		switch {
		case j.err != nil && j.salvage(core):
		case j.err != nil:
			return j.last(data)
		case len(core) >= j.layout.Size && cut > 0:
			return j.block(data, cut), nil
		case len(core) <= j.layout.Max:
			data = j.fill(data)
		case !j.scan.inRecord:
			j.scan.key = -1 // a name as long as this is none that matters
		case j.repeats(core):
			j.resync(core)
		default:
			return j.discard(data), nil
		}
	}
}

// last hands out what is left at the end of the stream.
func (j *JSON) last(data []byte) (Block, error) {
	core := data[j.layout.Before:]
	j.done = true
	if j.scan.junk {
		j.scan.finish(len(core), &j.records)
	}
	if len(core) == 0 {
		return Block{}, j.end()
	}
	return j.block(data, len(core)), nil
}

func (j *JSON) begin(buf []byte) []byte {
	want := j.layout.Before + max(j.layout.Size, len(j.carry)) + j.layout.After
	if cap(buf) < want {
		buf = make([]byte, want)
	}
	data := append(buf[:j.layout.Before], j.carry...)
	j.carry = j.carry[:0]
	return data
}

// safe returns how much of a core may be handed out: not the record that it ends in, nor
// a key of an envelope that may matter.
func (j *JSON) safe() int {
	switch s := &j.scan; {
	case s.inRecord:
		return s.start
	case s.inString && s.key >= 0:
		return s.key
	}
	return j.pos
}

func (j *JSON) fill(data []byte) []byte {
	have := len(data) - j.layout.Before
	want := j.layout.Size
	if have >= want {
		want = min(2*have, j.layout.Max+1)
	}
	if need := j.layout.Before + want + j.layout.After; cap(data) < need {
		data = append(make([]byte, 0, need), data...)
	}
	n, err := readFull(j.r, data[len(data):j.layout.Before+want])
	j.err = err
	return data[:len(data)+n]
}

// block hands out the first n bytes of the core and carries the rest.
func (j *JSON) block(data []byte, n int) Block {
	end := j.layout.Before + n
	b := Block{Data: data[:end], Start: j.layout.Before, End: end, Offset: j.offset, Records: make([]Record, len(j.records))}
	for i, r := range j.records {
		b.Records[i] = Record{r.Start + b.Start, r.End + b.Start}
	}
	j.records = j.records[:0]
	j.carry = append(j.carry[:0], data[end:]...)
	j.move(n)
	return b
}

// move makes all positions count from n bytes further on.
func (j *JSON) move(n int) {
	j.offset += int64(n)
	j.pos -= n
	j.scan.start -= n
	if j.scan.key >= 0 {
		j.scan.key = max(j.scan.key-n, -1)
	}
}

// end is the error after the last block.
func (j *JSON) end() error {
	s := &j.scan
	switch {
	case !errors.Is(j.err, io.EOF):
		return j.err
	case s.inRecord && !s.junk:
		start := j.offset + int64(s.start)
		return &CutError{Offset: start, Lost: j.offset + int64(j.pos) - start, Document: true}
	case s.depth > 0:
		return &CutError{Offset: j.offset + int64(j.pos)}
	}
	return io.EOF
}
