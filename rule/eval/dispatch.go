package eval

import (
	"cmp"
	"maps"
	"slices"

	"kscan/readers/event"
)

// gateTable finds, of the terms whose gates are on a column, those that a value of the
// column lets through. What is found is asked in full: the table only has to let
// through all that could match.
type gateTable struct {
	column   int
	exact    map[string]*indexNode
	lengths  uint64 // of the texts in exact, as in textSet
	prefixes affixes
	suffixes affixes
	parts    *automaton
	inside   []*indexNode // of parts
	numbers  map[int64]*indexNode
	all      *indexNode // for values of another type; nil where there are none
	folds    bool       // there are keys for texts
}

// fewContains is up to how many terms are asked one by one rather than found by a search
// through every text of the field.
const fewContains = 8

// newGateTables makes the tables of the terms that have a gate, and returns the others.
func newGateTables(t *Set, terms []indexTerm) (tables []gateTable, plain []indexTerm) {
	bad := searches(terms)
	byColumn := make(map[int][]indexTerm)
	for _, term := range terms {
		if len(term.gate) == 0 || slices.ContainsFunc(term.gate, func(k gateKey) bool { return k.kind == gateContains && bad[k.column] }) {
			plain = append(plain, term)
			continue
		}
		columns := make(map[int]bool)
		for _, key := range term.gate {
			if !columns[key.column] {
				columns[key.column] = true
				byColumn[key.column] = append(byColumn[key.column], term)
			}
		}
	}
	for _, column := range slices.Sorted(maps.Keys(byColumn)) {
		tables = append(tables, newGateTable(column, t.columns[column].typ, byColumn[column]))
	}
	return tables, plain
}

// searches returns the columns of which the texts are not searched for parts: too few terms
// look for one, or there are too many parts.
func searches(terms []indexTerm) (bad map[int]bool) {
	parts, users := make(map[int]map[string]bool), make(map[int]map[int]bool)
	for _, term := range terms {
		for _, key := range term.gate {
			if key.kind != gateContains {
				continue
			}
			if parts[key.column] == nil {
				parts[key.column], users[key.column] = make(map[string]bool), make(map[int]bool)
			}
			parts[key.column][key.text] = true
			users[key.column][term.number] = true
		}
	}
	bad = make(map[int]bool)
	for column, texts := range parts {
		bad[column] = len(users[column]) <= fewContains || newAutomaton(slices.Sorted(maps.Keys(texts))) == nil
	}
	return bad
}

func newGateTable(column int, typ event.Type, terms []indexTerm) gateTable {
	var texts [gateKinds]map[string][]indexTerm
	for kind := range texts {
		texts[kind] = make(map[string][]indexTerm)
	}
	numbers := make(map[int64][]indexTerm)
	for _, term := range terms {
		for _, key := range term.gate {
			switch {
			case key.column != column:
			case key.kind == gateNumber:
				numbers[key.number] = appendTerm(numbers[key.number], term)
			default:
				texts[key.kind][key.text] = appendTerm(texts[key.kind][key.text], term)
			}
		}
	}
	t := gateTable{
		column: column, exact: nodes(texts[gateExact]), numbers: nodes(numbers), folds: len(numbers) == 0,
		prefixes: newAffixes(nodes(texts[gatePrefix]), false), suffixes: newAffixes(nodes(texts[gateSuffix]), true),
	}
	for text := range t.exact {
		t.lengths |= 1 << min(len(text), 63)
	}
	if inside := nodes(texts[gateContains]); len(inside) > 0 {
		parts := slices.Sorted(maps.Keys(inside))
		t.parts = newAutomaton(parts)
		for _, part := range parts {
			t.inside = append(t.inside, inside[part])
		}
	}
	if !isText(typ) {
		all := newNode(nil, terms)
		t.all = &all
	}
	return t
}

// appendTerm appends a term that comes after all in the list, or is the last one of it.
func appendTerm(list []indexTerm, t indexTerm) []indexTerm {
	if len(list) > 0 && list[len(list)-1].number == t.number {
		return list
	}
	return append(list, t)
}

func nodes[K cmp.Ordered](terms map[K][]indexTerm) map[K]*indexNode {
	out := make(map[K]*indexNode, len(terms))
	for key, list := range terms {
		n := newNode(nil, list)
		out[key] = &n
	}
	return out
}

// hits appends what the loaded event matches of the table's terms.
func (t *gateTable) hits(s *Scratch, dst []Hit) []Hit {
	values := s.column(t.column)
	for _, v := range values {
		switch {
		case v.Type == event.Keyword && t.folds:
			dst = t.textHits(s, v, dst)
		case v.Type == event.Long && !t.folds:
			if n := t.numbers[v.Int]; n != nil {
				dst = n.hits(s, dst)
			}
		case t.all != nil:
			return t.all.hits(s, dst)
		}
	}
	return dst
}

func (t *gateTable) textHits(s *Scratch, v *cell, dst []Hit) []Hit {
	if v.gate != t {
		v.gate, v.nodes = t, t.find(s, v, v.nodes[:0])
	}
	for _, n := range v.nodes {
		dst = n.hits(s, dst)
	}
	return dst
}

// find appends the nodes of the terms that a text lets through.
func (t *gateTable) find(s *Scratch, v *cell, dst []*indexNode) []*indexNode {
	if t.lengths>>min(len(v.Text), 63)&1 != 0 {
		if n := t.exact[string(v.fold(s))]; n != nil {
			dst = append(dst, n)
		}
	}
	if len(t.prefixes.texts) > 0 {
		dst = t.prefixes.find(v.fold(s), dst)
	}
	if len(t.suffixes.texts) > 0 {
		dst = t.suffixes.find(v.fold(s), dst)
	}
	if t.parts != nil {
		dst = t.findParts(v.fold(s), dst)
	}
	return dst
}

func (a *affixes) find(text []byte, dst []*indexNode) []*indexNode {
	for i := a.longest(text); i >= 0; i = a.shorter[i] {
		dst = append(dst, a.terms[i])
	}
	return dst
}

func (t *gateTable) findParts(text []byte, dst []*indexNode) []*indexNode {
	state := int32(0)
	for _, ch := range text {
		state = t.parts.step(state, ch)
		for p := t.parts.ends[state]; p != 0; p = t.parts.shorter[p] {
			if n := t.inside[p-1]; !slices.Contains(dst, n) {
				dst = append(dst, n)
			}
		}
	}
	return dst
}
