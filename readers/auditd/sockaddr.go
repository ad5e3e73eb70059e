package auditd

import (
	"encoding/binary"
	"net/netip"
)

// address is a decoded saddr field.
type address struct {
	present bool
	family  string // "" if it has no name: number is it
	number  uint16
	size    int        // bytes that are hex
	addr    netip.Addr // of ipv4 and ipv6
	port    uint16
	flow    uint32
	scope   uint32
	path    []byte // of unix; an abstract name begins with @
	raw     []byte // the field as it was, when nothing better is known
}

// The address families that SOCKADDR records hold, as Linux numbers them.
const (
	afUnix    = 1
	afInet    = 2
	afInet6   = 10
	afNetlink = 16
	afMax     = 64 // above all that there are
)

// familySize is the size in bytes of the family, with which every address begins.
const familySize = 2

// maxSockaddr is the size in bytes of struct sockaddr_storage, the most a kernel copies.
const maxSockaddr = 128

// parseAddress reads a saddr field: the raw struct in hex, family in the byte order of
// the host, port in that of the network. Which order the host has is seen from the
// family, whose other reading is no family. Scratch gets what is decoded.
func parseAddress(hex []byte, scratch []byte) (a address, after []byte) {
	a = address{present: true, raw: hex}
	start := len(scratch)
	for i := 0; i+1 < len(hex) && i < 2*maxSockaddr; i += 2 {
		high, low := hexValue[hex[i]], hexValue[hex[i+1]]
		if high|low > 15 {
			break
		}
		scratch = append(scratch, high<<4|low)
	}
	b := scratch[start:]
	a.size = len(b)
	if a.size < familySize {
		return a, scratch
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if a.number = order.Uint16(b); a.number >= afMax {
		if big := binary.BigEndian.Uint16(b); big < afMax {
			a.number, order = big, binary.BigEndian
		}
	}
	a.decode(b, order)
	return a, scratch
}

func (a *address) decode(b []byte, order binary.ByteOrder) {
	switch {
	case a.number == afUnix:
		a.family, a.path, a.raw = "unix", unixPath(b[2:]), nil
	case a.number == afInet && len(b) >= 8:
		a.family, a.raw = "ipv4", nil
		a.port = binary.BigEndian.Uint16(b[2:])
		a.addr = netip.AddrFrom4([4]byte(b[4:8]))
	case a.number == afInet6 && len(b) >= 24:
		a.family, a.raw = "ipv6", nil
		a.port = binary.BigEndian.Uint16(b[2:])
		a.flow = binary.BigEndian.Uint32(b[4:])
		a.addr = netip.AddrFrom16([16]byte(b[8:24])).Unmap()
		if len(b) >= 28 {
			a.scope = order.Uint32(b[24:])
		}
	case a.number == afNetlink:
		a.family = "netlink"
	case a.number == afInet:
		a.family = "ipv4"
	case a.number == afInet6:
		a.family = "ipv6"
	}
}

// unixPath is the path up to the first NUL, or for an abstract socket, which has no file,
// its name behind an @ as ss and netstat show it.
func unixPath(b []byte) []byte {
	if len(b) > 1 && b[0] == 0 && b[1] != 0 {
		b[0] = '@'
	}
	for i, c := range b {
		if c == 0 {
			return b[:i]
		}
	}
	return b
}

// short reports whether the address lacks its family, or is of one that has an ip and a
// port and does not hold them.
func (a *address) short() bool {
	return a.size < familySize || (a.number == afInet || a.number == afInet6) && !a.addr.IsValid()
}

// hexValue has the values of hex digits of either case, 255 for other bytes.
var hexValue = func() (value [256]byte) {
	for i := range value {
		c := byte(i)
		if value[c] = hexDigit(c &^ lowerBit(c)); value[c] > 15 {
			value[c] = 255
		}
	}
	return value
}()

// isHex reports whether a text is hex digits, of either case.
func isHex(text []byte) bool {
	for ; len(text) >= 8; text = text[8:] {
		if !isHexWord(load(text)) {
			return false
		}
	}
	for _, c := range text {
		if hexValue[c] > 15 {
			return false
		}
	}
	return true
}

// isHexWord is isHex for eight bytes at once: of what is added to each, that which makes
// the first byte of a range reach the high bit, or leaves the last one just below it.
func isHexWord(word uint64) bool {
	const each, highs = 0x0101010101010101, 0x8080808080808080
	letter := word | 0x20*each
	digits := (word + (0x80-'0')*each) &^ (word + (0x7F-'9')*each)
	letters := (letter + (0x80-'a')*each) &^ (letter + (0x7F-'f')*each)
	return (digits|letters)&^word&highs == highs
}
