package ndjson

import (
	"bytes"
	"cmp"
	"maps"
	"math/bits"
	"slices"
	"unicode/utf8"

	"kscan/readers/event"
	"kscan/readers/frame"
	"kscan/readers/prefilter"
)

// Policies of passing over lines that cannot match.
const (
	// wholeBlock is the size in bytes up to which every line of a block is decoded, unless it
	// is one of many: small logs are cheap, and so all that is said of them is exact.
	wholeBlock = 64 << 10
	// sampleBytes is how much of the start of each larger block is decoded whatever it
	// holds, and the last line too: this is the sample from which the report says what is
	// in the log and from when to when, and it shows whether each line is one document.
	sampleBytes = 4 << 10
	// maxPassed is the longest line in bytes that is passed over: events are shorter, and
	// what is longer may be damage that parsing shows.
	maxPassed = 32 << 10
	// maxClosing is how many closing brackets the end of a line that is passed over may
	// have: what is deeper is looked at.
	maxClosing = 12
	// minRun is the shortest part of a text worth looking for, in bytes.
	minRun = 3
)

// filter finds the lines that may hold one of the needs of the rules.
type filter struct {
	finder   *prefilter.Finder
	accepts  []acceptance                  // of the finder's literals
	glances  [prefilter.MaxLiterals]glance // of the same
	audit    int                           // the number of the literal AuditMark
	dealer   dealer
	newlines []uint64
	data     []byte
	block    uint32                     // how often scan was called
	carried  bool                       // an AuditMark stands in the data
	places   []int32                    // where a literal may make a candidate
	tried    int                        // how many of them next is done with
	entered  int                        // lines of the data that a gate stands in
	gates    bool                       // there are gates
	hits     []uint64                   // of holds
	wanted   func(literal, at int) bool // accept, made once
	line     func([]lineTest, int) bool // and, made once
	fresh    bool                       // scan was called
	sound    bool                       // all of the data is UTF-8, and nothing of it NUL
}

// acceptance says when a literal that stands in a line makes the line a candidate.
type acceptance struct {
	always bool
	// number is set if the literal stands for a number: one of rests must follow for it to
	// be written out, or else an exponent.
	number bool
	rests  []string
	tests  keyTests // of the fields whose keys the literal ends
	gate   *gate    // nil if it is none
}

// newFilter returns a filter for lines that hold at least one of the needs, or nil if
// there is no telling which do. With gated it looks for gates. It
// is to suit data like a sample, if there is one.
func newFilter(needs []event.Need, gated bool, sample []byte) *filter {
	f := newPlainFilter(needs, gated, sample)
	if f == nil {
		return nil
	}
	for i := range f.accepts {
		f.glances[i] = newGlance(f.finder, i, &f.accepts[i])
	}
	f.dealer = newDealer(f)
	return f
}

// newPlainFilter is newFilter without what scan takes.
func newPlainFilter(needs []event.Need, gated bool, sample []byte) *filter {
	if len(needs) == 0 {
		return nil
	}
	m := newFilterMaker()
	m.gated = gated
	for i := range needs {
		if !m.need(&needs[i]) {
			return nil
		}
	}
	f := &filter{finder: prefilter.NewQuickly(slices.Collect(maps.Keys(m.list)), sample), gates: m.gates}
	if f.finder == nil || !m.open(sample) {
		return nil
	}
	for i, literal := range f.finder.Literals() {
		a := m.list[literal]
		a.tests.block = &f.block
		if literal.Text == AuditMark && !literal.Fold {
			f.audit = i
		}
		f.accepts = append(f.accepts, *a)
	}
	f.wanted, f.line = f.accept, f.and
	return f
}

// focus makes the filter look for those needs alone that still matter in a core, and for
// events of the source.
func (d *Decoder) focus(source string, core []byte) {
	d.now = d.now[:0]
	for i := range d.needs {
		n := &d.needs[i]
		d.now = append(d.now, (n.Open == nil || n.Open(nil)) && (n.Sources == nil || n.Sources(source)))
	}
	if !slices.Equal(d.now, d.active) {
		d.active, d.filters = append(d.active[:0], d.now...), [2]*filter{}
	}
	which := 0
	if d.gating.next(d.filter) {
		which = 1
	}
	if d.filters[which] == nil {
		d.filters[which] = d.newFilter(which == 1, core)
	}
	if f := d.filters[which]; f != d.filter {
		f.newlines, f.places, f.dealer.room = d.filter.newlines, d.filter.places, d.filter.dealer.room
		d.filter = f
	}
}

// newFilter returns a filter for the active needs.
func (d *Decoder) newFilter(gated bool, core []byte) *filter {
	if f := d.filters[1]; f != nil && !f.gates {
		return f
	}
	var needs []event.Need
	for i, active := range d.active {
		if active {
			needs = append(needs, d.needs[i])
		}
	}
	// Without needs there would be no telling.
	return cmp.Or(newFilter(needs, gated, sampleOf(core)), d.filter)
}

// accept reports whether a literal at a place makes its line a candidate.
func (f *filter) accept(literal, at int) bool {
	a := &f.accepts[literal]
	if a.always {
		return true
	}
	end := at + len(f.finder.Literals()[literal].Text)
	if len(a.tests.tests) > 0 && a.tests.hold(f.data, at, end, f.line) {
		return true
	}
	return a.number && f.isNumber(a, end) || a.gate != nil && f.enters(a.gate, at)
}

// isNumber reports whether what follows the digits that end at a place makes them one of
// the numbers.
func (f *filter) isNumber(a *acceptance, end int) bool {
	rest := f.data[end:]
	for _, r := range a.rests {
		if len(rest) >= len(r) && string(rest[:len(r)]) == r {
			return true
		}
	}
	for len(rest) > 0 && (rest[0] >= '0' && rest[0] <= '9' || rest[0] == '.') {
		rest = rest[1:]
	}
	return len(rest) > 0 && rest[0]|0x20 == 'e'
}

// scan prepares for next.
func (f *filter) scan(data []byte) {
	if f.dealer.room == nil {
		f.dealer.room = new(dealRoom)
	}
	f.prepare(data, prefilter.Words(len(data)))
	f.entered = 0
	for i := range f.accepts {
		if g := f.accepts[i].gate; g != nil {
			g.refused = 0
		}
	}
	f.block++
	f.sound = f.search() || utf8.Valid(data) && bytes.IndexByte(data, 0) < 0
	f.fresh = true
}

// prepare takes data of which so many words of bitmaps are needed.
func (f *filter) prepare(data []byte, words int) {
	if cap(f.newlines) < words {
		f.newlines = make([]uint64, words+words/8) // blocks differ a little in size
	}
	f.data, f.newlines = data, f.newlines[:words]
}

// next returns the first place at or after from where a literal that is wanted stands,
// len(data) if none. From call to call from must not go back.
func (f *filter) next(from int) int {
	for ; f.tried < len(f.places); f.tried++ {
		if i := int(f.places[f.tried]); i >= from && f.finder.Match(f.data, i, f.wanted) {
			return i
		}
	}
	return len(f.data)
}

// Look makes Decode pass over lines that hold none of the needs, where that can be told.
func (d *Decoder) Look(i event.Interest) {
	if d.format == Lines {
		d.filter, d.picker = newPlainFilter(i.Needs, false, nil), newPicker(i.Finder)
		d.needs, d.active, d.only = i.Needs, nil, i.Only
	}
}

// settles reports whether the fields that the sink was shown of a document decide that it
// does not want the rest. With strict the document is known to be well-formed then.
func (d *Decoder) settles(start, end int, strict bool) bool {
	if d.picker == nil || d.action.kind != noAction {
		return false
	}
	d.start, d.end = start, end
	for end > start && (d.block.Data[end-1] == '\n' || d.block.Data[end-1] == '\r') {
		end--
	}
	if !d.picker.pick(d.block.Data[start:end], strict) {
		return false
	}
	d.ev = event.Event{Picked: d.picked, Partial: true, Found: &d.picker.found, Evidence: d.evidence("")}
	d.sink.Event(&d.ev)
	if d.ev.Wanted {
		d.wanted++
		return false
	}
	d.emitted++
	return true
}

// shows reports whether a line settles that is not taken on trust: what is stepped over in it
// is checked. It is not tried where it mostly does not help.
func (d *Decoder) shows(start, end int) bool {
	const rarely = 4 // of so many events one may be wanted
	return d.picker != nil && !d.invalid && rarely*d.wanted <= d.emitted+rarely &&
		isDocument(d.block.Data[start:end]) && d.settles(start, end, true)
}

// AuditMark is in every audit record, and so in each document that carries some.
const AuditMark = "audit("

// Carries reports whether text holds an AuditMark. It looks for the last byte of it, which
// is rarer in logs than the first.
func Carries(text []byte) bool {
	const last = len(AuditMark) - 1
	for at := 0; ; at++ {
		i := bytes.IndexByte(text[at:], AuditMark[last])
		if i < 0 {
			return false
		}
		if at += i; at >= last && string(text[at-last:at]) == AuditMark[:last] {
			return true
		}
	}
}

// Carries reports whether a block holds an AuditMark. If it is asked, it must be of the
// block that is decoded next.
func (d *Decoder) Carries(source string, b *frame.Block) bool {
	core := b.Core()
	if d.filter == nil || d.isExact(b) {
		return Carries(core)
	}
	d.focus(source, core)
	d.filter.scan(core) // for sift too
	return d.filter.carried
}

// Passed returns how many records of the last block were passed over: lines that are one
// document each, as far as their ends and the sample of the block show, and that hold no
// need.
func (d *Decoder) Passed() int64 { return d.passed }

// isExact reports whether all lines of a block are decoded.
func (d *Decoder) isExact(b *frame.Block) bool {
	return !d.only && b.Sampling == frame.BySize && len(b.Core()) <= wholeBlock
}

// sift decodes the lines of a block that may hold a need, a sample of the others, and all
// that do not look like a document. It returns the number of lines.
func (d *Decoder) sift(b *frame.Block) int64 {
	core := b.Core()
	if d.isExact(b) {
		d.invalid = !utf8.Valid(core)
		return d.lines(b, b.End)
	}
	if !d.filter.fresh {
		d.focus(d.source, core)
		d.filter.scan(core)
	}
	f := d.filter
	f.fresh = false
	if !f.sound {
		d.invalid = !utf8.Valid(core)
		return d.lines(b, b.End) // damaged: no line of it is taken on trust
	}
	if d.only {
		return d.seek()
	}
	s := sifting{d: d, core: core, base: b.Start, sampling: b.Sampling, candidate: f.next(0)}
	for w, word := range f.newlines {
		for ; word != 0; word &= word - 1 {
			s.line(w*64 + bits.TrailingZeros64(word) + 1)
			if s.irregular {
				return d.lines(b, b.End)
			}
		}
	}
	if s.start < len(core) {
		s.line(len(core))
	}
	d.picked = false
	return d.line - 1
}

// sifting is the state of sift.
type sifting struct {
	d         *Decoder
	core      []byte
	base      int // of the core in the block
	start     int // of the line
	candidate int // the next place that may hold a need
	sampling  frame.Sampling
	irregular bool
}

// line takes the line that ends before end.
func (s *sifting) line(end int) {
	d, start := s.d, s.start
	candidate, sample := s.candidate < end, s.samples(end)
	trusted := (!sample || s.sampling != frame.BySize && s.core[end-1] == '\n') && isDocument(s.core[start:end])
	d.picked = !sample
	switch {
	case trusted && !candidate && !sample:
		d.passed++
		d.action = action{} // this was its document
	case trusted && d.settles(s.base+start, s.base+end, false):
	case !trusted && d.shows(s.base+start, s.base+end):
	default:
		before := d.emitted
		d.record(s.base+start, s.base+end)
		s.irregular = sample && d.emitted-before != 1 && len(bytes.TrimSpace(s.core[start:end])) > 0
	}
	if candidate {
		s.candidate = d.filter.next(end)
	}
	d.line++
	d.at = s.base + end
	s.start = end
}

// samples reports whether the line that ends before end is of the sample: a line at the
// start of the block or the last one. Of one of many small parts it is the first line that
// is not blank, from which the fields that rules read are picked, or none, and a last line
// that has no end.
func (s *sifting) samples(end int) bool {
	switch s.sampling {
	case frame.BySize:
		return s.start < sampleBytes || end == len(s.core)
	case frame.FirstEvent:
		return s.d.emitted+s.d.passed == 0 || s.core[end-1] != '\n'
	}
	return s.core[end-1] != '\n'
}

// isDocument reports whether a line looks like a document of its own: an object, and not
// the action line of a bulk request.
func isDocument(line []byte) bool {
	n := len(line)
	for n > 0 && (line[n-1] == '\n' || line[n-1] == '\r') {
		n--
	}
	if n < len(`{"":0}`) || n > maxPassed || line[0] != '{' || line[1] != '"' || line[n-1] != '}' {
		return false
	}
	if n > maxClosing && isClosing(line[n-maxClosing:n]) {
		return false
	}
	switch line[2] {
	case 'i', 'c', 'd', 'u':
		return !isAction(line)
	}
	return true
}

func isClosing(text []byte) bool {
	for _, c := range text {
		if c != '}' && c != ']' {
			return false
		}
	}
	return true
}

func isAction(line []byte) bool {
	for _, verb := range []string{"index", "create", "delete", "update"} {
		if rest, ok := bytes.CutPrefix(line[2:], []byte(verb)); ok && len(rest) > 0 && rest[0] == '"' {
			return true
		}
	}
	return false
}
