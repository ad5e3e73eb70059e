package eval

import (
	"strings"

	"kscan/readers/event"
	"kscan/rule/eql"
)

// gate is what a filter needs: an event that it matches has at least one of the keys.
// An empty gate says nothing.
type gate []gateKey

// gateKey is a text or number that a value of a column has. Texts are in lower case and
// compared so, whatever the condition asks: a gate may let through more than matches.
type gateKey struct {
	column int
	kind   gateKind
	text   string
	number int64
}

type gateKind uint8

const (
	gateExact gateKind = iota
	gatePrefix
	gateSuffix
	gateContains
	gateNumber
	gateKinds
)

// gate works out a gate of the condition that e has the value want. A conjunction needs
// what its most telling side needs, a disjunction what any side needs, and a test of one
// field one of its literals; of anything else nothing is said.
func (c *compiler) gate(e eql.Expr, want bool) (keys gate, score int) {
	switch e := e.(type) {
	case *eql.Unary:
		if e.Op == eql.Not {
			return c.gate(e.X, !want)
		}
	case *eql.Binary:
		switch {
		case (e.Op == eql.And) == want && (e.Op == eql.And || e.Op == eql.Or):
			return c.bestGate(operands(e, e.Op), want)
		case e.Op == eql.And || e.Op == eql.Or:
			return c.gates(operands(e, e.Op), want)
		case e.Op == eql.Ne && !want, e.Op == eql.Eq && want:
			return c.gateEqual(e)
		}
	case *eql.In:
		if f, ok := e.X.(*eql.Field); ok && e.Not != want {
			values, _ := c.literals(e.List)
			return c.gateValues(f, values)
		}
	case *eql.Match:
		if f, ok := e.X.(*eql.Field); ok && want {
			return c.gatePatterns(f, e)
		}
	}
	return nil, 0
}

func (c *compiler) bestGate(sides []eql.Expr, want bool) (best gate, score int) {
	for _, side := range sides {
		if keys, n := c.gate(side, want); n > score {
			best, score = keys, n
		}
	}
	return best, score
}

func (c *compiler) gates(sides []eql.Expr, want bool) (all gate, score int) {
	for i, side := range sides {
		keys, n := c.gate(side, want)
		if n == 0 {
			return nil, 0
		}
		if all = append(all, keys...); i == 0 || n < score {
			score = n
		}
	}
	return all, score
}

func (c *compiler) gateEqual(e *eql.Binary) (gate, int) {
	f, isField := e.X.(*eql.Field)
	y := e.Y
	if !isField {
		f, isField = e.Y.(*eql.Field)
		y = e.X
	}
	if !isField {
		return nil, 0
	}
	values, _ := c.literals([]eql.Expr{y})
	return c.gateValues(f, values)
}

// gateValues is the gate of a field that is equal to one of the values.
func (c *compiler) gateValues(f *eql.Field, values []event.Value) (gate, int) {
	var keys gate
	typ, column := c.typeOf(f.Name), c.column(f.Name)
	for _, v := range values {
		switch {
		case v.Type == event.Unknown: // null is equal to nothing
		case isText(typ) || typ == event.Unknown && v.Type == event.Keyword:
			keys = append(keys, gateKey{column: column, text: foldASCII(string(appendText(nil, &v)))})
		case typ == event.Long:
			k := c.constant(f, v)
			if !k.numeric || k.number.Type != event.Long {
				return nil, 0
			}
			keys = append(keys, gateKey{column: column, kind: gateNumber, number: k.number.Int})
		default:
			return nil, 0
		}
	}
	return keys, keys.score(f.Name)
}

func isText(t event.Type) bool { return t == event.Keyword || t == event.Flattened }

// gatePatterns is the gate of a field that fits one of the patterns: the longest part of
// each that is literal.
func (c *compiler) gatePatterns(f *eql.Field, e *eql.Match) (gate, int) {
	typ := c.typeOf(f.Name)
	if e.Op == eql.Regex || e.Op == eql.RegexFold || !isText(typ) && typ != event.Unknown {
		return nil, 0
	}
	var keys gate
	column := c.column(f.Name)
	for _, p := range e.Patterns {
		v, ok := literalValue(p)
		if !ok || v.Type == event.Unknown {
			return nil, 0
		}
		key, ok := patternKey(foldASCII(string(appendText(nil, &v))))
		if !ok {
			return nil, 0
		}
		key.column = column
		keys = append(keys, key)
	}
	return keys, keys.score(f.Name)
}

// minContains is how many bytes a part in the middle must have to be looked for: shorter
// ones are found in every other text.
const minContains = 3

// patternKey returns what all texts have that fit a pattern. A part in the middle takes a
// search through the whole text and must be longer than the parts at the ends to be it.
func patternKey(pattern string) (key gateKey, ok bool) {
	first := strings.IndexAny(pattern, "*?")
	if first < 0 {
		return gateKey{text: pattern}, true
	}
	key = gateKey{kind: gatePrefix, text: pattern[:first]}
	if end := pattern[strings.LastIndexAny(pattern, "*?")+1:]; len(end) > len(key.text) {
		key = gateKey{kind: gateSuffix, text: end}
	}
	if part := longestPart(pattern); len(part) > 2*len(key.text) && len(part) >= minContains {
		key = gateKey{kind: gateContains, text: part}
	}
	return key, key.text != ""
}

// vague are the fields that have the same few values in nearly all events: a gate on one
// lets through what the leaf itself would, and is no use.
var vague = []string{
	"event.category", "event.type", "event.kind", "event.outcome", "event.module", "event.dataset",
	"host.os.", "network.", "agent.", "data_stream.", "ecs.",
}

// Scores of keys: how much they are expected to reject.
const (
	scoreExact    = 1000
	scoreNumber   = 900
	scoreEndByte  = 40 // of a part at an end of a text
	scoreEnd      = 600
	scoreByte     = 20 // of a part anywhere
	scoreContains = 300
)

// score says how telling the keys are, all of one field: by the worst of them.
func (g gate) score(field string) int {
	for _, prefix := range vague {
		if strings.HasPrefix(field, prefix) {
			return 0
		}
	}
	if len(g) == 0 {
		return 0
	}
	worst := scoreExact
	for _, key := range g {
		worst = min(worst, key.score())
	}
	return worst
}

func (k gateKey) score() int {
	switch k.kind {
	case gateExact:
		return scoreExact
	case gateNumber:
		return scoreNumber
	case gateContains:
		return min(scoreByte*len(k.text), scoreContains)
	}
	return min(scoreEndByte*len(k.text), scoreEnd)
}
