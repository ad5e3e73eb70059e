package readers

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// scattered returns the records of events, some of them far from where they belong.
func scattered(r *rand.Rand, events int) []string {
	var lines []string
	for n := range events {
		call, address := connection(1 + n)
		lines = append(lines, call, address, record("PROCTITLE", 1+n, fmt.Sprintf("proctitle=\"%s\"", strings.Repeat("x", r.IntN(60)))))
	}
	for i := range lines {
		if r.IntN(3) == 0 {
			j := min(len(lines)-1, i+r.IntN(12))
			lines[i], lines[j] = lines[j], lines[i]
		}
	}
	return lines
}

// spread is how many bytes there are from the first record of an event to its last, at most.
func spread(lines []string) (most int) {
	first, pos := map[string]int{}, 0
	for _, line := range lines {
		id := line[strings.Index(line, "audit("):strings.Index(line, ")")]
		if _, known := first[id]; !known {
			first[id] = pos
		}
		most = max(most, pos-first[id])
		pos += len(line)
	}
	return most
}

// rotatedSet writes lines as a rotated set of files, each packed or not.
func rotatedSet(t *testing.T, r *rand.Rand, lines []string, files int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for n := files - 1; n >= 0; n-- {
		count := len(lines)
		if n > 0 {
			count = r.IntN(len(lines) / (n + 1))
		}
		text, name := strings.Join(lines[:count], ""), "audit.log"
		if lines = lines[count:]; count == 0 {
			continue
		}
		if r.IntN(2) == 0 {
			text = strings.TrimSuffix(text, "\n")
		}
		if n > 0 {
			name = fmt.Sprintf("audit.log.%d", n)
		}
		data := []byte(text)
		if n > 0 && r.IntN(3) == 0 {
			data, name = gz(text), name+".gz"
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// eventsOf are the events alone, without their places.
func eventsOf(log []string) (events []string) {
	for _, entry := range log {
		if rest, ok := strings.CutPrefix(entry, "event "); ok {
			events = append(events, strings.SplitN(rest, " ", 5)[4])
		}
	}
	return events
}

// Events are joined in the same way whether a log is one block, or files of which some are
// cut by a reader and some by those who decode, in blocks of any size.
func TestReadJoinsHoweverItIsCut(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 3))
		lines := scattered(r, 5+r.IntN(40))
		window := spread(lines) + r.IntN(2)*r.IntN(500)
		whole := readAll(t, Options{Window: window}, write(t, "audit.log", []byte(strings.Join(lines, ""))))
		dir := rotatedSet(t, r, lines, 1+r.IntN(4))
		for _, size := range []int{0, 1, 90, 400, 2500} {
			got := readAll(t, Options{Window: window, BlockSize: size}, dir)
			if diff := cmp.Diff(eventsOf(whole.log), eventsOf(got.log)); diff != "" {
				t.Fatalf("seed %d, window %d, blocks of %d (-whole +cut):\n%s", seed, window, size, diff)
			}
			got = readAll(t, Options{BlockSize: size, Ranges: r.IntN(9)}, dir)
			if diff := cmp.Diff(eventsOf(whole.log), eventsOf(got.log)); diff != "" {
				t.Fatalf("seed %d, units of many blocks of %d (-whole +cut):\n%s", seed, size, diff)
			}
		}
	}
}
