package eql

// The nodes' methods. The interfaces are sealed: no other package can add a node.

// Span returns the node's place in the source.
func (q *EventQuery) Span() Span { return q.At }
func (q *Sequence) Span() Span   { return q.At }
func (q *Sample) Span() Span     { return q.At }

// PipeList returns the pipes after the query, in order.
func (q *EventQuery) PipeList() []Pipe { return q.Pipes }
func (q *Sequence) PipeList() []Pipe   { return q.Pipes }
func (q *Sample) PipeList() []Pipe     { return q.Pipes }

func (*EventQuery) query() {}
func (*Sequence) query()   {}
func (*Sample) query()     {}

// Span returns the node's place in the source. The parentheses around an expression
// do not belong to it.
func (e *Null) Span() Span   { return e.At }
func (e *Bool) Span() Span   { return e.At }
func (e *Int) Span() Span    { return e.At }
func (e *Float) Span() Span  { return e.At }
func (e *String) Span() Span { return e.At }
func (e *Field) Span() Span  { return e.At }
func (e *Unary) Span() Span  { return e.At }
func (e *Binary) Span() Span { return e.At }
func (e *In) Span() Span     { return e.At }
func (e *Match) Span() Span  { return e.At }
func (e *Call) Span() Span   { return e.At }

func (*Null) expr()   {}
func (*Bool) expr()   {}
func (*Int) expr()    {}
func (*Float) expr()  {}
func (*String) expr() {}
func (*Field) expr()  {}
func (*Unary) expr()  {}
func (*Binary) expr() {}
func (*In) expr()     {}
func (*Match) expr()  {}
func (*Call) expr()   {}
