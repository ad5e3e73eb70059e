package eql

import "time"

// Span is a range of bytes in the source: [Start, End).
type Span struct{ Start, End int }

// Query is one parsed query: *EventQuery, *Sequence or *Sample.
type Query interface {
	Span() Span
	// String prints the query so that it parses back to the same tree.
	String() string
	// PipeList returns the pipes after the query, in order.
	PipeList() []Pipe
	query()
}

// Filter is "CATEGORY where COND".
type Filter struct {
	// Category is the wanted value of the category field; it means nothing when Any is set.
	Category string
	Any      bool
	Cond     Expr
	At       Span
}

// EventQuery matches single events.
type EventQuery struct {
	Filter Filter
	Pipes  []Pipe
	At     Span
}

// Sequence matches ordered events.
type Sequence struct {
	By         []*Field // join keys common to all terms
	MaxSpan    time.Duration
	HasMaxSpan bool
	Terms      []Term
	Until      *Term
	Pipes      []Pipe
	At         Span
}

// Sample matches events in any order, one for each term.
type Sample struct {
	By    []*Field
	Terms []Term
	Pipes []Pipe // none are parsed; a limit on results is one
	At    Span
}

// Term is one "[CATEGORY where COND]" of a sequence or sample.
type Term struct {
	Filter  Filter
	By      []*Field
	Runs    int  // 1 unless "with runs=n"
	Missing bool // "![…]"
	At      Span
}

// PipeKind is the name of a pipe.
type PipeKind string

// The pipes that Elasticsearch runs.
const (
	Head PipeKind = "head"
	Tail PipeKind = "tail"
)

// Pipe is "| head N" or "| tail N".
type Pipe struct {
	Kind  PipeKind
	Count int
	At    Span
}

// Expr is one node of a condition. The set of nodes is closed: Null, Bool, Int, Float,
// String, Field, Unary, Binary, In, Match and Call, all pointers.
type Expr interface {
	Span() Span
	String() string
	expr()
}

// The literals.
type (
	Null struct{ At Span }
	Bool struct {
		Value bool
		At    Span
	}
	Int struct {
		Value int64
		At    Span
	}
	Float struct {
		Value float64
		At    Span
	}
	String struct {
		Value string // unescaped
		Raw   bool   // written as """…"""
		At    Span
	}
)

// Field is a field of the document.
type Field struct {
	Name     string // dotted, backquotes removed
	Optional bool   // written with a leading ?
	At       Span
}

// Op is a unary or binary operator, as it is written.
type Op string

// The operators.
const (
	And Op = "and"
	Or  Op = "or"
	Not Op = "not"
	Neg Op = "-" // unary; a unary + leaves its operand as it is
	Eq  Op = "=="
	Ne  Op = "!="
	Lt  Op = "<"
	Le  Op = "<="
	Gt  Op = ">"
	Ge  Op = ">="
	Add Op = "+"
	Sub Op = "-"
	Mul Op = "*"
	Div Op = "/"
	Mod Op = "%"
)

// Unary is "not X" or "-X".
type Unary struct {
	Op Op
	X  Expr
	At Span
}

// Binary is "X OP Y" for and, or, comparisons and arithmetic.
type Binary struct {
	Op   Op
	X, Y Expr
	At   Span
}

// In is "X in (…)", "X not in (…)" and their ~ forms.
type In struct {
	X    Expr
	List []Expr
	Fold bool // in~
	Not  bool
	At   Span
}

// MatchOp is an operator whose right side is one or more patterns.
type MatchOp string

// The pattern operators.
const (
	Colon     MatchOp = ":" // the same as like~
	Like      MatchOp = "like"
	LikeFold  MatchOp = "like~"
	Regex     MatchOp = "regex"
	RegexFold MatchOp = "regex~"
)

// Match is "X like PATTERN", "X regex (…)" and so on; Patterns are literals.
type Match struct {
	Op       MatchOp
	X        Expr
	Patterns []Expr
	At       Span
}

// Call is a function call.
type Call struct {
	Func string // the function's documented spelling: "cidrMatch", "endsWith", …
	Fold bool   // called with ~
	Args []Expr
	At   Span
}
