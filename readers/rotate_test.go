package readers

import (
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// rotationName says in one line what turnOf does.
var rotationName = regexp.MustCompile(`^(.+?)(?:\.(\d{1,5})|[-.](\d{8}(?:[-T_]?\d{2,6})?|\d{4}-\d{2}-\d{2}))?(?:\.(?:gz|zst|bz2|xz|lz4))?$`)

func slowTurn(name string) turn {
	t := turn{base: name}
	if match := rotationName.FindStringSubmatch(name); match != nil {
		t.base = match[1]
		t.number, _ = strconv.Atoi(match[2])
		t.date = strings.Map(digit, match[3])
	}
	return t
}

func TestTurnIsWhatThePatternSays(t *testing.T) {
	pieces := []string{"a", "audit.log", ".", "-", "1", "12345", "123456", "20261101", "2026-11-01", "-1200", "T120000", "_12", "1",
		".gz", ".zst", ".bz2", ".xz", ".lz4", "\n", "é", "\xff", ".2", ".20261102", "-20261103"}
	r := rand.New(rand.NewPCG(1, 2))
	rotatedNames := 0
	for range 200000 {
		var b strings.Builder
		for range 1 + r.IntN(6) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		name := b.String()
		if filepath.Base(name) != name {
			continue
		}
		got, want := turnOf(File{Path: name}), slowTurn(name)
		if got.base != want.base || got.date != want.date || got.number != want.number {
			t.Fatalf("%q: %q %q %d, want %q %q %d", name, got.base, got.date, got.number, want.base, want.date, want.number)
		}
		if want.base != name {
			rotatedNames++
		}
	}
	if rotatedNames < 10000 {
		t.Errorf("only %d names are those of rotated files", rotatedNames)
	}
}
