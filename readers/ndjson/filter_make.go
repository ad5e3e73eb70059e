package ndjson

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"kscan/readers/event"
	"kscan/readers/prefilter"
)

// filterMaker puts a filter together.
type filterMaker struct {
	list  map[prefilter.Literal]*acceptance
	gated bool // gates are looked for
	gates bool // there are some
}

// newFilterMaker returns one that knows what makes any line a candidate: a text may be
// written with \u escapes for any of its letters, and a document may carry audit records,
// which write values in ways of their own.
func newFilterMaker() *filterMaker {
	m := &filterMaker{list: map[prefilter.Literal]*acceptance{}}
	m.at(`\u00`, false).always = true
	m.at(AuditMark, false).always = true
	return m
}

// at returns the acceptance of a literal.
func (m *filterMaker) at(text string, fold bool) *acceptance {
	literal := prefilter.Literal{Text: text, Fold: fold}
	if m.list[literal] == nil {
		m.list[literal] = &acceptance{}
	}
	return m.list[literal]
}

// need adds a need. It returns false if it cannot be told which lines hold it.
func (m *filterMaker) need(n *event.Need) bool {
	text := ""
	if m.gated {
		text = gateOf(n)
	}
	switch {
	case text != "":
		m.gates = true
		a := m.at(text, false)
		if a.gate == nil {
			a.gate = &gate{}
		}
		a.gate.needs = append(a.gate.needs, *n)
	case n.Among != nil || n.Exists:
		key, t, ok := newFieldTest(n)
		if !ok {
			return false
		}
		t.open = n.Open
		for i := range n.And {
			if and, ok := newLineTest(&n.And[i]); ok {
				t.and = append(t.and, and)
			}
		}
		a := m.at(key, false)
		if len(a.tests.tests) > 0 && a.tests.tests[0].long != t.long {
			return false // no two fields of ECS are so alike and so unlike
		}
		a.tests.key = key
		a.tests.add(t)
	case n.Text != "":
		run := longestRun(n.Text)
		if run == "" {
			return false
		}
		if strings.Contains(run, "/") {
			m.at(escapedSlash, false).always = true
		}
		m.at(run, n.Fold).always = true
	default:
		m.number(n.Number)
	}
	return true
}

// escapedSlash is the other way to write a slash.
const escapedSlash = `\/`

// newFieldTest returns the test of a need that names a field, and the literal that the keys
// of the field end with. It returns false if JSON may write them in several ways, or if the
// literal is too short.
func newFieldTest(n *event.Need) (key string, t fieldTest, ok bool) {
	segments := strings.Split(n.Field, ".")
	for _, s := range segments {
		if !isPlainKey(s) {
			return "", t, false
		}
	}
	last := len(segments) - 1
	key = segments[last] + `"`
	t = fieldTest{values: n.Among, long: n.Type == event.Long}
	if last > 0 {
		t.parent = segments[last-1]
	}
	return key, t, len(key) >= minRun
}

// newLineTest returns a test of whole lines. It returns false if there is none.
func newLineTest(n *event.Need) (t lineTest, ok bool) {
	if n.Among != nil || n.Exists {
		key, field, ok := newFieldTest(n)
		t.keys.key = key
		t.keys.add(field)
		return t, ok
	}
	if n.Fold || n.Text == "" {
		return t, false
	}
	if t.text = longestRun(n.Text); n.Whole && t.text == n.Text && !mayBeBare(t.text) {
		t.text += `"`
	}
	return t, t.text != "" && !strings.Contains(t.text, "/")
}

// mayBeBare reports whether JSON may have a text without quotes.
func mayBeBare(text string) bool {
	return strings.Trim(text, "0123456789+-.eE") == "" || text == "true" || text == "false" || text == "null"
}

// isPlainKey reports whether JSON writes a key in one way, \u00 escapes apart.
func isPlainKey(key string) bool {
	for i := range len(key) {
		if c := key[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == '/' {
			return false
		}
	}
	return true
}

// longestRun returns the longest part of a text that JSON writes in one way, escapes of
// letters and slashes apart, "" if there is none worth looking for.
func longestRun(text string) string {
	longest := ""
	for _, run := range strings.FieldsFunc(text, func(r rune) bool {
		return r < ' ' || r >= utf8.RuneSelf || r == '"' || r == '\\'
	}) {
		if len(run) > len(longest) {
			longest = run
		}
	}
	if len(longest) < minRun {
		return ""
	}
	return longest
}

// number adds the ways to write a positive whole number: with its digits in a row, or, with
// an exponent, with a point among those of them that are not trailing zeros.
func (m *filterMaker) number(n int64) {
	digits := strconv.FormatInt(n, 10)
	significant := strings.TrimRight(digits, "0")
	whole := m.at(significant, false)
	whole.number = true
	whole.rests = append(whole.rests, digits[len(significant):])
	for i := 1; i < len(significant); i++ {
		m.at(significant[:i]+"."+significant[i:], false).number = true
	}
}
