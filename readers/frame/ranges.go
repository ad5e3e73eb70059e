package frame

import (
	"bytes"
	"io"
)

// Ranges cuts a file of lines into blocks that can be read in any order and by several
// goroutines: range i holds the lines that start in its Layout.Size bytes of the file.
// Layout.Max must be at least twice Layout.Size, so that in a line over the limit there
// is always a range in which no line starts; the first of them stands for that line.
type Ranges struct {
	R      io.ReaderAt
	Layout Layout // Before and After are about the most bytes of the margins; After is at most Max
	Size   int64  // of the file
}

// readAlign is what reads begin at multiples of, in bytes: a page. Copying between pages
// that are not aligned to each other takes several times as long.
const readAlign = 4096

// Count returns the number of ranges.
func (s *Ranges) Count() int64 {
	size := int64(s.Layout.Size)
	return (max(s.Size-s.Layout.Offset, 0) + size - 1) / size
}

// Bounds returns which bytes of the file range i holds the lines of that start there.
func (s *Ranges) Bounds(i int64) (start, end int64) {
	start = s.Layout.Offset + i*int64(s.Layout.Size)
	return start, min(start+int64(s.Layout.Size), s.Size)
}

// At returns the number of the range that an offset is in.
func (s *Ranges) At(offset int64) int64 { return (offset - s.Layout.Offset) / int64(s.Layout.Size) }

// Block reads range i. Its Data is part of buf or of a larger slice, which is returned to
// be the next call's buf. Its margins are the lines in front of the core that fit in
// Layout.Before, and those that begin in the Layout.After bytes behind it. A range in which no line
// starts has an empty core. When the file cannot be read up to the end of the core it
// returns what lines there are and the error; the file's end before Size is
// io.ErrUnexpectedEOF.
func (s *Ranges) Block(i int64, buf []byte) (b Block, memory []byte, err error) {
	return s.Next(i, i, Block{}, buf)
}

// Next is Block for one of several ranges, the last of which has a number, that are read
// one after another: before is the block of the range in front of it, whose memory is buf,
// or none. If that is open the block follows it, and nothing is read twice; if it is Light
// too, its memory is used again while it is in the cache.
func (s *Ranges) Next(i, last int64, before Block, buf []byte) (b Block, memory []byte, err error) {
	var c core
	if before.Open {
		c, err = s.goOn(i, before, buf)
	} else {
		c, err = s.start(i, buf)
	}
	if c.none {
		return s.within(c.data, i)
	}
	b = Block{Start: c.first - c.front, End: c.stop - c.front, Offset: c.low + int64(c.first), Follows: before.Open, stop: c.stop}
	if b.Follows {
		b.Again = s.R
	}
	if i < last && err == nil && c.stop > c.front {
		next, _ := s.Bounds(i + 1)
		b.Open = c.low+int64(c.stop) >= next // else a line over the limit is next
	}
	if !b.Open && s.Layout.After > 0 && err == nil {
		c.data = s.follow(c.data, c.stop, c.low, s.Layout.After)
		b.Data = c.data[c.front:]
	} else {
		b.Data = c.data[c.front:c.stop]
	}
	return b, c.data, err
}

// core is a core in the memory where it was read to: data[first:stop], with a margin from
// front on. data[0] is at low in the file, or would be.
type core struct {
	data               []byte
	front, first, stop int
	low                int64
	none               bool // no line starts in the range
}

// behindEachOther is how many ranges that follow each other have room, so that a margin is
// mostly where it was read to.
const behindEachOther = 4

// room returns memory for so many bytes, what stands behind them of the last line, and a
// margin.
func (s *Ranges) room(buf []byte, n int) []byte {
	usual := s.Layout.Before + s.Layout.Size + readAlign
	if s.Layout.After > 0 {
		usual += (behindEachOther - 1) * s.Layout.Size
	}
	if need := max(n, int(min(int64(usual), s.Size))) + s.Layout.After + 2*readAlign; cap(buf) < need {
		return make([]byte, 0, need)
	}
	return buf[:0]
}

// start reads the core of range i and the margin in front of it.
func (s *Ranges) start(i int64, buf []byte) (c core, err error) {
	start, end := s.Bounds(i)
	low := start - 1 - int64(s.Layout.Before)
	c.low = max(low-low%readAlign, s.Layout.Offset)
	c.data, err = s.read(s.room(buf, int(end-c.low)), c.low, end)
	first, found := s.firstLine(c.data, c.low, start)
	if c.first = first; !found {
		if err != nil {
			return core{data: c.data, low: start}, err
		}
		c.none = true
		return c, nil
	}
	// If data starts inside a line, it has more than Before bytes in front of first.
	c.front = first - len(Tail(c.data[:first], s.Layout.Before))
	return c, s.finish(&c, err)
}

// goOn reads the core of range i, which is where a block of the range before ended, and
// makes the end of that block its margin.
func (s *Ranges) goOn(i int64, before Block, buf []byte) (c core, err error) {
	margin := s.Layout.Before
	if before.Light {
		margin = min(margin, before.Keep)
	}
	tail := Tail(before.Data[:before.End], margin)
	next := before.Offset + int64(len(before.Core()))
	_, end := s.Bounds(i)
	size := int(max(end-next, 0))
	memory := s.behind(&before, buf, size)
	if c.first = len(memory); memory == nil {
		// What is read goes to a place in its page as in the file's.
		c.first = len(tail) + int((next-int64(len(tail)))%readAlign+readAlign)%readAlign
		memory = s.room(buf, c.first+size)[:c.first]
		copy(memory[c.first-len(tail):], tail)
	}
	c.front, c.low = c.first-len(tail), next-int64(c.first)
	c.data, c.stop = memory, c.first
	if next >= end {
		return c, nil // a line that began before goes on to the end of the range
	}
	c.data, err = s.read(memory, next, end)
	return c, s.finish(&c, err)
}

// behind returns the memory of a block up to the end of its core, if so many bytes and a
// margin fit behind it and the block is there as it was read; else nil.
func (s *Ranges) behind(b *Block, buf []byte, n int) []byte {
	if b.Light || b.stop == 0 || b.End == 0 || cap(buf) < b.stop+n+s.Layout.After+2*readAlign || &b.Data[b.End-1] != &buf[b.stop-1] {
		return nil
	}
	return buf[:b.stop]
}

// finish sets where a core ends, of which err says whether it was read as a whole.
func (s *Ranges) finish(c *core, err error) error {
	if err != nil {
		c.data = c.data[:max(c.first, bytes.LastIndexByte(c.data, '\n')+1)]
		c.stop = len(c.data)
		return err
	}
	c.data, c.stop, err = s.lastLine(c.data, c.first, c.low)
	return err
}

// Head returns the lines that begin in the first n bytes.
func (s *Ranges) Head(n int) []byte { return s.follow(nil, 0, s.Layout.Offset, n) }

// follow reads on behind what ends at stop, and returns the data with the lines that begin
// in the n bytes there. A line over the limit is left out. If it cannot read them, the
// ranges that they are in tell why.
func (s *Ranges) follow(data []byte, stop int, low int64, n int) []byte {
	var err error
	for want := n; err == nil; {
		have := low + int64(len(data))
		high := min(low+int64(stop+want), s.Size)
		if have < high {
			data, err = s.read(data, have, high)
		}
		whole := bytes.LastIndexByte(data[stop:], '\n') + 1
		known := len(data) - stop - whole
		if whole >= n || high == s.Size && err == nil && known <= s.Layout.Max {
			break
		}
		if err != nil || known > s.Layout.Max {
			return data[:stop+len(Head(data[stop:stop+whole], n))]
		}
		want = len(data) - stop + s.extension(known)
	}
	return data[:stop+len(Head(data[stop:], n))]
}

// read appends the bytes from low to high.
func (s *Ranges) read(buf []byte, low, high int64) ([]byte, error) {
	n := len(buf)
	need := n + int(high-low)
	if cap(buf) < need {
		buf = append(make([]byte, 0, need+need/8), buf...)
	}
	m, err := s.R.ReadAt(buf[n:need], low)
	if m == need-n {
		return buf[:need], nil
	}
	if err == io.EOF || err == nil {
		err = io.ErrUnexpectedEOF
	}
	return buf[:n+m], err
}

// firstLine returns where in data the first line starts that starts at or behind start.
func (s *Ranges) firstLine(data []byte, low, start int64) (int, bool) {
	if start == s.Layout.Offset {
		return 0, len(data) > 0
	}
	from := int(start - 1 - low)
	if from >= len(data) {
		return 0, false
	}
	i := bytes.IndexByte(data[from:], '\n')
	at := from + i + 1
	return at, i >= 0 && at < len(data)
}

// lastLine reads on to the end of the last line that starts in data, and returns where it
// ends. A line that proves too long is left out.
func (s *Ranges) lastLine(data []byte, first int, low int64) ([]byte, int, error) {
	line := max(first, bytes.LastIndexByte(data[:len(data)-1], '\n')+1)
	if data[len(data)-1] == '\n' {
		return data, len(data), nil
	}
	for {
		from := len(data)
		high := min(low+int64(from)+int64(s.extension(from-line)), s.Size)
		if high == low+int64(from) {
			if from-line > s.Layout.Max {
				return data, line, nil
			}
			return data, from, nil
		}
		var err error
		data, err = s.read(data, low+int64(from), high)
		if i := bytes.IndexByte(data[from:], '\n'); i >= 0 && from+i-line <= s.Layout.Max {
			return data, from + i + 1, nil
		} else if i >= 0 || len(data)-line > s.Layout.Max {
			return data, line, nil
		}
		if err != nil {
			return data, len(data), err
		}
	}
}

// extension is how much to read of a line that goes on behind its range, of which so much
// is known: little at first, for most lines are short.
func (s *Ranges) extension(known int) int {
	return min(max(4096, known), max(s.Layout.Max+1-known, 1))
}

// within returns the block of a range in which no line starts: an empty one, unless the
// line that covers it is too long and started in the range before.
func (s *Ranges) within(data []byte, i int64) (Block, []byte, error) {
	start, end := s.Bounds(i)
	none := Block{Data: data[:0], Offset: start}
	before, _ := s.Bounds(i - 1)
	low := max(before-1, s.Layout.Offset)
	data, err := s.read(data[:0], low, start)
	if err != nil {
		return none, data, err
	}
	line := low + int64(bytes.LastIndexByte(data[:len(data)-1], '\n')) + 1
	if line < before {
		return none, data, nil
	}
	stop, err := s.endOfLine(data, end-1)
	if err != nil || stop-line <= int64(s.Layout.Max) {
		return none, data, err
	}
	none.Offset = line
	none.Skipped = min(stop+1, s.Size) - line
	return none, data, nil
}

// endOfLine returns where the first newline is at or behind a position, or the file's end.
func (s *Ranges) endOfLine(buf []byte, from int64) (int64, error) {
	for from < s.Size {
		data, err := s.read(buf[:0], from, min(from+int64(s.Layout.Size), s.Size))
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			return from + int64(i), nil
		}
		if err != nil {
			return 0, err
		}
		from += int64(len(data))
		buf = data
	}
	return s.Size, nil
}
