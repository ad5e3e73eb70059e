package eql

import (
	"math/rand"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func seeds(f *testing.F) {
	for _, test := range accepted {
		f.Add(test.query)
	}
	for _, test := range refused {
		f.Add(test.query)
	}
	f.Add(kubeletRule)
}

// FuzzLex checks that the tokens lie in the source one after the other, with nothing
// but white space and comments between, and that there is an end.
func FuzzLex(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src string) {
		l := lexer{src: src}
		end := 0
		for range len(src) + 1 {
			tok := l.next()
			if tok.kind == tokError {
				checkRendering(t, tok.err, src)
				return
			}
			if tok.kind == tokEOF {
				if tok.span != (Span{end, end}) {
					t.Fatalf("the end is at %v, the last token ends at %d", tok.span, end)
				}
				return
			}
			if tok.span.Start < end || tok.span.End <= tok.span.Start || tok.text != src[tok.span.Start:tok.span.End] {
				t.Fatalf("token %q at %v after %d", tok.text, tok.span, end)
			}
			between := strings.TrimSpace(src[end:tok.span.Start])
			if between != "" && !strings.HasPrefix(between, "/") {
				t.Fatalf("%q lies between tokens", between)
			}
			end = tok.span.End
		}
		t.Fatal("more tokens than bytes")
	})
}

// FuzzParse checks that every text gives a located fault or a tree that prints to text
// that parses to the same tree.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src string) {
		q, err := Parse(src)
		if err != nil {
			checkRendering(t, err.(*Error), src)
			return
		}
		checkRoundTrip(t, q)
		if s := q.Span(); s.Start < 0 || s.End > len(src) || s.Start >= s.End {
			t.Errorf("span %v of a query of %d bytes", s, len(src))
		}
		for _, fault := range Check(src, q, typesByLength) {
			checkRendering(t, fault, src)
		}
	})
}

// typesByLength gives every field some kind, so that fuzzing meets all of them.
func typesByLength(field string) (Kind, bool) {
	return Kind(len(field) % int(KindUnsupported+1)), true
}

// TestPrintParse checks with random trees that printing and parsing are inverse.
func TestPrintParse(t *testing.T) {
	g := generator{rand.New(rand.NewSource(1))}
	for range 3000 {
		want := g.query()
		text := want.String()
		p, err := newParser(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		// Random trees are not well typed: only the syntax is tested here.
		var got Query
		if err := p.run(func() { got = p.query() }); err != nil {
			t.Fatalf("printed query does not parse: %v\n%s", err, text)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreTypes(Span{}), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("printed query parses to another tree:\n%s\n%s", text, diff)
		}
	}
}

// generator makes random trees of the forms that the parser makes.
type generator struct{ *rand.Rand }

func pick[T any](g generator, list ...T) T { return list[g.Intn(len(list))] }

// times calls make n times, n being at least low and less than high.
func times[T any](g generator, low, high int, make func() T) []T {
	var list []T
	for range low + g.Intn(high-low) {
		list = append(list, make())
	}
	return list
}

func (g generator) query() Query {
	switch g.Intn(4) {
	case 0:
		return g.sequence()
	case 1:
		return &Sample{By: times(g, 1, 3, g.field), Terms: times(g, 2, 4, g.term)}
	}
	return &EventQuery{Filter: g.filter(), Pipes: times(g, 0, 3, g.pipe)}
}

func (g generator) sequence() Query {
	q := &Sequence{By: times(g, 0, 3, g.field), Terms: times(g, 2, 4, g.term), Pipes: times(g, 0, 2, g.pipe)}
	keys := g.Intn(3)
	for i := range q.Terms {
		q.Terms[i].By = times(g, keys, keys+1, g.field)
		q.Terms[i].Runs = 1 + g.Intn(maxRuns)
	}
	if g.Intn(2) == 0 {
		q.HasMaxSpan = true
		q.MaxSpan = time.Duration(1+g.Intn(1e6)) * pick(g, time.Millisecond, time.Second, time.Minute, time.Hour)
		q.Terms[1].Missing = g.Intn(2) == 0
	}
	if g.Intn(2) == 0 {
		q.Until = &Term{Filter: g.filter(), By: times(g, keys, keys+1, g.field), Runs: 1}
	}
	return q
}

func (g generator) term() Term { return Term{Filter: g.filter(), Runs: 1} }

func (g generator) filter() Filter {
	if g.Intn(4) == 0 {
		return Filter{Any: true, Cond: g.expr(4)}
	}
	return Filter{Category: pick(g, "process", "any", "a b", "1st", "é\"\n", ""), Cond: g.expr(4)}
}

func (g generator) pipe() Pipe { return Pipe{Kind: pick(g, Head, Tail), Count: g.Intn(100)} }

func (g generator) field() *Field {
	names := []string{"a", "a.b", "@timestamp", "event.sequence", "a-b.0", "?x", "a`b", "..", "x.", "in", "é", "a\nb"}
	return &Field{Name: pick(g, names...), Optional: g.Intn(4) == 0}
}

func (g generator) literal() Expr {
	switch g.Intn(5) {
	case 0:
		return &Null{}
	case 1:
		return &Bool{Value: g.Intn(2) == 0}
	case 2:
		return &Int{Value: g.Int63() >> g.Intn(64)}
	case 3:
		return &Float{Value: pick(g, 0, 0.5, 1, 1e21, 1e-9, 123456789.25, g.ExpFloat64())}
	}
	return g.str()
}

func (g generator) str() Expr {
	s := &String{Value: pick(g, "", "a", `C:\Windows\*`, `"`, `""`, `a"""b`, "\x00\t\r\n\x1b", "日本", "\u202e", `\u{41}`)}
	s.Raw = g.Intn(2) == 0 && canBeRaw(s.Value)
	return s
}

func (g generator) expr(depth int) Expr {
	if depth == 0 {
		return pick(g, g.literal, func() Expr { return g.field() })()
	}
	sub := func() Expr { return g.expr(depth - 1 - g.Intn(depth)) }
	switch g.Intn(6) {
	case 0:
		return &Unary{Op: pick(g, Not, Neg), X: sub()}
	case 1:
		return &In{X: sub(), List: times(g, 1, 4, sub), Fold: g.Intn(2) == 0, Not: g.Intn(2) == 0}
	case 2:
		return &Match{Op: pick(g, Colon, Like, LikeFold, Regex, RegexFold), X: sub(), Patterns: times(g, 1, 4, g.str)}
	case 3:
		f := pick(g, functions...)
		n := len(f.params) - f.required + 1
		if f.variadic {
			n = 3
		}
		return &Call{Func: f.name, Fold: f.fold && g.Intn(2) == 0, Args: times(g, f.required, f.required+n, sub)}
	}
	op := pick(g, And, Or, Eq, Ne, Lt, Le, Gt, Ge, Add, Sub, Mul, Div, Mod)
	return &Binary{Op: op, X: sub(), Y: sub()}
}
