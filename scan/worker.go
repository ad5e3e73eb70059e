package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"kscan/readers"
	"kscan/readers/event"
	"kscan/rule/eval"
)

// task is a unit and the slot for what a worker makes of it.
type task struct {
	unit *readers.Unit
	slot *slot
}

// tally is what one unit, or a part that is one unit, came to. Lines of evidence and
// problems count from the start of the unit; the collector, which knows the units before
// it, makes them absolute.
type tally struct {
	part        *readers.Part // set if it begins a part
	counts      Counts
	findings    []*Finding
	problems    problems
	first, last time.Time
	late        lateUnit
}

// tallySize is about what a tally holds besides findings, in bytes.
const tallySize = 384

// tallies keeps the memory of batches that were collected.
type tallies struct{ pool sync.Pool }

// get returns an empty list with room for n parts.
func (t *tallies) get(n int) []tally {
	if list, ok := t.pool.Get().(*[]tally); ok && cap(*list) >= n {
		return *list
	}
	return make([]tally, 0, n)
}

func (t *tallies) put(list []tally) {
	clear(list)
	list = list[:0]
	t.pool.Put(&list)
}

// result is what a unit came to, or a batch of parts.
type result struct {
	tally              // of the unit, or of the part at hand
	parts      []tally // of a batch, in order
	outside    Span
	categories categories
	coverage   []*eval.Coverage // one for each set of rules
	account    *account
	probe      ProbeUnit // nil without a probe
	cut        bool      // the end of the run came before that of the unit
	weight     int64     // bytes held: by findings, candidates, the probe and itself
}

// begin begins a part of a batch.
func (r *result) begin(p *readers.Part) {
	r.end()
	r.tally = tally{part: p}
	r.weight += tallySize
}

// end ends the part at hand.
func (r *result) end() {
	if r.part != nil {
		r.parts = append(r.parts, r.tally)
		r.tally = tally{}
	}
}

// worker turns units into results. Its decoders and scratch are its own.
type worker struct {
	run      *run
	interest event.Interest
	probe    ProbeWorker // nil without a probe
	decoders map[string]readers.Decoder
	scratch  *eval.Scratch
	category *event.Path
	packer   packer
	kinds    *eval.KindTable[kind] // nil if events are not told apart by them
	units    uint64                // so far
	cut      int64                 // Scratch.Cut so far
	sink     unitSink
	json     []byte // of the event at hand
	crashed  bool   // on the last block
}

func newWorker(r *run) *worker {
	w := &worker{
		run:      r,
		decoders: map[string]readers.Decoder{},
		scratch:  eval.NewScratch(),
		category: event.NewPath("event.category"),
	}
	if p := r.options.Probe; p != nil {
		w.probe = p.Worker()
	}
	w.interest, w.kinds = r.interest(w.probe), newKinds(r, w.probe != nil)
	if w.interest.Finder != nil && w.probe == nil && r.options.NoAccount {
		w.interest.Dull = w.dull
	}
	return w
}

func (w *worker) work() {
	for t := range w.run.tasks {
		t.slot.result = w.newResult(t.slot.order)
		w.unit(t.unit, t.slot.result)
		w.run.budget.add(t.slot.stretch, t.slot.result.weight)
		close(t.slot.ready)
	}
}

// unit loads and decodes one unit into a result.
func (w *worker) unit(u *readers.Unit, res *result) {
	defer u.Release()
	defer func() { w.finish(u.Part, res) }()
	w.sink.begin(w, res)
	w.crashed = false
	key := keyOf(u)
	known, crashed := w.run.options.Facts.of(key), false
	for first := true; first || u.More(); first = false {
		if !w.block(u, res, known) {
			res.cut = true // what the end of the run cut off is no damage
			return
		}
		crashed = crashed || w.crashed
	}
	if d := w.decoders[u.Part.Format]; d != nil && known == nil && !crashed && !u.InPart() {
		w.run.options.Facts.learn(key, d.Facts())
	}
	if res.probe != nil {
		res.weight += res.probe.Weight()
	}
}

// block loads and decodes the next block of a unit, and returns false if the run has ended.
// A crash is caught, counted and named: the events before it are kept, those after it in
// the block are reported as not examined.
func (w *worker) block(u *readers.Unit, res *result, known *readers.Facts) (goesOn bool) {
	before, core := res.counts.Lines, []byte(nil)
	defer func() {
		if crash := recover(); crash != nil {
			res.counts.Lines = before + int64(bytes.Count(core, []byte("\n")))
			w.crash(u.Part, res, crash)
			goesOn = true
		}
	}()
	block, err := u.Load()
	if u.InPart() {
		before = block.Line
	}
	if errors.Is(err, context.Canceled) {
		return false
	}
	if err != nil {
		res.problem(u.Damage(err))
	}
	core = block.Core()
	res.counts.Bytes += int64(len(core)) + block.Skipped
	block.Line, block.Facts = before, known
	block.Follows = block.Follows && !w.crashed // a new decoder has not seen the block before
	d := w.decoder(u.Part.Format)
	res.counts.Lines = before + d.Decode(u.Part, block, &w.sink)
	res.counts.Passed += d.Passed()
	res.counts.Events += d.Passed()
	w.crashed = false
	return true
}

// crash tells of a crash, and forgets what may be broken by it.
func (w *worker) crash(p *readers.Part, res *result, crash any) {
	w.crashed = true
	delete(w.decoders, p.Format)
	w.scratch = eval.NewScratch()
	res.problem(event.Problem{
		Kind: event.Crashed, Source: p.Source, Member: p.Member, Offset: -1,
		Detail: fmt.Sprintf("kscan failed on a block and did not examine the rest of it: %v", crash),
	})
}

func (w *worker) newResult(order int64) *result {
	res := &result{weight: resultSize, account: newAccount(w.run)}
	if w.probe != nil {
		res.probe = w.probe.Unit(order)
	}
	for i := range w.run.sets {
		res.coverage = append(res.coverage, w.run.sets[i].coverage.Empty())
	}
	return res
}

func (w *worker) decoder(format string) readers.Decoder {
	d := w.decoders[format]
	if d == nil {
		d = readers.NewDecoder(format, w.interest)
		w.decoders[format] = d
	}
	return d
}
