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
	Layout Layout // Before and After are the most bytes of the margins
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

// Block reads range i. Its Data is part of buf or of a larger slice, which is returned to
// be the next call's buf. Its margins are the lines in front of the core that fit in
// Layout.Before, and those that begin in the Layout.After bytes behind it. A range in which no line
// starts has an empty core. When the file cannot be read up to the end of the core it
// returns what lines there are and the error; the file's end before Size is
// io.ErrUnexpectedEOF.
func (s *Ranges) Block(i int64, buf []byte) (b Block, memory []byte, err error) {
	start, end := s.Bounds(i)
	low := start - 1 - int64(s.Layout.Before)
	low = max(low-low%readAlign, s.Layout.Offset)
	if need := int(end-low) + s.Layout.After + 2*readAlign; cap(buf) < need {
		buf = make([]byte, 0, need)
	}
	data, err := s.read(buf[:0], low, end)
	first, found := s.firstLine(data, low, start)
	if !found {
		if err != nil {
			return Block{Data: data[:0], Offset: start}, data, err
		}
		return s.within(data, i)
	}
	if err != nil {
		data = data[:bytes.LastIndexByte(data, '\n')+1]
		data = data[:max(first, len(data))]
		return s.block(data, first, len(data), low), data, err
	}
	data, stop, err := s.lastLine(data, first, low)
	if s.Layout.After > 0 && err == nil {
		data = s.follow(data, stop, low, s.Layout.After)
	}
	return s.block(data, first, stop, low), data, err
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

func (s *Ranges) block(data []byte, first, stop int, low int64) Block {
	// If data starts inside a line, it has more than Before bytes in front of first.
	margin := first - len(Tail(data[:first], s.Layout.Before))
	if s.Layout.After == 0 {
		data = data[:stop] // not what was read of a line that is too long
	}
	data = data[margin:]
	return Block{Data: data, Start: first - margin, End: stop - margin, Offset: low + int64(first)}
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
