package eval

// automaton finds whether a text contains any of many strings, in one pass over the
// text (Aho and Corasick's construction, with the failure links worked into the table).
type automaton struct {
	class [256]uint8 // bytes that no string has share class 0
	width int
	next  []int32 // state*width + class
	final []bool
}

// maxAutomaton bounds the table, in entries of 4 bytes: about what 5,000 strings of
// ordinary length need. Longer lists are cut into several searches by the caller's
// linear way.
const maxAutomaton = 8 << 20

// newAutomaton returns nil if the table would be too large.
func newAutomaton(parts []string) *automaton {
	a := &automaton{width: 1}
	total := 1
	for _, p := range parts {
		total += len(p)
		for i := range len(p) {
			if a.class[p[i]] == 0 && a.width < 256 {
				a.class[p[i]] = uint8(a.width)
				a.width++
			}
		}
	}
	if a.width == 256 || total*a.width > maxAutomaton {
		return nil
	}
	a.state()
	for _, p := range parts {
		a.insert(p)
	}
	a.link()
	return a
}

// state adds a state; 0 in its row means that there is no such child yet.
func (a *automaton) state() int32 {
	a.next = append(a.next, make([]int32, a.width)...)
	a.final = append(a.final, false)
	return int32(len(a.final) - 1)
}

func (a *automaton) insert(part string) {
	s := int32(0)
	for i := range len(part) {
		at := int(s)*a.width + int(a.class[part[i]])
		if a.next[at] == 0 {
			child := a.state()
			a.next[at] = child
		}
		s = a.next[at]
	}
	a.final[s] = true
}

// link fills in, breadth first, where a state goes when it has no child.
func (a *automaton) link() {
	fail := make([]int32, len(a.final))
	var queue []int32
	for c := range a.width {
		if child := a.next[c]; child != 0 {
			queue = append(queue, child)
		}
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		a.final[s] = a.final[s] || a.final[fail[s]]
		for c := range a.width {
			at, back := int(s)*a.width+c, a.next[int(fail[s])*a.width+c]
			if child := a.next[at]; child != 0 {
				fail[child] = back
				queue = append(queue, child)
			} else {
				a.next[at] = back
			}
		}
	}
}

func (a *automaton) match(text []byte) bool {
	s := int32(0)
	for _, ch := range text {
		s = a.next[int(s)*a.width+int(a.class[ch])]
		if a.final[s] {
			return true
		}
	}
	return false
}
