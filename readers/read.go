package readers

import (
	"errors"
	"io"
	"strings"

	"kscan/readers/auditd"
	"kscan/readers/event"
	"kscan/readers/frame"
)

// tell gives the handler one entry.
func (r *Reader) tell(e entry) error {
	switch {
	case e.part != nil:
		r.handler.Part(e.part)
	case e.problem != nil:
		r.handler.Problem(*e.problem)
	case r.ctx.Err() != nil:
		e.unit.Release()
		return r.ctx.Err()
	default:
		return r.handler.Unit(e.unit)
	}
	return nil
}

// problems takes what is wrong with a part. Until the part is told its problems wait.
type problems struct {
	r     *Reader
	part  *Part
	begun bool
	early []event.Problem
}

func (p *problems) add(kind event.Kind, offset int64, detail string) {
	problem := event.Problem{Kind: kind, Source: p.part.Source, Member: p.part.Member, Offset: offset, Detail: detail}
	if !p.begun {
		p.early = append(p.early, problem)
		return
	}
	if err := p.r.margins.put(p.r, entry{problem: &problem}); err != nil {
		p.r.err = err
	}
}

// begin tells the part and what was found wrong with it so far.
func (p *problems) begin() error {
	if err := p.r.margins.put(p.r, entry{part: p.part}); err != nil {
		return err
	}
	p.begun = true
	for i := range p.early {
		if err := p.r.margins.put(p.r, entry{problem: &p.early[i]}); err != nil {
			return err
		}
	}
	return nil
}

// refuse ends the run, and tells a part that has no units and why.
func (r *Reader) refuse(p *problems, kind event.Kind, detail string) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if err := r.margins.flush(r); err != nil {
		return err
	}
	r.joined = ""
	if err := p.begin(); err != nil {
		return err
	}
	p.add(kind, -1, detail)
	return r.err
}

// file opens a file, and reads it as the format that its head shows, or that the rest
// shows if the head shows none.
func (r *Reader) file(f File) error {
	late, err := r.open(f, nil)
	if late == nil || err != nil {
		return err
	}
	_, err = r.open(f, late)
	return err
}

// open opens, unwraps and sniffs a file and cuts it into units. Its format is known if it
// was opened before. It returns a format if it must be opened again, to be read as such.
func (r *Reader) open(f File, known *format) (late *format, err error) {
	part := &Part{Source: f.Path}
	p := &r.problems
	*p = problems{r: r, part: part}
	in, head, err := r.content(f)
	if err != nil {
		part.Size = sizeOf(f.Path)
		return nil, r.refuse(p, event.Unreadable, reason(err))
	}
	defer in.done()
	part.Size = max(in.size, 0)
	l := &r.layers
	err = l.unwrap(head, p.add)
	defer l.close()
	part.Compression = l.compression()
	if err != nil {
		return nil, r.refuse(p, event.Unrecognised, err.Error())
	}
	format, refusals := known, []string(nil)
	if format == nil {
		format = r.glance(in, l)
	}
	if format == nil {
		format, refusals = recognise(r.formats, l.head, l.whole())
	}
	switch {
	case format != nil:
		return nil, r.part(p, in, l, format)
	case in.file != nil && !l.whole() && holdsRecord(l):
		return formatOf(auditd.Format), nil
	}
	return nil, r.unrecognised(p, l, refusals)
}

// content opens a file and returns what is at its front: all of it, if it is small.
func (r *Reader) content(f File) (*opened, *peeked, error) {
	if in, head := r.load(f); in != nil {
		return in, head, nil
	}
	in, err := open(r.ctx, f, r.options.Stdin)
	if err != nil {
		return nil, nil, err
	}
	return in, peek(in, in.size), nil
}

// part hands out the units of a part.
func (r *Reader) part(p *problems, in *opened, l *layers, format *format) error {
	p.part.Format = format.name
	if err := r.begin(p, format); err != nil {
		return err
	}
	layout := r.layout(format, in, l)
	r.margins.before = layout.Before
	switch {
	case !format.ranged:
	case !format.joins && l.whole() && l.err == io.EOF && len(l.rest) < layout.Size:
		return r.one(p, in, l, layout)
	case !l.changed() && in.file != nil && in.size-layout.Offset > int64(layout.Size):
		return r.ranges(p, in, layout)
	}
	return r.cut(p, l, format, layout)
}

func (r *Reader) unrecognised(p *problems, l *layers, refusals []string) error {
	if l.whole() && !errors.Is(l.err, io.EOF) {
		p.add(damageOf(l.err))
	}
	if len(strings.TrimSpace(string(l.head))) == 0 && l.whole() {
		if len(p.early) > 0 {
			last := p.early[len(p.early)-1]
			p.early = p.early[:len(p.early)-1]
			return r.refuse(p, last.Kind, last.Detail)
		}
		if len(l.head) == 0 {
			return r.refuse(p, event.Empty, "the file has no content")
		}
		return r.refuse(p, event.Empty, "the file has nothing but white space")
	}
	return r.refuse(p, event.Unrecognised, "no format fits: "+strings.Join(refusals, "; "))
}

func damageOf(err error) (event.Kind, int64, string) {
	kind, detail := damage(err)
	return kind, -1, detail
}

// begin tells the part. A part of a format that joins records continues the run of the
// part before it, if that is of the same format.
func (r *Reader) begin(p *problems, f *format) error {
	if !f.joins || r.joined != f.name {
		if err := r.margins.flush(r); err != nil {
			return err
		}
		r.margins.before, r.margins.after = f.room(r.options)
	}
	r.joined = f.name
	return p.begin()
}

// lastLine is room in bytes for the rest of the line in which a margin ends. A longer one
// costs a copy of the block.
const lastLine = 8 << 10

func (r *Reader) layout(f *format, in *opened, l *layers) frame.Layout {
	size := r.options.blockSize(f.block)
	if l.whole() {
		size = min(size, len(l.rest)+1)
	} else if in.size >= 0 && !l.changed() {
		size = int(min(int64(size), in.size+1))
	}
	before, after := f.room(r.options)
	if l.whole() && size > len(l.rest) && !f.joins {
		before = 0 // one block is all of the part
	}
	if after > 0 {
		after += lastLine
	}
	return frame.Layout{Size: size, Max: r.options.maxRecord(), Before: before, After: after, Offset: l.offset()}
}

// one hands out a small part as one unit.
func (r *Reader) one(p *problems, in *opened, l *layers, layout frame.Layout) error {
	text := l.rest
	u := in.unit
	if u == nil || l.changed() {
		u = r.unit(len(text))
		u.buf = append(u.buf[:0], text...)
		text = u.buf
	} else {
		in.unit = nil // the content is in its memory
	}
	u.Part, u.whole = p.part, true
	u.block = frame.Block{Data: text, End: len(text), Offset: layout.Offset, Sampling: in.sampling}
	return r.margins.put(r, entry{unit: u})
}

// ranges hands out a plain file as units that read it themselves. The file is closed when
// all are released.
func (r *Reader) ranges(p *problems, in *opened, layout frame.Layout) error {
	file := &rangedFile{ctx: r.ctx, close: in.close, pool: r.options.Memory, stretch: 1}
	in.close = file.release
	file.users.Add(1)
	layout.After = r.margins.after
	joins := layout.After >= auditd.JoinWindow // which the decoder knows
	if joins && r.options.Ranges != 1 {
		file.stretch = stretchRanges
		layout.Size = max(1, layout.Size/stretchRanges)
	}
	file.ranges = frame.Ranges{R: file, Layout: layout, Size: in.size}
	file.at = in.file
	count, each := file.ranges.Count(), int64(1)
	for i := int64(0); i < count; i += each {
		if joins {
			each = r.options.ranges(count, count-i, file.stretch)
		}
		file.users.Add(1)
		u := &Unit{Part: p.part, file: file, next: i, last: min(i+each, count) - 1}
		if err := r.margins.put(r, entry{unit: u}); err != nil {
			return err
		}
	}
	return nil
}

// cutter is what cuts a stream: frame.Lines or frame.JSON.
type cutter interface {
	Next(buf []byte) (frame.Block, error)
}

// cut hands out the units of a stream.
func (r *Reader) cut(p *problems, l *layers, f *format, layout frame.Layout) error {
	c := f.cutter(l, layout)
	end := layout.Offset
	all := -1 // bytes of the content, if they are known
	if l.whole() {
		all = len(l.rest)
	}
	for {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		var buf []byte
		if b, ok := r.options.Memory.Get().(*[]byte); ok {
			buf = *b
		}
		block, err := c.Next(buf)
		switch {
		case r.err != nil:
			return r.err
		case err == io.EOF:
			r.options.Memory.Put(&buf)
			return nil
		case err != nil:
			return r.broken(p, err, end)
		}
		end = block.Offset + int64(len(block.Core())) + block.Skipped
		u := &Unit{Part: p.part, block: block, buf: block.Data, pool: r.options.Memory, whole: len(block.Core()) == all}
		if err := r.margins.put(r, entry{unit: u}); err != nil {
			return err
		}
	}
}

// broken tells of the error that ended a stream, unless it is that of being cancelled.
func (r *Reader) broken(p *problems, err error, offset int64) error {
	if ctx := r.ctx.Err(); ctx != nil {
		return ctx
	}
	var cut *frame.CutError
	if errors.As(err, &cut) {
		offset = cut.Offset
	}
	kind, detail := damage(err)
	p.add(kind, offset, detail)
	return r.err
}
