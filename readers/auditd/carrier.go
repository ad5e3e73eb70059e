package auditd

import (
	"bytes"

	"github.com/valyala/fastjson"

	"kscan/readers/frame"
)

// carriers are the fields in which shippers put the text of audit records, in the order
// in which they are tried; one field of a document counts.
var carriers = [...][]string{
	{"message"}, {"event", "original"}, {"event.original"}, {"log", "original"}, {"log.original"},
	{"SyslogMessage"}, {"MESSAGE"}, {"log"}, {"_raw"}, {"raw"}, {"msg"},
}

// hostFields are the fields of such a document that name the host, for records without
// node=.
var hostFields = [...][]string{
	{"host", "name"}, {"host.name"}, {"host", "hostname"}, {"host.hostname"}, {"HostName"}, {"Computer"},
	{"_HOSTNAME"}, {"hostname"}, {"host"},
}

// Carries reports whether a JSON document carries the text of audit records and is not
// an event itself. Auditbeat's documents keep the records that they were made of in
// event.original, but have an event.category.
func Carries(doc *fastjson.Value) bool {
	doc = source(doc)
	if isEvent(doc) {
		return false
	}
	t := loadTables()
	for _, path := range carriers {
		found := false
		eachText(doc.Get(path...), func(text []byte) {
			for line := range bytes.Lines(text) {
				var r record
				found = found || t.parseHeader(&r, line, 0, len(line)) == isRecord
			}
		})
		if found {
			return true
		}
	}
	return false
}

// source returns the document inside a search hit.
func source(doc *fastjson.Value) *fastjson.Value {
	if inner := doc.Get("_source"); inner != nil && inner.Type() == fastjson.TypeObject {
		return inner
	}
	return doc
}

func isEvent(doc *fastjson.Value) bool {
	category := doc.Get("event", "category")
	if category == nil {
		category = doc.Get("event.category")
	}
	return category != nil && category.Type() != fastjson.TypeNull
}

// eachText calls f with the text of a string, or of each string of an array.
func eachText(v *fastjson.Value, f func([]byte)) {
	if v == nil {
		return
	}
	switch v.Type() {
	case fastjson.TypeString:
		f(v.GetStringBytes())
	case fastjson.TypeArray:
		for _, item := range v.GetArray() {
			if item.Type() == fastjson.TypeString {
				f(item.GetStringBytes())
			}
		}
	}
}

// findCarried finds the records that the documents of a block carry. The documents of
// its margins are read too when they are lines.
func (d *Decoder) findCarried(b *frame.Block) (lines int64) {
	d.carried = d.carried[:0]
	if b.Records != nil {
		lines = d.findElements(b)
		d.text = d.carried
		return lines
	}
	for start := 0; start < len(b.Data); {
		next := len(b.Data)
		if i := bytes.IndexByte(b.Data[start:], '\n'); i >= 0 {
			next = start + i + 1
		}
		if start < b.End && next > b.End {
			next = b.End
		}
		if start < b.Start && next > b.Start {
			next = b.Start
		}
		number := int64(0)
		if start >= b.Start && start < b.End {
			lines++
			number = lines
		}
		d.addDocument(b, start, next, number)
		start = next
	}
	d.text = d.carried
	return lines
}

// findElements finds the records of a block whose documents are not lines.
func (d *Decoder) findElements(b *frame.Block) (lines int64) {
	at := b.Start
	for _, r := range b.Records {
		if r.Start < b.Start || r.Start >= b.End { // of a margin
			d.addDocument(b, r.Start, r.End, 0)
			continue
		}
		lines += int64(bytes.Count(b.Data[at:r.Start], []byte("\n")))
		at = r.Start
		d.addDocument(b, r.Start, r.End, lines+1)
	}
	return lines + int64(bytes.Count(b.Data[at:b.End], []byte("\n")))
}

// addDocument takes the records of the document b.Data[start:end]; number is 0 in a
// margin.
func (d *Decoder) addDocument(b *frame.Block, start, end int, number int64) {
	text := bytes.TrimSpace(b.Data[start:end])
	if len(text) == 0 {
		return
	}
	doc, err := d.parser.ParseBytes(text)
	if err != nil {
		if number > 0 && !d.options.Others {
			f := notJSON
			if b.Records == nil && end == b.End && b.Data[end-1] != '\n' {
				f = cutRecord
			}
			d.note(f, start, end, number)
		}
		return
	}
	doc = source(doc)
	if !isEvent(doc) && d.addCarried(doc, start, number) {
		return
	}
	if number > 0 && !d.options.Others {
		d.note(notCarrier, start, end, number)
	}
}

// addCarried takes the records of the first field that has some. Lines of that field
// that are no records belong to nobody.
func (d *Decoder) addCarried(doc *fastjson.Value, pos int, number int64) bool {
	host := len(d.carried)
	d.carried = append(d.carried, hostOf(doc)...)
	hostEnd := len(d.carried)
	found := false
	for _, path := range carriers {
		eachText(doc.Get(path...), func(text []byte) {
			for line := range bytes.Lines(text) {
				found = d.addCarriedLine(bytes.TrimRight(line, "\r\n"), host, hostEnd, pos, number) || found
			}
		})
		if found {
			return true
		}
	}
	d.carried = d.carried[:host]
	return false
}

func hostOf(doc *fastjson.Value) []byte {
	for _, path := range hostFields {
		if v := doc.Get(path...); v != nil && v.Type() == fastjson.TypeString {
			if name := v.GetStringBytes(); len(name) > 0 {
				return name
			}
		}
	}
	return nil
}

// addCarriedLine takes a line of the document at pos, whose host is named at
// d.carried[host:hostEnd], and reports whether it is a record.
func (d *Decoder) addCarriedLine(text []byte, host, hostEnd, pos int, number int64) bool {
	start := len(d.carried)
	d.carried = append(d.carried, text...)
	end := len(d.carried)
	var r record
	if d.tables.parseHeader(&r, d.carried, start, end) != isRecord {
		d.carried = d.carried[:start]
		return false
	}
	if r.node == r.nodeEnd && host < hostEnd {
		r.node, r.nodeEnd = host, hostEnd
	}
	d.text = d.carried
	k := d.keyOf(&r)
	l := line{start: start, end: r.end, body: r.body, typ: r.typ}
	c := d.joiner.place(&k, pos, int32(number))
	d.setNode(c, &r)
	d.join(c, &l, pos, int32(number))
	return true
}
