package auditd

// pair is a decoded field. It points into the block or into the decoder's scratch.
type pair struct {
	key, val []byte
	kind     kind
}

// bag is a small set of fields in the order in which they came. Most keys are asked for
// or set once, so a bag remembers which keys it may have in one word.
type bag struct {
	pairs   []pair
	mask    uint64
	dropped int // fields beyond maxFields
}

// maxFields bounds the fields of a bag: the longest records have some 50. A bag takes
// time for each pair of fields, so a record made of fields alone would hold up a scan.
const maxFields = 512

func (b *bag) reset() {
	b.pairs, b.mask, b.dropped = b.pairs[:0], 0, 0
}

func (b *bag) insert(key, val []byte, k kind) {
	if len(b.pairs) >= maxFields {
		b.dropped++
		return
	}
	b.mask |= keyBit(key)
	b.pairs = append(b.pairs, pair{key: key, val: val, kind: k})
}

func keyBit(key []byte) uint64 {
	if len(key) == 0 {
		return 1
	}
	return 1 << ((uint(len(key))*11 + uint(key[0])*7 + uint(key[len(key)-1])*5) & 63)
}

// set gives a key its value, in place of one that it had.
func (b *bag) set(key, val []byte, k kind) {
	if i := b.index(key); i >= 0 {
		b.pairs[i].val = val
		return
	}
	b.insert(key, val, k)
}

// add gives a key its value unless it has one.
func (b *bag) add(key, val []byte, k kind) {
	if b.index(key) >= 0 {
		return
	}
	b.insert(key, val, k)
}

func (b *bag) index(key []byte) int {
	if b.mask&keyBit(key) == 0 {
		return -1
	}
	for i := range b.pairs {
		if string(b.pairs[i].key) == string(key) {
			return i
		}
	}
	return -1
}

// get returns the value of a key, nil if it has none.
func (b *bag) get(key string) []byte {
	for i := range b.pairs {
		if string(b.pairs[i].key) == key {
			return b.pairs[i].val
		}
	}
	return nil
}

// del removes a key.
func (b *bag) del(key string) {
	for i := range b.pairs {
		if string(b.pairs[i].key) == key {
			b.pairs = append(b.pairs[:i], b.pairs[i+1:]...)
			return
		}
	}
}

// ofKind returns the value of the first field of a kind, nil if there is none.
func (b *bag) ofKind(k kind) []byte {
	for i := range b.pairs {
		if b.pairs[i].kind == k {
			return b.pairs[i].val
		}
	}
	return nil
}

// kind says what the decoder does with a field.
type kind uint8

const (
	kindData    kind = iota // goes to auditd.data
	kindEncoded             // the same, but the value may be in hex
	kindID                  // a user or group id
	kindUnset               // an id of which 4294967295 means that it is not set
	kindSession
	kindSuccess
	kindRes
	kindExit
	kindKey
	kindSubj
	kindArch
	kindSyscall
	kindItems
	kindPid
	kindPpid
	kindComm
	kindExe
	kindCwd
	kindTitle
	kindSaddr
	kindSig
	kindText   // hex in records that terminals write, a number elsewhere
	kindInside // one of what auditd adds when it enriches: the name of an id
)

// kindOf says what a key is in any record. Values in hex are those of the fields that
// audit-userspace calls escaped.
func kindOf(key []byte) kind {
	switch string(key) {
	case "uid", "gid", "euid", "egid", "suid", "sgid", "fsuid", "fsgid", "ouid", "ogid":
		return kindID
	case "a0", "a1", "a2", "a3", "tty", "item", "inode", "dev", "mode", "rdev", "nametype":
		return kindData
	case "auid", "old-auid":
		return kindUnset
	case "arch":
		return kindArch
	case "syscall":
		return kindSyscall
	case "success":
		return kindSuccess
	case "res":
		return kindRes
	case "exit":
		return kindExit
	case "items":
		return kindItems
	case "pid":
		return kindPid
	case "ppid":
		return kindPpid
	case "ses":
		return kindSession
	case "comm":
		return kindComm
	case "exe":
		return kindExe
	case "cwd":
		return kindCwd
	case "key":
		return kindKey
	case "subj":
		return kindSubj
	case "proctitle":
		return kindTitle
	case "saddr":
		return kindSaddr
	case "sig":
		return kindSig
	case "data":
		return kindText
	case "name", "cmd", "acct", "path", "ocomm", "watch", "dir", "vm", "root_dir", "sw", "invalid_context":
		return kindEncoded
	}
	return kindOther(key)
}

func kindOther(key []byte) kind {
	if isUpper(key) {
		return kindInside
	}
	if n := len(key); n >= 3 && (string(key[n-3:]) == "uid" || string(key[n-3:]) == "gid") {
		return kindID
	}
	return kindData
}
