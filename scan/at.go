package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"kscan/readers"
	"kscan/readers/event"
)

// Place is a line of a file, as a finding's evidence names it.
type Place struct {
	Path string
	Line int64
}

func (p Place) String() string { return fmt.Sprintf("%s:%d", p.Path, p.Line) }

// At gives visit the events at a place: those whose first record is there or, if there is
// none, the audit event that another record there belongs to. It fails if there are none,
// with the reason as far as it is known. Events are read as in a scan of the file's folder,
// so that those of a rotated set are whole.
func At(ctx context.Context, o readers.Options, p Place, visit func(*event.Event)) error {
	group, err := readers.GroupOf(p.Path)
	if err != nil {
		return err
	}
	f := &finder{place: p, visit: visit}
	if err := f.read(ctx, group, o); err != nil || f.found > 0 {
		return err
	}
	if len(f.id) == 0 {
		return f.nothing()
	}
	// The line is a later record of an audit event: find where that begins, and go there.
	search := &finder{place: p, wanted: f.id}
	if err := search.read(ctx, group, o); err != nil {
		return err
	}
	if search.first.Line == 0 {
		return f.nothing()
	}
	again := &finder{place: search.first, wanted: f.id, visit: visit}
	return again.read(ctx, group, o)
}

// finder is a readers.Handler that looks for one place.
type finder struct {
	place  Place
	visit  func(*event.Event) // nil to note in first where the wanted event begins
	wanted []byte             // the id of the event, nil for any
	first  Place

	found    int
	id       []byte // of the audit record at the place
	problem  string // what is wrong at the place or with the file
	length   int64  // lines of the file, as far as it was read
	part     *readers.Part
	lines    int64 // of the part, before the unit at hand
	decoders map[string]readers.Decoder
}

var errPassed = errors.New("the place is passed")

func (f *finder) read(ctx context.Context, g readers.Group, o readers.Options) error {
	f.decoders = map[string]readers.Decoder{}
	o.Ranges = 1 // any may be passed over
	if err := readers.Read(ctx, g, o, f); !errors.Is(err, errPassed) {
		return err
	}
	return nil
}

func (f *finder) nothing() error {
	switch {
	case f.problem != "":
		return fmt.Errorf("no event at %s: %s", f.place, f.problem)
	case f.length < f.place.Line:
		return fmt.Errorf("no event at %s: the file has %d lines", f.place, f.length)
	}
	return fmt.Errorf("no event at %s", f.place)
}

// Part begins a file.
func (f *finder) Part(p *readers.Part) { f.part, f.lines = p, 0 }

// Problem notes what is wrong with the file.
func (f *finder) Problem(p event.Problem) {
	if p.Source == f.place.Path && f.problem == "" {
		f.problem = p.Detail
	}
}

// Unit decodes a unit unless the place is certainly not in it.
func (f *finder) Unit(u *readers.Unit) error {
	defer u.Release()
	block, err := u.Load()
	if err != nil {
		return err
	}
	here := f.part.Source == f.place.Path
	core := block.Core()
	count := int64(bytes.Count(core, []byte{'\n'}))
	if f.wanted == nil && (!here || f.place.Line > f.lines+count+1) {
		f.lines += count
		if block.Skipped != 0 { // a line that is too long to be held
			f.lines++
		}
		if here {
			f.length = f.lines
		}
		return nil
	}
	d := f.decoders[f.part.Format]
	if d == nil {
		d = readers.NewDecoder(f.part.Format, event.Interest{})
		f.decoders[f.part.Format] = d
	}
	before := f.lines
	f.lines += d.Decode(f.part, block, &foundSink{f, here, before})
	if here {
		f.length = f.lines
	}
	if here && f.place.Line > before && f.place.Line <= f.lines {
		f.id = recordID(lineOf(core, f.place.Line-before))
		return errPassed
	}
	return nil
}

// lineOf returns line n, from 1, of a block's core.
func lineOf(core []byte, n int64) []byte {
	for line := range bytes.Lines(core) {
		if n--; n == 0 {
			return line
		}
	}
	return nil
}

// recordID returns the id of the audit record in a line: "seconds.milliseconds:serial".
func recordID(line []byte) []byte {
	const mark = "audit("
	i := bytes.Index(line, []byte(mark))
	if i < 0 {
		return nil
	}
	id, _, ok := bytes.Cut(line[i+len(mark):], []byte(")"))
	if !ok || len(id) == 0 || bytes.ContainsAny(id, " \t\"") {
		return nil
	}
	return bytes.Clone(id)
}

// foundSink takes the events of one unit, whose lines count from its start.
type foundSink struct {
	f      *finder
	here   bool
	before int64
}

// Problem notes what is wrong at the place.
func (s *foundSink) Problem(p event.Problem) {
	if s.here && p.Line+s.before == s.f.place.Line {
		s.f.problem = p.Detail
	}
}

// Event takes an event if it is at the place, or the one that is wanted.
func (s *foundSink) Event(e *event.Event) {
	f := s.f
	e.Evidence.Line += s.before
	if f.wanted != nil && e.Evidence.EventID != string(f.wanted) {
		return
	}
	if f.visit == nil {
		if !s.here || e.Evidence.Line <= f.place.Line {
			f.first = Place{e.Evidence.Source, e.Evidence.Line}
		}
		return
	}
	if s.here && e.Evidence.Line == f.place.Line {
		f.found++
		f.visit(e)
	}
}
