package scan

import (
	"cmp"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kscan/readers/event"
	"kscan/rule"
	"kscan/rule/eval"
)

// Limits on the account of telemetry: a log may name any number of made-up hosts.
const (
	// maxStreams is how many streams are kept apart: a large fleet's worth.
	maxStreams = 1000
	// maxShapes is how many shapes of events a stream and a set of rules keeps apart.
	// What is beyond is counted as events without a shape.
	maxShapes = 2000
	// OtherHosts is the host of the stream of all events beyond maxStreams.
	OtherHosts = "(other)"
	// DefaultGap is how long a stream must be silent for it to be called a gap: a host
	// that audits connections has some every few minutes.
	DefaultGap = time.Hour
)

// Stream is the telemetry of one kind from one host: what was seen of it in all logs.
type Stream struct {
	Host string
	// Folder is where the logs are, when no field names the host.
	Folder string
	// Source is the data set that the events name ("endpoint.events.network"), else their
	// module or agent, else the format of the log.
	Source      string
	Events      int64 // decoded, also those that were decoded because they may match
	Undated     int64
	First, Last time.Time // zero if none has a time
	Categories  map[string]int64
	// Gaps are the times longer than Options.Gap without an event, in order. Partial is
	// set when not all events were decoded: then there may be fewer gaps than it seems,
	// and of lost events nothing is known.
	Gaps       []Gap
	Partial    bool
	Lost       Lost
	Reach      []StreamReach // of each rule, in the order of Summary.Rules; none with more than MaxNearRules
	Unshaped   int64         // events beyond the limit of shapes, which Reach lacks
	GapsBeyond bool          // there were too many gaps to keep
}

// StreamReach is how far the events of a stream got in a rule.
type StreamReach struct {
	Rule  *rule.Rule
	Reach eval.Reach
}

// Gap is a time without events: from the last event before it to the first after it.
type Gap struct{ From, To time.Time }

type streamKey struct{ host, folder, source string }

// stream is what is counted of a Stream while events come in.
type stream struct {
	key        streamKey
	events     int64
	undated    int64
	categories categories
	times      intervals
	serials    serials
	reported   int64         // audit records that the kernel or the daemon says it lost
	shapes     []shapeCounts // for each set of rules
	unshaped   int64
}

// streams are those of one unit, or of all.
type streams struct {
	gap   time.Duration
	sets  int
	list  []*stream
	by    map[streamKey]*stream
	known map[string]*stream // by the texts of events
	text  []byte
	grown int64 // bytes, since weight was asked for
}

// streamSize and shapeSize are about what a stream and a shape of its events hold besides
// their texts, in bytes.
const (
	streamSize = 768
	shapeSize  = 128
)

// weight returns about how many bytes more the streams hold than when it was called last.
func (ss *streams) weight() int64 {
	n := ss.grown
	ss.grown = 0
	return n
}

func newStreams(gap time.Duration, sets int) *streams {
	if gap <= 0 {
		gap = DefaultGap
	}
	return &streams{gap: gap, sets: sets, by: map[streamKey]*stream{}, known: map[string]*stream{}}
}

// of returns the stream of a key.
func (ss *streams) of(k streamKey) *stream {
	st := ss.by[k]
	if st == nil && len(ss.by) >= maxStreams {
		k = streamKey{host: OtherHosts}
		st = ss.by[k]
	}
	if st == nil {
		st = &stream{key: k, shapes: make([]shapeCounts, ss.sets)}
		ss.by[k] = st
		ss.list = append(ss.list, st)
		ss.grown += streamSize + int64(ss.sets)*shapeSize // most have one shape
	}
	return st
}

// event counts the event that a scratch has loaded and returns its stream.
func (ss *streams) event(e *event.Event, t time.Time, s *eval.Scratch) *stream {
	st := ss.find(e, s)
	st.take(t, ss.gap, s)
	return st
}

// take counts the loaded event.
func (st *stream) take(t time.Time, gap time.Duration, s *eval.Scratch) {
	st.events++
	if t.IsZero() {
		st.undated++
	} else {
		st.times.add(t.UnixMilli(), gap.Milliseconds())
	}
	st.lost(s)
}

// find returns the stream of the loaded event: mostly one that came before, found by the
// texts as the event has them.
func (ss *streams) find(e *event.Event, s *eval.Scratch) *stream {
	host, source := watchedText(s, eval.WatchHost), sourceOf(e, s)
	ss.text = append(append(append(ss.text[:0], host...), 0), source...)
	if len(host) == 0 {
		ss.text = append(append(ss.text, 0), e.Evidence.Source...)
	}
	if st := ss.known[string(ss.text)]; st != nil {
		return st
	}
	k := streamKey{host: clip(host), source: clip(source)}
	if k.host == "" {
		k.folder = filepath.Dir(e.Evidence.Source)
	}
	st := ss.of(k)
	if len(ss.known) < maxStreams && len(ss.text) <= maxKnownText {
		ss.known[string(ss.text)] = st
	}
	return st
}

// maxKnownText is how many bytes the texts of an event may have for its stream to be
// found by them.
const maxKnownText = 1024

// sourceOf names the kind of telemetry that an event is.
func sourceOf(e *event.Event, s *eval.Scratch) []byte {
	if e.Evidence.Format == auditFormat {
		return []byte(rawAudit)
	}
	for _, field := range [...]int{eval.WatchStream, eval.WatchDataset, eval.WatchModule, eval.WatchAgent} {
		if name := watchedText(s, field); len(name) > 0 {
			return name
		}
	}
	if e.IsKubernetesAudit() {
		return []byte(kubernetesAudit)
	}
	return []byte(e.Evidence.Format)
}

// Events decoded from raw audit records are of auditFormat; their source is called
// rawAudit, since "auditd" is also the module of those that Auditbeat decoded.
const (
	auditFormat = "auditd"
	rawAudit    = "audit log"
	// kubernetesAudit is the source of audit events of the Kubernetes API, which name none.
	kubernetesAudit = "Kubernetes API audit"
)

// shapeCounts are the numbers of events by their shape.
type shapeCounts map[string]*int64

// of returns the number of events of a shape, nil if there is no room for it.
func (c *shapeCounts) of(shape []byte) *int64 {
	n := (*c)[string(shape)]
	if n == nil {
		if len(*c) >= maxShapes {
			return nil
		}
		if *c == nil {
			*c = shapeCounts{}
		}
		n = new(int64)
		(*c)[string(shape)] = n
	}
	return n
}

// counts returns the shapes with their numbers.
func (c shapeCounts) counts() map[string]int64 {
	out := make(map[string]int64, len(c))
	for shape, n := range c {
		out[shape] = *n
	}
	return out
}

// shape counts events of a shape for one set of rules.
func (st *stream) shape(set int, shape []byte, events int64) {
	if n := st.shapes[set].of(shape); n != nil {
		*n += events
	} else {
		st.unshaped += events
	}
}

// merge adds the streams of the unit that follows.
func (ss *streams) merge(next *streams) {
	for _, n := range next.list {
		st := ss.of(n.key)
		st.events += n.events
		st.undated += n.undated
		st.reported = max(st.reported, n.reported)
		st.unshaped += n.unshaped
		st.categories.merge(n.categories)
		st.times.merge(&n.times, ss.gap.Milliseconds())
		st.serials.merge(&n.serials)
		for i, shapes := range n.shapes {
			for _, shape := range slices.Sorted(maps.Keys(shapes)) {
				st.shape(i, []byte(shape), *shapes[shape])
			}
		}
	}
}

// sorted returns the streams by host, then by source.
func (ss *streams) sorted() []*stream {
	return slices.SortedFunc(slices.Values(ss.list), func(a, b *stream) int {
		return cmp.Or(strings.Compare(a.key.host, b.key.host), strings.Compare(a.key.folder, b.key.folder),
			strings.Compare(a.key.source, b.key.source))
	})
}

// account makes the account of a stream. partial says that not all events were decoded.
func (st *stream) account(partial bool) Stream {
	out := Stream{
		Host: st.key.host, Folder: st.key.folder, Source: st.key.source, Events: st.events, Undated: st.undated,
		Categories: st.categories.counts(), Partial: partial, Unshaped: st.unshaped, GapsBeyond: st.times.beyond,
	}
	out.First, out.Last = st.times.span()
	if !st.times.beyond {
		out.Gaps = st.times.gaps()
	}
	out.Lost = st.lostEvents(partial)
	return out
}
