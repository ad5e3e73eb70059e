package eql

import (
	"net/netip"
	"strconv"
	"strings"
)

// The checks of constants against the fields they are compared with. Elasticsearch's
// verifier takes any constant for any field; the search may fail, or match nothing.

// constant checks a comparison of x, which reads a field, with the constant y.
func (c *checker) constant(e *Binary, x Expr, xv value, y Expr, yv value) {
	switch {
	case yv.kind == KindNull && e.Op != Eq && e.Op != Ne:
		c.warn(e.At, `only "==" and "!=" compare with null`, "a comparison with null never matches")
	case e.Op == Eq || e.Op == Ne:
		c.never(e, x, xv, y)
		c.wildcards(y, string(e.Op))
	default:
		c.never(e, x, xv, y)
	}
}

// never warns when the values of x cannot be compared with the constant y.
func (c *checker) never(at, x Expr, xv value, y Expr) {
	if s, ok := y.(*String); ok && xv.kind == KindDate && isDateMath(s.Value) {
		c.warn(y.Span(), "write the date", "%s is computed by Elasticsearch, but not here: it never matches", c.text(y))
		return
	}
	if converts(xv.kind, y) {
		return
	}
	c.warn(at.Span(), "", "%s is %s, which %s cannot be", c.text(x), xv.kind.phrase(), c.text(y))
}

// isDateMath reports whether a date is one to be computed: from now, or from another one.
func isDateMath(s string) bool {
	return strings.HasPrefix(s, "now") || strings.Contains(s, "||")
}

// converts reports whether a constant can be a value of the kind. It says no only where
// that is certain: dates and versions have many forms.
func converts(kind Kind, constant Expr) bool {
	switch y := constant.(type) {
	case *String:
		switch kind {
		case KindLong, KindDouble, KindNumber:
			_, err := strconv.ParseFloat(strings.TrimSpace(y.Value), 64)
			return err == nil
		case KindBoolean:
			return y.Value == "true" || y.Value == "false" || y.Value == ""
		case KindIP:
			return isBlock(y.Value)
		}
	case *Bool:
		return !kind.numeric() && kind != KindIP && kind != KindDate
	case *Int, *Float:
		return kind != KindBoolean && kind != KindIP
	}
	return true
}

// wildcards warns of a "*" where it stands for itself.
func (c *checker) wildcards(e Expr, op string) {
	if s, ok := e.(*String); ok && strings.Contains(s.Value, "*") {
		c.warn(s.At, `write ":" or "like" for patterns`, `"*" stands for itself after %q`, op)
	}
}

// anchors warns of "^" and "$", which are ordinary characters in Lucene's expressions.
func (c *checker) anchors(s *String) {
	body := strings.TrimSuffix(s.Value, "$")
	backslashes := len(body) - len(strings.TrimRight(body, `\`))
	if strings.HasPrefix(s.Value, "^") || len(body) < len(s.Value) && backslashes%2 == 0 {
		c.warn(s.At, "leave them out: an expression always matches the whole value",
			`"^" and "$" are no anchors but stand for themselves`)
	}
}

// block checks an argument of cidrMatch that must be a constant block of addresses.
func (c *checker) block(f *function, i int, e Expr, v value) {
	switch s, ok := e.(*String); {
	case v.field != nil:
		c.refuse(e.Span(), "", "argument %d of %s must be a constant; %s is a field", i+1, f.name, snippet(v.field.Name))
	case ok && !isBlock(s.Value):
		c.refuse(e.Span(), `write a block such as "10.0.0.0/8" or "fc00::/7"`, "%s is not a block of addresses", c.text(e))
	case !v.kind.open() && v.kind != KindString:
		c.refuse(e.Span(), "", "argument %d of %s must be a string; %s is %s", i+1, f.name, c.text(e), v.kind.phrase())
	}
}

// isBlock reports whether s is an address or a CIDR block; bits may be set below the
// mask.
func isBlock(s string) bool {
	if _, err := netip.ParsePrefix(s); err == nil {
		return true
	}
	addr, err := netip.ParseAddr(s)
	return err == nil && addr.Zone() == ""
}
