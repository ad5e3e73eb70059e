// Package readers turns paths into events. Walk lists the files in groups; Read opens a
// group, sniffs each file by content, unwraps compression and hands out Units, which
// workers load and decode on their own and in any order. Nothing here evaluates rules
// or prints.
package readers

import (
	"context"
	"io"

	"kscan/readers/event"
	"kscan/readers/frame"
)

// File is one file that Walk found.
type File struct {
	// Path is the path as given on the command line, joined with the path below it;
	// "-" is standard input.
	Path string
	Size int64
}

// Group is files that are read as one stream: a single file, or a rotated set of one
// log in time order (audit.log.2.gz, audit.log.1, audit.log).
type Group struct {
	Files []File
}

// Options are the limits of reading. The zero value of each means its default.
type Options struct {
	BlockSize int       // bytes of a block's core; tests make it tiny
	Window    int       // bytes of margin on each side where records are joined
	MaxRecord int       // bytes of one record
	Stdin     io.Reader // what "-" reads
}

// Part is one log as it was opened: a file, or a member of an archive.
type Part struct {
	Source      string
	Member      string
	Format      string
	Compression string // "gzip", "zstd" or "" (outermost first, joined with "+")
	Size        int64  // bytes on disk
}

// Decoder makes events of blocks. It keeps buffers between calls and is used by one
// worker at a time.
type Decoder interface {
	// Decode gives the sink the events whose first record is in the core of the block,
	// in the order of their first records, and the problems of the core's records.
	// Evidence of events and problems comes with Line counted from the start of the
	// core (1-based) and Offset in the part; Source, Member and Format are filled in.
	// It returns the number of lines in the core.
	Decode(p *Part, b *frame.Block, sink event.Sink) (lines int64)
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

// Read opens the files of a group one after another and hands their units to h. It
// returns ctx's error or the handler's; what is wrong with the evidence is a Problem.
func Read(ctx context.Context, g Group, o Options, h Handler) error { return nil }

// Unit is a piece of a part that one worker loads and decodes on its own.
type Unit struct {
	Part *Part
}

// Load returns the unit's block: read now from a plain file, or already there for a
// stream. The block is valid until Release. Errors reading are problems of the part.
func (u *Unit) Load() (*frame.Block, error) { return nil, nil }

// Release gives the block's memory back for reuse; call it once, after Load.
func (u *Unit) Release() {}

// NewDecoder returns a decoder for the format of a part.
func NewDecoder(format string) Decoder { return nil }

// Walk lists the files under the paths in sorted order, directories recursively, and
// tells problem of what it cannot list.
func Walk(paths []string, problem func(event.Problem)) []Group { return nil }
