package eval

import (
	"bytes"
	"slices"
)

// affixes finds which of many strings a text starts with, or ends with. They are sorted,
// so that the greatest that is not greater than the text has at its own start all those
// that the text starts with.
type affixes struct {
	texts    []string
	shorter  []int32 // the longest other one that this one starts with, -1 if there is none
	terms    []*indexNode
	reversed bool // compared from the end
}

func newAffixes(terms map[string]*indexNode, reversed bool) affixes {
	a := affixes{reversed: reversed}
	for text := range terms {
		a.texts = append(a.texts, text)
	}
	slices.SortFunc(a.texts, func(x, y string) int { return a.compare(view(x), y) })
	var open []int32 // those that the last one starts with, and itself
	for i, text := range a.texts {
		for len(open) > 0 && !a.has(view(text), a.texts[open[len(open)-1]]) {
			open = open[:len(open)-1]
		}
		if len(open) > 0 {
			a.shorter = append(a.shorter, open[len(open)-1])
		} else {
			a.shorter = append(a.shorter, -1)
		}
		open = append(open, int32(i))
		a.terms = append(a.terms, terms[text])
	}
	return a
}

func (a *affixes) compare(text []byte, with string) int {
	if a.reversed {
		return compareReversed(text, with)
	}
	return bytes.Compare(text, view(with))
}

func (a *affixes) has(text []byte, part string) bool {
	if len(part) > len(text) {
		return false
	}
	if a.reversed {
		return string(text[len(text)-len(part):]) == part
	}
	return string(text[:len(part)]) == part
}

// longest returns the longest one that the text starts or ends with, -1 if there is none;
// the others are those that it leads to by shorter.
func (a *affixes) longest(text []byte) int32 {
	low, high := 0, len(a.texts)
	for low < high {
		mid := int(uint(low+high) >> 1)
		if a.compare(text, a.texts[mid]) >= 0 {
			low = mid + 1
		} else {
			high = mid
		}
	}
	at := int32(low - 1)
	for at >= 0 && !a.has(text, a.texts[at]) {
		at = a.shorter[at]
	}
	return at
}
