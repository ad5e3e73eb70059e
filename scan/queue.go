package scan

import (
	"context"
	"sync"

	"kscan/readers/event"
)

// maxAhead is how many bytes of results may wait for the collector before reading stops:
// enough for groups ahead of it to run on, little beside the blocks in flight.
const maxAhead = 32 << 20

// resultSize is about what a result without findings holds, in bytes.
const resultSize = 8 << 10

// item is one entry of a queue; one of its fields is set.
type item struct {
	result  *result
	problem *event.Problem
	slot    *slot
}

// slot is the place for a unit's result. A worker closes ready after it set result.
type slot struct {
	ready   chan struct{}
	stretch int
	order   int64 // of the unit in the input: units that come later have a greater one
	result  *result
}

// queue holds what a stretch gave, in its order. It has no bound of its own: items are
// small, and what they may hold is bounded by the budget.
type queue struct {
	mu     sync.Mutex
	more   sync.Cond
	items  []item
	closed bool
}

func newQueue() *queue {
	q := &queue{}
	q.more.L = &q.mu
	return q
}

func (q *queue) put(it item) {
	q.mu.Lock()
	q.items = append(q.items, it)
	q.mu.Unlock()
	q.more.Signal()
}

func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.more.Signal()
}

// take waits for items and returns all there are, in order; none means the end.
func (q *queue) take() []item {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 && !q.closed {
		q.more.Wait()
	}
	items := q.items
	q.items = nil
	return items
}

// budget bounds the bytes of results that wait in queues. Stretches are known by their first
// group. The one that the collector empties, the head, waits only for what it holds itself,
// which the collector is taking; so the head always gets on, and with it everybody.
type budget struct {
	mu    sync.Mutex
	less  sync.Cond
	held  int64         // by all spans
	by    map[int]int64 // by each stretch that holds any
	limit int64
	head  int
}

func newBudget(limit int64) *budget {
	b := &budget{limit: limit, by: map[int]int64{}}
	b.less.L = &b.mu
	return b
}

// wait returns when the stretch may read on.
func (b *budget) wait(ctx context.Context, stretch int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for ctx.Err() == nil {
		held := b.held
		if stretch == b.head {
			held = b.by[stretch]
		}
		if held <= b.limit {
			return
		}
		b.less.Wait()
	}
}

// add notes that the stretch holds n bytes more, or less if n is negative.
func (b *budget) add(stretch int, n int64) {
	if n == 0 {
		return
	}
	b.mu.Lock()
	b.held += n
	b.by[stretch] += n
	if b.by[stretch] == 0 {
		delete(b.by, stretch)
	}
	b.mu.Unlock()
	if n < 0 {
		b.less.Broadcast()
	}
}

// advance makes stretch the head. The collector calls it for every stretch in turn, and for the
// number of groups at the end.
func (b *budget) advance(stretch int) {
	b.mu.Lock()
	b.head = stretch
	b.mu.Unlock()
	b.less.Broadcast()
}
