// Package mapping reads Elasticsearch mappings: what type a field has, which other field
// its name stands for, and how its dates are written. Parse is the way in.
//
// A mapping overrides and extends ECS: a field that it does not name has the type that
// ECS gives it. What a mapping says and kscan does not do is never passed over: a type
// that nobody knows is an error, a parameter that would change results is a note.
package mapping
