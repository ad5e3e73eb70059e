package eval

// automaton finds which of many different strings a text contains, in one pass over the
// text (Aho and Corasick's construction, with the failure links worked into the table).
type automaton struct {
	class   [256]uint8 // bytes that no string has share class 0
	width   int
	next    []int32 // state*width + class
	ends    []int32 // of each state: the longest string that ends there, counted from 1; 0 if none does
	shorter []int32 // of each string: the longest other one that it ends with, 0 if there is none
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
	a.shorter = make([]int32, len(parts)+1)
	for i, p := range parts {
		a.insert(p, int32(i+1))
	}
	a.link()
	return a
}

// state adds a state; 0 in its row means that there is no such child yet.
func (a *automaton) state() int32 {
	a.next = append(a.next, make([]int32, a.width)...)
	a.ends = append(a.ends, 0)
	return int32(len(a.ends) - 1)
}

func (a *automaton) insert(part string, number int32) {
	s := int32(0)
	for i := range len(part) {
		at := int(s)*a.width + int(a.class[part[i]])
		if a.next[at] == 0 {
			child := a.state()
			a.next[at] = child
		}
		s = a.next[at]
	}
	a.ends[s] = number
}

// link fills in, breadth first, where a state goes when it has no child.
func (a *automaton) link() {
	fail := make([]int32, len(a.ends))
	var queue []int32
	for c := range a.width {
		if child := a.next[c]; child != 0 {
			queue = append(queue, child)
		}
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		if own := a.ends[s]; own != 0 {
			a.shorter[own] = a.ends[fail[s]]
		} else {
			a.ends[s] = a.ends[fail[s]]
		}
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
		s = a.step(s, ch)
		if a.ends[s] != 0 {
			return true
		}
	}
	return false
}

// step returns the state after one more byte.
func (a *automaton) step(state int32, ch byte) int32 {
	return a.next[int(state)*a.width+int(a.class[ch])]
}
