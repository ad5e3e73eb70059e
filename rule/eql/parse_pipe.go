package eql

import (
	"fmt"
	"math"
	"slices"
)

// foreignPipes are the pipes of python-eql that Elasticsearch does not run.
var foreignPipes = []string{"count", "filter", "sort", "unique", "unique_count"}

func (p *parser) pipes() []Pipe {
	var pipes []Pipe
	for p.accept("|") {
		pipes = append(pipes, p.pipe())
	}
	return pipes
}

func (p *parser) pipe() Pipe {
	t := p.tok
	if t.kind != tokIdent {
		p.unexpected(`"head" or "tail"`)
	}
	if slices.Contains(foreignPipes, t.text) {
		p.fail(t.span, `the pipes are "head N" and "tail N"`, "the pipe %q is not supported", t.text)
	}
	kind := PipeKind(t.text)
	if kind != Head && kind != Tail {
		p.fail(t.span, didYouMean(t.text, []string{string(Head), string(Tail)}), `unknown pipe "%s"`, snippet(t.text))
	}
	p.advance()
	return Pipe{Kind: kind, Count: p.pipeCount(t), At: p.from(t.span.Start)}
}

// pipeCount parses the number of a pipe: an integer, or arithmetic of integers.
func (p *parser) pipeCount(pipe token) int {
	t := p.tok
	if t.kind == tokError {
		p.unexpected("a number")
	}
	if t.kind == tokEOF || t.is("|") {
		p.noCount(pipe, t.span.End)
	}
	e := p.or()
	n, ok := foldInt(e)
	switch {
	case !ok || n < 0:
		p.noCount(pipe, p.end)
	case n > math.MaxInt32:
		p.fail(e.Span(), "", "%s takes at most %d", pipe.text, math.MaxInt32)
	}
	return int(n)
}

func (p *parser) noCount(pipe token, end int) {
	p.fail(Span{pipe.span.Start, end}, fmt.Sprintf("write %s 10", pipe.text), "%s takes one whole number", pipe.text)
}

// foldInt evaluates arithmetic of integers; false for anything else, and for what does not
// fit.
func foldInt(e Expr) (int64, bool) {
	switch e := e.(type) {
	case *Int:
		return e.Value, true
	case *Unary:
		v, ok := foldInt(e.X)
		return -v, ok && e.Op == Neg
	case *Binary:
		if binaryPrecedence[e.Op] < precAdd {
			return 0, false
		}
		chain := leftChain(e)
		v, ok := foldInt(chain[0].X)
		for _, b := range chain {
			y, okY := foldInt(b.Y)
			if !ok || !okY {
				return 0, false
			}
			v, ok = foldOperation(b.Op, v, y)
		}
		return v, ok
	}
	return 0, false
}

func foldOperation(op Op, a, b int64) (int64, bool) {
	const most = 1 << 31 // with both sides below it no operation overflows
	if a < -most || a > most || b < -most || b > most {
		return 0, false
	}
	switch op {
	case Add:
		return a + b, true
	case Sub:
		return a - b, true
	case Mul:
		return a * b, true
	case Div:
		return a / max(b, 1), b > 0
	case Mod:
		return a % max(b, 1), b > 0
	}
	return 0, false
}
