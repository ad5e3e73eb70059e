package readers

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
	"kscan/readers/frame"
)

// readOne is what a Reader makes of some files, one after another.
func readOne(t *testing.T, o Options, files ...File) *collector {
	t.Helper()
	c := &collector{t: t}
	r := NewReader(context.Background(), o, c)
	for _, f := range files {
		if err := r.Read(Group{Files: []File{f}}); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// Files that are read at once are as those that are opened in the common way, also one
// after another with the same memory.
func TestSmallFilesAreAsOthers(t *testing.T) {
	dir := t.TempDir()
	line := `{"n":1,"event":{"id":"e"}}` + "\n"
	text := strings.Repeat(line, 3000)
	call, address := connection(1)
	contents := map[string]string{
		"json": docLines(5), "gz": string(gz(docLines(50))), "zst": string(zst(docLines(50))), "cut.gz": string(gz(text)[:60]),
		"cut.zst": string(zst(text)[:40]), "twice": string(zst(string(gz(docLines(9))))), "audit": call + address, "empty": "", "blank": "\n \n",
		"bom": "\xef\xbb\xbf" + docLines(3), "utf16": "\xff\xfe{\x00}\x00\n\x00", "array": `[{"a":1},{"a":2}]`, "binary": "\x00\x01\x02", "long.gz": string(gz(text)),
		"cut": line + line[:9], "hits": `{"hits":{"hits":[{"_source":{"a":1}},{"_source":{"a":2}}]}}` + "\n",
	}
	for _, n := range []int{1, smallFile - 1, smallFile, smallFile + 1} {
		contents["size"+strings.Repeat("x", n%9)] = text[:n]
	}
	var quick, common []File
	for name, content := range contents {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		quick = append(quick, File{Path: path, regular: true})
		common = append(common, File{Path: path})
	}
	for _, path := range []string{filepath.Join(dir, "vanished"), dir} {
		quick = append(quick, File{Path: path, regular: true})
		common = append(common, File{Path: path})
	}
	for _, o := range []Options{{}, {BlockSize: 50}, {MaxRecord: 40}} {
		var want []string
		for i, f := range common {
			alone := readOne(t, o, f).log
			want = append(want, alone...)
			if diff := cmp.Diff(alone, readOne(t, o, quick[i]).log); diff != "" {
				t.Errorf("%+v, %s: (-common +quick):\n%s", o, f.Path, diff)
			}
		}
		if diff := cmp.Diff(want, readOne(t, o, append(quick, common...)...).log[:len(want)]); diff != "" {
			t.Errorf("%+v: (-alone +together):\n%s", o, diff)
		}
	}
}

// The files of a folder beyond the first are told apart by a glance where that is enough.
func TestGlance(t *testing.T) {
	for text, want := range map[string]frame.Sampling{
		docLines(3): frame.NoEvent,
		`{"hits":{"hits":[{"_source":{"a":1}}]}}` + "\n":   frame.FirstEvent,
		`{"index":{}}` + "\n" + `{"a":1}` + "\n":           frame.FirstEvent,
		`{"a":{"b":1}` + "\n" + `,"c":2}` + "\n":           frame.FirstEvent,
		"\n" + docLines(2):                                 frame.FirstEvent,
		`{"message":"type=X msg=audit(1.000:1): "}` + "\n": frame.FirstEvent,
	} {
		r := &Reader{sampling: frame.NoEvent, lines: formatOf("ndjson")}
		in := &opened{sampling: r.sampling}
		l := &layers{peeked: peek(strings.NewReader(text), -1)}
		if f := r.glance(in, l); in.sampling != want || (f != nil) != (want == frame.NoEvent) {
			t.Errorf("%q: %v, format %v, want %v", text, in.sampling, f, want)
		}
	}
}

// Which files stand for others follows from how many come before.
func TestSamplingOfAWalk(t *testing.T) {
	dir := tree(t, manyNames(exactFiles+3*sampleEvery)...)
	n, counts := 0, map[frame.Sampling]int{}
	for g := range Walk([]string{dir}, func(p event.Problem) { t.Error(p) }) {
		if got := g.sampling; got != samplingOf(n) {
			t.Errorf("file %d: %v", n, got)
		}
		counts[g.sampling]++
		n++
	}
	want := map[frame.Sampling]int{frame.BySize: exactFiles, frame.FirstEvent: 3, frame.NoEvent: 3 * (sampleEvery - 1)}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Error(diff)
	}
}

func manyNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = "d" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("y", i/26)
	}
	return names
}
