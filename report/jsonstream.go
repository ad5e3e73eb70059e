package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"kscan/report/safe"
)

// items is a list whose items are made while it is written, one at a time: a report may
// have ten thousand groups, and each is several times its size in memory as JSON.
type items[T any] func(yield func(T) bool)

// lazily converts a list item by item when it is written.
func lazily[From, To any](from []From, f func(From) To) items[To] {
	return func(yield func(To) bool) {
		for _, item := range from {
			if !yield(f(item)) {
				return
			}
		}
	}
}

// each calls f with the items until it returns false.
func (l items[T]) each(f func(any) bool) {
	for item := range l {
		if !f(item) {
			return
		}
	}
}

// MarshalJSON makes the whole list at once, where it stands in what is not written member
// by member.
func (l items[T]) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(slices.AppendSeq([]T{}, iter.Seq[T](l)))
	return b.Bytes(), err
}

// streamed is a list of any items.
type streamed interface{ each(f func(any) bool) }

// jsonIndent is one step of indentation.
const jsonIndent = "  "

// jsonBuffer is how many bytes are written at once.
const jsonBuffer = 64 << 10

// WriteJSON writes a value as one indented JSON document without hidden characters, as
// encoding/json has it. A struct with members of the type items is written member by member
// and these item by item, if it is the value itself or one of such items.
func WriteJSON(w io.Writer, value any) error {
	j := jsonWriter{w: bufio.NewWriterSize(w, jsonBuffer)}
	j.encoder = json.NewEncoder(&j.encoded)
	j.encoder.SetEscapeHTML(false)
	j.value(value, "")
	j.text("\n")
	if j.failed == nil {
		j.failed = j.w.Flush()
	}
	if j.failed != nil {
		return fmt.Errorf("write JSON: %w", j.failed)
	}
	return nil
}

// jsonWriter writes a document. After the first error it writes nothing.
type jsonWriter struct {
	w       *bufio.Writer
	encoder *json.Encoder // to encoded
	encoded bytes.Buffer
	visible []byte // encoded, without hidden characters
	failed  error
}

func (j *jsonWriter) text(text string) {
	if j.failed == nil {
		_, j.failed = j.w.WriteString(text)
	}
}

// value writes a value whose line is indented.
func (j *jsonWriter) value(v any, indent string) {
	if l, ok := v.(streamed); ok {
		j.list(l, indent)
	} else if s := reflect.ValueOf(v); s.IsValid() && hasItems(s.Type()) {
		j.object(s, indent)
	} else {
		j.whole(v, indent)
	}
}

// hasItems reports whether a struct has members that are written item by item.
func hasItems(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		if t.Field(i).Type.Implements(reflect.TypeFor[streamed]()) {
			return true
		}
	}
	return false
}

// object writes a struct member by member.
func (j *jsonWriter) object(s reflect.Value, indent string) {
	separator, inner := "{", indent+jsonIndent
	for _, f := range reflect.VisibleFields(s.Type()) {
		if f.Anonymous { // its fields follow
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		j.text(separator + "\n" + inner + strconv.Quote(name) + ": ")
		j.value(s.FieldByIndex(f.Index).Interface(), inner)
		separator = ","
	}
	j.text("\n" + indent + "}")
}

func (j *jsonWriter) list(l streamed, indent string) {
	separator, inner := "", indent+jsonIndent
	j.text("[")
	l.each(func(item any) bool {
		j.text(separator + "\n" + inner)
		j.value(item, inner)
		separator = ","
		return j.failed == nil
	})
	if separator != "" {
		j.text("\n" + indent)
	}
	j.text("]")
}

// whole writes a value at once.
func (j *jsonWriter) whole(v any, indent string) {
	if j.failed != nil {
		return
	}
	j.encoded.Reset()
	j.encoder.SetIndent(indent, jsonIndent)
	if j.failed = j.encoder.Encode(v); j.failed != nil {
		return
	}
	j.visible = safe.AppendJSON(j.visible[:0], bytes.TrimSuffix(j.encoded.Bytes(), []byte("\n")))
	_, j.failed = j.w.Write(j.visible)
}
