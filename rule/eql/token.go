package eql

// keywords are the words that a field or category can have for a name only in
// backquotes or quotes. They are case-sensitive.
var keywords = map[string]bool{
	"and": true, "any": true, "by": true, "false": true, "in": true, "join": true,
	"like": true, "maxspan": true, "not": true, "null": true, "of": true, "or": true,
	"regex": true, "sample": true, "sequence": true, "true": true, "until": true,
	"where": true, "with": true,
}

// isIdentifier reports whether s can be written without backquotes.
func isIdentifier(s string) bool {
	if s == "" || !isIdentStart(s[0]) || keywords[s] {
		return false
	}
	for i := range len(s) {
		if !isIdentPart(s[i]) {
			return false
		}
	}
	return true
}

func isIdentStart(c byte) bool {
	return c == '_' || c == '@' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isIdentPart(c byte) bool {
	return c == '_' || isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
