package event

// Interest is what a run asks of events. A reader may use it to do less for an event that
// does not matter; the zero Interest asks for all of every event.
type Interest struct {
	// Needs are the values of which an event must hold one to matter; nil if there is no
	// telling.
	Needs []Need
	// Finder has the names of all fields that decide whether an event matters; nil if there
	// is no telling. A reader may show an event with only these first (Event.Partial).
	Finder *Finder
	// Dull, if set, makes a test of events of which some fields are not known, by their
	// names: the test says that the event does not matter whatever the values of those are,
	// by those of the others in the Finder. Nil if there is no such test. A reader may leave
	// it at that (Event.Dull).
	Dull func(unknown []string) func(*Found) bool
	// Only is set when nothing else is asked: nobody counts the events that hold none of the
	// needs, takes a sample of them or wants to be told what is wrong with them.
	Only bool
	// Starts, if set, is told of all starts of processes, whatever the needs are, by readers
	// that can do so at little cost.
	Starts Starts
}

// Start is the start of a process, in few words.
type Start struct {
	Time        int64 // in milliseconds
	PID, Parent uint32
	HasParent   bool
	// Reach is by how many bytes the event may begin in front of the block that it is told of;
	// 0 if it does not.
	Reach int
}

// Starts takes the starts of processes, events of category "process" and of type "start":
// each of them, and perhaps some events that are none.
type Starts interface {
	// Wants reports whether starts on a host matter: by its name, empty if the events do not
	// name it, and the source of the event.
	Wants(host []byte, source string) bool
	// Start takes one.
	Start(host []byte, source string, s Start)
	// Told says, after each block of a unit, what the block was.
	Told(b StartBlock)
}

// StartBlock is a block that was searched for starts.
type StartBlock struct {
	All         bool  // its starts were all told
	Offset, End int64 // of its core, in the part
	Line        int64 // how many lines of the unit are in front of it
}

// Need is one value that a document must hold somewhere for a rule to match. A reader
// that knows how its format writes values may pass over records that hold none of a
// rule's needs; when it is not sure it must not.
type Need struct {
	Field string // the field that must hold the value
	// Text is what the value must contain: a whole keyword, or a part of one that a
	// pattern demands; with Fold, in any case of its ASCII letters. "" for a number.
	Text string
	Fold bool
	// Whole is set if Text is all of the value, as it is or in a number as it is written.
	Whole bool
	// Number is the value of a long field when Text is "".
	Number int64
	// Among, if set, takes the place of Text and Number: the whole value must be one of
	// these. Type is the field's: Keyword, Long or IP.
	Among Values
	Type  Type
	// Exists takes their place too: any value of the field will do.
	Exists bool

	// What follows narrows the need. A reader may leave it out.

	// And are needs that the event must hold as well, without a narrowing of their own.
	And []Need
	// Hosts, if set, says whether events of a host matter: by its name, empty if the
	// event does not name it, and the source of the event. Once it is false for a host
	// it stays so.
	Hosts func(name []byte, source string) bool
	// Sources, if set, says whether events of a source matter.
	Sources func(source string) bool
	// Open, if set, says whether a value that fits still matters, and with nil whether any
	// does, as enough such events may have been seen: once it is false it stays so for the
	// rest of the block. It may be true again in another block, which stands further ahead.
	Open func(value []byte) bool
}

// Values is a set of values of a field.
type Values interface {
	// Has reports whether the value is in the set: a text as it is, a whole number that is
	// not negative in its digits, an address in any form.
	Has(value []byte) bool
}
