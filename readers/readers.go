// Package readers turns paths into events. Walk lists the files in groups; Read opens a
// group, sniffs each file by content, unwraps compression and hands out Units, which
// workers load and decode on their own and in any order. Nothing here evaluates rules
// or prints, and nothing writes to an input.
package readers

import (
	"context"
	"io"
	"sync"

	"kscan/readers/auditd"
	"kscan/readers/event"
	"kscan/readers/frame"
	"kscan/readers/ndjson"
)

// File is one file that Walk found.
type File struct {
	// Path is the path as given on the command line, joined with the path below it;
	// "-" is standard input.
	Path string
	// regular is set when the file's folder says that it is a regular file.
	regular bool
}

// Group is files that are read as one stream: a single file, or a rotated set of one
// log in time order (audit.log.2.gz, audit.log.1, audit.log).
type Group struct {
	Files []File
	// sampling is of the files that are small.
	sampling frame.Sampling
}

// Options are the limits of reading. The zero value of each means its default.
type Options struct {
	BlockSize int       // bytes of a block's core; tests make it tiny
	Window    int       // bytes of margin on each side where records are joined
	MaxRecord int       // bytes of one record
	Ranges    int       // of a plain file, one after another, that are one unit where records are joined
	Stdin     io.Reader // what "-" reads
	// Memory, if set, is that of blocks, which several runs may take one after another.
	Memory *sync.Pool
}

const (
	// lineBlock is the core of a block of independent records: large enough that a
	// block's overhead is nothing, small enough to stay in a core's L2 cache.
	lineBlock = 1 << 20
	// joinedBlock is the core where records are joined across blocks. Margins are
	// decoded again with each block, so the core is several times as large.
	joinedBlock = 8 << 20
	// stretchRanges is how many ranges of a file such a core is read in: what is in the cache
	// is searched faster, and memory that is in the cache is faster to read to.
	stretchRanges = 4
	// defaultWindow is how far apart in a log the records of one event may be: seconds of
	// a busy host's audit log. What is farther apart is reported as incomplete.
	defaultWindow = auditd.JoinWindow
	// defaultMaxRecord is the longest record that is examined; Elasticsearch takes no
	// document near it from Beats. Longer ones are passed over and reported.
	defaultMaxRecord = 16 << 20
)

// How many stretches of ranges are one unit. Margins are read for each unit: the fewer units
// the better, as long as there are enough for all workers, and small ones at the end of the
// file, so that all of them are done at about the same time.
const (
	mostRanges = 16 // a unit's
	leastUnits = 8  // a file's
	endUnits   = 4  // among which what is left is shared out
)

// ranges returns how many ranges are the next unit of a file with so many ranges, of which
// some are left: whole stretches.
func (o Options) ranges(count, left, stretch int64) int64 {
	if o.Ranges > 0 {
		return int64(o.Ranges)
	}
	most := max(1, min(mostRanges, count/stretch/leastUnits))
	least := max(1, most/endUnits)
	return stretch * max(least, min(most, left/stretch/endUnits))
}

func (o Options) maxRecord() int {
	if o.MaxRecord > 0 {
		return o.MaxRecord
	}
	return defaultMaxRecord
}

func (o Options) window() int {
	if o.Window > 0 {
		return o.Window
	}
	return defaultWindow
}

// blockSize returns the size of a core. It is at most half of the longest record, so that
// a record over the limit always has a whole block to itself.
func (o Options) blockSize(normal int) int {
	if o.BlockSize > 0 {
		normal = o.BlockSize
	}
	return max(1, min(normal, o.maxRecord()/2))
}

// Part is one log as it was opened: a file, or a member of an archive.
type Part struct {
	Source      string
	Member      string
	Format      string
	Compression string // "gzip", "zstd" or "" (outermost first, joined with "+")
	Size        int64  // bytes on disk
}

// Facts are what a decoder found of a unit.
type Facts = frame.Facts

// Decoder makes events of blocks. It keeps buffers between calls and is used by one
// worker at a time.
type Decoder interface {
	// Decode gives the sink the events whose first record is in the core of the block,
	// in the order of their first records, and the problems of the core's records.
	// Evidence of events and problems comes with Line counted from the start of the
	// core (1-based) and Offset in the part; Source, Member and Format are filled in.
	// It returns the number of lines in the core.
	Decode(p *Part, b *frame.Block, sink event.Sink) (lines int64)
	// Passed returns how many events of the last block were passed over because they hold
	// none of the decoder's needs.
	Passed() int64
	// Facts returns what is now known of the unit whose last block was decoded; nil if
	// nothing is.
	Facts() *Facts
}

// Handler takes what Read finds, from one goroutine, in the order of the input.
type Handler interface {
	// Part begins a part; units and problems that follow belong to it.
	Part(*Part)
	// Unit takes a piece of the part. It may block, which holds back the reading, and
	// returns an error to stop it. The unit is the handler's from then on.
	Unit(*Unit) error
	// Problem takes a problem of the part as a whole: Line, if set, is absolute.
	Problem(event.Problem)
}

// Reader reads groups, one after another, and keeps its memory between them.
type Reader struct {
	ctx     context.Context
	options Options
	handler Handler
	formats []*format
	lines   *format // that of JSON lines
	margins margins
	joined  string    // the format of the run that margins holds
	units   sync.Pool // of units with the memory of small files
	err     error     // the handler's, when it came while a reader was reading

	sampling frame.Sampling // of the group at hand

	// Of the file at hand:
	problems problems
	in       opened // if it is small
	head     peeked // if it is small
	layers   layers
}

// NewReader returns a Reader that gives what it reads to h.
func NewReader(ctx context.Context, o Options, h Handler) *Reader {
	if o.Memory == nil {
		o.Memory = new(sync.Pool)
	}
	return &Reader{ctx: ctx, options: o, handler: h, formats: formats(), lines: formatOf(ndjson.Lines)}
}

// Read opens the files of a group one after another and hands their units to the handler.
// It returns the context's error or the handler's, after which the Reader is of no use;
// what is wrong with the evidence is a Problem.
func (r *Reader) Read(g Group) error {
	r.joined, r.sampling = "", g.sampling
	for _, file := range g.Files {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if err := r.file(file); err != nil {
			return err
		}
	}
	return r.margins.flush(r)
}

// Read reads a group as Reader.Read does.
func Read(ctx context.Context, g Group, o Options, h Handler) error {
	return NewReader(ctx, o, h).Read(g)
}
