package scan

import (
	"strconv"
	"strings"

	"kscan/rule/eval"
)

// maxKeptText is how many bytes of a value from a log an account keeps.
const maxKeptText = 256

// watched returns the text of a watched field's first value, cut to a limit; "" if the
// loaded event has none.
func watched(s *eval.Scratch, field int) string { return clip(watchedText(s, field)) }

func clip(text []byte) string {
	return strings.ToValidUTF8(string(text[:min(len(text), maxKeptText)]), "\uFFFD")
}

// watchedText is watched without the limit, valid until the next event.
func watchedText(s *eval.Scratch, field int) []byte {
	values := s.Watch(field)
	if len(values) == 0 {
		return nil
	}
	return values[0].Text
}

// watchedNumber returns the whole number that a watched field holds, as a number or as
// text, 0 if it holds none.
func watchedNumber(s *eval.Scratch, field int) int64 {
	values := s.Watch(field)
	if len(values) == 0 {
		return 0
	}
	n, err := strconv.ParseInt(string(values[0].Text), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
