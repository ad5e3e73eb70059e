package triage

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

func TestLabelIsWhatThePatternSays(t *testing.T) {
	pattern := regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)
	pieces := []string{"a", "z9", "-", ".", "A", "_", " ", "é", "\n", strings.Repeat("x", 125), strings.Repeat("-.", 60)}
	r := rand.New(rand.NewPCG(1, 2))
	labels := 0
	for range 100000 {
		var b strings.Builder
		for range r.IntN(5) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		want := pattern.MatchString(b.String())
		if got := isLabel(b.String()); got != want {
			t.Fatalf("%q: %v, want %v", b.String(), got, want)
		}
		if want {
			labels++
		}
	}
	if labels < 1000 {
		t.Errorf("only %d labels", labels)
	}
}
