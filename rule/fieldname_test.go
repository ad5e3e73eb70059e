package rule

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

func TestFieldNameIsWhatThePatternSays(t *testing.T) {
	pattern := regexp.MustCompile(`^[A-Za-z_@][\w@-]{0,63}(\.[\w@-]{1,64}){0,15}(\.\*)?$`)
	pieces := []string{"a", "Z9", "_", "@", "-", "0", ".", ".", ".*", "*", " ", "é", "\n", strings.Repeat("x", 62), strings.Repeat(".y", 14)}
	r := rand.New(rand.NewPCG(1, 2))
	names := 0
	for range 200000 {
		var b strings.Builder
		for range r.IntN(6) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		want := pattern.MatchString(b.String())
		if got := isFieldName(b.String()); got != want {
			t.Fatalf("%q: %v, want %v", b.String(), got, want)
		}
		if want {
			names++
		}
	}
	if names < 10000 {
		t.Errorf("only %d names of fields", names)
	}
}
