package rule

import (
	"errors"
	"fmt"
	"strings"

	"kscan/rule/eql"
	"kscan/rule/eval"
	"kscan/rule/mapping"
)

// QueryOptions are what Elasticsearch's EQL search takes beside a query. The zero value
// means its defaults, but for the size, which has no limit.
type QueryOptions struct {
	CategoryField   string
	TimestampField  string
	TiebreakerField string
	// Size is how many results there are at most: the latest, or those nearest to the end
	// that the first pipe takes them from; nil means all.
	Size *int
	// Mapping gives the types of fields; nil means those of ECS.
	Mapping *mapping.Mapping
}

// Refused is why Elasticsearch would refuse a query: one fault or more.
type Refused []*eql.Error

// Error returns a line for each fault.
func (r Refused) Error() string {
	var lines []string
	for _, fault := range r {
		lines = append(lines, fault.Error())
	}
	return strings.Join(lines, "\n")
}

// Query makes a rule of a query that was given by hand; it has no name. The warnings say
// what can never match. The error is a Refused if Elasticsearch would refuse the query.
func Query(text string, o QueryOptions) (r *Rule, warnings []*eql.Error, err error) {
	q, err := eql.Parse(text)
	var fault *eql.Error
	switch {
	case errors.As(err, &fault):
		return nil, nil, Refused{fault}
	case err != nil:
		return nil, nil, fmt.Errorf("failed to read the query: %w", err)
	}
	if o.Mapping == nil {
		o.Mapping = new(mapping.Mapping)
	}
	var faults Refused
	for _, fault := range eql.Check(text, q, o.Mapping.Kind) {
		if fault.Warning && !fault.Refused {
			warnings = append(warnings, fault)
		} else {
			fault.Warning = false // only a rule may have it
			faults = append(faults, fault)
		}
	}
	if len(faults) > 0 {
		return nil, nil, faults
	}
	limit(q, o.Size)
	program, err := eval.Compile(q, eval.Options{
		CategoryField:   o.CategoryField,
		TimestampField:  o.TimestampField,
		TiebreakerField: o.TiebreakerField,
		Types:           o.Mapping.Type,
		Path:            o.Mapping.Path,
		Dates:           o.Mapping.Dates,
		Nulls:           o.Mapping.Null,
	})
	var refused *eval.Error
	switch {
	case errors.As(err, &refused):
		return nil, nil, Refused{eql.NewError(text, refused.At, refused.Error(), "")}
	case err != nil:
		return nil, nil, fmt.Errorf("failed to compile the query: %w", err)
	}
	return &Rule{
		Type: "eql", Language: "eql", Query: text, Path: "query", Program: program,
		EventCategoryOverride: o.CategoryField, TimestampField: o.TimestampField, TiebreakerField: o.TiebreakerField,
	}, warnings, nil
}

// limit puts a limit before the first pipe, of the same kind; without a pipe it is the
// latest results that are kept. That is what Elasticsearch does with its size. Samples,
// which have no order of time, are taken from the first key on.
func limit(q eql.Query, size *int) {
	if size == nil {
		return
	}
	kind := eql.Tail
	if pipes := q.PipeList(); len(pipes) > 0 {
		kind = pipes[0].Kind
	} else if _, ok := q.(*eql.Sample); ok {
		kind = eql.Head
	}
	first := []eql.Pipe{{Kind: kind, Count: *size}}
	switch q := q.(type) {
	case *eql.EventQuery:
		q.Pipes = append(first, q.Pipes...)
	case *eql.Sequence:
		q.Pipes = append(first, q.Pipes...)
	case *eql.Sample:
		q.Pipes = append(first, q.Pipes...)
	}
}
