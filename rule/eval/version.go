package eval

import (
	"bytes"
	"cmp"
	"strconv"
	"strings"
)

// version is a value of Elasticsearch's version type: it orders as semantic versions
// do, and what is no version comes after all versions, as text.
type version struct {
	valid      bool
	numbers    []string // without leading zeros
	prerelease []string // nil for a release
	text       []byte
}

func parseVersion(text []byte) version {
	v := version{text: text}
	core, _, _ := strings.Cut(string(text), "+")
	core, pre, isPre := strings.Cut(core, "-")
	for _, number := range strings.Split(core, ".") {
		if number == "" || leadingDigits(number) != len(number) {
			return v
		}
		trimmed := strings.TrimLeft(number, "0")
		v.numbers = append(v.numbers, trimmed)
	}
	if isPre {
		v.prerelease = strings.Split(pre, ".")
	}
	v.valid = true
	return v
}

// compare orders two versions; versions that differ only in their build metadata are
// told apart by their text.
func (v version) compare(w version) int {
	if !v.valid || !w.valid {
		if v.valid != w.valid {
			if v.valid {
				return -1
			}
			return 1
		}
		return bytes.Compare(v.text, w.text)
	}
	for i := range max(len(v.numbers), len(w.numbers)) {
		if i >= len(v.numbers) || i >= len(w.numbers) {
			return cmp.Compare(len(v.numbers), len(w.numbers))
		}
		if c := compareDigits(v.numbers[i], w.numbers[i]); c != 0 {
			return c
		}
	}
	if c := comparePrerelease(v.prerelease, w.prerelease); c != 0 {
		return c
	}
	return bytes.Compare(v.text, w.text)
}

func compareDigits(a, b string) int {
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

// comparePrerelease puts a prerelease before its release, numbers before words.
func comparePrerelease(a, b []string) int {
	if a == nil || b == nil {
		return cmp.Compare(len(b), len(a))
	}
	for i := range min(len(a), len(b)) {
		x, errX := strconv.ParseUint(a[i], 10, 64)
		y, errY := strconv.ParseUint(b[i], 10, 64)
		c := strings.Compare(a[i], b[i])
		switch {
		case errX == nil && errY == nil:
			c = cmp.Compare(x, y)
		case errX == nil:
			c = -1
		case errY == nil:
			c = 1
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}
