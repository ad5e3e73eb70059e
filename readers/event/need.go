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
	// Number is the value of a long field when Text is "".
	Number int64
}
