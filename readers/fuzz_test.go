package readers

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
		if diff := cmp.Diff(want.log, got.log); diff != "" || want.bytes != got.bytes {
			t.Errorf("blocks of %d: %d and %d bytes: %s", size, want.bytes, got.bytes, diff)
		}
	})
}
