package ndjson

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"kscan/readers/event"
)

// failed tells of a record that does not parse.
func (d *Decoder) failed(err error) {
	message := err.Error()
	switch {
	case strings.Contains(message, "too big depth"):
		d.problem(event.TooDeep, fmt.Sprintf("a document nested deeper than %d levels", maxDepth))
	case d.cutOff():
		d.problem(event.Truncated, "the last line ends inside a document: "+shorten(message))
	default:
		d.problem(event.Broken, fmt.Sprintf("%s (record of %d bytes)", shorten(message), d.end-d.start))
	}
}

// cutOff reports whether the record is a last line that lacks its newline.
func (d *Decoder) cutOff() bool {
	return d.format == Lines && d.end == d.block.End && d.block.End == len(d.block.Data)
}

// maxDepth is how deep the parser follows a document. ECS nests less than ten levels.
const maxDepth = 300

func tooLong(n int64) string {
	return fmt.Sprintf("a record of %d bytes is longer than the limit and was not examined", n)
}

// shorten drops the parser's opening words and bounds what is left.
func shorten(message string) string {
	message = strings.TrimPrefix(message, "cannot parse JSON: ")
	if len(message) <= maxDetail {
		return message
	}
	cut := maxDetail
	for cut > 0 && !utf8.RuneStart(message[cut]) {
		cut--
	}
	return message[:cut] + "…"
}
