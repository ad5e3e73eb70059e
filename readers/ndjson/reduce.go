package ndjson

import (
	"bytes"
	"math/bits"
	"strings"

	"kscan/readers/prefilter"
)

// reducer cuts a document down to the fields that rules read, under their dotted names,
// without parsing what it leaves out. A lookup of those fields finds in the reduced
// document what it finds in the whole one. Whether the rest is well-formed is not checked
// beyond strings and brackets.
type reducer struct {
	root    branch
	text    []byte // the document
	marks   []prefilter.Mark
	slashes uint64 // not 0 if it has backslashes
	out     []byte

	wrapped      bool // _source was taken: the rest is not the document
	meta, fields bool // the top has members of a search hit, or "fields"
}

// branch is a node in the tree of wanted field names, cut at their dots.
type branch struct {
	segment  string
	key      string     // the name up to here, as a member of the reduced document begins
	wanted   bool       // a field's name ends here
	initials [4]uint64  // the first bytes of the children's segments, which most keys miss
	children [][]branch // by the length of their segment
}

const (
	// maxReduce is the length of the longest document that is cut down, in bytes: longer
	// ones are rare, and their marks would be kept for nothing.
	maxReduce = 64 << 10
	// maxReduceDepth bounds the objects inside objects that are looked into; ECS has six.
	maxReduceDepth = 32
)

// newReducer returns a reducer to the fields, nil if there are none.
func newReducer(fields []string) *reducer {
	if len(fields) == 0 {
		return nil
	}
	r := &reducer{}
	for _, field := range fields {
		if strings.ContainsAny(field, `"\`) {
			continue // its key must be escaped, which is left to the parser
		}
		n, at := &r.root, 0
		for segment := range strings.SplitSeq(field, ".") {
			at += len(segment)
			n = n.add(segment, field[:at])
			at++
		}
		n.wanted = true
	}
	return r
}

func (n *branch) add(segment, name string) *branch {
	if child := n.child([]byte(segment)); child != nil {
		return child
	}
	initial := byte('.') // as a key with an empty segment begins, if it is not empty
	if segment != "" {
		initial = segment[0]
	}
	n.initials[initial/64] |= 1 << (initial % 64)
	for len(n.children) <= len(segment) {
		n.children = append(n.children, nil)
	}
	same := append(n.children[len(segment)], branch{segment: segment, key: `"` + name + `":`})
	n.children[len(segment)] = same
	return &same[len(same)-1]
}

func (n *branch) child(segment []byte) *branch {
	if len(segment) >= len(n.children) {
		return nil
	}
	same := n.children[len(segment)]
	for i := range same {
		if string(segment) == same[i].segment {
			return &same[i]
		}
	}
	return nil
}

// find returns the branch below n for a key, which may be dotted; nil if no wanted name
// goes on with it.
func (n *branch) find(key []byte) *branch {
	for {
		if len(key) > 0 && n.initials[key[0]/64]>>(key[0]%64)&1 == 0 {
			return nil
		}
		if child := n.child(key); child != nil {
			return child
		}
		i := bytes.IndexByte(key, '.')
		if i < 0 {
			return nil
		}
		if n = n.child(key[:i]); n == nil {
			return nil
		}
		key = key[i+1:]
	}
}

// reduce returns the reduced document, valid until the next call; of a search hit that is
// its _source. It returns false when the text has something that it leaves to the parser:
// an escaped key, another wrapper of exports, or what is not JSON.
func (r *reducer) reduce(text []byte) ([]byte, bool) {
	if len(text) > maxReduce {
		return nil, false
	}
	r.text, r.out = text, append(r.out[:0], '{')
	r.marks, r.slashes = prefilter.Marks(r.marks, text), 0
	for i := range r.marks {
		r.slashes |= r.marks[i].Slashes
	}
	r.wrapped, r.meta, r.fields = false, false, false
	end, ok := r.object(0, &r.root, 0)
	if last := len(r.out) - 1; r.out[last] == ',' {
		r.out = r.out[:last]
	}
	r.out = append(r.out, '}')
	return r.out, ok && end == len(text) && !(r.meta && r.fields)
}

// object takes the members of the object at i and returns where it ends.
func (r *reducer) object(i int, n *branch, depth int) (int, bool) {
	if r.at(i) != '{' || depth > maxReduceDepth {
		return i, false
	}
	if i = r.space(i + 1); r.at(i) == '}' {
		return i + 1, true
	}
	for {
		next, ok := r.member(i, n, depth)
		if !ok {
			return next, false
		}
		if r.at(next) != ',' { // as mostly
			next = r.space(next)
		}
		switch r.at(next) {
		case ',':
			i = r.space(next + 1)
		case '}':
			return next + 1, true
		default:
			return next, false
		}
	}
}

// member takes the member at i, with a comma if it is wanted, and returns where it ends.
func (r *reducer) member(start int, n *branch, depth int) (int, bool) {
	if r.at(start) != '"' {
		return start, false
	}
	end := r.quote(start + 1)
	i := end + 1
	if r.at(i) != ':' { // as mostly
		if i = r.space(i); r.at(i) != ':' {
			return i, false
		}
	}
	i = r.space(i + 1)
	key := r.text[start+1 : end]
	if r.slashes != 0 && bytes.IndexByte(key, '\\') >= 0 {
		return i, false
	}
	if depth == 0 {
		if next, ok, done := r.top(i, key); done {
			return next, ok
		}
	}
	below := n.find(key)
	if below == nil {
		return r.skip(i)
	}
	first := r.at(i)
	if first == '{' && !below.wanted {
		return r.object(i, below, depth+1)
	}
	next, ok := r.skip(i)
	if below.wanted || first == '[' { // any other value where an object is expected is no field's
		r.out = append(r.out, below.key...)
		r.out = append(append(r.out, r.text[i:next]...), ',')
	}
	return next, ok
}

// top takes the member of a document's top whose value is at i, if it makes the document
// another one's wrapper, or is a wrapper's.
func (r *reducer) top(i int, key []byte) (end int, ok, done bool) {
	switch string(key) {
	case "hits", "response", "responses", "rawResponse", "index", "create", "update", "delete":
		return i, false, true
	case "fields":
		r.fields = true
	case "_source":
		if r.wrapped || r.at(i) != '{' {
			return i, false, true
		}
		r.wrapped, r.meta = true, true
		r.out = r.out[:1]
		end, ok = r.object(i, &r.root, 1)
		return end, ok, true
	}
	r.meta = r.meta || len(key) > 0 && key[0] == '_'
	if r.wrapped {
		end, ok = r.skip(i)
	}
	return end, ok, r.wrapped
}

// at returns the byte at i, 0 past the end.
func (r *reducer) at(i int) byte {
	if i < len(r.text) {
		return r.text[i]
	}
	return 0
}

// space returns the place of the first byte from i on that is no space.
func (r *reducer) space(i int) int {
	if i < len(r.text) && r.text[i] > ' ' {
		return i
	}
	return r.spaces(i)
}

func (r *reducer) spaces(i int) int {
	for i < len(r.text) && isSpace(r.text[i]) {
		i++
	}
	return i
}

// quote returns the place of the first quote from i on that is not escaped, or the end.
func (r *reducer) quote(i int) int {
	w := i / 64
	if w >= len(r.marks) {
		return len(r.text)
	}
	word := r.marks[w].Quotes &^ (1<<(i%64) - 1)
	for word == 0 {
		if w++; w == len(r.marks) {
			return len(r.text)
		}
		word = r.marks[w].Quotes
	}
	return w*64 + bits.TrailingZeros64(word)
}

// skip returns where the value at i ends.
func (r *reducer) skip(i int) (int, bool) {
	switch r.at(i) {
	case '"':
		end := r.quote(i + 1)
		return min(end+1, len(r.text)), end < len(r.text)
	case '{', '[':
		return r.container(i)
	}
	start := i
	for i < len(r.text) && !ends[r.text[i]] {
		i++
	}
	return i, i > start
}

// ends are the bytes that no number, true, false or null has.
var ends = [256]bool{',': true, '}': true, ']': true, ' ': true, '\t': true, '\r': true, '\n': true, '"': true, '{': true, '[': true, ':': true}

// container returns where the object or array at i ends.
func (r *reducer) container(i int) (int, bool) {
	depth := 0
	from := ^uint64(0) << (i % 64)
	for w := i / 64; w < len(r.marks); w++ {
		opens, closes := r.marks[w].Opens&from, r.marks[w].Closes&from
		from = ^uint64(0)
		if closes == 0 || depth > bits.OnesCount64(closes) {
			depth += bits.OnesCount64(opens) - bits.OnesCount64(closes)
			continue
		}
		for all := opens | closes; all != 0; all &= all - 1 {
			if opens&all&-all != 0 {
				depth++
			} else if depth--; depth == 0 {
				return w*64 + bits.TrailingZeros64(all) + 1, true
			}
		}
	}
	return len(r.text), false
}
