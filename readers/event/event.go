// Package event defines the one noun that every part of kscan shares: the Event,
// an ECS document with the place in the evidence that it came from.
//
// Readers make events; rules match them; reports show them. Start with Event and
// Path (how a field is looked up), then Type (what ECS says a field is).
package event

import "github.com/valyala/fastjson"

// Event is one ECS document. A reader owns it and everything it points to: both
// are valid only until the Sink's Event method returns.
type Event struct {
	// Doc is the document, always a JSON object; nil if Found is set.
	Doc *fastjson.Value
	// Found, on a partial event, has the fields of the Interest in the place of a document,
	// by the Interest's Finder.
	Found *Found
	// Fields is the "fields" object of a search hit, whose keys are dotted and
	// whose values are arrays; nil for most events. A field that Doc does not have
	// is looked up here.
	Fields *fastjson.Value
	// Index is the index or data stream that the document names, "" if none.
	Index string
	// Assumed names the fields that kscan set and the log did not say, such as
	// host.os.type for a raw audit log.
	Assumed []string
	// Evidence says where the event came from.
	Evidence Evidence
	// Picked is set when the event was decoded only because it may match: it belongs to
	// no sample of what is in the log.
	Picked bool
	// Partial is set on an event of which there are only the fields of the Interest,
	// whatever else it may have. It is no evidence: a sink that wants the event sets Wanted,
	// and the decoder gives it again as a whole; otherwise this was all of it.
	Partial bool
	Wanted  bool
	// Dull is set on an event that the Interest's Dull says does not matter: it is there to
	// be counted, and nothing else is set but Picked.
	Dull bool
}

// Evidence is the place of an event. Line (1-based) and Offset (bytes) count in the
// decompressed stream and point at the first record of the event.
type Evidence struct {
	Source  string // the path as given on the command line, joined with the path below it
	Member  string // the name inside an archive, "" elsewhere
	Format  string // the format's name: "ndjson", "auditd", …
	Line    int64
	Offset  int64
	EventID string // event.id, or seconds.milliseconds:serial of an audit event
}

// Sink receives what a decoder makes of a block, in the order of the block.
type Sink interface {
	// Event takes one event, which is valid until the call returns.
	Event(*Event)
	// Problem takes one thing that could not be read.
	Problem(Problem)
}

// Kind names why a piece of evidence could not be read. Kinds are part of the
// JSON output; docs/output.md lists them.
type Kind string

const (
	Unreadable   Kind = "unreadable"   // the file cannot be opened or read
	Unrecognised Kind = "unrecognised" // no format fits the content
	Empty        Kind = "empty"        // the file has no content
	Corrupt      Kind = "corrupt"      // compressed data does not decode
	Truncated    Kind = "truncated"    // the input ends inside a record, member or frame
	Broken       Kind = "broken"       // a record does not parse
	TooLong      Kind = "too_long"     // a record is longer than the limit
	TooDeep      Kind = "too_deep"     // a record nests deeper than the limit
	TooMany      Kind = "too_many"     // a count is over its limit
	Incomplete   Kind = "incomplete"   // an audit event lacks a record that its fields need
	InvalidUTF8  Kind = "invalid_utf8" // a record has bytes that are not UTF-8; it is examined all the same
	NotFollowed  Kind = "not_followed" // a symbolic link that leads out of the tree, or a special file
	Undated      Kind = "undated"      // an event without a timestamp, which a sequence cannot place
	Unsorted     Kind = "unsorted"     // results too many to be put in the order of time
	Dropped      Kind = "dropped"      // the log says that its source lost events before they were written
	Crashed      Kind = "crashed"      // a bug in kscan: the block was not examined to its end
)

// Lost reports whether a problem of this kind means that evidence was not examined.
// Other kinds are notices: they are counted and shown, and the scan stays complete.
func (k Kind) Lost() bool {
	return k != InvalidUTF8 && k != Empty && k != NotFollowed && k != Undated && k != Unsorted && k != Dropped
}

// Problem is one thing that could not be read, and where.
type Problem struct {
	Kind   Kind
	Source string
	Member string
	Line   int64 // 1-based; 0 if the problem has no line
	Offset int64 // bytes in the decompressed stream; -1 if it has none
	// Detail says what was wrong, in words for a person; it may quote the evidence
	// and is escaped by whoever prints it.
	Detail string
}
