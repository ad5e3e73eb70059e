package auditd

import "bytes"

// scanner reads the key=value fields of a record one after another. Key and value are
// slices of the record's text.
type scanner struct {
	body     []byte
	i, at    int // where to go on, and where the key starts
	key, val []byte
	quoted   bool // the value was in quotes: it is text, never hex
	// open and openBrace say that no quote of the kind, or brace, ends in the rest of
	// the body: it is not searched again, so that reading takes linear time.
	open      [2]bool
	openBrace bool
}

// isKey has the bytes of which keys are made.
var isKey = func() (is [256]bool) {
	for c := range is {
		is[c] = c == '_' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	return is
}()

// isGap has the bytes that end an unquoted value. 0x1D separates what auditd adds to a
// record when it is told to enrich its log; it comes without a space.
var isGap = func() (is [256]bool) {
	for _, c := range []byte(" \t\n\r\f\v\x1d\"'") {
		is[c] = true
	}
	return is
}()

// next reads the next field, or returns false at the end. Text that is no field is passed
// over. The quotes around msg='…' are looked through: the fields inside are fields of the
// record.
func (s *scanner) next() bool {
	body := s.body
	i := s.i
	for i < len(body) {
		if !isKey[body[i]] {
			i++
			continue
		}
		start := i
		for i < len(body) && isKey[body[i]] {
			i++
		}
		if i >= len(body) {
			break
		}
		end := i
		if body[i] != '=' {
			if end = endOfIndex(body, i); end >= len(body) || body[end] != '=' {
				continue
			}
		}
		s.key, s.at = body[start:end], start
		i = s.value(end + 1)
		if len(s.val) > 0 || s.quoted {
			s.i = i
			return true
		}
	}
	s.i = i
	return false
}

// endOfIndex passes over the index of a split EXECVE argument: a1[0]=.
func endOfIndex(body []byte, i int) int {
	if i >= len(body) || body[i] != '[' {
		return i
	}
	j := i + 1
	for j < len(body) && body[j]-'0' <= 9 {
		j++
	}
	if j > i+1 && j < len(body) && body[j] == ']' {
		return j + 1
	}
	return i
}

// value reads the value at body[i:] and returns where to go on. An empty value without
// quotes is none.
func (s *scanner) value(i int) int {
	body := s.body
	s.val, s.quoted = nil, false
	if i >= len(body) {
		return i
	}
	switch c := body[i]; {
	case c == '"' || c == '\'':
		if string(s.key) == "msg" {
			return i + 1
		}
		return s.quote(i)
	case c == '{' && isUpper(s.key):
		return s.brace(i)
	}
	start := i
	for i < len(body) && !isGap[body[i]] {
		i++
	}
	s.val = body[start:i]
	return i
}

// quote reads a quoted value. The kernel writes a value with a quote in it in hex, so
// the first quote ends it; but programs write \" inside their text, and the name of a file
// may end in a backslash. So a quote behind a backslash ends the value only where a
// value can end.
func (s *scanner) quote(i int) int {
	body, quote, start := s.body, s.body[i], i+1
	kind := 0
	if quote == '"' {
		kind = 1
	}
	for j := start; j < len(body) && !s.open[kind]; {
		k := bytes.IndexByte(body[j:], quote)
		if k < 0 {
			break
		}
		k += j
		if body[k-1] != '\\' || k+1 == len(body) || isGap[body[k+1]] {
			s.val, s.quoted = body[start:k], true
			return k + 1
		}
		j = k + 1
	}
	s.open[kind] = true
	return start // go on inside
}

// brace passes over SADDR={ … }, which repeats in words what saddr= says.
func (s *scanner) brace(i int) int {
	if s.openBrace {
		return i + 1
	}
	j := bytes.IndexByte(s.body[i:], '}')
	if j < 0 {
		s.openBrace = true
		return i + 1
	}
	return i + j + 1
}

// isUpper reports whether a key is one of those that auditd adds when it enriches.
func isUpper(key []byte) bool {
	for _, c := range key {
		if c >= 'a' && c <= 'z' {
			return false
		}
	}
	return len(key) > 0 && (key[0] < '0' || key[0] > '9')
}

// isUseless reports whether a value says nothing.
func isUseless(val []byte) bool {
	switch string(val) {
	case "", "?", "?,", "(null)":
		return true
	}
	return false
}

// hexDigit returns the value of an upper-case hex digit, 16 or more for other bytes.
func hexDigit(c byte) byte {
	switch {
	case c-'0' <= 9:
		return c - '0'
	case c-'A' <= 5:
		return c - 'A' + 10
	}
	return 16
}

// appendHex appends the bytes that hex stands for, which audit writes in upper case.
// It returns ok false if hex is not that.
func appendHex(dst, hex []byte) (out []byte, ok bool) {
	if len(hex)%2 != 0 {
		return dst, false
	}
	n := len(dst)
	for i := 0; i < len(hex); i += 2 {
		high, low := hexDigit(hex[i]), hexDigit(hex[i+1])
		if high|low > 15 {
			return dst[:n], false
		}
		dst = append(dst, high<<4|low)
	}
	return dst, true
}

// parseUint reads digits of the base, 10 or 16; ok is false for anything else or for a
// value of more than 64 bits.
func parseUint(b []byte, base uint64) (n uint64, ok bool) {
	if len(b) == 0 || len(b) > 20 || base == 16 && len(b) > 16 {
		return 0, false
	}
	for _, c := range b {
		d := uint64(hexDigit(c &^ lowerBit(c)))
		if d >= base {
			return 0, false
		}
		next := n*base + d
		if next < n {
			return 0, false
		}
		n = next
	}
	return n, true
}

// lowerBit is the bit that makes a letter lower case, 0 for what is none.
func lowerBit(c byte) byte {
	if c >= 'a' && c <= 'f' {
		return 0x20
	}
	return 0
}
