package auditd

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"kscan/readers/event"
	"kscan/readers/prefilter"
)

// needs are the values of which an event must hold one to be wanted, as its records
// write them.
type needs struct {
	finder *prefilter.Finder // of what any record that holds a need must have; nil to look at each
	ports  [][4]byte         // in hex, as saddr has them
	texts  []needText
	// addresses are in hex, as saddr has them.
	addresses []needText
	ids       idNeeds
	kinds     []kindNeed
	id        int // the number of the literal pidField, -1 if it is none
	only      bool
	starts    event.Starts // nil if nobody is to be told of them
	list      []prefilter.Literal
	picks     [2]search // of what holds a need, and of that and system calls; made when asked for
}

// needText is a text that stands in a record as it is, or in hex.
type needText struct {
	text []byte
	hex  []byte // nil if the hex has more than one form
	fold bool
}

// Look makes Decode pass over events that hold none of the needs, and show some of the
// others in part first. It does nothing if it cannot be told from the records what events
// hold one of the needs.
func (d *Decoder) Look(i event.Interest) {
	if d.needs, d.partial = nil, nil; !d.options.JSON {
		d.needs, d.partial = newNeeds(i.Needs), newPartial(i.Finder, i.Dull)
	}
	if d.needs != nil {
		d.needs.only, d.needs.starts = i.Only, i.Starts
	}
}

// Passed returns how many events of the last block were passed over. Their problems were
// told all the same.
func (d *Decoder) Passed() int64 { return d.passed }

func newNeeds(list []event.Need) *needs {
	n := needs{id: -1}
	for i := range list {
		if !neverHas(list[i].Field) && !n.add(&list[i]) {
			return nil
		}
	}
	if len(list) == 0 {
		return nil
	}
	n.setFinder()
	return &n
}

// maxAmong is how many values of a field are looked for one by one.
const maxAmong = 16

// add adds a need. It returns false if records do not tell what events hold it.
func (n *needs) add(need *event.Need) bool {
	switch {
	case need.Exists:
		return false
	case need.Among != nil:
		return n.addAmong(need)
	}
	switch need.Field {
	case "destination.port", "source.port":
		if need.Text != "" {
			return false
		}
		if need.Number >= 0 && need.Number <= 0xFFFF { // no event holds another
			n.ports = append(n.ports, portHex(uint16(need.Number)))
		}
	case "process.pid", "process.parent.pid":
		if need.Text != "" {
			return false
		}
		return n.addAmong(&event.Need{Field: need.Field, Among: event.NewSet(strconv.FormatInt(need.Number, 10))})
	case "process.name", "process.executable", "process.args", "process.title", "process.working_directory", "file.path":
		if need.Text == "" || strings.ContainsAny(need.Text, "\ufffd\x00") {
			return false
		}
		n.texts = append(n.texts, newNeedText(*need))
	default:
		return false
	}
	return true
}

// addAmong adds a need of one of some values.
func (n *needs) addAmong(need *event.Need) bool {
	switch need.Field {
	case "event.category":
		n.kinds = append(n.kinds, newKindNeed(*need))
		return true
	case "process.pid":
		n.ids.add(pidField, need.Among)
		return true
	case "process.parent.pid":
		n.ids.add(ppidField, need.Among)
		return true
	}
	set, ok := need.Among.(*event.Set)
	if !ok || set.Len() > maxAmong {
		return false
	}
	for _, value := range slices.Sorted(set.All()) {
		if need.Field == "destination.ip" {
			addr, ok := event.ParseIP([]byte(value))
			if !ok {
				return false
			}
			n.addresses = append(n.addresses, needText{text: []byte(hexOf(string(addr.AsSlice()))), fold: true})
			continue
		}
		one := event.Need{Field: need.Field, Text: value}
		if number, ok := parseUint([]byte(value), 10); ok && need.Type == event.Long {
			one.Text, one.Number = "", int64(number)
		}
		if !n.add(&one) {
			return false
		}
	}
	return true
}

func portHex(port uint16) (hex [4]byte) {
	for i := range hex {
		hex[i] = upperHex[port>>(12-4*i)&15]
	}
	return hex
}

const upperHex = "0123456789ABCDEF"

func newNeedText(need event.Need) needText {
	t := needText{text: []byte(need.Text), fold: need.Fold}
	if need.Fold || strings.Contains(need.Text, " ") { // a space may be a NUL
		return t
	}
	for _, c := range t.text {
		t.hex = append(t.hex, upperHex[c>>4], upperHex[c&15])
	}
	return t
}

// setFinder makes the finder of n, nil if there is no telling what to look for.
func (n *needs) setFinder() {
	list, ok := n.literals()
	if !ok {
		return
	}
	n.list = list
	if n.finder = prefilter.New(list); n.finder != nil {
		n.id = slices.Index(n.finder.Literals(), prefilter.Literal{Text: pidField})
	}
}

// literals are texts of which each record that in accepts has one; ok is false if there is
// no telling.
func (n *needs) literals() (list []prefilter.Literal, ok bool) {
	for _, port := range n.ports {
		list = append(list, prefilter.Literal{Text: string(port[:]), Fold: true})
	}
	for i := range n.addresses {
		list = append(list, prefilter.Literal{Text: string(n.addresses[i].text), Fold: true})
	}
	if len(n.ids.list) > 0 {
		list = append(list, prefilter.Literal{Text: pidField})
	}
	if len(n.texts) > 0 {
		list = append(list, prefilter.Literal{Text: pieceMark})
	}
	for i := range n.texts {
		literals := n.texts[i].literals()
		if literals == nil {
			return nil, false
		}
		list = append(list, literals...)
	}
	return list, true
}

// minRun is the shortest part of a text worth looking for, in bytes.
const minRun = 3

// literals are texts of which a record that holds t has one; nil if there are none worth
// looking for.
func (t *needText) literals() []prefilter.Literal {
	run := ""
	for _, r := range strings.FieldsFunc(string(t.text), func(r rune) bool { return r == ' ' }) {
		if len(r) > len(run) {
			run = r
		}
	}
	if len(run) < minRun {
		return nil
	}
	list := []prefilter.Literal{{Text: run, Fold: t.fold}}
	if !t.fold {
		return append(list, prefilter.Literal{Text: hexOf(run)})
	}
	forms := []string{""} // letters of either case differ in their hex
	for _, c := range []byte(run[:minRun]) {
		var next []string
		for _, form := range forms {
			next = append(next, form+hexOf(string(lower(c))))
			if lower(c) >= 'a' && lower(c) <= 'z' {
				next = append(next, form+hexOf(string(lower(c)&^0x20)))
			}
		}
		forms = next
	}
	for _, form := range forms {
		list = append(list, prefilter.Literal{Text: form})
	}
	return list
}

func hexOf(text string) string {
	var out []byte
	for i := range len(text) {
		out = append(out, upperHex[text[i]>>4], upperHex[text[i]&15])
	}
	return string(out)
}

// in reports whether a record may hold a need. It never says no to a record because of
// which the event's document holds one.
func (n *needs) in(record []byte) bool {
	return n.portIn(record) || n.idIn(record) || n.addressIn(record) || n.textIn(record)
}

// portIn looks for a port in every saddr field of a record.
func (n *needs) portIn(record []byte) bool {
	if len(n.ports) == 0 {
		return false
	}
	const field, family, port = "saddr=", 4, 4
	for {
		i := bytes.Index(record, []byte(field))
		if i < 0 {
			return false
		}
		record = record[i+len(field):]
		saddr := record
		if len(saddr) > 0 && (saddr[0] == '"' || saddr[0] == '\'') {
			saddr = saddr[1:]
		}
		if len(saddr) < family+port {
			continue
		}
		for _, want := range n.ports {
			if bytes.EqualFold(saddr[family:family+port], want[:]) {
				return true
			}
		}
	}
}

// pieceMark is in a record that has a piece of an argument too long for one record.
const pieceMark = "]="

func (n *needs) textIn(record []byte) bool {
	if len(n.texts) == 0 {
		return false
	}
	if bytes.Contains(record, []byte(pieceMark)) { // a piece of an argument: a text may go on in the next
		return true
	}
	for i := range n.texts {
		t := &n.texts[i]
		switch {
		case t.hex != nil:
			if bytes.Contains(record, t.text) || bytes.Contains(record, t.hex) {
				return true
			}
		case t.plainIn(record) || t.hexIn(record):
			return true
		}
	}
	return false
}

func (t *needText) same(got, want byte) bool {
	return got == want || want == ' ' && got == 0 || t.fold && lower(got) == lower(want)
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// plainIn looks for the text as it is.
func (t *needText) plainIn(record []byte) bool {
	for i := 0; i+len(t.text) <= len(record); i++ {
		j := 0
		for j < len(t.text) && t.same(record[i+j], t.text[j]) {
			j++
		}
		if j == len(t.text) {
			return true
		}
	}
	return false
}

// hexIn looks for the text in hex.
func (t *needText) hexIn(record []byte) bool {
	for i := 0; i+2*len(t.text) <= len(record); i++ {
		j := 0
		for j < len(t.text) {
			high, low := hexDigit(record[i+2*j]), hexDigit(record[i+2*j+1])
			if high|low > 15 || !t.same(high<<4|low, t.text[j]) {
				break
			}
			j++
		}
		if j == len(t.text) {
			return true
		}
	}
	return false
}
