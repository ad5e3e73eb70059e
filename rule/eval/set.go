package eval

import (
	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/rule/eql"
)

// Set is a family of programs that share the work on each event: a field that many
// rules read is looked up and coerced once, and a test that many rules make is made
// once. Compile all programs of a set before the first Scratch.Load; after that the
// set is immutable and shared by all workers.
type Set struct {
	finder  *event.Finder
	columns []column
	nulls   []event.Scalar // what null stands for in each column that has that
	tests   []int          // of one value, for each column
	numbers map[column]int // of columns
	leaves  map[leafKey]*leaf
	texts   map[eql.Expr]string // of leaves, which programs of one template share
	shared  int                 // leaves that more than one place asks for
	joins   int

	programs []*Program
	watched  [len(watchedFields)]int // slots
}

// column is a field with the type that its values are coerced to.
type column struct {
	slot   int
	typ    event.Type
	format *event.DateFormat // of a Date or DateNanos; nil for the default
	null   *fastjson.Value   // what null stands for, as in Set.nulls; nil if it is missing
}

// NewSet returns an empty set.
func NewSet() *Set {
	t := &Set{
		finder:  event.NewFinder(),
		numbers: make(map[column]int),
		leaves:  make(map[leafKey]*leaf),
		texts:   make(map[eql.Expr]string),
	}
	t.watch()
	return t
}

// Finder returns the finder of all fields of documents that the programs read, and of those
// that order events.
func (t *Set) Finder() *event.Finder { return t.finder }

// text returns an expression as text.
func (t *Set) text(e eql.Expr) string {
	text, known := t.texts[e]
	if !known {
		text = e.String()
		t.texts[e] = text
	}
	return text
}

// column returns the number of a column.
func (t *Set) column(c column) int {
	if i, ok := t.numbers[c]; ok {
		return i
	}
	i := len(t.columns)
	t.columns = append(t.columns, c)
	t.tests = append(t.tests, 0)
	t.nulls = append(t.nulls, event.Scalar{})
	if c.null != nil {
		t.nulls[i] = event.ScalarOf(c.null)
	}
	t.numbers[c] = i
	return i
}

// Scratch is what one worker needs to run programs; it must not be shared. Its memory
// is reused from event to event.
type Scratch struct {
	*state  // of the programs of the loaded event
	states  map[*Set]*state
	found   *event.Found // of the loaded event: own, or the event's
	own     event.Found
	coercer event.Coercer
	now     uint32   // stamps what belongs to the loaded event
	asked   []uint64 // terms of an index, stamped with asking when they were asked
	asking  uint64
	stack   []event.Value // arguments of the calls that are under way
	arena   []byte        // texts that functions made of the loaded event

	// Cut counts what was over a limit and was not looked at: predicates with more than
	// maxCombinations of array values to try, events with more than maxTuples join keys,
	// join keys longer than maxKeyText.
	Cut int64
}

// state is what a Scratch has of a set.
type state struct {
	set     *Set
	cells   []cells // of its columns
	bound   []*event.Value
	answers []answer
	habits  []habit // of the joins
	stale   bool    // a column's memory is to begin anew
}

// maxSets is how many sets a Scratch keeps the state of: a run has one.
const maxSets = 64

// cells are the values of a column in the loaded event.
type cells struct {
	stamp  uint32
	values []*cell
	own    []*cell // for those that are not remembered
	memory *memory
}

// cell is one value, with its text in lower case once something asked for that.
type cell struct {
	event.Value
	folded []byte
	ready  bool
	none   bool         // the value could not be coerced
	gate   *gateTable   // that found nodes
	nodes  []*indexNode // of the terms to ask

	// Of a value that is remembered:
	raw     string // as the document has it
	json    fastjson.Type
	failed  int64 // what coercing it adds to the Coercer's Failed
	answers []uint64
}

type answer struct {
	stamp uint32
	holds bool
}

// NewScratch returns a Scratch for any program.
func NewScratch() *Scratch { return new(Scratch) }

// Uncoercible returns how many values of the events so far did not fit the type of
// their field: they count as missing.
func (s *Scratch) Uncoercible() int64 { return s.coercer.Failed }

// maxKept is how many bytes or values one buffer keeps from event to event: one huge
// record must not cost its memory for the rest of the run.
const maxKept = 1 << 16

// Load makes an event of the set's programs the current one, until the next Load. The
// event must stay as it is until then. Of an event in part the fields must be there that
// the programs read.
func (s *Scratch) Load(t *Set, e *event.Event) {
	if s.state == nil || s.set != t || !s.fits() {
		s.enter(t)
	}
	if s.stale {
		s.renew()
	}
	s.tick()
	if s.arena = s.arena[:0]; cap(s.arena) > maxKept {
		s.arena = nil
	}
	switch s.found = e.Found; {
	case s.found == nil:
		s.found = &s.own
		t.finder.Find(e, s.found)
	case s.found.Finder() != t.finder:
		s.found = &s.own
		s.found.From(t.finder, e.Found)
	}
}

// enter makes the state that of a set.
func (s *Scratch) enter(t *Set) {
	s.state = s.states[t]
	if s.state != nil && s.fits() {
		return
	}
	if s.states == nil || len(s.states) >= maxSets {
		s.states = make(map[*Set]*state)
	}
	s.state = &state{set: t, cells: make([]cells, len(t.columns)), bound: make([]*event.Value, len(t.columns)), answers: make([]answer, t.shared),
		habits: make([]habit, t.joins)}
	for i := range s.cells {
		s.cells[i].memory = newMemory(&t.columns[i], t.tests[i])
	}
	s.states[t] = s.state
}

// fits reports whether nothing was compiled into the set since the state was made.
func (st *state) fits() bool {
	return len(st.cells) == len(st.set.columns) && len(st.answers) == st.set.shared && len(st.habits) == st.set.joins
}

// Found returns the fields of the loaded event, by the Finder of its set.
func (s *Scratch) Found() *event.Found { return s.found }

// tick makes all that was worked out of the event so far out of date.
func (s *Scratch) tick() {
	if s.now++; s.now == 0 { // the stamps have come round
		for _, st := range s.states {
			clear(st.answers)
			for i := range st.cells {
				st.cells[i].stamp = 0
			}
		}
		s.now = 1
	}
}

// column returns the values of a column in the loaded event; none if it is missing.
func (s *Scratch) column(i int) []*cell {
	c := &s.cells[i]
	if c.stamp != s.now {
		s.fill(c, i)
	}
	return c.values
}

func (s *Scratch) fill(c *cells, number int) {
	from := &s.set.columns[number]
	c.stamp = s.now
	if c.values = c.values[:0]; cap(c.values) > maxKept {
		c.values, c.own = nil, nil
	}
	used := 0
	for _, v := range s.found.Values(from.slot) {
		if v.Type == fastjson.TypeNull {
			if from.null == nil {
				continue
			}
			v = s.set.nulls[number]
		}
		value := s.remembered(c, v, from)
		if value == nil {
			value = c.spare(used)
			used++
			s.coerce(value, v, from)
		}
		if !value.none {
			c.values = append(c.values, value)
		}
	}
}

// remembered returns the cell of a value that is remembered; nil if it is not.
func (s *Scratch) remembered(c *cells, v event.Scalar, from *column) *cell {
	if c.memory == nil {
		return nil
	}
	value, known := c.memory.find(v)
	switch {
	case known:
		s.coercer.Failed += value.failed
	case value != nil:
		s.coerce(value, event.Scalar{Type: v.Type, Text: view(value.raw)}, from)
	default:
		s.stale = s.stale || c.memory.isStale()
	}
	return value
}

// spare returns the cell with a number for a value that is not remembered.
func (c *cells) spare(number int) *cell {
	if number == len(c.own) {
		c.own = append(c.own, new(cell))
	}
	spare := c.own[number]
	spare.gate = nil
	if spare.ready = false; cap(spare.folded) > maxKept {
		spare.folded = nil
	}
	return spare
}

func (s *Scratch) coerce(dst *cell, v event.Scalar, from *column) {
	before, ok := s.coercer.Failed, false
	if from.format != nil {
		ok = s.coercer.CoerceDate(&dst.Value, v, from.typ, from.format)
	} else {
		ok = s.coercer.Coerce(&dst.Value, v, from.typ)
	}
	dst.none, dst.failed = !ok, s.coercer.Failed-before
}

// text returns the text that patterns and sets of texts are held against.
func (c *cell) text(s *Scratch) []byte {
	if c.Type == event.Keyword || c.Type == event.Version {
		return c.Text
	}
	n := len(s.arena)
	s.arena = appendText(s.arena, &c.Value)
	return s.arena[n:len(s.arena):len(s.arena)]
}

// fold returns text with ASCII letters in lower case.
func (c *cell) fold(s *Scratch) []byte {
	if !c.ready {
		c.folded = appendFolded(c.folded[:0], c.text(s))
		c.ready = true
	}
	return c.folded
}
