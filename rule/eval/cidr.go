package eval

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"kscan/readers/event"
)

// addressRange returns the first and last address of "address" or "address/bits". Bits
// of the host are allowed, and an IPv4-mapped block is the IPv4 block, as such
// addresses are.
func addressRange(text string) (first, last netip.Addr, ok bool) {
	address, _, block := strings.Cut(text, "/")
	if !block {
		first, ok = event.ParseIP([]byte(address))
		return first, first, ok
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return first, last, false
	}
	if a := prefix.Addr(); a.Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(a.Unmap(), prefix.Bits()-96)
	}
	first = prefix.Masked().Addr()
	raw := first.AsSlice()
	for i := prefix.Bits(); i < len(raw)*8; i++ {
		raw[i/8] |= 0x80 >> (i % 8)
	}
	last, _ = netip.AddrFromSlice(raw)
	return first, last, true
}

// blocks is a set of address blocks as ranges, sorted and joined where they overlap.
type blocks []addressPair

type addressPair struct{ first, last netip.Addr }

// newBlocks reads blocks; an address is the block of itself.
func newBlocks(texts []string) (blocks, error) {
	var all blocks
	for _, text := range texts {
		first, last, ok := addressRange(text)
		if !ok || strings.Contains(text, "%") {
			return nil, fmt.Errorf("%q is neither an address nor a block of addresses such as 10.0.0.0/8", text)
		}
		all = append(all, addressPair{first, last})
		// A block of IPv6 that holds the IPv4-mapped addresses holds the IPv4 ones.
		mapped := netip.MustParsePrefix("::ffff:0:0/96")
		if first.Is6() && first.Compare(mapped.Addr()) <= 0 && last.Compare(netip.MustParseAddr("::ffff:ffff:ffff")) >= 0 {
			all = append(all, addressPair{netip.MustParseAddr("0.0.0.0"), netip.MustParseAddr("255.255.255.255")})
		}
	}
	slices.SortFunc(all, func(a, b addressPair) int { return a.first.Compare(b.first) })
	joined := all[:1]
	for _, pair := range all[1:] {
		if end := &joined[len(joined)-1]; pair.first.Compare(end.last) <= 0 {
			end.last = slices.MaxFunc([]netip.Addr{end.last, pair.last}, netip.Addr.Compare)
		} else {
			joined = append(joined, pair)
		}
	}
	return joined, nil
}

func (b blocks) has(a netip.Addr) bool {
	low, high := 0, len(b)
	for low < high {
		mid := int(uint(low+high) >> 1)
		if b[mid].first.Compare(a) <= 0 {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low > 0 && a.Compare(b[low-1].last) <= 0
}

// hasValue reports whether a value is an address in the set; text is read as one.
func (b blocks) hasValue(v *event.Value) bool {
	switch v.Type {
	case event.IP:
		return b.has(v.IP)
	case event.Keyword:
		a, ok := event.ParseIP(v.Text)
		return ok && b.has(a)
	}
	return false
}
