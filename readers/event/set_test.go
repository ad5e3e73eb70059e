package event

import (
	"math/rand/v2"
	"testing"
)

// TestSet holds Has against looking at each value: texts as they are, addresses as such.
func TestSet(t *testing.T) {
	texts := []string{"a", "7", "4242", "curl", "entity-1", "entity-2", "10.0.0.7", "10.0.0.8", "::1", "0:0::1", "::ffff:10.0.0.7", "0:0:0:0:0:FFFF:a00:7", "10.0.0.7%eth0",
		"fd00::7", "FD00:0::7", "fe80::1%lo", "fe80::1", "ffff", "::ffff:a00:8", "", "10.0.0.70", "::", "%", ":"}
	r := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 2000 {
		var values []string
		for range r.IntN(4) {
			v := texts[r.IntN(len(texts))]
			if addr, ok := ParseIP([]byte(v)); ok {
				v = addr.String()
			}
			values = append(values, v)
		}
		set := NewSet(values...)
		for _, text := range texts {
			want := false
			addr, isAddress := ParseIP([]byte(text))
			for _, v := range values {
				want = want || v == text || isAddress && v == addr.String()
			}
			if got := set.Has([]byte(text)); got != want {
				t.Fatalf("%q in %q: %v", text, values, got)
			}
			if want {
				found++
			}
		}
	}
	if found == 0 {
		t.Error("no set has any of the texts")
	}
}
