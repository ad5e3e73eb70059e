package scan

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"kscan/readers/event"
)

// pack holds the hits of one unit, compressed together: documents of one log are alike,
// and few of them are looked at again.
type pack struct {
	part  int   // the place of its part in Summary.Parts
	lines int64 // of the part, before the unit
	data  []byte
	ends  []uint32 // where each hit ends in the data before compression
}

// placeSize is what is held for each hit beside the data, in bytes.
const placeSize = 32

func newPack() *pack { return &pack{} }

func (p *pack) len() int { return len(p.ends) }

// add appends an event with all that a Hit says of it.
func (p *pack) add(e *event.Event, t time.Time) {
	b := binary.AppendVarint(p.data, e.Evidence.Line)
	b = binary.AppendVarint(b, e.Evidence.Offset)
	for _, text := range []string{e.Evidence.Source, e.Evidence.Member, e.Evidence.Format, e.Evidence.EventID, e.Index} {
		b = appendText(b, text)
	}
	if t.IsZero() {
		b = binary.AppendVarint(b, 0)
	} else {
		b = binary.AppendVarint(b, 1)
		b = binary.AppendVarint(b, t.Unix())
		b = binary.AppendVarint(b, int64(t.Nanosecond()))
	}
	b = binary.AppendUvarint(b, uint64(len(e.Assumed)))
	for _, name := range e.Assumed {
		b = appendText(b, name)
	}
	p.data = e.AppendJSON(b)
	p.ends = append(p.ends, uint32(len(p.data)))
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// packer compresses packs. It belongs to one worker.
type packer struct{ encoder *zstd.Encoder }

// compress replaces the data by its compressed form.
func (p *pack) compress(with *packer) {
	if with.encoder == nil {
		// The options are right, so there is no error.
		with.encoder, _ = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	}
	p.data = slices.Clip(with.encoder.EncodeAll(p.data, nil))
	p.ends = slices.Clip(p.ends)
}

// maxUnpacked is how many bytes of decompressed packs are kept while matches are put
// together: neighbours in time are mostly neighbours in their logs.
const maxUnpacked = 64 << 20

// unpacker gives the hits of packs.
type unpacker struct {
	decoder *zstd.Decoder
	open    map[*pack][]byte
	order   []*pack // of open, the oldest first
	size    int
}

// hit returns a hit by its place in a pack.
func (u *unpacker) hit(p *pack, i int) (Hit, error) {
	data, err := u.data(p)
	if err != nil {
		return Hit{}, fmt.Errorf("failed to unpack events: %w", err)
	}
	start := uint32(0)
	if i > 0 {
		start = p.ends[i-1]
	}
	return p.read(data[start:p.ends[i]])
}

func (u *unpacker) data(p *pack) ([]byte, error) {
	if data, ok := u.open[p]; ok {
		return data, nil
	}
	if u.decoder == nil {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		u.decoder, u.open = d, make(map[*pack][]byte)
	}
	data, err := u.decoder.DecodeAll(p.data, make([]byte, 0, p.ends[len(p.ends)-1]))
	if err != nil {
		return nil, err
	}
	for len(u.order) > 0 && u.size+len(data) > maxUnpacked {
		u.size -= len(u.open[u.order[0]])
		delete(u.open, u.order[0])
		u.order = u.order[1:]
	}
	u.open[p] = data
	u.order = append(u.order, p)
	u.size += len(data)
	return data, nil
}

func (u *unpacker) close() {
	if u.decoder != nil {
		u.decoder.Close()
	}
}

var errPack = errors.New("not what was packed")

// read is the reverse of add.
func (p *pack) read(data []byte) (Hit, error) {
	r := packReader{data: data}
	var h Hit
	line := r.int() + p.lines
	h.Evidence = event.Evidence{Line: line, Offset: r.int()}
	for _, text := range []*string{&h.Evidence.Source, &h.Evidence.Member, &h.Evidence.Format, &h.Evidence.EventID, &h.Index} {
		*text = r.text()
	}
	if r.int() == 1 {
		seconds := r.int()
		h.Time = time.Unix(seconds, r.int()).UTC()
	}
	for n := r.uint(); n > 0 && !r.failed; n-- {
		h.Assumed = append(h.Assumed, r.text())
	}
	if r.failed {
		return Hit{}, errPack
	}
	h.JSON = slices.Clone(r.data)
	return h, nil
}

// packReader reads the parts of a packed hit from the left.
type packReader struct {
	data   []byte
	failed bool
}

func (r *packReader) int() int64 {
	v, n := binary.Varint(r.data)
	r.skip(n)
	return v
}

func (r *packReader) uint() uint64 {
	v, n := binary.Uvarint(r.data)
	r.skip(n)
	return v
}

func (r *packReader) skip(n int) {
	if n <= 0 {
		r.failed, r.data = true, nil
		return
	}
	r.data = r.data[n:]
}

func (r *packReader) text() string {
	n := r.uint()
	if n > uint64(len(r.data)) {
		r.failed, r.data = true, nil
		return ""
	}
	s := string(r.data[:n])
	r.data = r.data[n:]
	return s
}
