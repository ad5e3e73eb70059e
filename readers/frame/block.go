package frame

import "io"

// Block is a run of whole records of one part, with a margin on each side.
//
// Data[Start:End] is the core: each record of the part is in the core of exactly one
// block, and the cores of a part's blocks in order are its bytes. A decoder makes the
// events whose first record is in the core. Data[:Start] and Data[End:] are margins:
// whole records of the neighbourhood (of the previous and next part too, in a rotated
// set), there so that an event whose records straddle the cut can be put together.
//
// A block belongs to whoever holds it; Data is reused after the block is released.
type Block struct {
	Data       []byte
	Start, End int
	// Offset is the position of Data[Start] in the decompressed stream of the part.
	Offset int64
	// Line is how many lines of the unit are in front of the core.
	Line int64
	// Follows says that the block goes on where the one that was decoded before it ended,
	// so that its margin in front is known. Open says that the next one follows it: there
	// is no margin behind.
	Follows, Open bool
	// Light is set by a decoder of a block that is Open: the one that follows need have no
	// margin in front but the lines in the last Keep bytes of this. What the decoder wants of
	// it after all, it reads Again, which is the part that a block which follows is of.
	Light bool
	Keep  int
	Again io.ReaderAt
	// Records lists the records of the core as [start, end) in Data when records are
	// not lines (a JSON array cut into its elements); nil when each line is a record.
	Records []Record
	// Skipped is not 0 when the block stands for one record that is longer than the
	// limit: the core is empty, Offset is where the record starts and Skipped is its
	// length in bytes. It counts as one line.
	Skipped int64
	// Sampling says how much of the block is decoded whatever it holds.
	Sampling Sampling
	// Facts are what a decoder found of the unit when it went over all of it before; nil if
	// nobody did.
	Facts *Facts
	// stop is where in the memory that it was read to the core ends.
	stop int
}

// Facts are what a decoder found of a unit, so that whoever looks for few of its events need
// not go over all of it again.
type Facts struct {
	// Lines is how many lines a unit of one block has, if its core has so many Bytes. It is
	// known of formats whose records are lines and not joined, and all the rest is not.
	Lines int64
	Bytes int
	// Spread is the most bytes between the first and the last record of an event whose
	// records are not neighbours; 0 if those of each are.
	Spread int
	// Kinds says of what kinds the records are, in the decoder's own numbering.
	Kinds uint64
	// Hosts are the names that the records give their hosts, "" for none; nil if they are
	// many.
	Hosts []string
}

// Sampling is how much of a block is decoded although it cannot match. A block that is all of
// a small part may be one of very many.
type Sampling int

const (
	BySize     Sampling = iota // all, if the block is small, else its start and its end
	FirstEvent                 // of one of very many
	NoEvent                    // of one of very many for which others stand
	Starts                     // its start: blocks behind it are of the same stretch of log
	Inside                     // nothing: blocks on both sides are
	Ends                       // its end: blocks in front of it are
)

// Record is one record of a block whose records are not lines.
type Record struct {
	Start, End int
}

// Core returns the bytes of the core.
func (b *Block) Core() []byte { return b.Data[b.Start:b.End] }
