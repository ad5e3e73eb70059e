package event

import (
	"encoding/binary"
	"iter"
	"maps"
	"net/netip"
)

// Set is a set of texts, of numbers in their digits, or of addresses: a Values.
type Set struct {
	values    map[string]struct{}
	addresses map[netip.Addr]struct{} // of values
	mapped    bool                    // all addresses are of IPv4
	// marks has a bit set for each value, by a hash of it: most values of events are told
	// by that.
	marks [64]uint64
}

// NewSet returns a set of values. An address is to be in its shortest form.
func NewSet(values ...string) *Set {
	s := &Set{values: make(map[string]struct{}, len(values)), addresses: map[netip.Addr]struct{}{}, mapped: true}
	for _, v := range values {
		s.Add(v)
	}
	return s
}

// Add adds a value.
func (s *Set) Add(value string) {
	s.values[value] = struct{}{}
	bit := mark([]byte(value))
	s.marks[bit/64] |= 1 << (bit % 64)
	if addr, ok := ParseIP([]byte(value)); ok {
		s.addresses[addr] = struct{}{}
		s.mapped = s.mapped && addr.Is4()
	}
}

// All gives the values, in no order.
func (s *Set) All() iter.Seq[string] { return maps.Keys(s.values) }

// Len returns the number of values.
func (s *Set) Len() int { return len(s.values) }

// HasAddresses reports whether a value of the set is an address.
func (s *Set) HasAddresses() bool { return len(s.addresses) > 0 }

// mark is a hash of 12 bits of the length and the ends of a value.
func mark(value []byte) uint64 {
	n := len(value)
	var bits uint64
	switch {
	case n >= 8:
		bits = binary.LittleEndian.Uint64(value[n-8:])
	case n >= 4:
		bits = uint64(binary.LittleEndian.Uint32(value)) | uint64(binary.LittleEndian.Uint32(value[n-4:]))<<32
	default:
		for _, c := range value {
			bits = bits<<8 | uint64(c)
		}
	}
	return (bits + uint64(n)) * 0x9E3779B97F4A7C15 >> 52
}

// Has implements Values.
func (s *Set) Has(value []byte) bool {
	if bit := mark(value); s.marks[bit/64]>>(bit%64)&1 != 0 {
		if _, ok := s.values[string(value)]; ok {
			return true
		}
	}
	if len(s.addresses) == 0 || !s.mayBeOdd(value) {
		return false
	}
	addr, ok := ParseIP(value)
	if !ok {
		return false
	}
	_, ok = s.addresses[addr]
	return ok
}

// mayBeOdd reports whether a text may be an address of the set in another form. IPv4 has
// one form, but for a zone behind it and for its place in IPv6, behind ffff.
func (s *Set) mayBeOdd(value []byte) bool {
	if string(value) == "::1" { // which nearly every host has, in its shortest form
		return false
	}
	run := 0
	for _, c := range value {
		switch {
		case c|0x20 == 'f':
			if run++; run == len("ffff") {
				return true
			}
		case c == '%' || c == ':' && !s.mapped:
			return true
		default:
			run = 0
		}
	}
	return false
}
