package frame

import "bytes"

// verdict says why the scanner stopped.
type verdict int

const (
	more     verdict = iota // everything is scanned
	damaged                 // the byte at the position does not fit
	finished                // the record that was being passed over ended, or is an envelope
)

// place is where the scanner is in relation to documents.
type place uint8

const (
	inElements  place = iota // each value is a document
	inObject                 // of an object that may be a response, or of one around it
	inHits                   // of the object "hits" of a response
	inResponses              // of the array "responses" of _msearch
)

// level is an open bracket that matters: what is directly inside it, at which depth.
type level struct {
	place place
	depth int
}

// member is a key that leads to documents.
type member uint8

const (
	noMember member = iota
	hitsMember
	responsesMember
	responseMember
)

// scanner follows the structure of JSON text. All positions are in the slice that run is
// given.
type scanner struct {
	depth    int
	objects  []uint64 // a bit for each open bracket: whether it is a brace
	levels   []level
	inString bool
	escaped  bool   // the text scanned so far ends in an odd number of backslashes
	key      int    // where a string that may be a member's name starts, -1 if none
	member   member // the last name at the innermost level

	inRecord bool
	junk     bool   // the record is text that is no JSON value
	like     []byte // if not nil, the junk ends where this text is found
	passing  bool   // the record is too long, its bytes are gone
	start    int    // of the record
	base     int    // the depth around the record
	home     int    // how many levels were open around it
}

func (s *scanner) reset() {
	*s = scanner{objects: s.objects[:0], levels: append(s.levels[:0], level{inElements, 0}), key: -1, home: 1}
}

const (
	// maxOpen bounds the brackets that are open at once, and with them memory: a hundred
	// times what the tests of parsers use.
	maxOpen = 1 << 20
	// maxLevels bounds how responses lie in each other: Kibana's envelope around _msearch
	// around _search, three levels each, and some to spare.
	maxLevels = 16
)

// class is what a byte may be outside of strings.
type class uint8

const (
	bad class = iota
	space
	opening
	closing
	quote
	scalar // of numbers, literals and colons
)

var classes = func() (table [256]class) {
	for set, c := range map[string]class{
		" \t\r\n,": space, "{[": opening, "}]": closing, `"`: quote,
		":0123456789+-.eEtrufalsnNaIity": scalar,
	} {
		for i := range len(set) {
			table[set[i]] = c
		}
	}
	return table
}()

// run scans text from a position, appends the records that end to list, and returns how
// far it got and why it stopped.
func (s *scanner) run(text []byte, p int, list *[]Record) (int, verdict) {
	for p < len(text) {
		if s.inString {
			p = s.string(text, p, list)
		} else if s.junk {
			at := p
			if p = s.passJunk(text, p, list); s.junk && p == at {
				return p, more
			}
		} else if q := s.skim(text, p); q > p {
			p = q
		} else {
			var v verdict
			if p, v = s.step(text[p], p, list); v == damaged {
				return p, v
			}
		}
		if s.passing && !s.inRecord {
			return p, finished
		}
	}
	return p, more
}

// skim passes quickly over what is deeper than any level that matters, up to a byte that
// needs care. It does just what step and string do.
func (s *scanner) skim(text []byte, p int) int {
	floor := s.inner().depth + 1
	if s.depth < floor {
		if !s.atElement() {
			for p < len(text) && (classes[text[p]] == scalar || classes[text[p]] == space) {
				p++
			}
		}
		return p
	}
	depth := s.depth
	for ; p < len(text); p++ {
		switch classes[text[p]] {
		case space, scalar:
			continue
		case quote:
			i := bytes.IndexByte(text[p+1:], '"')
			if i >= 0 && (i == 0 || text[p+i] != '\\') {
				p += i + 1
				continue
			}
		case opening:
			if depth/64 < len(s.objects) {
				s.setBrace(depth, text[p] == '{')
				depth++
				continue
			}
		case closing:
			if depth > floor && s.isBrace(depth-1) == (text[p] == '}') {
				depth--
				continue
			}
		}
		break
	}
	s.depth = depth
	return p
}

func (s *scanner) setBrace(depth int, brace bool) {
	bit := uint64(1) << (depth % 64)
	s.objects[depth/64] &^= bit
	if brace {
		s.objects[depth/64] |= bit
	}
}

func (s *scanner) isBrace(depth int) bool { return s.objects[depth/64]>>(depth%64)&1 == 1 }

// step takes one byte outside of strings and junk. A byte that does not fit is not passed.
func (s *scanner) step(c byte, p int, list *[]Record) (int, verdict) {
	v := more
	switch classes[c] {
	case space:
	case quote:
		s.quote(p)
	case opening:
		v = s.open(c, p)
	case closing:
		v = s.close(c, p, list)
	default:
		switch {
		case s.atElement():
			s.begin(p)
			s.junk = true
		case classes[c] == bad:
			v = damaged
		}
	}
	if v == damaged {
		return p, v
	}
	return p + 1, v
}

func (s *scanner) inner() level { return s.levels[len(s.levels)-1] }

// atElement reports whether a value that starts here is a document.
func (s *scanner) atElement() bool {
	l := s.inner()
	return l.place == inElements && l.depth == s.depth && !s.inRecord
}

// begin starts a record.
func (s *scanner) begin(p int) {
	s.inRecord, s.junk, s.start, s.base, s.home = true, false, p, s.depth, len(s.levels)
}

// finish ends the record before position p.
func (s *scanner) finish(p int, list *[]Record) {
	s.inRecord, s.junk, s.like = false, false, nil
	if !s.passing {
		*list = append(*list, Record{s.start, p})
	}
}

func (s *scanner) quote(p int) {
	if s.atElement() {
		s.begin(p)
	}
	s.inString, s.escaped, s.key = true, false, -1
	if l := s.inner(); l.depth == s.depth && (l.place == inObject || l.place == inHits) {
		s.key = p
	}
}

// string passes over the rest of a string.
func (s *scanner) string(text []byte, p int, list *[]Record) int {
	for {
		i := bytes.IndexByte(text[p:], '"')
		end := p + i
		if i < 0 {
			end = len(text)
		}
		s.escaped = s.escapes(text[p:end])
		if i < 0 {
			return end
		}
		p = end + 1
		if !s.escaped {
			break
		}
		s.escaped = false
	}
	s.inString = false
	if s.key >= 0 {
		s.member = memberOf(text[s.key+1 : p-1])
		s.key = -1
	}
	if s.inRecord && s.depth == s.base {
		s.finish(p, list)
	}
	return p
}

// escapes reports whether the byte behind part, a part of a string, is escaped.
func (s *scanner) escapes(part []byte) bool {
	n := len(part)
	for n > 0 && part[n-1] == '\\' {
		n--
	}
	odd := (len(part)-n)%2 == 1
	if n == 0 && s.escaped {
		return !odd
	}
	return odd
}

func memberOf(name []byte) member {
	switch string(name) {
	case "hits":
		return hitsMember
	case "responses":
		return responsesMember
	case "response", "rawResponse":
		return responseMember
	}
	return noMember
}

// open takes an opening bracket.
func (s *scanner) open(c byte, p int) verdict {
	brace := c == '{'
	if s.depth == maxOpen {
		return damaged
	}
	if l := s.inner(); l.depth == s.depth {
		s.enter(l.place, brace, p)
	}
	s.member = noMember
	if word := s.depth / 64; word == len(s.objects) {
		s.objects = append(s.objects, 0)
	}
	s.setBrace(s.depth, brace)
	s.depth++
	return more
}

// enter follows the way to documents: it opens a level where documents may be inside the
// bracket, and starts a record where the bracket is one.
func (s *scanner) enter(at place, brace bool, p int) {
	into := func(to place) { s.levels = append(s.levels, level{to, s.depth + 1}) }
	switch {
	case at == inElements && s.depth == 0 && !brace:
		into(inElements)
	case at == inElements:
		s.begin(p)
		if brace {
			into(inObject)
		}
	case len(s.levels) == maxLevels:
	case at == inObject && s.member == hitsMember && brace:
		into(inHits)
	case at == inObject && s.member == responsesMember && !brace:
		into(inResponses)
	case at == inObject && s.member == responseMember && brace, at == inResponses && brace:
		into(inObject)
	case at == inHits && s.member == hitsMember && !brace:
		into(inElements) // what looked like a document is the envelope of others
		s.inRecord = false
	}
}

// close takes a closing bracket.
func (s *scanner) close(c byte, p int, list *[]Record) verdict {
	if s.depth == 0 || s.isBrace(s.depth-1) != (c == '}') {
		if !s.atElement() {
			return damaged
		}
		*list = append(*list, Record{p, p + 1})
		return more
	}
	s.depth--
	if s.inner().depth > s.depth {
		s.levels = s.levels[:len(s.levels)-1]
	}
	s.member = noMember
	if s.inRecord && s.depth == s.base {
		s.finish(p+1, list)
	}
	return more
}

// passJunk goes to the end of text that is no JSON value: where a document begins as the
// broken one did; or else the end of the line, the next object, or, inside an array, the
// next comma or bracket. It stays where it is when it must see more text.
func (s *scanner) passJunk(text []byte, p int, list *[]Record) int {
	if s.like != nil {
		i := bytes.Index(text[p:], s.like)
		if i < 0 {
			return max(p, len(text)-len(s.like)+1)
		}
		s.finish(p+i, list)
		return p + i
	}
	for ; p < len(text); p++ {
		c := text[p]
		if c == '\n' || c == '{' || s.depth > 0 && (c == ',' || c == ']') {
			s.finish(p, list)
			return p
		}
	}
	return p
}

// restart makes what begins at position start junk up to the next document that begins
// like the text given, in the place where documents were last seen.
func (s *scanner) restart(start int, like []byte) {
	if s.home > len(s.levels) || s.levels[s.home-1] != (level{inElements, s.base}) {
		s.home, s.base = 1, 0
	}
	s.depth, s.levels = s.base, s.levels[:s.home]
	s.inString, s.key, s.member = false, -1, noMember
	s.begin(start)
	s.junk, s.like = true, like
}
