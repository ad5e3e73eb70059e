package event

import (
	"strings"

	"github.com/valyala/fastjson"
)

// Path is a field name made ready for looking up. Documents nest objects, dot their
// keys or mix both, so each dotted prefix of the name may be a key of its own. To look
// up many fields of each event, a Finder is quicker.
type Path struct {
	name string
	// keys[i][j] is segments i..j of the name joined with dots: at depth i the keys
	// that may continue the path.
	keys [][]string
}

// maxDepth bounds the recursion over a document. It is more than any decoder lets
// through (fastjson stops at 300), so nothing is cut here.
const maxDepth = 1000

// NewPath returns the path of a dotted field name.
func NewPath(name string) *Path {
	segments := strings.Split(name, ".")
	p := &Path{name: name, keys: make([][]string, len(segments))}
	for i := range segments {
		for j := i; j < len(segments); j++ {
			p.keys[i] = append(p.keys[i], strings.Join(segments[i:j+1], "."))
		}
	}
	return p
}

// Name returns the dotted field name.
func (p *Path) Name() string { return p.name }

// Append appends the values of the field to dst and returns it: strings, numbers and
// booleans, with arrays opened and null and objects left out. No value means that the
// field is missing. The order is that of the document. A key that occurs twice in an
// object counts twice: the log does not say which of the values a consumer took.
func (p *Path) Append(dst []*fastjson.Value, e *Event) []*fastjson.Value {
	n := len(dst)
	dst = p.walk(dst, e.Doc, 0, 0)
	if len(dst) == n && e.Fields != nil {
		dst = p.walk(dst, e.Fields, 0, 0)
	}
	return dst
}

func (p *Path) walk(dst []*fastjson.Value, v *fastjson.Value, depth, level int) []*fastjson.Value {
	if v == nil || level > maxDepth {
		return dst
	}
	switch v.Type() {
	case fastjson.TypeNull:
		return dst
	case fastjson.TypeArray:
		for _, element := range v.GetArray() {
			dst = p.walk(dst, element, depth, level+1)
		}
		return dst
	case fastjson.TypeObject:
		if depth == len(p.keys) {
			return dst
		}
		// Visit calls back at once and keeps nothing, so the closure costs no allocation.
		v.GetObject().Visit(func(key []byte, child *fastjson.Value) {
			for j, k := range p.keys[depth] {
				if string(key) == k {
					dst = p.walk(dst, child, depth+j+1, level+1)
				}
			}
		})
		return dst
	}
	if depth == len(p.keys) {
		dst = append(dst, v)
	}
	return dst
}
