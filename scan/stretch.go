package scan

import (
	"context"
	"sync"

	"kscan/readers"
	"kscan/readers/event"
)

const (
	// maxStretch is how many groups a reader takes at a time. Small files cost so little that
	// a queue and an account for each of them would cost more.
	maxStretch = 64
	// minStretches is how many stretches there are at least, if there are groups for them, so that
	// a few small files keep all cores busy.
	minStretches = 64
	// maxBatch is how many bytes of results a stretch gathers before it hands them on.
	maxBatch = 1 << 20
)

// stretch is a run of groups that one reader takes. What they came to is in its queue, in
// order.
type stretch struct {
	from, to int // a reader that meets a large file gives away the groups behind it
	queue    *queue
	next     *stretch // in the order of the input; it does not change when queue is closed
}

// stretches gives out the stretches in the order of the input. How the groups are cut into stretches
// follows from what they are, and not from who reads them.
type stretches struct {
	mu     sync.Mutex
	first  *stretch
	untold *stretch   // the first that was never given out
	back   []*stretch // that were cut off: they come before untold, the last one first
}

func newStretches(groups int) *stretches {
	size := min(max(groups/minStretches, 1), maxStretch)
	s := &stretches{}
	for to := groups; to > 0; {
		from := (to - 1) / size * size
		s.first = &stretch{from: from, to: to, queue: newQueue(), next: s.first}
		to = from
	}
	s.untold = s.first
	return s
}

// take returns the first stretch that nobody has taken, nil if there is none.
func (l *stretches) take() *stretch {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.back); n > 0 {
		s := l.back[n-1]
		l.back = l.back[:n-1]
		return s
	}
	s := l.untold
	if s != nil {
		l.untold = s.next
	}
	return s
}

// cut gives away the groups of a stretch from one on.
func (l *stretches) cut(s *stretch, at int) {
	if at >= s.to {
		return
	}
	rest := &stretch{from: at, to: s.to, queue: newQueue(), next: s.next}
	s.to, s.next = at, rest
	l.mu.Lock()
	defer l.mu.Unlock()
	i := len(l.back)
	for i > 0 && l.back[i-1].from < at {
		i--
	}
	l.back = append(l.back, nil)
	copy(l.back[i+1:], l.back[i:])
	l.back[i] = rest
}

// handler is one reader. It puts what readers.Reader finds in the queue of its stretch. Parts
// that are a single small unit it decodes itself; other units it hands to workers.
type handler struct {
	ctx     context.Context
	run     *run
	reader  *readers.Reader
	worker  *worker
	stretch *stretch
	group   int
	batch   *result // of parts that are not in the queue yet, nil if there are none
}

func newHandler(ctx context.Context, r *run) *handler {
	h := &handler{ctx: ctx, run: r, worker: newWorker(r)}
	h.reader = readers.NewReader(ctx, r.options.Readers, h)
	return h
}

// read reads a stretch and closes its queue. After ctx ends, groups are passed over.
func (h *handler) read(s *stretch) {
	defer s.queue.close()
	h.stretch = s
	h.run.budget.wait(h.ctx, s.from)
	for h.group = s.from; h.group < s.to && h.ctx.Err() == nil; h.group++ {
		// The only errors are the context's, which Run looks at itself.
		_ = h.reader.Read(h.run.groups[h.group])
	}
	h.flush()
}

// Part begins a part. With a probe, which knows units of one part, each is a batch.
func (h *handler) Part(p *readers.Part) {
	if h.run.options.Probe != nil || h.batch != nil && h.batch.weight > maxBatch {
		h.flush()
		h.run.budget.wait(h.ctx, h.stretch.from)
	}
	if h.batch == nil {
		h.batch = h.worker.newResult()
	}
	h.batch.begin(p)
}

// Problem takes a problem of the last part.
func (h *handler) Problem(p event.Problem) {
	if h.batch != nil {
		h.batch.problem(p)
		return
	}
	h.stretch.queue.put(item{problem: &p})
}

func (h *handler) Unit(u *readers.Unit) error {
	if u.Whole() && h.batch != nil {
		h.worker.unit(u, h.batch)
		return nil
	}
	h.flush()
	h.run.stretches.cut(h.stretch, h.group+1)
	h.run.budget.wait(h.ctx, h.stretch.from)
	s := &slot{ready: make(chan struct{}), stretch: h.stretch.from}
	select {
	case h.run.tasks <- task{unit: u, slot: s}:
		h.stretch.queue.put(item{slot: s})
		return nil
	case <-h.ctx.Done():
		u.Release()
		return h.ctx.Err()
	}
}

// flush puts the batch in the queue.
func (h *handler) flush() {
	if h.batch == nil {
		return
	}
	h.batch.end()
	h.run.budget.add(h.stretch.from, h.batch.weight)
	h.stretch.queue.put(item{result: h.batch})
	h.batch = nil
}
