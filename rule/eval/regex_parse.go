package eval

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The regular expressions of EQL are Lucene's: always for the whole value, with
// "|" union, "&" intersection, "~" complement, "?" "*" "+" "{n,m}" repetition, "." any
// character, "@" any string, "#" nothing, "<n-m>" a number in a range, "[...]" classes
// and "..." literal text. "^" and "$" are ordinary characters.

// maxRegex bounds the length of one expression in bytes, and regexDepth the nesting of
// parentheses: no rule comes near.
const (
	maxRegex   = 1 << 16
	regexDepth = 250
	maxRepeat  = 1000 // of {n,m}, as Go's own regular expressions
)

// regexParser reads one expression into nodes of a builder.
type regexParser struct {
	build *regexBuilder
	rest  string
	depth int
	fold  bool
	err   error
}

// parseRegex returns the node of an expression.
func parseRegex(b *regexBuilder, source string, fold bool) (node, error) {
	if len(source) > maxRegex {
		return 0, fmt.Errorf("the regular expression is longer than %d bytes", maxRegex)
	}
	p := &regexParser{build: b, rest: source, fold: fold}
	if source == "" {
		return emptyString, nil
	}
	n := p.union()
	if p.err == nil && p.rest != "" {
		p.fail("unexpected %q", p.rest[:1])
	}
	if p.err != nil {
		return 0, fmt.Errorf("%w at position %d of the regular expression", p.err, len(source)-len(p.rest)+1)
	}
	return n, nil
}

func (p *regexParser) fail(format string, args ...any) node {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
	return nothing
}

func (p *regexParser) peek(chars string) bool {
	return p.err == nil && p.rest != "" && strings.IndexByte(chars, p.rest[0]) >= 0
}

func (p *regexParser) match(ch byte) bool {
	if p.err != nil || p.rest == "" || p.rest[0] != ch {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *regexParser) next() rune {
	if p.rest == "" {
		p.fail("unexpected end")
		return 0
	}
	r, size := utf8.DecodeRuneInString(p.rest)
	p.rest = p.rest[size:]
	return r
}

func (p *regexParser) union() node {
	n := p.intersection()
	for p.match('|') {
		n = p.build.union(n, p.intersection())
	}
	return n
}

func (p *regexParser) intersection() node {
	n := p.concatenation()
	for p.match('&') {
		n = p.build.intersection(n, p.concatenation())
	}
	return n
}

func (p *regexParser) concatenation() node {
	parts := []node{p.repetition()}
	for p.err == nil && p.rest != "" && !p.peek(")|&") {
		parts = append(parts, p.repetition())
	}
	// From the right, so that the tree leans the way derivatives are taken.
	n := parts[len(parts)-1]
	for i := len(parts) - 2; i >= 0; i-- {
		n = p.build.concat(parts[i], n)
	}
	return n
}

func (p *regexParser) repetition() node {
	n := p.complement()
	for p.peek("?*+{") {
		switch {
		case p.match('?'):
			n = p.build.repeat(n, 0, 1)
		case p.match('*'):
			n = p.build.star(n)
		case p.match('+'):
			n = p.build.concat(n, p.build.star(n))
		case p.match('{'):
			n = p.count(n)
		}
	}
	return n
}

// count reads "n}", "n,}" or "n,m}".
func (p *regexParser) count(n node) node {
	low := p.integer()
	high := low
	if p.match(',') {
		high = -1
		if !p.peek("}") {
			high = p.integer()
		}
	}
	if !p.match('}') {
		return p.fail("expected %q", "}")
	}
	if high < 0 {
		return p.build.concat(p.build.repeat(n, low, low), p.build.star(n))
	}
	if high < low {
		return p.fail("the repetition ends before it starts")
	}
	return p.build.repeat(n, low, high)
}

func (p *regexParser) integer() int {
	n := leadingDigits(p.rest)
	value, err := strconv.Atoi(p.rest[:n])
	if err != nil {
		p.fail("expected a number")
		return 0
	}
	if value > maxRepeat {
		p.fail("the repetition is over %d", maxRepeat)
		return 0
	}
	p.rest = p.rest[n:]
	return value
}

func leadingDigits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

func (p *regexParser) complement() node {
	count := 0
	for p.match('~') {
		count++
	}
	n := p.class()
	if count%2 == 1 {
		n = p.build.not(n)
	}
	return n
}

func (p *regexParser) class() node {
	if !p.match('[') {
		return p.simple()
	}
	negated := p.match('^')
	var set runeSet
	for first := true; first || p.err == nil && p.rest != "" && !p.peek("]"); first = false {
		set = append(set, p.classRange()...)
	}
	if !p.match(']') {
		return p.fail("expected %q", "]")
	}
	if negated {
		set = set.complement()
	}
	return p.build.class(set)
}

// classRange reads "a" or "a-z". As in Elasticsearch, only single characters are
// folded: a range stays as it is under regex~.
func (p *regexParser) classRange() runeSet {
	if set, ok := p.predefined(); ok {
		return set
	}
	low := p.char()
	if len(p.rest) < 2 || p.rest[0] != '-' || p.rest[1] == ']' {
		return p.folded(low)
	}
	p.match('-')
	high := p.char()
	if high < low {
		p.fail("the range ends before it starts")
	}
	return runeSet{{low, high}}
}

func (p *regexParser) char() rune {
	p.match('\\')
	return p.next()
}

func (p *regexParser) folded(r rune) runeSet {
	set := runeSet{{r, r}}
	if p.fold && r < utf8.RuneSelf && ('a' <= r|0x20 && r|0x20 <= 'z') {
		set = append(set, runeRange{r ^ 0x20, r ^ 0x20})
	}
	return set
}

// predefined reads \d \D \s \S \w \W, which newer versions of Lucene have.
func (p *regexParser) predefined() (runeSet, bool) {
	if len(p.rest) < 2 || p.rest[0] != '\\' {
		return nil, false
	}
	var set runeSet
	switch p.rest[1] | 0x20 {
	case 'd':
		set = runeSet{{'0', '9'}}
	case 's':
		set = runeSet{{'\t', '\n'}, {'\r', '\r'}, {' ', ' '}}
	case 'w':
		set = runeSet{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}
	default:
		return nil, false
	}
	if upper := p.rest[1] < 'a'; upper {
		set = set.complement()
	}
	p.rest = p.rest[2:]
	return set, true
}

func (p *regexParser) simple() node {
	if set, ok := p.predefined(); ok {
		return p.build.class(set)
	}
	switch {
	case p.match('.'):
		return p.build.class(anyRune)
	case p.match('#'):
		return nothing
	case p.match('@'):
		return p.build.not(nothing)
	case p.match('"'):
		return p.quoted()
	case p.match('('):
		return p.group()
	case p.match('<'):
		return p.interval()
	}
	// Lucene takes whatever is here, even an operator, for an ordinary character.
	return p.build.class(p.folded(p.char()))
}

func (p *regexParser) quoted() node {
	text, rest, ok := strings.Cut(p.rest, `"`)
	if !ok {
		return p.fail(`expected a closing "`)
	}
	p.rest = rest
	n := emptyString
	for text != "" {
		r, size := utf8.DecodeLastRuneInString(text)
		n = p.build.concat(p.build.class(p.folded(r)), n)
		text = text[:len(text)-size]
	}
	return n
}

func (p *regexParser) group() node {
	if p.match(')') {
		return emptyString
	}
	if p.depth++; p.depth > regexDepth {
		return p.fail("more than %d groups inside each other", regexDepth)
	}
	n := p.union()
	p.depth--
	if !p.match(')') {
		return p.fail("expected %q", ")")
	}
	return n
}

// maxIntervalDigits bounds the numbers of "<n-m>"; Lucene's are 32-bit integers.
const maxIntervalDigits = 10

// interval reads "n-m>". Numbers of the same length stand for texts of that length;
// otherwise leading zeros are free.
func (p *regexParser) interval() node {
	body, rest, ok := strings.Cut(p.rest, ">")
	low, high, dash := strings.Cut(body, "-")
	if !ok || !dash || low == "" || high == "" || len(low) > maxIntervalDigits || len(high) > maxIntervalDigits ||
		leadingDigits(low) != len(low) || leadingDigits(high) != len(high) {
		return p.fail("expected <number-number>")
	}
	p.rest = rest
	fixed := len(low) == len(high)
	a, _ := strconv.ParseUint(low, 10, 64)
	b, _ := strconv.ParseUint(high, 10, 64)
	a, b = min(a, b), max(a, b)
	if fixed {
		return p.build.numbers(fmt.Sprintf("%0*d", len(low), a), fmt.Sprintf("%0*d", len(low), b))
	}
	n := nothing
	for digits, power := 1, uint64(1); power <= b; digits, power = digits+1, power*10 {
		from, to := max(a, power), min(b, power*10-1)
		if digits == 1 {
			from = a
		}
		if from <= to {
			n = p.build.union(n, p.build.numbers(fmt.Sprint(from), fmt.Sprint(to)))
		}
	}
	if b == 0 {
		n = p.build.numbers("0", "0")
	}
	return p.build.concat(p.build.star(p.build.class(runeSet{{'0', '0'}})), n)
}
