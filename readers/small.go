package readers

import (
	"io"

	"kscan/readers/frame"
	"kscan/readers/ndjson"
)

const (
	// smallFile is up to how many bytes a file is read at once: as much as is looked at to
	// tell its format anyway.
	smallFile = sniffLen
	// exactFiles is how many files of a walk may be decoded whole because they are small.
	// Folders of everyday size have no more, and so all that is said of small files is
	// exact; in larger ones it is counted on a sample, as in large files.
	exactFiles = 256
	// sampleEvery is how many small files behind those one stands for: the format of that
	// one is told by parsing its start, and its first event is of the sample. At the others
	// there is a glance.
	sampleEvery = 8
)

// samplingOf returns the sampling of a file before which so many are listed.
func samplingOf(files int) frame.Sampling {
	switch {
	case files < exactFiles:
		return frame.BySize
	case files%sampleEvery == 0:
		return frame.FirstEvent
	}
	return frame.NoEvent
}

// glance returns the format of a small file whose first line looks like a document, nil if
// it takes more to tell. It is for files that others stand for; one that does not look like
// them stands for itself.
func (r *Reader) glance(in *opened, l *layers) *format {
	if in.sampling != frame.NoEvent {
		return nil
	}
	if l.changed() || !ndjson.Resembles(l.head) {
		in.sampling = frame.FirstEvent
		return nil
	}
	return r.lines
}

// load reads a small file, with as few system calls as that takes. It returns nil for what
// has to be opened in the common way: what may be no regular file, is larger, or empty, or
// cannot be read, which is told there.
func (r *Reader) load(f File) (*opened, *peeked) {
	if !f.regular {
		return nil, nil
	}
	room := r.options.blockSize(smallFile) + 1
	u := r.unit(room)
	n, ok := readFile(f.Path, u.buf[:room])
	r.in = opened{ctx: r.ctx, size: int64(n), unit: u, sampling: r.sampling}
	if !ok || n == 0 {
		r.in.done()
		return nil, nil
	}
	content := u.buf[:n]
	r.head = peeked{head: content, rest: content, err: io.EOF}
	return &r.in, &r.head
}

// unit returns a unit with room for n bytes.
func (r *Reader) unit(n int) *Unit {
	if u, ok := r.units.Get().(*Unit); ok && cap(u.buf) >= n {
		return u
	}
	return &Unit{buf: make([]byte, 0, n), units: &r.units}
}
