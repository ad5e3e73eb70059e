package ndjson

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"kscan/readers/event"
)

// failed tells of a record that does not parse.
func (d *Decoder) failed(err error) {
	d.action = action{} // this was its document
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

// shorten keeps what the parser says of the fault itself, and bounds it.
func shorten(message string) string {
	for {
		rest, found := strings.CutPrefix(message, "cannot parse ")
		what, rest, more := strings.Cut(rest, ": ")
		if !found || !more || strings.Contains(what, ";") {
			break
		}
		message = rest // of a value in a value, the innermost
	}
	if fault, found := strings.CutSuffix(message, `; unparsed tail: ""`); found {
		message = fault
	}
	message = strings.Replace(message, "; unparsed tail: ", ", before ", 1)
	if len(message) <= maxDetail {
		return message
	}
	cut := maxDetail
	for cut > 0 && !utf8.RuneStart(message[cut]) {
		cut--
	}
	return message[:cut] + "…"
}

// nuls takes NUL bytes off the ends of a record and tells of them. They are what a crash
// leaves of a log where data was not on the disk yet.
func (d *Decoder) nuls(text []byte) []byte {
	rest := bytes.Trim(text, "\x00 \t\r\n")
	d.problem(event.Broken, fmt.Sprintf("NUL bytes in place of what was written (%d of them)", bytes.Count(text, []byte{0})-bytes.Count(rest, []byte{0})))
	d.start += bytes.Index(text, rest)
	d.end = d.start + len(rest)
	return rest
}
