package eval

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// regex matches whole values against Lucene expressions: as a deterministic automaton,
// or with Go's own engine when that would be too large. Both take time linear in the
// length of the value.
type regex struct {
	starts  []rune      // where each class of characters starts; they cover all
	ascii   [128]uint16 // the class of each ASCII character
	next    []int32     // state*len(starts) + class
	accepts []bool
	dead    int32 // the state that matches nothing any more, -1 if there is none
	full    int32 // the state that matches whatever follows, -1 if there is none
	slow    *regexp.Regexp
}

// maxStates bounds the automaton (Elasticsearch stops at 10,000) and maxClasses its
// width: 16 MB at most. maxNodes bounds the work of making it, maxParsed the expression
// that it is tried for.
const (
	maxStates  = 4000
	maxClasses = 1000
	maxNodes   = 100_000
	maxParsed  = 5000
)

var errRegexSize = errors.New("the regular expression is too complex")

// newRegex returns the matcher of a union of expressions.
func newRegex(sources []string, fold bool) (*regex, error) {
	b := newRegexBuilder()
	n := nothing
	for _, source := range sources {
		one, err := parseRegex(b, source, fold)
		if err != nil {
			return nil, err
		}
		n = b.union(n, one)
	}
	x, err := b.automaton(n)
	if err == nil {
		return x, nil
	}
	var text strings.Builder
	if !b.translate(&text, n) {
		return nil, err
	}
	slow, goErr := regexp.Compile(`(?s)\A(?:` + text.String() + `)\z`)
	if goErr != nil {
		return nil, err
	}
	return &regex{slow: slow}, nil
}

// automaton takes derivatives until there are no new ones.
func (b *regexBuilder) automaton(n node) (*regex, error) {
	x := &regex{dead: -1, full: -1, starts: b.classes()}
	if len(b.nodes) > maxParsed || len(x.starts) > maxClasses {
		return nil, errRegexSize
	}
	for ch := range x.ascii {
		x.ascii[ch] = uint16(x.class(rune(ch)))
	}
	all := b.not(nothing)
	states := []node{n}
	number := map[node]int32{n: 0}
	for i := 0; i < len(states); i++ {
		switch states[i] {
		case nothing:
			x.dead = int32(i)
		case all:
			x.full = int32(i)
		}
		x.accepts = append(x.accepts, b.nullable(states[i]))
		for _, r := range x.starts {
			to := b.derive(states[i], r)
			if _, ok := number[to]; !ok {
				number[to] = int32(len(states))
				states = append(states, to)
			}
			x.next = append(x.next, number[to])
			if len(states) > maxStates || len(b.nodes) > maxNodes {
				return nil, errRegexSize
			}
		}
	}
	return x, nil
}

// classes cuts the characters into ranges that no class of the expression tells apart.
func (b *regexBuilder) classes() []rune {
	starts := []rune{0}
	for _, d := range b.nodes {
		for _, r := range d.set {
			starts = append(starts, r.low)
			if r.high < utf8.MaxRune {
				starts = append(starts, r.high+1)
			}
		}
	}
	slices.Sort(starts)
	return slices.Compact(starts)
}

func (x *regex) class(r rune) int {
	i, found := slices.BinarySearch(x.starts, r)
	if !found {
		i--
	}
	return i
}

func (x *regex) match(text []byte) bool {
	if x.slow != nil {
		return x.slow.Match(text)
	}
	state, width := int32(0), len(x.starts)
	for i := 0; i < len(text); {
		if state == x.dead {
			return false
		}
		if state == x.full {
			return true
		}
		var class int
		if ch := text[i]; ch < utf8.RuneSelf {
			class = int(x.ascii[ch])
			i++
		} else {
			r, size := utf8.DecodeRune(text[i:])
			class = x.class(r)
			i += size
		}
		state = x.next[int(state)*width+class]
	}
	return x.accepts[state]
}

// translate writes the expression in Go's syntax; false if Go has no such thing.
func (b *regexBuilder) translate(w *strings.Builder, n node) bool {
	d := b.nodes[n]
	switch d.kind {
	case kindNothing:
		w.WriteString(`[^\x00-\x{10FFFF}]`)
	case kindClass:
		w.WriteByte('[')
		for _, r := range d.set {
			fmt.Fprintf(w, `\x{%x}-\x{%x}`, r.low, r.high)
		}
		w.WriteByte(']')
	case kindConcat:
		return b.translate(w, d.members[0]) && b.translate(w, d.members[1])
	case kindUnion:
		return b.alternatives(w, d.members)
	case kindRepeat:
		w.WriteString("(?:")
		ok := b.translate(w, d.members[0])
		w.WriteByte(')')
		if d.high < 0 {
			w.WriteByte('*')
		} else {
			fmt.Fprintf(w, "{%d,%d}", d.low, d.high)
		}
		return ok
	case kindNot:
		w.WriteString(`(?s:.*)`)
		return d.members[0] == nothing
	case kindIntersect:
		return false
	}
	return true
}

func (b *regexBuilder) alternatives(w *strings.Builder, members []node) bool {
	w.WriteString("(?:")
	for i, m := range members {
		if i > 0 {
			w.WriteByte('|')
		}
		if !b.translate(w, m) {
			return false
		}
	}
	w.WriteByte(')')
	return true
}
