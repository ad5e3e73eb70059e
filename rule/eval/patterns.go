package eval

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// textSet is a set of strings. Most texts are told apart by their length.
type textSet struct {
	lengths uint64 // bit i: a member has i bytes; bit 63: one has 63 or more
	few     []string
	many    map[string]struct{} // instead of few, when there are many
}

// fewTexts is how many members are compared one by one: up to about this many that is
// faster than hashing the text.
const fewTexts = 8

func newTextSet(members []string) textSet {
	var s textSet
	members = slices.Compact(slices.Sorted(slices.Values(members)))
	for _, m := range members {
		s.lengths |= 1 << min(len(m), 63)
	}
	if len(members) <= fewTexts {
		s.few = members
		return s
	}
	s.many = make(map[string]struct{}, len(members))
	for _, m := range members {
		s.many[m] = struct{}{}
	}
	return s
}

func (s *textSet) has(text []byte) bool {
	if s.lengths>>min(len(text), 63)&1 == 0 {
		return false
	}
	if s.many != nil {
		_, ok := s.many[string(text)]
		return ok
	}
	for _, m := range s.few {
		if string(text) == m {
			return true
		}
	}
	return false
}

// patternSet matches a text against many wildcard patterns at once. Patterns are
// sorted into classes by their shape, and each class has a way to find a match that
// does not look at every member.
type patternSet struct {
	any      bool // the pattern "*"
	exact    textSet
	prefixes []string // "x*", sorted, none a prefix of another
	suffixes []string // "*x", sorted by their reversed bytes, none a suffix of another
	contains []string // "*x*"
	finder   *automaton
	general  generalSet
}

// manyContains is how many "*x*" patterns are searched for one by one.
const manyContains = 6

func newPatternSet(patterns []string) *patternSet {
	s := new(patternSet)
	var exact []string
	for _, p := range patterns {
		core := strings.Trim(p, "*")
		switch {
		case strings.ContainsAny(core, "*?"):
			s.general.add(p)
		case core == "" && p != "":
			s.any = true
		case core == p:
			exact = append(exact, p)
		case p[0] != '*':
			s.prefixes = append(s.prefixes, core)
		case p[len(p)-1] != '*':
			s.suffixes = append(s.suffixes, core)
		default:
			s.contains = append(s.contains, core)
		}
	}
	s.exact = newTextSet(exact)
	slices.Sort(s.prefixes)
	s.prefixes = withoutLonger(s.prefixes, strings.HasPrefix)
	slices.SortFunc(s.suffixes, func(a, b string) int { return compareReversed([]byte(a), b) })
	s.suffixes = withoutLonger(s.suffixes, strings.HasSuffix)
	if len(s.contains) > manyContains {
		s.finder = newAutomaton(s.contains)
	}
	return s
}

// withoutLonger drops from a sorted list what has the member before it at its end or
// start: what the longer one matches, the shorter one does.
func withoutLonger(sorted []string, has func(s, part string) bool) []string {
	var kept []string
	for _, s := range sorted {
		if len(kept) == 0 || !has(s, kept[len(kept)-1]) {
			kept = append(kept, s)
		}
	}
	return kept
}

// compareReversed compares a and b from their last bytes.
func compareReversed(a []byte, b string) int {
	for i := 1; i <= min(len(a), len(b)); i++ {
		if c := cmp.Compare(a[len(a)-i], b[len(b)-i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

func (s *patternSet) match(text []byte) bool {
	return s.any || s.exact.has(text) || s.matchPrefix(text) || s.matchSuffix(text) ||
		s.matchContains(text) || s.general.match(text)
}

// matchPrefix looks at the one prefix that can fit: the greatest that is not greater
// than the text, as no prefix in the list is a prefix of another.
func (s *patternSet) matchPrefix(text []byte) bool {
	low, high := 0, len(s.prefixes)
	for low < high {
		mid := int(uint(low+high) >> 1)
		if s.prefixes[mid] <= string(text) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low == 0 {
		return false
	}
	p := s.prefixes[low-1]
	return len(text) >= len(p) && string(text[:len(p)]) == p
}

func (s *patternSet) matchSuffix(text []byte) bool {
	low, high := 0, len(s.suffixes)
	for low < high {
		mid := int(uint(low+high) >> 1)
		if compareReversed(text, s.suffixes[mid]) >= 0 {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low == 0 {
		return false
	}
	p := s.suffixes[low-1]
	return len(text) >= len(p) && string(text[len(text)-len(p):]) == p
}

func (s *patternSet) matchContains(text []byte) bool {
	if s.finder != nil {
		return s.finder.match(text)
	}
	for _, p := range s.contains {
		if indexString(text, p) {
			return true
		}
	}
	return false
}

// generalSet holds the patterns of no particular shape, by the last byte that they ask
// for, which most texts do not have.
type generalSet struct {
	byLast map[byte][]*wildcard
	open   []*wildcard // end in a wildcard
}

func (s *generalSet) add(pattern string) {
	w, last := newWildcard(pattern), pattern[len(pattern)-1]
	if last == '*' || last == '?' {
		s.open = append(s.open, w)
		return
	}
	if s.byLast == nil {
		s.byLast = make(map[byte][]*wildcard)
	}
	s.byLast[last] = append(s.byLast[last], w)
}

func (s *generalSet) match(text []byte) bool {
	if len(text) > 0 && len(s.byLast) > 0 {
		for _, w := range s.byLast[text[len(text)-1]] {
			if w.match(text) {
				return true
			}
		}
	}
	for _, w := range s.open {
		if w.match(text) {
			return true
		}
	}
	return false
}

// indexString reports whether text contains part, without converting either.
func indexString(text []byte, part string) bool {
	return bytes.Contains(text, view(part))
}
