package event

import "github.com/valyala/fastjson"

// Scalar is one value of a field as a document has it: a text, a number, true, false or
// null. Decoders that do not make a document of an event make Scalars of the fields that
// matter (Found).
type Scalar struct {
	// Type is fastjson's: TypeString, TypeNumber, TypeTrue, TypeFalse or TypeNull.
	Type fastjson.Type
	// Text is the content of a string, and anything else as it is written.
	Text []byte
}

// ScalarOf returns a value of a document that is no object and no array. Its text is valid
// as long as the value.
func ScalarOf(v *fastjson.Value) Scalar {
	s, _ := appendScalar(nil, v)
	return s
}

// appendScalar is ScalarOf with memory for the text of a number.
func appendScalar(buf []byte, v *fastjson.Value) (Scalar, []byte) {
	t := v.Type()
	if t == fastjson.TypeString {
		return Scalar{t, v.GetStringBytes()}, buf
	}
	n := len(buf)
	buf = v.MarshalTo(buf)
	return Scalar{t, buf[n:len(buf):len(buf)]}, buf
}

// AppendJSON appends the value as JSON, with the care of Event.AppendJSON.
func (s Scalar) AppendJSON(dst []byte) []byte {
	switch s.Type {
	case fastjson.TypeString:
		return appendString(dst, s.Text)
	case fastjson.TypeNumber:
		return appendNumber(dst, s.Text)
	}
	return append(dst, s.Text...)
}
