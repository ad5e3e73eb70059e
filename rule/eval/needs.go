package eval

import (
	"strings"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/rule/eql"
)

// Limits on needs: shorter texts and numbers are in nearly every record, and with more
// alternatives nearly every record has one of them.
const (
	minNeedText   = 4       // bytes
	minNeedNumber = 1000    // four digits
	maxNeeds      = 64      // alternatives
	maxNeedNumber = 1 << 53 // beyond, writers that use doubles round
)

// common are the fields whose few values are in nearly every record, so that needing
// one of them rejects nothing.
var common = []string{
	"event.", "host.os.", "network.", "agent.", "data_stream.", "ecs.", "process.Ext.", "@",
}

// needer works out what a document must hold for a condition to be true of it.
type needer struct {
	types func(string) (event.Type, bool)
	nulls func(string) *fastjson.Value
	// many asks for what LookFor gives: sets of values too, whatever their number, and
	// fields that there must be.
	many bool
}

// of returns values of which the document must hold at least one for x to be true; nil
// if nothing useful is known. A conjunction needs what its most telling side needs, a
// disjunction what any side needs; of anything else that is not a plain test of a field
// for a value nothing is said.
func (n needer) of(x eql.Expr) []event.Need {
	switch x := x.(type) {
	case *eql.Binary:
		switch x.Op {
		case eql.And:
			return n.best(operands(x, eql.And))
		case eql.Or:
			return n.union(operands(x, eql.Or))
		case eql.Eq:
			return n.equal(x.X, x.Y)
		case eql.Ne:
			return n.exists(x)
		}
	case *eql.In:
		if !x.Not {
			return n.list(x)
		}
	case *eql.Match:
		return n.match(x)
	case *eql.Call:
		return n.inBlocks(x)
	case *eql.Bool:
		if n.many && !x.Value {
			return []event.Need{} // nothing helps
		}
	}
	return nil
}

func (n needer) best(terms []eql.Expr) []event.Need {
	var best []event.Need
	for _, term := range terms {
		needs := n.of(term)
		if needs != nil && len(needs) == 0 {
			return needs
		}
		if telling(needs) > telling(best) {
			best = needs
		}
	}
	return best
}

// telling says how well needs tell records apart: by the worst of them, then by how few
// they are.
func telling(needs []event.Need) int {
	if len(needs) == 0 {
		return 0
	}
	worst := 1 << 20
	for _, need := range needs {
		worst = min(worst, tellingOne(&need))
	}
	return worst*(maxNeeds+1) + maxNeeds - len(needs)
}

func tellingOne(need *event.Need) int {
	switch {
	case need.Exists:
		return 10
	case need.Among != nil && need.Field == category:
		return 2
	case need.Among != nil:
		return 70
	case need.Text == "":
		return 100
	}
	return 3 * len(need.Text)
}

func (n needer) union(terms []eql.Expr) []event.Need {
	all := []event.Need{}
	for _, term := range terms {
		needs := n.of(term)
		if needs == nil || len(all)+len(needs) > maxNeeds {
			return nil
		}
		all = append(all, needs...)
	}
	return all
}

func (n needer) equal(x, y eql.Expr) []event.Need {
	field, ok := x.(*eql.Field)
	if !ok {
		if field, ok = y.(*eql.Field); !ok {
			return nil
		}
		y = x
	}
	if needs := n.value(field, y); needs != nil {
		return needs
	}
	return n.among(field, []eql.Expr{y})
}

// value returns the need of a field that is to equal a literal.
func (n needer) value(field *eql.Field, literal eql.Expr) []event.Need {
	typ, _ := n.types(field.Name)
	if n.nulls(field.Name) != nil {
		return nil // the document may have null where the value is wanted
	}
	switch v := literal.(type) {
	case *eql.Int:
		if (typ == event.Long || typ == event.Unknown) && v.Value >= minNeedNumber && v.Value <= maxNeedNumber {
			return []event.Need{{Field: field.Name, Number: v.Value}}
		}
	case *eql.String:
		return n.text(field, v.Value, false)
	}
	return nil
}

func (n needer) text(field *eql.Field, text string, fold bool) []event.Need {
	typ, _ := n.types(field.Name)
	if typ != event.Keyword || len(text) < minNeedText || n.nulls(field.Name) != nil {
		return nil
	}
	for _, prefix := range common {
		if strings.HasPrefix(field.Name, prefix) {
			return nil
		}
	}
	return []event.Need{{Field: field.Name, Text: text, Fold: fold}}
}

func (n needer) list(x *eql.In) []event.Need {
	field, ok := x.X.(*eql.Field)
	switch {
	case !ok:
		return nil
	case n.many && !x.Fold && len(x.List) > fewValues:
		return n.among(field, x.List)
	case len(x.List) > maxNeeds:
		return nil
	}
	var all []event.Need
	for _, member := range x.List {
		var needs []event.Need
		if text, ok := member.(*eql.String); ok && x.Fold {
			needs = n.text(field, text.Value, true)
		} else if !x.Fold {
			needs = n.value(field, member)
		}
		if needs == nil && !x.Fold {
			return n.among(field, x.List)
		}
		if needs == nil {
			return nil
		}
		all = append(all, needs...)
	}
	return all
}

// match returns the longest literal part of each wildcard pattern. Regular expressions
// say nothing.
func (n needer) match(x *eql.Match) []event.Need {
	field, ok := x.X.(*eql.Field)
	if !ok || len(x.Patterns) > maxNeeds || x.Op == eql.Regex || x.Op == eql.RegexFold {
		return nil
	}
	var all []event.Need
	for _, p := range x.Patterns {
		pattern, ok := p.(*eql.String)
		if !ok {
			return nil
		}
		needs := n.text(field, longestPart(pattern.Value), x.Op != eql.Like)
		if needs == nil {
			return nil
		}
		all = append(all, needs...)
	}
	return all
}

func longestPart(pattern string) string {
	longest := ""
	for _, part := range strings.FieldsFunc(pattern, func(r rune) bool { return r == '*' || r == '?' }) {
		if len(part) > len(longest) {
			longest = part
		}
	}
	return longest
}

// Needs returns values of which an event must hold at least one for the program to
// match it; nil if there is no telling. Sequences and samples have none.
func (p *Program) Needs() []event.Need { return p.needs }
