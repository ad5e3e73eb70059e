package auditd

import (
	"bytes"
	"strings"

	"kscan/readers/event"
)

// sampleBytes is how much of a core is decoded whatever it holds, so that a report can
// say what the events of a log look like.
const sampleBytes = 16 << 10

// needs are the values of which an event must hold one to be wanted, as its records
// write them.
type needs struct {
	ports [][4]byte // in hex, as saddr has them
	texts []needText
}

// needText is a text that stands in a record as it is, or in hex.
type needText struct {
	text []byte
	hex  []byte // nil if the hex has more than one form
	fold bool
}

// Look makes Decode pass over events that hold none of the needs. It does nothing if
// that cannot be told from the records for one of them.
func (d *Decoder) Look(list []event.Need) {
	d.needs = newNeeds(list)
}

// Passed returns how many events of the last block were passed over. Their problems were
// told all the same.
func (d *Decoder) Passed() int64 { return d.passed }

func newNeeds(list []event.Need) *needs {
	var n needs
	for _, need := range list {
		switch need.Field {
		case "destination.port", "source.port":
			if need.Text != "" {
				return nil
			}
			if need.Number >= 0 && need.Number <= 0xFFFF { // no event holds another
				n.ports = append(n.ports, portHex(uint16(need.Number)))
			}
		case "process.name", "process.executable", "process.args", "process.title", "process.working_directory", "file.path":
			if need.Text == "" || strings.ContainsAny(need.Text, "\ufffd\x00") {
				return nil
			}
			n.texts = append(n.texts, newNeedText(need))
		default:
			return nil
		}
	}
	if len(list) == 0 {
		return nil
	}
	return &n
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

// in reports whether one of the records may hold a need. It never says no to an event
// whose document holds one.
func (n *needs) in(records [][]byte) bool {
	for _, r := range records {
		if n.portIn(r) || n.textIn(r) {
			return true
		}
	}
	return false
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

func (n *needs) textIn(record []byte) bool {
	if len(n.texts) == 0 {
		return false
	}
	if bytes.Contains(record, []byte("]=")) { // a piece of an argument: a text may go on in the next
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
