package eql

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// testTypes gives the kind of a field by the first part of its name.
func testTypes(field string) (Kind, bool) {
	kinds := map[string]Kind{
		"s": KindString, "n": KindLong, "f": KindDouble, "b": KindBoolean, "ip": KindIP,
		"d": KindDate, "v": KindVersion, "o": KindObject, "g": KindUnsupported, "m": KindNumber, "t": KindInexact,
	}
	first, _, _ := strings.Cut(field, ".")
	kind, ok := kinds[first]
	return kind, ok
}

func TestCheck(t *testing.T) {
	tests := []struct {
		query string
		want  []string
	}{
		// What Elasticsearch runs.
		{`any where b and not b or b == true or null`, nil},
		{`any where s == "x" and s == 5 and s < "x" and s != null`, nil},
		{`any where n == 5 and n == "5" and n == " 10250 " and n == 1.5 and n < -1 and "7" > n`, nil},
		{`any where ip == "10.0.0.1" and ip == "10.0.0.0/8" and ip != "::1" and ip == "::ffff:1.2.3.4"`, nil},
		{`any where d > "2020-02-02" and d == "" and d == 1500000000000`, nil},
		{`any where v >= "1.2.3" and b == "true"`, nil},
		{`any where n in (1, 2.5, null) and s in ("x", "y") and ip in (null) and unknown in ("::1")`, nil},
		{`any where unknown == 5 and unknown : "x" and unknown in (1, "x") and unknown`, nil},
		{`any where cidrMatch(ip, "10.0.0.0/8") and length(s) > 1 and string(ip) : "10.*"`, nil},
		{`any where concat(s, n, ip, b, d) == "x" and n + m * f > 2`, nil},
		{`any where startsWith~(s, s.x) and indexOf(s, "x", n) == 2 and substring(s, m) : "x"`, nil},
		{`sequence [any where true] by s [any where true] by s.x`, nil},
		{`sequence [any where true] by n, x [any where true] by f, s`, nil},
		{`any where ?x == ?y and ?x != n and ?x == length(s)`, nil},
		{`sequence [any where true] by t [any where true] by s`, nil},
		{`any where s like 5 and s : "x*" and s regex~ ("x\\$", "a^b", "a$b")`, nil},

		// What its verifier refuses.
		{`any where n`, []string{`1:11: a condition must be boolean; n is a long`}},
		{`any where d or s`, []string{
			`1:11: "or" takes conditions; d is a date`,
			`1:16: "or" takes conditions; s is a string`}},
		{`any where not ip`, []string{`1:15: "not" takes conditions; ip is an ip`}},
		{`any where n : "x" or ip like "10.*" or b regex "x"`, []string{
			`1:11: ":" takes strings; n is a long`,
			`1:22: "like" takes strings; ip is an ip`,
			`1:40: "regex" takes strings; b is a boolean`}},
		{`any where ?n == ?s`, []string{
			`1:17: both sides of "==" read fields; one must be a constant`}},
		{`any where length(s) == length(s.x) - 1`, []string{
			`warning 1:24: both sides of "==" read fields; one must be a constant`}},
		{`any where ip in ("10.0.0.1", null) or d in ("2020-01-01") or v not in ("1.2.3") or ip in (5)`, []string{
			`warning 1:18: "10.0.0.1" is a string, but the list is compared with ip, which is an ip`,
			`warning 1:45: "2020-01-01" is a string, but the list is compared with d, which is a date`,
			`warning 1:72: "1.2.3" is a string, but the list is compared with v, which is a version`,
			`1:91: 5 is a long, but the list is compared with ip, which is an ip`}},
		{`any where t == "x" or length(t) > 1 or t != null`, []string{
			`1:11: t is text that is not kept whole: nothing can be compared with it`,
			`1:30: t is text that is not kept whole: nothing can be compared with it`,
			`1:40: t is text that is not kept whole: nothing can be compared with it`}},
		{`any where n in (1, "x", true)`, []string{
			`1:20: "x" is a string, but the list is compared with n, which is a long`,
			`1:25: true is a boolean, but the list is compared with n, which is a long`}},
		{`any where s in ("x", 5)`, []string{
			`1:22: 5 is a long, but the list is compared with s, which is a string`}},
		{`any where n in~ ("x")`, []string{`1:11: "in~" takes strings; n is a long`}},
		{`any where s + 1 == 2 or -s == 1`, []string{
			`1:11: "+" takes numbers; s is a string`,
			`1:26: "-" takes numbers; s is a string`}},
		{`any where length(n) == 1 or startsWith(s, n) or endsWith(ip, "x")`, []string{
			`1:18: argument 1 of length must be a string; n is a long`,
			`1:43: argument 2 of startsWith must be a string; n is a long`,
			`1:58: argument 1 of endsWith must be a string; ip is an ip`}},
		{`any where cidrMatch(s, "10.0.0.0/8")`, []string{
			`1:21: argument 1 of cidrMatch must be a field of type ip; s is a string`}},
		{`any where number(n) == 1 or indexOf(s, "x", f) == 1`, []string{
			`1:18: argument 1 of number must be a string; n is a long`,
			`1:45: argument 3 of indexOf must be an integer; f is a double`}},
		{`any where between(s, "a", "b", s) == "x"`, []string{
			`1:32: argument 4 of between must be a boolean; s is a string`}},
		{`any where o == 1 or o.x or g != null`, []string{
			`1:11: o is an object: only the fields below it have values`,
			`1:21: o.x is an object: only the fields below it have values`,
			`1:28: g has a type that EQL cannot use`}},
		{`sequence [any where true] by n [any where true] by s`, []string{
			`1:52: sequence key s (string) cannot equal key n (long)`}},
		{`sequence by g [any where true] by ip [any where true] by ip until [any where true] by s`, []string{
			`1:13: g has a type that EQL cannot use`,
			`1:87: sequence key s (string) cannot equal key ip (ip)`}},
		{`sample [any where true] by d [any where n] by n`, []string{
			`1:41: a condition must be boolean; n is a long`,
			`1:47: sample key n (long) cannot equal key d (date)`}},

		// What it runs, to no use.
		{`any where n == "abc" or n < "x" or m != "abc"`, []string{
			`warning 1:11: n is a long, which "abc" cannot be`,
			`warning 1:25: n is a long, which "x" cannot be`,
			`warning 1:36: m is a number, which "abc" cannot be`}},
		{`any where ip == "localhost" or ip == 5`, []string{
			`warning 1:11: ip is an ip, which "localhost" cannot be`,
			`warning 1:32: ip is an ip, which 5 cannot be`}},
		{`any where b == "yes" or b == 1 or n == true`, []string{
			`warning 1:11: b is a boolean, which "yes" cannot be`,
			`warning 1:25: b is a boolean, which 1 cannot be`,
			`warning 1:35: n is a long, which true cannot be`}},
		{`any where d < "now-1d" or d == "2026-01-01||/d" or s == "now"`, []string{
			`warning 1:15: "now-1d" is computed by Elasticsearch, but not here: it never matches`,
			`warning 1:32: "2026-01-01||/d" is computed by Elasticsearch, but not here: it never matches`}},
		{`any where s < null or s : null`, []string{
			`warning 1:11: a comparison with null never matches`,
			`warning 1:27: null never matches a pattern`}},
		{`any where s == "x*" or s != "*" or s in ("a*b", "a?") or s in~ ("*")`, []string{
			`warning 1:16: "*" stands for itself after "=="`,
			`warning 1:29: "*" stands for itself after "!="`,
			`warning 1:42: "*" stands for itself after "in"`,
			`warning 1:65: "*" stands for itself after "in~"`}},
		{`any where s regex ("^x", "x$", """x\\$""", """x\$""")`, []string{
			`warning 1:20: "^" and "$" are no anchors but stand for themselves`,
			`warning 1:26: "^" and "$" are no anchors but stand for themselves`,
			`warning 1:32: "^" and "$" are no anchors but stand for themselves`}},
	}
	for _, test := range tests {
		q, err := Parse(test.query)
		if err != nil {
			t.Errorf("Parse(%s): %v", test.query, err)
			continue
		}
		if diff := cmp.Diff(test.want, faultStrings(Check(test.query, q, testTypes))); diff != "" {
			t.Errorf("Check(%s):\n%s", test.query, diff)
		}
	}
}

func faultStrings(faults []*Error) []string {
	var s []string
	for _, f := range faults {
		prefix := ""
		if f.Warning {
			prefix = "warning "
		}
		s = append(s, prefix+f.Error())
	}
	return s
}

func TestCheckExpr(t *testing.T) {
	const src = `n : "x"`
	e, err := ParseExpr(src)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`1:1: ":" takes strings; n is a long`}
	if diff := cmp.Diff(want, faultStrings(CheckExpr(src, e, testTypes))); diff != "" {
		t.Error(diff)
	}
}

func TestKindOf(t *testing.T) {
	tests := map[string]Kind{
		"": KindUnknown, "unknown": KindUnknown, "number": KindNumber, "keyword": KindString,
		"wildcard": KindString, "long": KindLong, "scaled_float": KindDouble, "date": KindDate,
		"boolean": KindBoolean, "ip": KindIP, "version": KindVersion, "nested": KindObject,
		"geo_point": KindUnsupported, "flattened": KindUnsupported, "ip_range": KindUnsupported,
	}
	for name, want := range tests {
		if got := KindOf(name); got != want {
			t.Errorf("KindOf(%q) = %s, want %s", name, got, want)
		}
	}
	if s := fmt.Sprint(Kind(200)); s != "unknown" {
		t.Errorf("Kind(200) prints %q", s)
	}
}
