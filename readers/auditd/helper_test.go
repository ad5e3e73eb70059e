package auditd

import (
	"strconv"
	"strings"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/readers/frame"
)

// seen is what a sink got: events flattened to dotted fields, and problems.
type seen struct {
	events   []decoded
	problems []event.Problem
	passed   int64
}

type decoded struct {
	Evidence event.Evidence
	Fields   map[string]string
}

func (s *seen) Event(e *event.Event) {
	one := decoded{Evidence: e.Evidence, Fields: flatten(e.Doc)}
	one.Evidence.EventID = strings.Clone(one.Evidence.EventID) // it is valid no longer
	s.events = append(s.events, one)
}

func (s *seen) Problem(p event.Problem) { s.problems = append(s.problems, p) }

func flatten(doc *fastjson.Value) map[string]string {
	out := map[string]string{}
	flattenInto(out, "", doc)
	return out
}

func flattenInto(out map[string]string, prefix string, v *fastjson.Value) {
	switch v.Type() {
	case fastjson.TypeObject:
		v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
			name := string(key)
			if prefix != "" {
				name = prefix + "." + name
			}
			flattenInto(out, name, v)
		})
	case fastjson.TypeArray:
		for i, item := range v.GetArray() {
			flattenInto(out, prefix+"."+strconv.Itoa(i), item)
		}
	case fastjson.TypeString:
		out[prefix] = string(v.GetStringBytes())
	default:
		out[prefix] = v.String()
	}
}

// decodeAll decodes a whole log as one block.
func decodeAll(o Options, log string) *seen {
	var s seen
	New(o).Decode("log", "", &frame.Block{Data: []byte(log), End: len(log)}, &s)
	return &s
}
