package auditd

import "bytes"

// known is the header of the last record: that of the next is likely to differ from it in
// the type alone, or in the type and the id.
type known struct {
	chain int32  // none if the rest means nothing
	host  int32  // the number of the node
	node  []byte // "node=NAME ", or empty
	id    knownID
	idAt  int // where the id is in the text
	// until is up to where a line that has the known header goes on with the last run of the
	// chain; -1 if the last line was not of that. headRoom bytes of text follow.
	until int
	// asks is asksMarks if each record does.
	asks asking
	// short says that node, of nodeSize bytes, is in the words, with a mask of what is of it.
	short                bool
	nodeSize             int
	nodeWords, nodeMasks [nodeRoom / 8]uint64
}

// nodeRoom is how many bytes of a node are in words.
const nodeRoom = 32

// headRoom is how many bytes of text are looked at, behind node=, to know a header.
const headRoom = nameRoom + idRoom

// idToken is what is between the type and the id in the kernel's records.
const idToken = " " + msgToken + auditToken

// header finds the chain of the record in text[start:end] if its header is like that of
// the last one, but for the type and the id; none if it is not.
func (d *Decoder) header(start, end int, number int32) (typ uint16, body int, c int32) {
	k := &d.skim.known
	if k.chain == none || len(k.node) > 0 && !bytes.HasPrefix(d.text[start:end], k.node) {
		return 0, 0, none
	}
	n, at := d.nameAt(start+len(k.node), end)
	if n == nil {
		return 0, 0, none
	}
	c = k.chain
	if !k.id.isAt(d.text, at, end) || c != nobodys && start-int(d.joiner.chains[c].last) > d.joiner.window {
		c = d.newID(at, start, end, number)
	}
	return n.typ, skipGap(d.text[:end], at+k.id.size), c
}

// newID makes the id that begins at a place of the line text[start:end] known, and returns
// the chain of the record; none if there is no id.
func (d *Decoder) newID(at, start, end int, number int32) int32 {
	k := &d.skim.known
	stamp, serial, ok := k.id.read(d.text, at, end)
	if !ok {
		return none
	}
	k.idAt = at
	d.setKnown(stamp, serial, start, number)
	return k.chain
}

// setKnown makes the event of a record that starts at a place known, which has the known node.
func (d *Decoder) setKnown(stamp uint64, serial uint32, start int, number int32) {
	k := &d.skim.known
	if k.chain = nobodys; !d.skim.after || serial <= d.joiner.newest {
		k.chain = d.joiner.place(&key{stamp: stamp, serial: serial, host: k.host}, start, number)
		if len(k.node) > 0 {
			d.setNode(k.chain, &record{node: start + len(nodeToken), nodeEnd: start + len(k.node) - 1})
		}
	}
}

// remember makes the header of a record known, if it has the form of the kernel's in
// audit.log.
func (d *Decoder) remember(r *record, key *key, start int, c int32) {
	k := &d.skim.known
	if string(d.text[r.nameEnd:r.id]) != idToken {
		return
	}
	var node []byte
	if r.node < r.nodeEnd {
		if r.node != start+len(nodeToken) || r.name != r.nodeEnd+1+len(typeToken) {
			return
		}
		node = d.text[start : r.nodeEnd+1]
	} else if r.name != start+len(typeToken) {
		return
	}
	k.setNode(node)
	k.chain, k.host = c, key.host
	k.id.set(d.text, r.nameEnd, r.idEnd+1, r.stamp)
	k.idAt = r.nameEnd
}

// setNode makes a node that of the known header.
func (k *known) setNode(node []byte) {
	k.node, k.nodeSize, k.short = node, len(node), len(node) <= nodeRoom
	var text, mask [nodeRoom]byte
	copy(text[:], node)
	for i := range min(len(node), nodeRoom) {
		mask[i] = 0xFF
	}
	for i := range k.nodeWords {
		k.nodeWords[i], k.nodeMasks[i] = load(text[i*8:]), load(mask[i*8:])
	}
}
