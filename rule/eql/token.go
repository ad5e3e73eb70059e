package eql

import "slices"

// tokenKind is the class of a token.
type tokenKind uint8

const (
	tokEOF tokenKind = iota
	tokError
	tokIdent
	tokBackquoted // `name`
	tokTilde      // name~
	tokKeyword    // also in~, like~ and regex~
	tokInt
	tokFloat
	tokString
	tokSymbol
)

// token is one word of the query.
type token struct {
	kind  tokenKind
	span  Span
	text  string // as it is written
	value string // of a string or backquoted name
	raw   bool   // a string in triple quotes
	err   *Error // of tokError: what is wrong
}

// is reports whether the token is the given keyword or symbol.
func (t *token) is(text string) bool {
	return t.text == text && (t.kind == tokKeyword || t.kind == tokSymbol)
}

// keywords are the words that a field can have for a name only in backquotes. They
// are case-sensitive.
var keywords = []string{
	"and", "any", "by", "false", "in", "join", "like", "maxspan", "not", "null", "of",
	"or", "regex", "sample", "sequence", "true", "until", "where", "with",
}

// symbols are the operators and marks, those first that others start with.
var symbols = []string{
	"==", "!=", "<=", ">=", "![", "<", ">", "=", ":", "+", "-", "*", "/", "%", ".", ",",
	"[", "]", "(", ")", "|", "?",
}

func isKeyword(s string) bool {
	_, ok := slices.BinarySearch(keywords, s)
	return ok
}

// isIdentifier reports whether s can be written without backquotes.
func isIdentifier(s string) bool {
	return s != "" && isIdentStart(s[0]) && identLen(s) == len(s) && !isKeyword(s)
}

// identLen returns the length of the identifier that s starts with.
func identLen(s string) int {
	n := 1
	for n < len(s) && isIdentPart(s[n]) {
		n++
	}
	return n
}

func isIdentStart(c byte) bool {
	return c == '_' || c == '@' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isIdentPart(c byte) bool {
	return c == '_' || isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
