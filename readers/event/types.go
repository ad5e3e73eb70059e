package event

// Type is an Elasticsearch field type.
type Type uint8

// The field types that the comparison of values distinguishes. Types that behave alike
// here share one: text, wildcard and constant_keyword are Keyword.
const (
	Unknown Type = iota // not in the table: the type of the JSON value
	Keyword
	Long
	Double
	Boolean
	IP
	Date
	Version
	GeoPoint
	Object
)
