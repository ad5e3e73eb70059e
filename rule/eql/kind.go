package eql

// Kind is what the language distinguishes of the types of values.
type Kind uint8

// The kinds. Types that behave alike share one.
const (
	KindUnknown Kind = iota // nothing is known: nothing is refused
	KindNull
	KindBoolean
	KindLong   // all integer types
	KindDouble // all floating types
	KindNumber // an integer or a float
	KindString // keyword, text, wildcard, constant_keyword
	KindIP
	KindDate
	KindVersion
	KindObject      // a field that only has fields below it
	KindUnsupported // a type that EQL cannot use, such as geo_point
	KindInexact     // text whose whole values are not known: a join key, and no more
)

// String returns the name that messages use.
func (k Kind) String() string {
	names := [...]string{"unknown", "null", "boolean", "long", "double", "number", "string",
		"ip", "date", "version", "object", "unsupported", "string"}
	if int(k) >= len(names) {
		return "unknown"
	}
	return names[k]
}

// phrase returns the name with its article.
func (k Kind) phrase() string {
	switch k {
	case KindNull:
		return "null"
	case KindIP, KindObject:
		return "an " + k.String()
	}
	return "a " + k.String()
}

// KindOf returns the kind of a field whose Elasticsearch type has the given name;
// KindUnsupported if EQL has no use for the type.
func KindOf(esType string) Kind {
	switch esType {
	case "", "unknown":
		return KindUnknown
	case "boolean":
		return KindBoolean
	case "byte", "short", "integer", "long", "unsigned_long":
		return KindLong
	case "half_float", "float", "double", "scaled_float":
		return KindDouble
	case "number":
		return KindNumber
	case "keyword", "text", "wildcard", "constant_keyword", "match_only_text", "binary":
		return KindString
	case "ip":
		return KindIP
	case "date", "date_nanos":
		return KindDate
	case "version":
		return KindVersion
	case "object", "nested":
		return KindObject
	}
	return KindUnsupported
}

// numeric reports whether arithmetic takes values of the kind.
func (k Kind) numeric() bool {
	return k == KindLong || k == KindDouble || k == KindNumber
}

// open reports whether a value of the kind may be of any other: nothing is known of it,
// or it is null, which every place takes.
func (k Kind) open() bool { return k == KindUnknown || k == KindNull }

// alike reports whether values of both kinds can be one join key, or stand in one list.
func alike(a, b Kind) bool {
	return a == b || a.open() || b.open() || a.numeric() && b.numeric()
}

// fromString reports whether a constant of the kind is written as a string.
func (k Kind) fromString() bool {
	return k == KindIP || k == KindDate || k == KindVersion
}
