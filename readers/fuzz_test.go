package readers

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"

	diffs "github.com/google/go-cmp/cmp"
)

// inOrder puts the problems of a part as a whole, which are told when reading meets them
// and so before units that were read ahead, in front of what is in the units.
func inOrder(log []string) []string {
	log = slices.Clone(log)
	slices.SortStableFunc(log, func(a, b string) int {
		return cmp.Compare(ofUnit(a), ofUnit(b))
	})
	return log
}

func ofUnit(line string) int {
	if strings.HasPrefix(line, "event") || !strings.Contains(line, " line 0 ") {
		return 1
	}
	return 0
}

// Whatever the input is, reading it ends, and finds the same in blocks of any size.
func FuzzRead(f *testing.F) {
	call, address := connection(1)
	for _, seed := range []string{docLines(3), "[" + strings.ReplaceAll(strings.TrimSpace(docLines(3)), "\n", ",") + "]", call + address, "\xff\xfe{\x00}\x00"} {
		f.Add([]byte(seed), uint8(7))
		f.Add(gz(seed, seed), uint8(1))
		f.Add(zst(seed, seed), uint8(50))
	}
	f.Fuzz(func(t *testing.T, data []byte, size uint8) {
		read := func(o Options) *collector {
			c := &collector{t: t}
			o.Stdin = bytes.NewReader(data)
			if err := Read(context.Background(), Group{Files: []File{{Path: "-"}}}, o, c); err != nil {
				t.Fatal(err)
			}
			return c
		}
		want, got := read(Options{}), read(Options{BlockSize: int(size)})
		if diff := diffs.Diff(inOrder(want.log), inOrder(got.log)); diff != "" || want.bytes != got.bytes {
			t.Errorf("blocks of %d: %d and %d bytes: %s", size, want.bytes, got.bytes, diff)
		}
	})
}
