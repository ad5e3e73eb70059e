package scan

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
)

// TestAddLater: of what a later run could not read, what is new is told, and makes the run
// incomplete.
func TestAddLater(t *testing.T) {
	s := &Summary{Counts: Counts{Events: 1, Lost: 1}, Problems: []event.Problem{{Kind: event.Truncated, Source: "a", Offset: 7}}}
	s.AddLater(&Summary{Problems: []event.Problem{
		{Kind: event.Truncated, Source: "a", Offset: 9},
		{Kind: event.Broken, Source: "b", Line: 3},
		{Kind: event.InvalidUTF8, Source: "b", Line: 3},
	}})
	if s.Counts.Lost != 1 || len(s.Problems) != 1 {
		t.Errorf("told twice: %v", s.Problems)
	}
	s.AddLater(&Summary{Problems: []event.Problem{
		{Kind: event.Crashed, Source: "a", Offset: -1, Detail: "x"},
		{Kind: event.Crashed, Source: "a", Offset: -1, Detail: "y"},
		{Kind: event.Truncated, Source: "a", Member: "m"},
	}})
	s.AddLater(&Summary{Problems: []event.Problem{{Kind: event.Crashed, Source: "a"}, {Kind: event.Unreadable, Source: "c"}}})
	var got []string
	for _, p := range s.Problems {
		got = append(got, string(p.Kind)+" "+p.Source+p.Member+" "+p.Detail)
	}
	const when = "when evidence was looked up: "
	want := []string{"truncated a ", "crashed a " + when + "x", "crashed a " + when + "y", "truncated am " + when, "unreadable c " + when}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if s.Counts.Lost != 5 || !s.Incomplete() {
		t.Errorf("%d lost", s.Counts.Lost)
	}
}

// TestAddLaterMissesParts: a log that a later run did not find is told of, once.
func TestAddLaterMissesParts(t *testing.T) {
	s := &Summary{
		Parts:    []Part{{Source: "a"}, {Source: "b", Member: "m"}, {Source: "c"}, {Source: "d"}},
		Problems: []event.Problem{{Kind: event.Unreadable, Source: "d"}},
	}
	found := &Summary{Parts: []Part{{Source: "b"}, {Source: "c"}}}
	s.AddLater(&Summary{Parts: found.Parts, Interrupted: true})
	if s.Counts.Lost != 0 {
		t.Errorf("an interrupted run misses %v", s.Problems)
	}
	s.AddLater(found)
	s.AddLater(found)
	var got []string
	for _, p := range s.Problems[1:] {
		got = append(got, p.Source+p.Member)
	}
	if diff := cmp.Diff([]string{"a", "bm"}, got); diff != "" || s.Counts.Lost != 2 {
		t.Errorf("%d lost, -want +got\n%s", s.Counts.Lost, diff)
	}
}

// TestAddLaterMissesBytes: a log that became shorter before a later run is told of; one that
// grew or stayed is not.
func TestAddLaterMissesBytes(t *testing.T) {
	parts := func(size int64) []Part { return []Part{{Source: "a", Size: size}} }
	for size, want := range map[int64]int{9: 1, 10: 0, 11: 0} {
		s := &Summary{Parts: parts(10)}
		s.AddLater(&Summary{Parts: parts(size)})
		s.AddLater(&Summary{Parts: parts(size)})
		if len(s.Problems) != want || want > 0 && s.Problems[0].Kind != event.Truncated || s.Counts.Lost != int64(want) {
			t.Errorf("10 bytes, then %d: %v", size, s.Problems)
		}
	}
}
