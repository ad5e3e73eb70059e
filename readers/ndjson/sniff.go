package ndjson

import (
	"bytes"
	"errors"

	"github.com/valyala/fastjson"
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

// sample is what the lines at the start of a stream are.
type sample struct {
	lines int  // not blank
	good  int  // a whole JSON object
	like  int  // not whole, but begins like one
	first bool // the first one is good
}

func survey(head []byte, whole bool) sample {
	var s sample
	var parser fastjson.Parser
	for len(head) > 0 {
		line, rest, found := bytes.Cut(head, newline)
		if !found && !whole {
			break
		}
		head = rest
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		s.lines++
		v, err := parser.ParseBytes(line)
		switch {
		case err == nil && v.Type() == fastjson.TypeObject:
			s.good++
			s.first = s.first || s.lines == 1
		case bytes.HasPrefix(line, []byte(`{"`)):
			s.like++
		}
	}
	return s
}
