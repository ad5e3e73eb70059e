package scan

import (
	"runtime"
	"testing"
	"time"

	"kscan/rule"
)

// weakSink counts how many of the findings that it was given are still held.
type weakSink struct {
	freed chan int
	given int
	// least is how many had been freed when the last was given.
	least int
}

func (s *weakSink) Finding(f *Finding) error {
	n := s.given
	s.given++
	runtime.AddCleanup(f, func(n int) { s.freed <- n }, n)
	if s.given == cap(s.freed) {
		for deadline := time.Now().Add(10 * time.Second); len(s.freed) < cap(s.freed)/2 && time.Now().Before(deadline); {
			runtime.GC()
			time.Sleep(time.Millisecond)
		}
		s.least = len(s.freed)
	}
	return nil
}

// TestCollectedIsLetGo holds that results that were collected are not held by the queue
// until all that waited with them are.
func TestCollectedIsLetGo(t *testing.T) {
	const results = 50
	sink := &weakSink{freed: make(chan int, results)}
	c := newCollector(nil, nil, sink)
	c.held = newHeld(c, &Options{})
	r := &rule.Rule{}
	c.rules[r], c.summary.Rules = 0, []RuleCoverage{{Rule: r}}
	s := &stretch{queue: newQueue()}
	for range results {
		res := &result{tally: tally{findings: []*Finding{{Rule: r, Hits: make([]Hit, 1)}}}}
		s.queue.put(item{result: res})
	}
	s.queue.close()
	c.part = &c.room
	if err := c.collect(s, newBudget(maxAhead), func() {}); err != nil {
		t.Fatal(err)
	}
	if sink.given != results || sink.least < results/2 {
		t.Errorf("of %d findings %d were let go of while the last was collected", sink.given, sink.least)
	}
}
