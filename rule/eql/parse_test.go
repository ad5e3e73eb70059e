package eql

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// accepted are queries that Elasticsearch runs, with their printed form; "" means that
// they print as they are.
var accepted = []struct{ query, printed string }{
	// Query forms and categories.
	{`any where true`, ``},
	{`process where process.name == "a"`, ``},
	{`"process" where true`, `process where true`},
	{`"""process""" where true`, `process where true`},
	{`"any" where true`, ``},
	{`"1st" where true`, ``},
	{`"a b\"c" where true`, ``},
	{`head where tail == 1`, ``},
	{"  process\n\twhere /* c */ true // end", `process where true`},

	// Literals.
	{`any where a == 0 or a == 9223372036854775807`, ``},
	{`any where a == 007`, `any where a == 7`},
	{`any where a == 1.5 or a == 1. or a == .5 or a == 5e14 or a == 1e-7 or a == 1.5E+3`,
		`any where a == 1.5 or a == 1.0 or a == 0.5 or a == 5e+14 or a == 1e-07 or a == 1500.0`},
	{`any where a == "\b\t\n\f\r\"\'\\\u{e9}\u{0001F600}"`, `any where a == "\b\t\n\f\r\"'\\é😀"`},
	{`any where a == "\u{202e}\u{00}"`, ``},
	{`any where a == "*?%_/"`, ``},
	{`any where a == ""`, ``},
	{`any where a == """C:\Users\*"""`, ``},
	{`any where a == """a"b""c"""`, ``},
	{`any where a == """a"""" or a == """a"""""`, ``},
	{`any where a == """""" or a == """""""" or a == """"a"""`, ``},
	{`any where a == null and null == a and true == false`, ``},

	// Names.
	{`any where @timestamp == 1 and _id == "a" and a.b_1.C == 2`, ``},
	{"any where `a-b` == 1 and a.`0`.b == 1 and `sequence` == 1 and event.`sequence` == 1", ``},
	{"any where `a.b` == 1 and a . b == 1", `any where a.b == 1 and a.b == 1`},
	{"any where `a``b` == 1 and `?a` == 1 and ?`?a` == 1", ``},
	{`any where ?a.b == null and ? c`, `any where ?a.b == null and ?c`},
	{"any where `.a` and `a.` and `a..b`", ``},

	// Precedence.
	{`any where not a == 1 and b`, ``},
	{`any where (not (a == 1)) and b`, `any where not a == 1 and b`},
	{`any where not (a and b)`, ``},
	{`any where a or b and c or d`, ``},
	{`any where (a or b) and c`, ``},
	{`any where a or (b or c)`, ``},
	{`any where (a or b) or c`, `any where a or b or c`},
	{`any where not not a`, ``},
	{`any where a + 1 * 2 - 3 == 4`, ``},
	{`any where (a + 1) * 2 == 4`, ``},
	{`any where a - (1 - 2) == a / (2 % 3)`, `-`},
	{`any where a - (1 - 2) == 4 / (2 % 3)`, ``},
	{`any where -a * 2 == - -1 and -(a + 1) < +2`, `any where -a * 2 == --1 and -(a + 1) < 2`},
	{`any where concat(a, "x") : "x" and ((a)) : "y"`, `any where concat(a, "x") : "x" and a : "y"`},
	{`any where (a == 1) == true`, ``},
	{`any where (not a) == true`, ``},
	{`any where true == (a in ("x", "y"))`, `any where true == a in ("x", "y")`},
	{`any where 1 < a and "b" >= c`, ``},

	// Predicates.
	{`any where a in ("x") and a not in ("x", 1 + 2)`, ``},
	{`any where a in~ ("x") and a not in~ ("x")`, ``},
	{`any where not a in (1, 2.5, null)`, ``},
	{`any where a : "x*" and a : ("x", """y""", null) and a:"z"`,
		`any where a : "x*" and a : ("x", """y""", null) and a : "z"`},
	{`any where a like "x" and a like~ ("x", "y") and a like ("x")`,
		`any where a like "x" and a like~ ("x", "y") and a like "x"`},
	{`any where a regex "x|y" and a regex~ ("x", "y")`, ``},
	{`any where a like 5`, ``},
	{`any where a > 9223372036854775807 and a < 100000000000000000000`,
		`any where a > 9223372036854775807 and a < 1e+20`},
	{`any where ?a == ?b and ?c < ?d and x == ?y`, ``},
	{`any where not a like "x" and not a : ("y", "z")`, ``},

	// Functions.
	{`any where CONCAT(a, 1, true, null) == "x"`, `any where concat(a, 1, true, null) == "x"`},
	{`any where startswith~(a, b) and ENDSWITH(a, b) and stringcontains(a, b)`,
		`any where startsWith~(a, b) and endsWith(a, b) and stringContains(a, b)`},
	{`any where cidrmatch(a, "10.0.0.0/8", "::1/128", "10.6.48.157/8")`,
		`any where cidrMatch(a, "10.0.0.0/8", "::1/128", "10.6.48.157/8")`},
	{`any where between~(a, "x", "y", true) == "" and between(a, "x", "y") != null`, ``},
	{`any where indexOf~(a, "x", 1) == 2 and length(substring(a, -3, 2)) > 0`, ``},
	{`any where number(a, 16) == add(1, subtract(b, multiply(2, divide(c, modulo(5, 3)))))`, `-`},
	{`any where number(a, 16) == add(1, subtract(2, multiply(2, divide(3, modulo(5, 3)))))`, ``},
	{`any where string(a) == "true" and number("0x1f") == 31`, ``},
	{`any where (length(a) + 1) * 2 == 4 and not a in (concat("x", "y"))`, ``},

	// Comments.
	{"any where /* a /* nested */ comment */ true", `any where true`},
	{"any where /* see /tmp/* */ true /* b */", `any where true`},
	{"any where a == 1 // x\r\nand b == 2 //", `any where a == 1 and b == 2`},

	// Sequences.
	{`sequence [a where true] [b where true]`, ``},
	{`sequence by x, ?y with maxspan = 1 m [a where true] [b where true]`,
		`sequence by x, ?y with maxspan=1m [a where true] [b where true]`},
	{`sequence with maxspan=1500ms [a where true] [b where true]`, ``},
	{`sequence with maxspan=120s [a where true] [b where true]`,
		`sequence with maxspan=2m [a where true] [b where true]`},
	{`sequence with maxspan=48h [a where true] [b where true]`,
		`sequence with maxspan=2d [a where true] [b where true]`},
	{`sequence by u [a where true] by x, y with runs=3 [b where true] by z, w until [c where true] by v, t`, ``},
	{`sequence by u [a where true] with runs=100`, ``},
	{`sequence by u [a where true] with runs=1 [b where true]`, `sequence by u [a where true] [b where true]`},
	{`sequence by u with maxspan=5m [a where true] ![b where true] [any where true]`, ``},
	{`sequence with maxspan=5m ![b where true] [any where true]`, ``},
	{`sequence with maxspan=5m [a where true] by x ![b where true] by x with runs=2`, ``},
	{"sequence by `a-b` [any where runs == 1] [any where true]", ``},

	// Samples and pipes.
	{`sample by host.id [a where true] [b where true]`, ``},
	{`sample [a where true] by x [b where true] by y`, ``},
	{`any where true | head 5 | tail 0`, ``},
	{`sequence [a where true] [b where true] | tail 1`, ``},
	{`any where true | head 2147483648 - 1 | tail -(1 - 2 * 3) / (7 % 4)`, `any where true | head 2147483647 | tail 1`},
}

func TestParseAccepts(t *testing.T) {
	for _, test := range accepted {
		q, err := Parse(test.query)
		if test.printed == "-" {
			// Both sides compute with fields: Elasticsearch refuses it, but rules have it.
			if err != nil {
				t.Errorf("Parse(%s) = %v", test.query, err)
			} else if faults := Check(test.query, q, nil); len(faults) != 1 || !faults[0].Refused || !faults[0].Warning {
				t.Errorf("Check(%s) = %v", test.query, faults)
			}
			continue
		}
		if err != nil {
			t.Errorf("Parse(%s): %v", test.query, err)
			continue
		}
		want := test.printed
		if want == "" {
			want = test.query
		}
		if got := q.String(); got != want {
			t.Errorf("Parse(%s)\n got %s\nwant %s", test.query, got, want)
		}
		checkRoundTrip(t, q)
	}
}

// checkRoundTrip checks that a query prints to text that parses to the same tree.
func checkRoundTrip(t *testing.T, q Query) {
	t.Helper()
	again, err := Parse(q.String())
	if err != nil {
		t.Errorf("printed query does not parse: %v\n%s", err, q)
		return
	}
	if diff := cmp.Diff(q, again, cmpopts.IgnoreTypes(Span{})); diff != "" {
		t.Errorf("printed query parses to another tree:\n%s\n%s", q, diff)
	}
}

func TestParseBuiltinRule(t *testing.T) {
	q, err := Parse(kubeletRule)
	if err != nil {
		t.Fatal(err)
	}
	event := q.(*EventQuery)
	if event.Filter.Category != "network" {
		t.Errorf("category %q", event.Filter.Category)
	}
	// The condition is one chain of "and" with eight parts.
	chain := leftChain(event.Filter.Cond.(*Binary))
	if len(chain) != 7 || chain[0].Op != And {
		t.Errorf("the condition has %d operators at the top: %s", len(chain), event.Filter.Cond)
	}
	call, ok := chain[5].Y.(*Call)
	if !ok || call.Func != "cidrMatch" || len(call.Args) != 10 {
		t.Errorf("the address test is %s", chain[5].Y)
	}
	if _, ok := chain[6].Y.(*Binary); !ok {
		t.Errorf("the last part is %s", chain[6].Y)
	}
	checkRoundTrip(t, q)
}

// kubeletRule has the form of the built-in rule.
const kubeletRule = `network where host.os.type == "linux" and event.type == "start" and
  event.category == "network" and network.direction == "egress" and
  event.action in ("connected-to", "connection_attempted") and
  (destination.port == 10250 or destination.port == 10255) and
  cidrmatch(destination.ip, "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
    "169.254.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7", "fe80::/10") and
  (
    process.name in ("curl", "wget", "nc", "socat", "openssl", "busybox") or
    process.name like ".*" or process.executable like "/*/.*" or
    process.name like ("python*", "ruby*", "node*", "java*", "nginx", "catalina.sh") or
    process.executable like ("/tmp/*", "/var/tmp/*", "/dev/shm/*", "/run/user/*")
  )`

func TestParseLongQueries(t *testing.T) {
	patterns := make([]string, 2609)
	for i := range patterns {
		patterns[i] = `"?:\\Windows\\` + strings.Repeat("x", i%7) + `*.dll"`
	}
	names := []string{
		`any where a like~ (` + strings.Join(patterns, ", ") + `)`,
		`any where ` + strings.Repeat(`a == 1 or `, 20000) + `b`,
		`any where ` + strings.Repeat(`not a and `, 20000) + `b`,
		`any where 1` + strings.Repeat(` + 1`, 20000) + ` == a`,
		`any where true` + strings.Repeat(` | head 1`, 20000),
	}
	for _, query := range names {
		q, err := Parse(query)
		if err != nil {
			t.Errorf("Parse(%.40s…): %v", query, err)
			continue
		}
		if q.String() != query {
			t.Errorf("Parse(%.40s…) prints %.80s…", query, q)
		}
	}
}

func TestParseDepth(t *testing.T) {
	nestings := []struct{ open, close string }{
		{"(", ")"}, {"not ", ""}, {"a in (", ")"}, {"string(", ")"}, {"-", ""}, {"+", ""},
	}
	for _, n := range nestings {
		for _, depth := range []int{MaxDepth + 1, 100_000} {
			src := "any where " + strings.Repeat(n.open, depth) + "true" + strings.Repeat(n.close, depth)
			_, err := Parse(src)
			if err == nil || !strings.Contains(err.Error(), "nests more than 500 levels deep") {
				t.Errorf("%d times %q: %v", depth, n.open, err)
			}
		}
	}
	for _, n := range nestings[:2] {
		src := "any where " + strings.Repeat(n.open, MaxDepth) + "true" + strings.Repeat(n.close, MaxDepth)
		if _, err := Parse(src); err != nil {
			t.Errorf("%d times %q: %v", MaxDepth, n.open, err)
		}
	}
}

func TestParseLength(t *testing.T) {
	query := "any where true" + strings.Repeat(" ", MaxLength-len("any where true"))
	if _, err := Parse(query); err != nil {
		t.Errorf("a query of the greatest length: %v", err)
	}
	if _, err := Parse(query + " "); err == nil {
		t.Error("a longer query is not refused")
	}
	// Comments that do not nest well must not cost more than their length.
	if _, err := Parse("any where true " + strings.Repeat("/* /* */ ", 100_000)); err != nil {
		t.Error(err)
	}
}

func TestParseExpr(t *testing.T) {
	e, err := ParseExpr(` process.name == "a" and not b `)
	if err != nil {
		t.Fatal(err)
	}
	if got := e.String(); got != `process.name == "a" and not b` {
		t.Errorf("prints %s", got)
	}
	for _, src := range []string{``, `process where a`, `a | head 1`, `"a"`, `a ==`} {
		if e, err := ParseExpr(src); err == nil {
			t.Errorf("ParseExpr(%s) = %s", src, e)
		}
	}
}

func TestSpans(t *testing.T) {
	const src = `process where (a == 1) and not ?b.c in ("x", 2) and endsWith~(d, "y") | head 3`
	q, err := Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	event := q.(*EventQuery)
	chain := leftChain(event.Filter.Cond.(*Binary))
	in := chain[0].Y.(*Unary).X.(*In)
	nodes := map[string]Span{
		src:                                 q.Span(),
		src[:len(src)-len(" | head 3")]:     event.Filter.At,
		`(a == 1) and not ?b.c in ("x", 2)`: chain[0].At,
		`a == 1`:                            chain[0].X.Span(),
		`?b.c in ("x", 2)`:                  in.At,
		`?b.c`:                              in.X.Span(),
		`"x"`:                               in.List[0].Span(),
		`2`:                                 in.List[1].Span(),
		`endsWith~(d, "y")`:                 chain[1].Y.Span(),
		`head 3`:                            event.Pipes[0].At,
	}
	for want, span := range nodes {
		if got := src[span.Start:span.End]; got != want {
			t.Errorf("span of %s is %s", want, got)
		}
	}
}
