package eql

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// lexer cuts a query into tokens. A fault becomes a token too, so that the parser
// reports the first fault of the text, whoever finds it.
type lexer struct {
	src string
	pos int
	end int // of the last token
	// closing[i] is where a comment ends whose text goes on at i, -1 if it does not;
	// nil until a comment is seen that holds the start of another.
	closing []int32
}

// next returns the next token. After the last it returns tokEOF for ever.
func (l *lexer) next() token {
	if err := l.skip(); err != nil {
		return l.fault(err)
	}
	if l.pos == len(l.src) {
		return token{kind: tokEOF, span: Span{l.end, l.end}}
	}
	t := l.scan(l.src[l.pos:])
	l.end = t.span.End
	l.pos = t.span.End
	return t
}

// scan returns the token at the start of s, which is the rest of the source.
func (l *lexer) scan(s string) token {
	c := s[0]
	switch {
	case isIdentStart(c):
		return l.word(s)
	case isDigit(c), c == '.' && len(s) > 1 && isDigit(s[1]):
		return l.number(s)
	case strings.HasPrefix(s, `"""`):
		return l.rawString(s)
	case c == '"':
		return l.quoted(s)
	case c == '`':
		return l.backquoted(s)
	}
	if t, ok := l.foreign(s); ok {
		return t
	}
	for _, symbol := range symbols {
		if strings.HasPrefix(s, symbol) {
			return l.token(tokSymbol, len(symbol))
		}
	}
	r, size := utf8.DecodeRuneInString(s)
	return l.faultAt(size, fmt.Sprintf("unexpected character %s", nameOf(r)), characterHint(r))
}

func (l *lexer) token(kind tokenKind, n int) token {
	return token{kind: kind, span: Span{l.pos, l.pos + n}, text: l.src[l.pos : l.pos+n]}
}

// fault returns a token for an error and moves to the end of the source.
func (l *lexer) fault(err *Error) token {
	l.pos = len(l.src)
	return token{kind: tokError, span: err.Span, err: err}
}

func (l *lexer) faultAt(n int, msg, hint string) token {
	return l.faultIn(Span{l.pos, l.pos + n}, msg, hint)
}

func (l *lexer) faultIn(span Span, msg, hint string) token {
	return l.fault(&Error{Span: span, Msg: msg, Hint: hint, src: l.src})
}

// skip moves over white space and comments.
func (l *lexer) skip() *Error {
	for l.pos < len(l.src) {
		s := l.src[l.pos:]
		switch {
		case strings.IndexByte(" \t\r\n", s[0]) >= 0:
			l.pos++
		case strings.HasPrefix(s, "//"):
			n := strings.IndexByte(s, '\n')
			if n < 0 {
				n = len(s)
			}
			l.pos += n
		case strings.HasPrefix(s, "/*"):
			n := l.comment(s)
			if n < 0 {
				return &Error{Span: Span{l.pos, l.pos + 2}, Msg: "this comment does not end", Hint: `end it with "*/"`, src: l.src}
			}
			l.pos += n
		default:
			return nil
		}
	}
	return nil
}

// comment returns the length of the comment that s starts with, -1 if it does not end.
// Comments nest; where the inner ones do not all end, as in "/* see /tmp/* */", the
// first "*/" ends the comment.
func (l *lexer) comment(s string) int {
	n := strings.Index(s[2:], "*/")
	if n < 0 {
		return -1
	}
	first := 2 + n + 2
	if !strings.Contains(s[2:first], "/*") {
		return first
	}
	if l.closing == nil {
		l.closing = closings(l.src)
	}
	if end := int(l.closing[l.pos+2]); end >= 0 {
		return end - l.pos
	}
	return first
}

// closings finds the ends of nested comments from the right, so that any number of
// comments that do not end costs no more than one.
func closings(src string) []int32 {
	closing := make([]int32, len(src)+1)
	closing[len(src)] = -1
	for i := len(src) - 1; i >= 0; i-- {
		closing[i] = closing[i+1]
		switch {
		case strings.HasPrefix(src[i:], "*/"):
			closing[i] = int32(i + 2)
		case strings.HasPrefix(src[i:], "/*"):
			closing[i] = -1
			if inner := closing[i+2]; inner >= 0 {
				closing[i] = closing[inner]
			}
		}
	}
	return closing
}

func (l *lexer) word(s string) token {
	n := identLen(s)
	word := s[:n]
	switch {
	case n < len(s) && s[n] == '~':
		kind := tokTilde
		if word == "in" || word == "like" || word == "regex" {
			kind = tokKeyword
		}
		return l.token(kind, n+1)
	case isKeyword(word):
		return l.token(tokKeyword, n)
	}
	return l.token(tokIdent, n)
}

func (l *lexer) number(s string) token {
	kind := tokInt
	n := digits(s)
	if n < len(s) && s[n] == '.' {
		kind = tokFloat
		n++
		n += digits(s[n:])
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		sign := n + 1
		if sign < len(s) && (s[sign] == '+' || s[sign] == '-') {
			sign++
		}
		if d := digits(s[sign:]); d > 0 {
			kind = tokFloat
			n = sign + d
		}
	}
	return l.token(kind, n)
}

func digits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

// backquoted scans a name in backquotes, in which two backquotes stand for one.
func (l *lexer) backquoted(s string) token {
	for i := 1; i < len(s); i++ {
		if s[i] != '`' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '`' {
			i++
			continue
		}
		t := l.token(tokBackquoted, i+1)
		t.value = strings.ReplaceAll(s[1:i], "``", "`")
		if t.value == "" {
			return l.faultAt(i+1, "a name cannot be empty", "")
		}
		return t
	}
	return l.faultAt(1, "this name does not end", "end it with a backquote")
}

// rawString scans """…""": everything on the line up to the next three quotes, and at
// most two more quotes, which belong to the text.
func (l *lexer) rawString(s string) token {
	n := strings.Index(s[3:], `"""`)
	if n < 0 || strings.ContainsAny(s[3:3+n], "\r\n") {
		return l.faultAt(3, `this string does not end on its line`, `end it with """`)
	}
	n += 3 // of the text's end
	for extra := 0; extra < 2 && n+3 < len(s) && s[n+3] == '"'; extra++ {
		n++
	}
	t := l.token(tokString, n+3)
	t.value, t.raw = s[3:n], true
	return t
}

// quoted scans "…".
func (l *lexer) quoted(s string) token {
	var b strings.Builder
	for i := 1; i < len(s); {
		switch c := s[i]; c {
		case '"':
			t := l.token(tokString, i+1)
			t.value = b.String()
			return t
		case '\r', '\n':
			return l.faultAt(1, "this string does not end on its line", `end it with a quote, or write a line break as "\n"`)
		case '\\':
			text, n, err := escape(s[i:])
			if err != "" {
				return l.faultIn(Span{l.pos + i, l.pos + i + n}, err, escapeHint(s[i:i+n]))
			}
			b.WriteString(text)
			i += n
		default:
			n := strings.IndexAny(s[i:], "\"\\\r\n")
			if n < 0 {
				n = len(s) - i
			}
			b.WriteString(s[i : i+n])
			i += n
		}
	}
	return l.faultAt(1, "this string does not end", "end it with a quote")
}

// escapes are the characters after a backslash, each followed by its meaning.
const escapes = "b\bt\tn\nf\fr\r\"\"''\\\\"

// escape returns the meaning of the escape sequence that s starts with and its length.
func escape(s string) (text string, n int, err string) {
	if len(s) < 2 {
		return "", 1, "nothing follows the backslash"
	}
	if s[1] == 'u' {
		return unicodeEscape(s)
	}
	for i := 0; i < len(escapes); i += 2 {
		if s[1] == escapes[i] {
			return escapes[i+1 : i+2], 2, ""
		}
	}
	_, size := utf8.DecodeRuneInString(s[1:])
	return "", 1 + size, fmt.Sprintf("%s is not an escape sequence", snippet(s[:1+size]))
}

// unicodeEscape reads \u{HEX} with two to eight digits.
func unicodeEscape(s string) (text string, n int, err string) {
	end := strings.IndexByte(s[:min(len(s), len(`\u{12345678}`))], '}')
	if !strings.HasPrefix(s, `\u{`) || end < 0 {
		return "", 2, `\u takes a code point in braces`
	}
	hex := s[3:end]
	code, parseErr := strconv.ParseUint(hex, 16, 32)
	if parseErr != nil || len(hex) < 2 {
		return "", end + 1, `\u{…} takes two to eight hexadecimal digits`
	}
	if code > utf8.MaxRune || !utf8.ValidRune(rune(code)) {
		return "", end + 1, "this is not the code point of a character"
	}
	return string(rune(code)), end + 1, ""
}

func escapeHint(s string) string {
	if strings.HasPrefix(s, `\u`) {
		return `a code point is written as \u{00e9}`
	}
	return `write a backslash as "\\", or use a raw string: """…"""`
}

// foreignSymbols are operators of other languages.
var foreignSymbols = []struct{ text, hint string }{
	{"&&", `write "and"`},
	{"||", `write "or"`},
	{"<>", `write "!="`},
	{"=~", `write "regex", "regex~" or ":"`},
	{"!~", `write "not NAME : VALUE"`},
	{"!:", `write "not NAME : VALUE"`},
}

// foreign recognises what other dialects write, to say what to write instead.
func (l *lexer) foreign(s string) (token, bool) {
	if strings.HasPrefix(s, `?"`) || strings.HasPrefix(s, `?'`) {
		return l.faultAt(2, `raw strings are not written ?"…" here`, `write """…"""`), true
	}
	if s[0] == '\'' {
		return l.faultAt(1, "strings are not written in single quotes", "use double quotes"), true
	}
	for _, f := range foreignSymbols {
		if strings.HasPrefix(s, f.text) {
			return l.faultAt(len(f.text), fmt.Sprintf("unknown operator %q", f.text), f.hint), true
		}
	}
	if s[0] == '!' && !strings.HasPrefix(s, "!=") && !strings.HasPrefix(s, "![") {
		return l.faultAt(1, `unknown operator "!"`, `write "not"`), true
	}
	return token{}, false
}

func nameOf(r rune) string {
	if r > ' ' && r < utf8.RuneSelf && r != 0x7f {
		return fmt.Sprintf("%q", string(r))
	}
	if s := harmless(string(r)); r >= utf8.RuneSelf && !strings.HasPrefix(s, `\`) {
		return fmt.Sprintf("U+%04X (%s)", r, s)
	}
	return fmt.Sprintf("U+%04X", r)
}

func characterHint(r rune) string {
	switch {
	case strings.ContainsRune("“”„‟″«»", r):
		return `write strings in plain double quotes: "…"`
	case strings.ContainsRune("‘’‚‛′", r):
		return `write strings in plain double quotes: "…"`
	case r == ';':
		return "a query has no end mark"
	case unicode.IsSpace(r), unicode.Is(unicode.Cf, r):
		return "only spaces, tabs and line breaks can stand between words"
	case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsNumber(r):
		return "names with other characters than ASCII letters, digits and _ need backquotes"
	}
	return ""
}
