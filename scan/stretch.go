package scan

import (
	"context"
	"slices"
	"sync"

	"kscan/readers"
	"kscan/readers/event"
)

const (
	// maxStretch is how many groups a reader takes at a time. Small files cost so little that
	// a queue and an account for each of them would cost more.
	maxStretch = 256
	// growth is how many groups must come before a stretch for each group that it has more,
	// so that few files keep all cores busy too.
	growth = 8
	// maxBatch is how many bytes of results a stretch gathers before it hands them on.
	maxBatch = 1 << 20
)

// stretch is a run of groups that one reader takes. What they came to is in its queue, in
// order.
type stretch struct {
	from   int             // the number of the first group
	groups []readers.Group // a reader that meets a large file gives away those behind it
	queue  *queue
	next   *stretch // in the order of the input; it does not change when queue is closed
}

// stretches are a list that grows at its end, and gives them out in its order. How the
// groups are cut into stretches follows from what they are, and not from who reads them.
type stretches struct {
	mu          sync.Mutex
	more        sync.Cond
	first, last *stretch
	untold      *stretch   // the first that was never given out
	back        []*stretch // that were cut off: they come before untold, the last one first
	open        *stretch   // to which groups are added
	groups      int
	ended       bool
}

func newStretches() *stretches {
	l := &stretches{}
	l.more.L = &l.mu
	return l
}

// add adds a group at the end.
func (l *stretches) add(g readers.Group) {
	if l.open == nil {
		size := min(1+l.groups/growth, maxStretch)
		l.open = &stretch{from: l.groups, groups: make([]readers.Group, 0, size), queue: newQueue()}
	}
	l.open.groups = append(l.open.groups, g)
	l.groups++
	if len(l.open.groups) == cap(l.open.groups) {
		l.append()
	}
}

// end says that no group follows.
func (l *stretches) end() {
	if l.open != nil {
		l.append()
	}
	l.mu.Lock()
	l.ended = true
	l.mu.Unlock()
	l.more.Broadcast()
}

// append puts the open stretch at the end of the list.
func (l *stretches) append() {
	s := l.open
	l.open = nil
	l.mu.Lock()
	if l.first == nil {
		l.first = s
	} else {
		l.last.next = s
	}
	l.last = s
	if l.untold == nil {
		l.untold = s
	}
	l.mu.Unlock()
	l.more.Signal()
}

// take waits for a stretch that nobody has taken and returns the first, nil if there will
// be none.
func (l *stretches) take() *stretch {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.back) == 0 && l.untold == nil && !l.ended {
		l.more.Wait()
	}
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

// cut gives away the groups of a stretch behind the first n.
func (l *stretches) cut(s *stretch, n int) {
	if n >= len(s.groups) {
		return
	}
	rest := &stretch{from: s.from + n, groups: s.groups[n:], queue: newQueue()}
	s.groups = s.groups[:n]
	l.mu.Lock()
	rest.next, s.next = s.next, rest
	if l.last == s {
		l.last = rest
	}
	i := len(l.back)
	for i > 0 && l.back[i-1].from < rest.from {
		i--
	}
	l.back = slices.Insert(l.back, i, rest)
	l.mu.Unlock()
	l.more.Signal()
}

// orderBits is how many bits of an order tell the units of one group apart.
const orderBits = 40

// handler is one reader. It puts what readers.Reader finds in the queue of its stretch. Parts
// that are a single small unit it decodes itself; other units it hands to workers.
type handler struct {
	ctx     context.Context
	run     *run
	reader  *readers.Reader
	worker  *worker
	stretch *stretch
	group   int
	order   int64   // of the last unit
	batch   *result // of parts that are not in the queue yet, nil if there are none
	used    bool    // the batch has units
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
	for h.group = 0; h.group < len(s.groups) && h.ctx.Err() == nil; h.group++ {
		h.order = int64(s.from+h.group) << orderBits
		// The only errors are the context's, which Run looks at itself.
		_ = h.reader.Read(s.groups[h.group])
	}
	s.groups = nil
	h.flush()
}

// Part begins a part. With a probe, which knows units of one part, each is a batch.
func (h *handler) Part(p *readers.Part) {
	if h.run.options.Probe != nil || h.batch != nil && h.batch.weight > maxBatch {
		h.flush()
		h.run.budget.wait(h.ctx, h.stretch.from)
	}
	if h.batch == nil {
		h.order++
		h.batch = h.worker.newResult(h.order)
		h.batch.parts = h.run.tallies.get(len(h.stretch.groups) - h.group)
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
		if h.skips(u) {
			u.Release()
		} else {
			h.worker.unit(u, h.batch)
			h.used = true
		}
		return nil
	}
	h.flush()
	h.run.stretches.cut(h.stretch, h.group+1)
	h.order++
	if h.skips(u) {
		u.Release()
		return nil
	}
	h.run.budget.wait(h.ctx, h.stretch.from)
	s := &slot{ready: make(chan struct{}), stretch: h.stretch.from, order: h.order}
	select {
	case h.run.tasks <- task{unit: u, slot: s}:
		h.stretch.queue.put(item{slot: s})
		return nil
	case <-h.ctx.Done():
		u.Release()
		return h.ctx.Err()
	}
}

// skips reports whether nobody wants anything of the unit at hand, and has it read in part if
// no more of it is wanted.
func (h *handler) skips(u *readers.Unit) bool {
	if h.run.options.Probe == nil {
		return false
	}
	places, all := h.run.options.Probe.Reads(h.order)
	return !all && (len(places) == 0 || !u.Only(places))
}

// flush puts the batch in the queue.
func (h *handler) flush() {
	if h.batch == nil {
		return
	}
	h.batch.end()
	if !h.used {
		h.batch.probe = nil
	}
	h.used = false
	h.run.budget.add(h.stretch.from, h.batch.weight)
	h.stretch.queue.put(item{result: h.batch})
	h.batch = nil
}
