package readers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"kscan/readers/event"
	"kscan/readers/frame"
)

const (
	// maxNesting is how many layers of compression are opened: two are seen (a .gz that
	// was sent through gzip again), more are an attack.
	maxNesting = 4
	// maxZstdWindow is the largest window of a zstd frame, which is the memory that its
	// decompression takes: what `zstd -d` accepts without --long. A frame that needs more
	// is reported and not read.
	maxZstdWindow = 128 << 20
)

// layers is a file's content with its compression taken off.
type layers struct {
	*peeked
	names   []string // outermost first
	text    string   // what a byte order mark said: "", "UTF-8", "UTF-16LE", "UTF-16BE"
	heads   []*peeked
	gunzips []*gunzip
	unzstds []*unzstd
	spare   spare
}

// spare is what took compression off one file and may do so for the next: for a small file
// to make it anew would be most of the work.
type spare struct {
	heads   []*peeked
	gunzips []*gunzip
	unzstds []*unzstd
}

// maxSpareZstd is how many bytes a zstd stream may have had for its decoder to be kept: of
// longer ones it may hold a window of many MiB.
const maxSpareZstd = 1 << 20

// close lets go of the content and keeps what can be used again.
func (l *layers) close() {
	s := &l.spare
	for _, u := range l.unzstds {
		if u.out > maxSpareZstd || len(s.unzstds) > 0 || !u.rest() {
			u.z.Close()
		} else {
			s.unzstds = append(s.unzstds, u)
		}
	}
	for _, g := range l.gunzips {
		g.raw.r, g.problem = nil, nil
		s.gunzips = append(s.gunzips, g)
	}
	for _, p := range l.heads {
		p.r = nil
		s.heads = append(s.heads, p)
	}
	l.unzstds, l.gunzips, l.heads = l.unzstds[:0], l.gunzips[:0], l.heads[:0]
}

// last takes the last element off a list, nil if there is none.
func last[T any](list *[]*T) *T {
	n := len(*list)
	if n == 0 {
		return nil
	}
	e := (*list)[n-1]
	*list = (*list)[:n-1]
	return e
}

// compression names the layers as Part.Compression does.
func (l *layers) compression() string { return strings.Join(l.names, "+") }

// unwrap makes the layers those of a stream: it takes off compression, sniffing again after
// each layer, and a byte order mark.
// There is no bound on the ratio: logs of 1000:1 are real, memory is bounded by the
// window, and what is decompressed is never kept.
func (l *layers) unwrap(head *peeked, problem func(event.Kind, int64, string)) error {
	l.peeked, l.names, l.text = head, nil, ""
	for {
		name := compressionOf(l.head)
		if name == "" {
			break
		}
		if len(l.names) == maxNesting {
			return fmt.Errorf("compressed more than %d times (%s)", maxNesting, l.compression())
		}
		inner, err := l.decompress(name, problem)
		if err != nil {
			return err
		}
		l.names = append(l.names, name)
		p := last(&l.spare.heads)
		if p == nil {
			p = &peeked{}
		}
		l.heads = append(l.heads, p)
		p.begin(inner, -1)
		l.peeked = p
	}
	l.mark()
	return nil
}

func compressionOf(head []byte) string {
	switch {
	case len(head) >= 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == 8:
		return "gzip"
	case isZstd(head):
		return "zstd"
	}
	return ""
}

// isZstd reports whether head starts with a zstd frame or a skippable one.
func isZstd(head []byte) bool {
	return bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}) ||
		len(head) >= 4 && head[0]&0xf0 == 0x50 && head[1] == 0x2a && head[2] == 0x4d && head[3] == 0x18
}

func (l *layers) decompress(name string, problem func(event.Kind, int64, string)) (io.Reader, error) {
	if name == "gzip" {
		g := last(&l.spare.gunzips)
		if g == nil {
			g = newGunzip()
		}
		l.gunzips = append(l.gunzips, g)
		g.begin(l.peeked, problem)
		return g, nil
	}
	u := last(&l.spare.unzstds)
	if u == nil {
		var err error
		if u, err = newUnzstd(); err != nil {
			return nil, err
		}
	}
	l.unzstds = append(l.unzstds, u)
	return u, u.begin(l.peeked, problem)
}

// mark takes off a byte order mark; UTF-16, which Windows tools write, becomes UTF-8.
func (l *layers) mark() {
	switch {
	case bytes.HasPrefix(l.head, []byte{0xef, 0xbb, 0xbf}):
		l.text = "UTF-8"
		l.head, l.rest = l.head[3:], l.head[3:]
	case bytes.HasPrefix(l.head, []byte{0xff, 0xfe}):
		l.text = "UTF-16LE"
	case bytes.HasPrefix(l.head, []byte{0xfe, 0xff}):
		l.text = "UTF-16BE"
	}
	if strings.HasPrefix(l.text, "UTF-16") {
		l.peeked = peek(newUTF16(l.peeked, l.text == "UTF-16BE"), -1)
	}
}

// changed reports whether the content is not the file's bytes as they are.
func (l *layers) changed() bool { return len(l.names) > 0 || strings.HasPrefix(l.text, "UTF-16") }

// offset is where the content starts in the decompressed stream.
func (l *layers) offset() int64 {
	if l.text == "UTF-8" {
		return 3
	}
	return 0
}

// isRead reports whether an error is of reading the file, or of being cancelled, and not
// of what is in the file.
func isRead(err error) bool {
	var read *readError
	return errors.As(err, &read) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// damage says what the error at the end of a stream means.
func damage(err error) (event.Kind, string) {
	var cut *frame.CutError
	switch {
	case errors.As(err, &cut):
		return event.Truncated, err.Error()
	case errors.Is(err, errShrunk):
		return event.Truncated, err.Error()
	case isRead(err):
		return event.Unreadable, reason(err)
	}
	return event.Corrupt, "compressed data does not decode: " + err.Error()
}
