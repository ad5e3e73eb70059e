package auditd

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
)

var (
	//go:embed tables/types.txt
	typesText string
	//go:embed tables/syscalls.txt
	syscallsText string
	//go:embed tables/errnos.txt
	errnosText string
	//go:embed tables/actions.txt
	actionsText string
)

// tables are the names of things: read once, then never changed.
type tables struct {
	typeNames map[uint16]string
	types     map[string]uint16
	errnos    []string
	syscalls  []syscall           // 0 is the unknown one
	byArch    map[string][]uint16 // number -> index in syscalls
	sparse    map[string]map[uint64]uint16
	byName    map[string]uint16
	actions   []action // 0 is none
	byRecord  map[uint16][]int
	kinds     []string // categories, of which there are fewer than bits in a word
	kindOf    [maxType + 1]uint64
	started   uint64 // the kinds of records that may make their event a start
}

// syscall is a system call by its name, whatever its numbers.
type syscall struct {
	name   string
	action int
	flow   flow
}

// flow is which way the address of a socket call points.
type flow uint8

const (
	noFlow flow = iota
	ingress
	egress
)

// action is what an event of a system call or record type is called, and where the
// parts of its summary come from. Lists of fields are tried in order.
type action struct {
	name, object     string
	path             int // which PATH record is the object
	actor1, actor2   []string
	object1, object2 []string
	how, source, has []string
	category, types  []string
	users            []userFrom
}

// userFrom says that the ECS entity "to" is what "from" names.
type userFrom struct{ from, to string }

// maxDense bounds the syscall numbers kept in a slice; arm has a few above 983040.
const maxDense = 1024

// loadTables reads the embedded tables. They are part of the program: an error in one is
// a bug, and TestTables finds it.
var loadTables = sync.OnceValue(func() *tables {
	t := &tables{
		typeNames: map[uint16]string{},
		types:     map[string]uint16{},
		byArch:    map[string][]uint16{},
		sparse:    map[string]map[uint64]uint16{},
		byName:    map[string]uint16{},
		byRecord:  map[uint16][]int{},
		syscalls:  make([]syscall, 1),
		actions:   make([]action, 1),
	}
	for _, row := range rows(typesText) {
		n := uint16(number(row[0]))
		t.typeNames[n], t.types[row[1]] = row[1], n
	}
	for _, row := range rows(errnosText) {
		n := int(number(row[0]))
		for len(t.errnos) <= n {
			t.errnos = append(t.errnos, "")
		}
		t.errnos[n] = row[1]
	}
	t.loadSyscalls()
	t.loadActions()
	t.loadKinds()
	return t
})

func rows(text string) [][]string {
	var all [][]string
	for line := range strings.Lines(text) {
		if row := strings.Fields(line); len(row) > 1 && row[0] != "#" {
			all = append(all, row)
		}
	}
	return all
}

func number(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0
	}
	return n
}

// syscallColumns are the architectures of tables/syscalls.txt, in its order.
var syscallColumns = [...]string{"x86_64", "aarch64", "arm", "i386", "ppc", "s390", "s390x"}

func (t *tables) loadSyscalls() {
	for _, row := range rows(syscallsText) {
		index := uint16(len(t.syscalls))
		t.syscalls = append(t.syscalls, syscall{name: row[0], flow: flowOf(row[0])})
		t.byName[row[0]] = index
		for i, arch := range syscallColumns {
			if row[1+i] == "-" {
				continue
			}
			for n := range strings.SplitSeq(row[1+i], ",") {
				t.setSyscall(arch, number(n), index)
			}
		}
	}
	for arch, like := range map[string]string{
		"armeb": "arm", "ppc64": "ppc", "ppc64le": "ppc",
		"riscv64": "aarch64", "riscv32": "aarch64", "loongarch64": "aarch64",
	} {
		t.byArch[arch], t.sparse[arch] = t.byArch[like], t.sparse[like]
	}
}

func (t *tables) setSyscall(arch string, n uint64, index uint16) {
	if n >= maxDense {
		if t.sparse[arch] == nil {
			t.sparse[arch] = map[uint64]uint16{}
		}
		t.sparse[arch][n] = index
		return
	}
	dense := t.byArch[arch]
	for uint64(len(dense)) <= n {
		dense = append(dense, 0)
	}
	dense[n] = index
	t.byArch[arch] = dense
}

// flowOf is Auditbeat's: the calls whose address says who talked to whom.
func flowOf(name string) flow {
	switch name {
	case "recvfrom", "recvmsg", "accept", "accept4":
		return ingress
	case "connect", "sendto", "sendmsg":
		return egress
	}
	return noFlow
}

func (t *tables) loadActions() {
	for _, row := range rows(actionsText) {
		var a action
		for _, field := range row[1:] {
			key, value, _ := strings.Cut(field, "=")
			a.set(key, value)
		}
		index := len(t.actions)
		t.actions = append(t.actions, a)
		kind, names, _ := strings.Cut(row[0], "=")
		for name := range strings.SplitSeq(names, ",") {
			if kind == "records" {
				n := t.types[name]
				t.byRecord[n] = append(t.byRecord[n], index)
				continue
			}
			t.setAction(name, index)
		}
	}
}

// setAction gives a system call its action; "*" stands for those that have no other.
func (t *tables) setAction(name string, index int) {
	if name == "*" {
		for i := range t.syscalls {
			t.syscalls[i].action = index
		}
		return
	}
	i, ok := t.byName[name]
	if !ok { // a name that no table of numbers has: "futimens" is a library call
		i = uint16(len(t.syscalls))
		t.syscalls = append(t.syscalls, syscall{name: name, flow: flowOf(name)})
		t.byName[name] = i
	}
	t.syscalls[i].action = index
}

func (a *action) set(key, value string) {
	list := strings.Split(value, ",")
	switch key {
	case "action":
		a.name = value
	case "object":
		a.object = value
	case "path":
		a.path = int(number(value))
	case "actor1":
		a.actor1 = list
	case "actor2":
		a.actor2 = list
	case "object1":
		a.object1 = list
	case "object2":
		a.object2 = list
	case "how":
		a.how = list
	case "source":
		a.source = list
	case "has":
		a.has = list
	case "category":
		a.category = list
	case "type":
		a.types = list
	case "map":
		for _, m := range list {
			from, to, _ := strings.Cut(m, ">")
			a.users = append(a.users, userFrom{from: from, to: to})
		}
	}
}

// typeNumber returns the number of a record type written as a name, as a number or as
// UNKNOWN[number]; 0 if it is none of these. AUOMS_X, one record that the Azure agent
// makes of a whole event of system calls, counts as SYSCALL.
func (t *tables) typeNumber(name []byte) uint16 {
	switch string(name) { // those that fill a log
	case "SYSCALL":
		return typeSyscall
	case "SOCKADDR":
		return typeSockaddr
	case "PROCTITLE":
		return typeProctitle
	case "EOE":
		return typeEOE
	case "PATH":
		return typePath
	case "CWD":
		return typeCWD
	case "EXECVE":
		return typeExecve
	}
	if n, ok := t.types[string(name)]; ok {
		return n
	}
	return t.typeNumberSlow(string(name))
}

func (t *tables) typeNumberSlow(name string) uint16 {
	upper := strings.ToUpper(name)
	if n, ok := t.types[upper]; ok {
		return n
	}
	if strings.HasPrefix(upper, auoms) {
		if n, ok := t.types[upper[len(auoms):]]; ok && n != typeExecve {
			return n
		}
		return typeSyscall
	}
	if inner, ok := strings.CutPrefix(upper, "UNKNOWN["); ok {
		upper = strings.TrimSuffix(inner, "]")
	}
	n, err := strconv.ParseUint(upper, 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

// The record types that the decoder treats in their own way.
const (
	typeLogin      = 1006
	typeUserTTY    = 1124
	typeSyscall    = 1300
	typePath       = 1302
	typeIPC        = 1303
	typeSocketcall = 1304
	typeSockaddr   = 1306
	typeCWD        = 1307
	typeExecve     = 1309
	typeMqGetset   = 1315
	typeFDPair     = 1317
	typeObjPID     = 1318
	typeTTY        = 1319
	typeEOE        = 1320
	typeBPRMFcaps  = 1321
	typeMmap       = 1323
	typeSeccomp    = 1326
	typeProctitle  = 1327
	typeUringOp    = 1336
	typeOpenat2    = 1337
	typeAVC        = 1400
	typeMACTask    = 1425
	typeMACObj     = 1426
)

// isAuxiliary reports whether a record of the type only adds to another: it cannot say
// what its event is.
func isAuxiliary(typ uint16) bool {
	switch typ {
	case typePath, typeIPC, typeSocketcall, typeSockaddr, typeCWD, typeExecve, typeFDPair, typeObjPID,
		typeEOE, typeProctitle, typeOpenat2, typeMACTask, typeMACObj:
		return true
	}
	return typ > typeExecve && typ <= typeMqGetset || typ >= typeBPRMFcaps && typ <= typeMmap
}

// archName names the architecture of an arch= field.
func archName(n uint64) string {
	switch n {
	case 0xc000003e:
		return "x86_64"
	case 0x40000003:
		return "i386"
	case 0xc00000b7:
		return "aarch64"
	case 0x40000028:
		return "arm"
	case 0xc0000015:
		return "ppc64le"
	case 0x80000016:
		return "s390x"
	}
	return otherArch(n)
}

func otherArch(n uint64) string {
	for _, a := range [...]struct {
		n    uint64
		name string
	}{
		{0x28, "armeb"}, {0x4000008c, "c6x"}, {0x8c, "c6xbe"}, {0x4000004c, "cris"}, {0x5441, "frv"},
		{0x2e, "h8300"}, {0xc0000032, "ia64"}, {0x40000102, "loongarch32"}, {0xc0000102, "loongarch64"},
		{0x58, "m32r"}, {0x4, "m68k"}, {0x8, "mips"}, {0x80000008, "mips64"}, {0xa0000008, "mips64n32"},
		{0x40000008, "mipsel"}, {0xc0000008, "mipsel64"}, {0xe0000008, "mipsel64n32"}, {0x40000071, "nios2"},
		{0xf, "parisc"}, {0x8000000f, "parisc64"}, {0x14, "ppc"}, {0x80000015, "ppc64"}, {0x16, "s390"},
		{0x2a, "sh"}, {0x8000002a, "sh64"}, {0x4000002a, "shel"}, {0xc000002a, "shel64"}, {0x2, "sparc"},
		{0x8000002b, "sparc64"}, {0x400000f3, "riscv32"}, {0xc00000f3, "riscv64"},
	} {
		if a.n == n {
			return a.name
		}
	}
	return ""
}

// x32Bit marks a system call of x86_64's 32-bit pointer ABI, whose arch is x86_64's own.
const x32Bit = 0x40000000

// syscall returns the index of a system call by number, 0 if it is unknown.
func (t *tables) syscall(arch string, n uint64) uint16 {
	if arch == "x86_64" {
		n &^= x32Bit
	}
	if n >= maxDense {
		return t.sparse[arch][n]
	}
	if dense := t.byArch[arch]; n < uint64(len(dense)) {
		return dense[n]
	}
	return 0
}

// socketcalls are the calls that socketcall(2) stands for, by its first argument.
var socketcalls = [...]string{"", "socket", "bind", "connect", "listen", "accept", "getsockname", "getpeername",
	"socketpair", "send", "recv", "sendto", "recvfrom", "shutdown", "setsockopt", "getsockopt", "sendmsg",
	"recvmsg", "accept4", "recvmmsg", "sendmmsg"}

// uringOps are the operations of io_uring that name a peer, by the system call that does
// the same.
func uringOp(n uint64) string {
	switch n {
	case 9:
		return "sendmsg"
	case 10:
		return "recvmsg"
	case 13:
		return "accept"
	case 16:
		return "connect"
	}
	return ""
}
