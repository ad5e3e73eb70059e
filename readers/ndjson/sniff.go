package ndjson

import (
	"bytes"
	"errors"

	"github.com/valyala/fastjson"

	"kscan/readers/frame"
)

// SniffLines returns nil if a stream that starts with head has one JSON document on each
// line, or says why it has not. Broken lines among good ones do not disqualify it.
func SniffLines(head []byte, whole bool) error {
	s := survey(head, whole)
	switch {
	case s.lines == 0:
		return errors.New("no whole line at the start")
	case s.good == 0:
		return errors.New("no line at the start is a JSON object")
	case s.first || 2*(s.good+s.like) >= s.lines:
		return nil
	}
	return errors.New("few lines at the start are JSON objects")
}

// sample is what the lines at the start of a stream are, up to a first one that is good.
type sample struct {
	lines int  // not blank
	good  int  // a whole JSON object
	like  int  // not whole, but begins like one, and is not an element of a list
	first bool // the first one is good
}

func survey(head []byte, whole bool) sample {
	var s sample
	for len(head) > 0 && !s.first {
		line, rest, found := bytes.Cut(head, newline)
		if !found && !whole {
			break
		}
		head = rest
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		s.lines++
		switch {
		case line[0] == '{' && isJSON(line):
			s.good++
			s.first = s.lines == 1
		case bytes.HasPrefix(line, []byte(`{"`)) && !bytes.HasSuffix(line, []byte(",")):
			s.like++
		}
	}
	return s
}

// isJSON reports whether a line parses. Most do as strict JSON, which takes no memory.
func isJSON(line []byte) bool {
	if isWellFormed(line) || fastjson.ValidateBytes(line) == nil {
		return true
	}
	var parser fastjson.Parser
	_, err := parser.ParseBytes(line)
	return err == nil
}

// SniffJSON returns nil if a stream starts as JSON does: an object or an array of them,
// over one line or many.
func SniffJSON(head []byte) error {
	text := bytes.TrimLeft(head, " \t\r\n")
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return errors.New("does not start with a bracket")
	}
	inner := bytes.TrimLeft(text[1:], " \t\r\n")
	switch {
	case len(inner) == 0:
		return nil
	case text[0] == '{' && (inner[0] == '"' || inner[0] == '}'):
		return nil
	case text[0] == '[' && bytes.IndexByte([]byte(`{["]`), inner[0]) >= 0:
		return nil
	}
	return errors.New("what follows the first bracket is neither a key nor a document")
}

// Any reports whether a document at the start of a stream satisfies the test.
func Any(head []byte, test func(*fastjson.Value) bool) bool {
	var parser fastjson.Parser
	j := frame.NewJSON(bytes.NewReader(head), frame.Layout{Size: len(head) + 1})
	for {
		b, err := j.Next(nil)
		if err != nil {
			return false
		}
		for _, r := range b.Records {
			v, err := parser.ParseBytes(b.Data[r.Start:r.End])
			if err == nil && object(v) && test(v) {
				return true
			}
		}
	}
}
