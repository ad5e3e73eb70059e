package eql

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The limits of a query. The longest rule of Elastic's public pack has 46,906 bytes and
// nests less than ten deep.
const (
	// MaxLength is how many bytes a query may have: 20 times the longest rule, and few
	// enough that no query costs noticeable time or memory.
	MaxLength = 1 << 20
	// MaxDepth is how deep parentheses, calls, lists, "not" and "-" may nest. Walking a
	// tree costs stack for each level; chains of "and" and "or" are not nesting.
	MaxDepth = 500
)

// Parse returns the tree of a query that Elasticsearch would run, as far as that can be
// said without knowing the types of fields; Check says the rest. The error is an *Error.
func Parse(src string) (Query, error) {
	p, err := newParser(src)
	if err != nil {
		return nil, err
	}
	var q Query
	if err := p.run(func() { q = p.query() }); err != nil {
		return nil, err
	}
	return q, firstError(Check(src, q, nil))
}

// ParseExpr returns the tree of a condition that stands alone, without a category. The
// error is an *Error.
func ParseExpr(src string) (Expr, error) {
	p, err := newParser(src)
	if err != nil {
		return nil, err
	}
	var e Expr
	if err := p.run(func() { e = p.or() }); err != nil {
		return nil, err
	}
	return e, firstError(CheckExpr(src, e, nil))
}

// firstError returns the first fault that is not a warning, as an error.
func firstError(faults []*Error) error {
	for _, f := range faults {
		if !f.Warning {
			return f
		}
	}
	return nil
}

// parser is a recursive descent over the grammar, one token ahead.
type parser struct {
	lex   lexer
	tok   token // the current token
	next  token // the one after it
	end   int   // where the token before the current one ends
	depth int
}

func newParser(src string) (*parser, error) {
	if len(src) > MaxLength {
		return nil, &Error{
			Msg: fmt.Sprintf("the query has %d bytes, more than %d", len(src), MaxLength),
			src: src,
		}
	}
	if i := invalidUTF8(src); i >= 0 {
		return nil, &Error{Span: Span{i, i + 1}, Msg: "the query is not valid UTF-8", src: src}
	}
	p := &parser{lex: lexer{src: src}}
	p.tok = p.lex.next()
	p.next = p.lex.next()
	return p, nil
}

// invalidUTF8 returns the place of the first byte that is not UTF-8, -1 if there is none.
func invalidUTF8(s string) int {
	if utf8.ValidString(s) {
		return -1
	}
	for i, r := range s {
		if _, size := utf8.DecodeRuneInString(s[i:]); r == utf8.RuneError && size == 1 {
			return i
		}
	}
	return -1
}

// run calls parse, which must use up the whole source, and returns the fault that
// ended it.
func (p *parser) run(parse func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			fault, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			err = fault
		}
	}()
	parse()
	if p.tok.kind != tokEOF {
		p.unexpected("the end of the query")
	}
	return nil
}

// fail ends parsing with a fault; run recovers it.
func (p *parser) fail(span Span, hint, format string, args ...any) {
	panic(&Error{Span: span, Msg: fmt.Sprintf(format, args...), Hint: hint, src: p.lex.src})
}

func (p *parser) advance() token {
	t := p.tok
	p.end = t.span.End
	p.tok = p.next
	if p.tok.kind != tokError {
		p.next = p.lex.next()
	}
	return t
}

// accept moves past the given keyword or symbol, if it is the current token.
func (p *parser) accept(text string) bool {
	if !p.tok.is(text) {
		return false
	}
	p.advance()
	return true
}

// expect moves past the given keyword or symbol.
func (p *parser) expect(text string) token {
	if !p.tok.is(text) {
		p.unexpected(fmt.Sprintf("%q", text))
	}
	return p.advance()
}

// from returns the span from start to the end of the last token.
func (p *parser) from(start int) Span { return Span{start, p.end} }

// enter counts one level of nesting; the caller must leave it again.
func (p *parser) enter() {
	p.depth++
	if p.depth > MaxDepth {
		p.fail(p.tok.span, "", "the query nests more than %d levels deep", MaxDepth)
	}
}

func (p *parser) leave() { p.depth-- }

// unexpected fails at the current token.
func (p *parser) unexpected(wanted string) {
	t := &p.tok
	switch {
	case t.kind == tokError:
		panic(t.err)
	case t.kind == tokEOF:
		p.fail(t.span, "", "the query ends where %s should be", wanted)
	}
	p.fail(t.span, p.misplacedHint(), "unexpected %s where %s should be", p.tok.describe(), wanted)
}

// noName fails at the current token, where the name of a field could be.
func (p *parser) noName(wanted string) {
	t := &p.tok
	if t.kind == tokKeyword && isKeyword(t.text) && !t.is("and") && !t.is("or") && !t.is("in") {
		p.fail(t.span, fmt.Sprintf("to name a field, write `%s`", t.text), "%q is a keyword", t.text)
	}
	p.unexpected(wanted)
}

func (t *token) describe() string {
	if t.kind == tokString {
		return "string " + snippet(t.text)
	}
	return fmt.Sprintf(`"%s"`, snippet(t.text))
}

// misplacedHint says what the writer may have meant by the current token, which cannot
// stand where it does.
func (p *parser) misplacedHint() string {
	t := &p.tok
	lower := strings.ToLower(t.text)
	switch {
	case t.is("="):
		return `write "=="`
	case t.kind == tokIdent && lower != t.text && isKeyword(lower):
		return fmt.Sprintf("keywords are in lower case: %q", lower)
	case t.kind == tokIdent && (t.text == "contains" || t.text == "startswith" || t.text == "endswith"):
		return `write stringContains(a, b), startsWith(a, b) or endsWith(a, b)`
	case t.kind == tokFloat && strings.HasPrefix(t.text, ".") && !p.afterDigit():
		return "a part of a name that starts with a digit needs backquotes"
	}
	return ""
}

// afterDigit reports whether the current token follows a digit at once.
func (p *parser) afterDigit() bool {
	start := p.tok.span.Start
	return start > 0 && isDigit(p.lex.src[start-1])
}
