package eval

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"
)

// node is a regular expression in a builder. Equal expressions have equal numbers, up
// to the order and repetition of the members of a union or intersection, so that there
// are finitely many derivatives.
type node int32

const (
	nothing     node = 0 // no string
	emptyString node = 1 // the string ""
)

type nodeKind uint8

const (
	kindNothing nodeKind = iota
	kindEmpty
	kindClass     // one character of set
	kindConcat    // members[0] then members[1]
	kindUnion     // any of members
	kindIntersect // all of members
	kindNot       // not members[0]
	kindRepeat    // members[0], low to high times; high < 0 is no limit
)

type nodeData struct {
	kind      nodeKind
	members   []node
	set       runeSet
	low, high int
	nullable  bool // matches ""
}

// regexBuilder makes nodes.
type regexBuilder struct {
	nodes []nodeData
	known map[string]node
	key   []byte
}

func newRegexBuilder() *regexBuilder {
	return &regexBuilder{
		nodes: []nodeData{{kind: kindNothing}, {kind: kindEmpty, nullable: true}},
		known: make(map[string]node),
	}
}

// add returns the node of the data, a new one only if there is none.
func (b *regexBuilder) add(d nodeData) node {
	key := append(b.key[:0], byte(d.kind))
	for _, m := range d.members {
		key = binary.AppendVarint(key, int64(m))
	}
	for _, r := range d.set {
		key = binary.AppendVarint(key, int64(r.low))
		key = binary.AppendVarint(key, int64(r.high))
	}
	key = binary.AppendVarint(key, int64(d.low))
	key = binary.AppendVarint(key, int64(d.high))
	b.key = key
	if n, ok := b.known[string(key)]; ok {
		return n
	}
	n := node(len(b.nodes))
	b.nodes = append(b.nodes, d)
	b.known[string(key)] = n
	return n
}

func (b *regexBuilder) nullable(n node) bool { return b.nodes[n].nullable }

func (b *regexBuilder) class(set runeSet) node {
	set = set.normal()
	if len(set) == 0 {
		return nothing
	}
	return b.add(nodeData{kind: kindClass, set: set})
}

func (b *regexBuilder) concat(x, y node) node {
	switch {
	case x == nothing || y == nothing:
		return nothing
	case x == emptyString:
		return y
	case y == emptyString:
		return x
	}
	if d := b.nodes[x]; d.kind == kindConcat {
		return b.concat(d.members[0], b.concat(d.members[1], y))
	}
	return b.add(nodeData{kind: kindConcat, members: []node{x, y}, nullable: b.nullable(x) && b.nullable(y)})
}

func (b *regexBuilder) union(x, y node) node {
	all := b.not(nothing)
	members := b.merge(kindUnion, x, y)
	members = slices.DeleteFunc(members, func(n node) bool { return n == nothing })
	switch {
	case slices.Contains(members, all):
		return all
	case len(members) == 0:
		return nothing
	case len(members) == 1:
		return members[0]
	}
	nullable := slices.ContainsFunc(members, b.nullable)
	return b.add(nodeData{kind: kindUnion, members: members, nullable: nullable})
}

func (b *regexBuilder) intersection(x, y node) node {
	all := b.not(nothing)
	members := b.merge(kindIntersect, x, y)
	members = slices.DeleteFunc(members, func(n node) bool { return n == all })
	switch {
	case slices.Contains(members, nothing):
		return nothing
	case len(members) == 0:
		return all
	case len(members) == 1:
		return members[0]
	}
	nullable := !slices.ContainsFunc(members, func(n node) bool { return !b.nullable(n) })
	return b.add(nodeData{kind: kindIntersect, members: members, nullable: nullable})
}

// merge returns the members of x and y, sorted and each once, with nested ones of the
// same kind opened.
func (b *regexBuilder) merge(kind nodeKind, x, y node) []node {
	var members []node
	for _, n := range []node{x, y} {
		if d := b.nodes[n]; d.kind == kind {
			members = append(members, d.members...)
		} else {
			members = append(members, n)
		}
	}
	slices.Sort(members)
	return slices.Compact(members)
}

func (b *regexBuilder) not(x node) node {
	if d := b.nodes[x]; d.kind == kindNot {
		return d.members[0]
	}
	return b.add(nodeData{kind: kindNot, members: []node{x}, nullable: !b.nullable(x)})
}

func (b *regexBuilder) star(x node) node { return b.repeat(x, 0, -1) }

func (b *regexBuilder) repeat(x node, low, high int) node {
	d := b.nodes[x]
	switch {
	case high == 0 || x == emptyString, x == nothing && low == 0:
		return emptyString
	case x == nothing || low == 1 && high == 1:
		return x
	case low == 0 && high < 0 && d.kind == kindClass && d.set[0] == anyRune[0]:
		return b.not(nothing)
	case d.kind == kindRepeat && d.low == 0 && d.high < 0:
		return x
	}
	return b.add(nodeData{kind: kindRepeat, members: []node{x}, low: low, high: high, nullable: low == 0 || d.nullable})
}

// numbers matches the texts between two numbers of the same length, digit for digit.
func (b *regexBuilder) numbers(low, high string) node {
	if low == "" {
		return emptyString
	}
	digit := func(from, to byte) node { return b.class(runeSet{{rune(from), rune(to)}}) }
	if low[0] == high[0] {
		return b.concat(digit(low[0], low[0]), b.numbers(low[1:], high[1:]))
	}
	rest := len(low) - 1
	n := b.concat(digit(low[0], low[0]), b.numbers(low[1:], strings.Repeat("9", rest)))
	n = b.union(n, b.concat(digit(high[0], high[0]), b.numbers(strings.Repeat("0", rest), high[1:])))
	if low[0]+1 < high[0] {
		middle := b.concat(digit(low[0]+1, high[0]-1), b.repeat(digit('0', '9'), rest, rest))
		n = b.union(n, middle)
	}
	return n
}

// derive returns the expression of what may follow the character r.
func (b *regexBuilder) derive(n node, r rune) node {
	d := b.nodes[n]
	switch d.kind {
	case kindClass:
		if d.set.has(r) {
			return emptyString
		}
	case kindConcat:
		first := b.concat(b.derive(d.members[0], r), d.members[1])
		if b.nullable(d.members[0]) {
			return b.union(first, b.derive(d.members[1], r))
		}
		return first
	case kindUnion:
		out := nothing
		for _, m := range d.members {
			out = b.union(out, b.derive(m, r))
		}
		return out
	case kindIntersect:
		out := b.not(nothing)
		for _, m := range d.members {
			out = b.intersection(out, b.derive(m, r))
		}
		return out
	case kindNot:
		return b.not(b.derive(d.members[0], r))
	case kindRepeat:
		high := d.high
		if high > 0 {
			high--
		}
		return b.concat(b.derive(d.members[0], r), b.repeat(d.members[0], max(d.low-1, 0), high))
	}
	return nothing
}

// runeSet is a set of characters as ranges.
type runeSet []runeRange

type runeRange struct{ low, high rune }

var anyRune = runeSet{{0, utf8.MaxRune}}

// normal returns the set with its ranges sorted and joined.
func (s runeSet) normal() runeSet {
	s = slices.Clone(s)
	slices.SortFunc(s, func(a, b runeRange) int { return int(a.low - b.low) })
	var out runeSet
	for _, r := range s {
		if n := len(out); n > 0 && r.low <= out[n-1].high+1 {
			out[n-1].high = max(out[n-1].high, r.high)
		} else {
			out = append(out, r)
		}
	}
	return out
}

func (s runeSet) complement() runeSet {
	var out runeSet
	from := rune(0)
	for _, r := range s.normal() {
		if from < r.low {
			out = append(out, runeRange{from, r.low - 1})
		}
		from = r.high + 1
	}
	if from <= utf8.MaxRune {
		out = append(out, runeRange{from, utf8.MaxRune})
	}
	return out
}

func (s runeSet) has(r rune) bool {
	for _, x := range s {
		if x.low <= r && r <= x.high {
			return true
		}
	}
	return false
}
