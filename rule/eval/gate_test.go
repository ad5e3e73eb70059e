package eval

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"kscan/readers/event"
	"kscan/rule/eql"
)

// gateTypes maps the fields of the tests: x.free has no type, the others one each.
func gateTypes(field string) (event.Type, bool) {
	t, ok := map[string]event.Type{
		"x.text": event.Keyword, "x.flat": event.Flattened, "x.long": event.Long, "x.double": event.Double,
		"x.ip": event.IP, "x.version": event.Version, "x.flag": event.Boolean, "event.type": event.Keyword,
	}[field]
	return t, ok
}

// gateMaker makes filters of the kind that gates are made of, and values that get close
// to them.
type gateMaker struct{ maker }

func (m *gateMaker) field() string {
	return m.pick("x.text", "x.text", "x.free", "x.free", "x.flat", "x.long", "x.long", "x.double", "x.ip", "x.version", "x.flag", "event.type")
}

func (m *gateMaker) word() string {
	word := ""
	for range m.r.IntN(5) {
		word += m.pick("a", "b", "A", "B", "é")
	}
	return m.pick(word, word, word, word, "1", "2", "1.0", "true", "10.0.0.1")
}

func (m *gateMaker) pattern() string {
	if m.r.IntN(4) == 0 { // long enough to be searched for, and often a part of another
		return "*" + m.pick("aab", "aaba", "baab", "abaab", "bbb", "bbbb", "aaa", "abab", "babab", "bab", "bbaab") + "*"
	}
	pattern := m.word()
	for range m.r.IntN(3) {
		pattern = m.pick(pattern+"*", "*"+pattern, "?"+pattern, pattern+"?"+m.word(), pattern+"*"+m.word(), "*"+pattern+"*")
	}
	return pattern
}

func (m *gateMaker) literal() eql.Expr {
	switch m.r.IntN(12) {
	case 0:
		return &eql.Null{}
	case 1:
		return &eql.Bool{Value: m.r.IntN(2) == 0}
	case 2:
		return &eql.Float{Value: float64(m.r.IntN(5)) / 2}
	case 3, 4, 5:
		return &eql.Int{Value: int64(m.r.IntN(40))}
	}
	return &eql.String{Value: m.word()}
}

func (m *gateMaker) test() eql.Expr {
	x := field(m.field())
	switch m.r.IntN(5) {
	case 0:
		if m.r.IntN(4) == 0 {
			return &eql.Binary{Op: m.compareOp(), X: m.literal(), Y: x}
		}
		return &eql.Binary{Op: m.compareOp(), X: x, Y: m.literal()}
	case 1, 2:
		e := &eql.In{X: x, Fold: m.r.IntN(2) == 0, Not: m.r.IntN(5) == 0}
		for range 1 + m.r.IntN(4) {
			e.List = append(e.List, m.literal())
		}
		return e
	}
	e := &eql.Match{X: x, Op: eql.MatchOp(m.pick(":", ":", "like", "like~", "regex~"))}
	for range 1 + m.r.IntN(4) {
		e.Patterns = append(e.Patterns, &eql.String{Value: m.pattern()})
	}
	if e.Op == eql.RegexFold {
		e.Patterns = []eql.Expr{&eql.String{Value: m.word() + ".*"}}
	}
	return e
}

func (m *gateMaker) condition(depth int) eql.Expr {
	if depth == 0 {
		return m.test()
	}
	switch m.r.IntN(6) {
	case 0, 1:
		return &eql.Binary{Op: eql.And, X: m.condition(depth - 1), Y: m.condition(depth - 1)}
	case 2:
		return &eql.Binary{Op: eql.Or, X: m.condition(depth - 1), Y: m.condition(depth - 1)}
	case 3:
		return &eql.Unary{Op: eql.Not, X: m.condition(depth - 1)}
	}
	return m.test()
}

func (m *gateMaker) value() any {
	switch m.r.IntN(12) {
	case 0:
		return m.r.IntN(40)
	case 1:
		return float64(m.r.IntN(80)) / 2
	case 2:
		return m.r.IntN(2) == 0
	case 3:
		return fmt.Sprint(m.r.IntN(4))
	case 4:
		return nil
	}
	return m.word() + m.pick("", "", m.word()+m.word(), "babaab", "abbbbab")
}

func (m *gateMaker) document() string {
	doc := map[string]any{}
	for range 1 + m.r.IntN(6) {
		name := m.field()
		if doc[name] = m.value(); m.r.IntN(3) == 0 {
			doc[name] = []any{m.value(), m.value(), doc[name], m.value()}
		}
	}
	out, _ := json.Marshal(doc)
	return string(out)
}

// checkGates compares Index.Hits with asking every term on random rules and events.
func checkGates(t *testing.T, r *rand.Rand) (hits int) {
	m := &gateMaker{maker{r}}
	set, s := NewSet(), NewScratch()
	for range 1 + m.r.IntN(80) {
		if _, err := set.Compile(&eql.EventQuery{Filter: eql.Filter{Any: true, Cond: m.condition(m.r.IntN(4))}}, Options{Types: gateTypes}); err != nil {
			t.Fatal(err)
		}
	}
	index := set.Index()
	for range 30 {
		e := document(t, m.document())
		s.Load(set, e)
		got := index.Hits(s, nil)
		again := index.Hits(s, nil)
		s.Load(set, e)
		i := 0
		for _, p := range set.programs {
			if !p.Matches(s) {
				continue
			}
			if i >= len(got) || i >= len(again) || got[i] != (Hit{p, 0}) || again[i] != got[i] {
				t.Fatalf("the index does not give this rule in its place:\n%s\n%s", p.query, e.Doc)
			}
			i++
		}
		if hits += i; i != len(got) || i != len(again) {
			t.Fatalf("the index gives %d and %d rules, want %d:\n%s", len(got), len(again), i, e.Doc)
		}
	}
	return hits
}

func TestIndexByValueAgreesWithAskingEach(t *testing.T) {
	hits := 0
	for seed := range uint64(150) {
		hits += checkGates(t, rand.New(rand.NewPCG(seed, 11)))
	}
	if hits == 0 {
		t.Fatal("no rule matched any event")
	}
}

func FuzzIndexByValue(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) { checkGates(t, rand.New(rand.NewPCG(a, b))) })
}

// TestIndexAsksFew holds the index to what it is for: of many rules only those that name
// a value of the event, or a part of one, are asked.
func TestIndexAsksFew(t *testing.T) {
	for _, form := range []string{
		`process.name == "w%d"`, `"w%d" == process.name`, `process.name in ("w%d", "v%[1]d")`, `process.name in~ ("W%d", "v%[1]d")`,
		`process.name : ("w%d", "v%[1]d*")`, `process.name like "w%d"`, `process.name : "*:w%d"`, `process.name : "*:w%d:*"`,
		`process.name : "?:\\x\\*\\w%d"`, `process.pid == %d`, `process.pid in (%d, -5)`, `x.free == "w%d"`,
		`(process.name : "w%d" or process.parent.name : "v%[1]d")`, `not (process.name != "w%d" or process.pid == 7)`,
		`process.name : "*" and event.type == "start" and process.args : "w%d.%[1]d"`,
	} {
		set, s := NewSet(), NewScratch()
		for i := range 500 {
			q, err := eql.Parse(fmt.Sprintf("process where "+form, 1000+i))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := set.Compile(q, Options{}); err != nil {
				t.Fatal(err)
			}
		}
		for doc, most := range map[string]int{
			`{"event.category":"process","event.type":"start","process.name":["q","w1001:w1002:-"],"process.pid":5,"x.free":"q","process.args":["q"]}`: 2,
			`{"event.category":"process","event.type":"start"}`: 0,
		} {
			s.Load(set, document(t, doc))
			set.Index().Hits(s, nil)
			asked := 0
			for _, n := range s.asked {
				if n == s.asking {
					asked++
				}
			}
			if asked > most {
				t.Errorf("%s: %d rules were asked, want at most %d: %s", form, asked, most, doc)
			}
		}
	}
}
