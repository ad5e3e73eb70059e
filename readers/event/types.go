package event

import (
	"cmp"
	"slices"
	"strings"
)

//go:generate go run ./internal/gentypes ../../../shared/ecs types_gen.go

// Type is an Elasticsearch field type.
type Type uint8

// The field types that the comparison of values distinguishes. Types that behave alike
// here share one: text, wildcard and constant_keyword are Keyword.
const (
	Unknown Type = iota // not in the table: the type of the JSON value
	Keyword
	Long   // an integer; fractions are cut off, as Elasticsearch's coerce does
	Number // a number outside ECS: an integer stays one, a fraction is kept
	Double // float, double and scaled_float
	Boolean
	IP
	Date // milliseconds, as Elasticsearch keeps dates
	Version
	GeoPoint
	Object    // object and nested
	Flattened // an object whose leaves are all Keyword
	DateNanos // nanoseconds; in no table, a mapping gives it
)

// String returns Elasticsearch's name of the type.
func (t Type) String() string {
	names := [...]string{"unknown", "keyword", "long", "number", "double", "boolean", "ip",
		"date", "version", "geo_point", "object", "flattened", "date_nanos"}
	if int(t) >= len(names) {
		return "unknown"
	}
	return names[t]
}

// field is an entry of the generated table.
type field struct {
	name string
	typ  Type
	ecs  bool // ECS defines it
}

// TypeOf returns the type of a field by its full name, and whether it is known: in ECS,
// in the list of fields outside it, or below a flattened field of either.
func TypeOf(name string) (Type, bool) {
	if t, ok := exactType(name); ok {
		return t, true
	}
	for i := strings.LastIndexByte(name, '.'); i > 0; i = strings.LastIndexByte(name[:i], '.') {
		if t, ok := exactType(name[:i]); ok {
			return Keyword, t == Flattened
		}
	}
	return Unknown, false
}

func exactType(name string) (Type, bool) {
	i, ok := find(name)
	if !ok {
		return Unknown, false
	}
	return fields[i].typ, true
}

func find(name string) (int, bool) {
	return slices.BinarySearchFunc(fields[:], name, func(f field, name string) int {
		return cmp.Compare(f.name, name)
	})
}

// InECS reports whether ECS itself defines the field. The types of others are what most
// mappings say, and a mapping may say otherwise.
func InECS(name string) bool {
	i, ok := find(name)
	return ok && fields[i].ecs
}

// HasBelow reports whether fields are known whose names begin with that of the group.
func HasBelow(group string) bool {
	i, _ := find(group + ".")
	return i < len(fields) && strings.HasPrefix(fields[i].name, group+".")
}

// maxTypos is how many edits apart a name and its suggestion may be: more are another
// name, not a misspelling.
const maxTypos = 2

// Nearest returns the known field whose name is closest to a misspelt one, if any is
// close: the same but for case, or at most two edits away.
func Nearest(name string) (string, bool) {
	best, distance := "", maxTypos+1
	for _, f := range fields {
		if strings.EqualFold(f.name, name) {
			return f.name, true
		}
		if d := len(f.name) - len(name); d > maxTypos || d < -maxTypos {
			continue
		}
		if d := edits(f.name, name); d < distance {
			best, distance = f.name, d
		}
	}
	return best, best != ""
}

// edits counts the insertions, deletions and replacements of bytes between a and b.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
