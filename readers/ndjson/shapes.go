package ndjson

import (
	"bytes"
	"unsafe"

	"github.com/valyala/fastjson"
)

// keys are the members of an object that say in what shape a document was exported.
// They are found in one pass over the object.
type keys struct {
	source, fields, hits         *fastjson.Value
	index, id, score             *fastjson.Value
	metadata, dataStream         *fastjson.Value
	streamType, streamSet, space *fastjson.Value // dotted data_stream.*
	event, eventID, timestamp    *fastjson.Value
	responses, response          *fastjson.Value

	visit func(key []byte, v *fastjson.Value)
}

func (k *keys) init() { k.visit = k.take }

// of sets the members to those of an object.
func (k *keys) of(v *fastjson.Value) {
	*k = keys{visit: k.visit}
	v.GetObject().Visit(k.visit)
}

func (k *keys) take(key []byte, v *fastjson.Value) {
	switch string(key) {
	case "_source":
		k.source = v
	case "fields":
		k.fields = v
	case "hits":
		k.hits = v
	case "_index":
		k.index = v
	case "_id":
		k.id = v
	case "_score":
		k.score = v
	case "@metadata":
		k.metadata = v
	case "data_stream":
		k.dataStream = v
	case "data_stream.type":
		k.streamType = v
	case "data_stream.dataset":
		k.streamSet = v
	case "data_stream.namespace":
		k.space = v
	case "event":
		k.event = v
	case "event.id":
		k.eventID = v
	case "@timestamp":
		k.timestamp = v
	case "responses":
		k.responses = v
	case "rawResponse", "response":
		k.response = v
	}
}

// object takes the documents out of an object that is one record.
func (d *Decoder) object(v *fastjson.Value) {
	pending := d.action
	d.action = action{}
	if pending.kind == noAction && d.format == Lines {
		if a := d.actionOf(v); a.kind != noAction {
			d.action = a.awaits()
			return
		}
	}
	if pending.kind == updateAction {
		v = updated(v)
	}
	k := &d.top
	k.of(v)
	if d.response(v, k) {
		return
	}
	d.document(v, k, pending)
}

// document gives the sink one document, which may be in the envelope of a search hit.
func (d *Decoder) document(v *fastjson.Value, k *keys, a action) {
	index, id := a.index, a.id
	var fields *fastjson.Value
	if object(k.source) || k.isFieldsHit() {
		index, id = d.names.of(text(k.index)), text(k.id)
		fields = k.fields
		v = k.source
		if !object(fields) {
			fields = nil
		}
		if !object(v) {
			v, fields = fields, nil
		}
		k = &d.inner
		k.of(v)
	}
	if index == "" {
		index = d.indexOf(k)
	}
	if own := k.ownID(); own != "" {
		id = own
	} else if id == "" {
		id = text(k.id)
	}
	d.emit(v, fields, index, id)
}

// isFieldsHit reports whether an object is a search hit that has fields and no source.
// Beats documents may have an object "fields" too, of labels; they are no hits.
func (k *keys) isFieldsHit() bool {
	return object(k.fields) && k.timestamp == nil && k.event == nil && (k.index != nil || k.id != nil || k.score != nil)
}

// ownID is the document's event.id.
func (k *keys) ownID() string {
	id := k.eventID
	if object(k.event) {
		if nested := k.event.GetObject().Get("id"); nested != nil {
			id = nested
		}
	}
	if id != nil && id.Type() == fastjson.TypeArray {
		if list := id.GetArray(); len(list) > 0 {
			id = list[0]
		}
	}
	return text(id)
}

// indexOf is the index or data stream that a document names.
func (d *Decoder) indexOf(k *keys) string {
	var beat, version string
	if object(k.metadata) {
		m := k.metadata.GetObject()
		for _, name := range [...]string{"raw_index", "index", "_index"} {
			if index := text(m.Get(name)); index != "" {
				return d.names.of(index)
			}
		}
		beat, version = text(m.Get("beat")), text(m.Get("version"))
	}
	kind, set, space := text(k.streamType), text(k.streamSet), text(k.space)
	if object(k.dataStream) {
		s := k.dataStream.GetObject()
		kind, set, space = text(s.Get("type")), text(s.Get("dataset")), text(s.Get("namespace"))
	}
	if kind != "" && set != "" && space != "" {
		return d.names.join(kind, set, space)
	}
	if beat != "" && version != "" {
		return d.names.join(beat, version)
	}
	return d.names.of(text(k.index))
}

// maxHitDepth bounds how responses lie in each other: Kibana's envelope around one of
// _msearch around one of _search, and one to spare.
const maxHitDepth = 4

// response gives the sink the documents of a search response, and reports whether the
// object is one: _search, _msearch, or Kibana's and async search's envelope of either.
func (d *Decoder) response(v *fastjson.Value, k *keys) bool {
	if k.hits == nil && k.responses == nil && k.response == nil || !isResponse(v, 0) {
		return false
	}
	d.expand(v, 0)
	return true
}

// isResponse reports whether an object holds hits.hits[].
func isResponse(v *fastjson.Value, depth int) bool {
	if !object(v) || depth == maxHitDepth {
		return false
	}
	if v.Get("hits", "hits").GetArray() != nil {
		return true
	}
	for _, name := range [...]string{"rawResponse", "response"} {
		if isResponse(v.Get(name), depth+1) {
			return true
		}
	}
	for _, each := range v.GetArray("responses") {
		if isResponse(each, depth+1) {
			return true
		}
	}
	return false
}

func (d *Decoder) expand(v *fastjson.Value, depth int) {
	if !object(v) || depth == maxHitDepth {
		return
	}
	for _, hit := range v.GetArray("hits", "hits") {
		if !object(hit) {
			d.problem("broken", "a search hit that is no object")
			continue
		}
		d.top.of(hit)
		d.document(hit, &d.top, action{})
	}
	d.expand(v.Get("rawResponse"), depth+1)
	d.expand(v.Get("response"), depth+1)
	for _, each := range v.GetArray("responses") {
		d.expand(each, depth+1)
	}
}

func object(v *fastjson.Value) bool { return v != nil && v.Type() == fastjson.TypeObject }

// text is the value of a string, "" for anything else. It shares the parser's memory.
func text(v *fastjson.Value) string {
	if v == nil || v.Type() != fastjson.TypeString {
		return ""
	}
	b := v.GetStringBytes()
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// maxNames is how many names of indexes are kept; more are made anew each time.
const maxNames = 1024

// names keeps the names of indexes, which repeat, so that an event costs no allocation.
type names map[string]string

func (n names) of(name string) string {
	if name == "" {
		return ""
	}
	if kept, ok := n[name]; ok {
		return kept
	}
	return n.keep(name)
}

func (n names) keep(name string) string {
	kept := string(append([]byte(nil), name...))
	if len(n) < maxNames {
		n[kept] = kept
	}
	return kept
}

// join returns the parts with hyphens between them.
func (n names) join(parts ...string) string {
	var space [128]byte
	name := space[:0]
	for i, part := range parts {
		if i > 0 {
			name = append(name, '-')
		}
		name = append(name, part...)
	}
	if kept, ok := n[string(name)]; ok {
		return kept
	}
	return n.keep(string(name))
}

// actionKind is what an action line of a bulk request does.
type actionKind int

const (
	noAction actionKind = iota
	writeAction
	updateAction
	deleteAction
)

// action is an action line of a bulk request: the next line is the document.
type action struct {
	kind      actionKind
	index, id string
}

// awaits is what an action means for the next line: a deletion has no document.
func (a action) awaits() action {
	if a.kind == deleteAction {
		return action{}
	}
	return a
}

// actionOf returns the action that an object is: its one member is named for what it
// does, and has an object with nothing in it but the metadata of a bulk request.
func (d *Decoder) actionOf(v *fastjson.Value) action {
	o := v.GetObject()
	if o.Len() != 1 {
		return action{}
	}
	for _, kind := range [...]struct {
		name string
		kind actionKind
	}{{"index", writeAction}, {"create", writeAction}, {"update", updateAction}, {"delete", deleteAction}} {
		if meta := o.Get(kind.name); object(meta) && onlyMetadata(meta) {
			id := text(meta.Get("_id"))
			return action{kind: kind.kind, index: d.names.of(text(meta.Get("_index"))), id: string(append([]byte(nil), id...))}
		}
	}
	return action{}
}

// onlyMetadata reports whether an object has nothing but members of an action line.
func onlyMetadata(meta *fastjson.Value) bool {
	only := true
	meta.GetObject().Visit(func(key []byte, _ *fastjson.Value) {
		switch string(key) {
		case "routing", "version", "version_type", "pipeline", "require_alias", "retry_on_conflict",
			"dynamic_templates", "if_seq_no", "if_primary_term", "list_executed_pipelines", "require_data_stream":
		default:
			only = only && bytes.HasPrefix(key, []byte{'_'})
		}
	})
	return only
}

// updated is the document of a bulk update.
func updated(v *fastjson.Value) *fastjson.Value {
	for _, name := range [...]string{"doc", "upsert"} {
		if doc := v.Get(name); object(doc) {
			return doc
		}
	}
	return v
}

// before returns the action that the last line of a text is, if the one before the text is
// the given one. An action line behind another is that one's document, so all are read that
// stand in a row there.
func (d *Decoder) before(text []byte, last action) action {
	start := len(text)
	for start > 0 {
		line := bytes.LastIndexByte(text[:start-1], '\n') + 1
		if text := text[line:start]; len(bytes.TrimSpace(text)) > 0 && !maybeAction(text) {
			last = action{}
			break
		}
		start = line
	}
	for line := range bytes.Lines(text[start:]) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		pending := last
		last = action{}
		if v, err := d.parser.ParseBytes(line); pending.kind == noAction && err == nil && object(v) {
			last = d.actionOf(v).awaits()
		}
	}
	return last
}

// maybeAction reports whether a line begins as an action line may.
func maybeAction(line []byte) bool {
	line = bytes.TrimLeft(line, " \t{")
	for _, name := range [...]string{`"index"`, `"create"`, `"update"`} {
		if bytes.HasPrefix(line, []byte(name)) {
			return true
		}
	}
	return false
}
