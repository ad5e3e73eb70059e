package readers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
)

// kinds are the kinds of the problems that were found.
func (c *collector) kinds() string {
	var kinds []string
	for _, line := range c.log {
		if word, _, _ := strings.Cut(line, " "); word != "part" && word != "event" {
			kinds = append(kinds, word)
		}
	}
	return strings.Join(kinds, " ")
}

func (c *collector) events() (n int) {
	for _, line := range c.log {
		if strings.HasPrefix(line, "event ") {
			n++
		}
	}
	return n
}

func TestReadDamaged(t *testing.T) {
	text := docLines(3000)
	packed, frames := gz(text), zst(text)
	flipped := append([]byte(nil), packed...)
	flipped[len(flipped)-6] ^= 1 // the checksum
	two := append(gz(text), gz(text)...)
	copy(two[len(gz(text))/2:], "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
	bad := append([]byte(nil), frames...)
	copy(bad[len(bad)-40:], "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
	checksum := append([]byte(nil), frames...)
	checksum[len(checksum)-1] ^= 1
	middle := append(append(zst(text), bad...), zst(text)...)
	for _, c := range []struct {
		name     string
		data     []byte
		kinds    string
		min, max int // events
	}{
		{"empty", nil, "empty", 0, 0},
		{"blank", []byte(" \n\n"), "empty", 0, 0},
		{"empty gzip", gz(""), "empty", 0, 0},
		{"binary", []byte("\x7fELF\x02\x01\x01\x00\x00\x00"), "unrecognised", 0, 0},
		{"text", []byte("hello world\n"), "unrecognised", 0, 0},
		{"cut in a line", []byte(text[:len(text)-5]), "truncated", 2999, 2999},
		{"cut in a gzip header", packed[:7], "truncated", 0, 0},
		{"cut in a gzip member", packed[:len(packed)/2], "truncated truncated", 500, 2999},
		{"cut in a gzip trailer", packed[:len(packed)-4], "truncated", 3000, 3000},
		{"gzip checksum", flipped, "corrupt", 3000, 3000},
		{"padded gzip", append(gz(text), make([]byte, 1000)...), "", 3000, 3000},
		{"gzip and garbage", append(gz(text), "garbage, much of it"...), "corrupt", 3000, 3000},
		{"gzip, garbage, gzip", append(append(gz(text), "garbage"...), gz(text)...), "corrupt corrupt", 6000, 6000},
		{"cut in a zstd frame", frames[:len(frames)/2], "truncated", 0, 2999},
		{"zstd and garbage", append(zst(text), "garbage"...), "corrupt", 3000, 3000},
		{"zstd and two bytes", append(zst(text), "xy"...), "truncated", 3000, 3000},
		{"zstd checksum", checksum, "corrupt", 3000, 3000},
		{"zstd, garbage, zstd", append(append(zst(text), "garbage"...), zst(text)...), "corrupt corrupt", 6000, 6000},
		{"zstd frame between two", middle, "corrupt corrupt", 6000, 9000},
		{"zstd header", frames[:5], "truncated", 0, 0},
		{"too many layers", gz(string(gz(string(gz(string(gz(string(gz(text))))))))), "unrecognised", 0, 0},
		{"NUL bytes", []byte(docLines(2) + "\x00\x00\x00\n" + docLines(2)), "broken", 4, 4},
		{"invalid UTF-8", []byte("{\"a\":\"\xff\"}\n" + docLines(2)), "invalid_utf8", 3, 3},
		{"byte order mark", []byte("\xef\xbb\xbf" + docLines(2)), "", 2, 2},
		{"array not closed", []byte(`[{"a":1},{"a":2},{"a":3`), "truncated", 2, 2},
	} {
		got := readAll(t, Options{}, write(t, "x", c.data), write(t, "good", []byte(docLines(1))))
		if got.log[len(got.log)-2] != "part good ndjson " {
			t.Errorf("%s: the next file is not read: %s", c.name, got.log)
			continue
		}
		n := got.events() - 1
		if got.kinds() != c.kinds || n < c.min || n > c.max {
			t.Errorf("%s: %d events and problems %q, want %d to %d and %q", c.name, n, got.kinds(), c.min, c.max, c.kinds)
		}
	}
	for name, data := range map[string][]byte{"damaged member": two, "damaged frame": bad} {
		got := readAll(t, Options{}, write(t, "x", data))
		if !strings.Contains(got.kinds(), "corrupt") {
			t.Errorf("%s: problems %q", name, got.kinds())
		}
		if name == "damaged member" && got.events() < 3000 {
			t.Errorf("%s: %d events", name, got.events())
		}
	}
}

// A gzip or zstd file cut at any byte, or with any byte changed, never goes unnoticed
// while events are missing, and never costs the next file.
func TestReadCompressedCutAnywhere(t *testing.T) {
	text := docLines(40)
	for name, data := range map[string][]byte{"gzip": gz(text[:300], text[300:]), "zstd": zst(text[:300], text[300:])} {
		for n := 1; n < len(data); n++ {
			if got := readAll(t, Options{}, write(t, "x", data[:n])); got.events() < 40 && got.kinds() == "" {
				if want := readAll(t, Options{}, write(t, "y", []byte(text[:300]))); got.events() != want.events() {
					t.Errorf("%s cut at %d: %d events and no problem", name, n, got.events())
				}
			}
			changed := append([]byte(nil), data...)
			changed[n] ^= 0x55
			if got := readAll(t, Options{}, write(t, "x", changed)); got.events() < 40 && got.kinds() == "" {
				t.Errorf("%s changed at %d: %d events and no problem", name, n, got.events())
			}
		}
	}
}

func TestReadLongRecord(t *testing.T) {
	text := docLines(3) + `{"long":"` + strings.Repeat("x", 5000) + "\"}\n" + docLines(3)
	for _, data := range [][]byte{[]byte(text), gz(text)} {
		got := readAll(t, Options{MaxRecord: 1000}, write(t, "x", data))
		if got.events() != 6 || got.kinds() != "too_long" || got.bytes != int64(len(text)) || got.lines != 7 {
			t.Errorf("%d events, %d bytes, %d lines: %s", got.events(), got.bytes, got.lines, got.kinds())
		}
	}
}

func TestReadUTF16(t *testing.T) {
	text := "{\"a\":\"grüße 𝄞\"}\r\n{\"b\":2}\r\n"
	want := readAll(t, Options{}, write(t, "x", []byte(text)))
	for _, big := range []bool{false, true} {
		var data []byte
		for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
			if big {
				data = append(data, byte(unit>>8), byte(unit))
			} else {
				data = append(data, byte(unit), byte(unit>>8))
			}
		}
		got := readAll(t, Options{}, write(t, "x", data))
		if diff := cmp.Diff(want.log, got.log); diff != "" {
			t.Error(diff)
		}
		r := newUTF16(iotest.OneByteReader(strings.NewReader(string(data)+"\xd8")), big)
		if all, err := io.ReadAll(r); string(all) != text+"\ufffd" || err != nil {
			t.Errorf("got %q, %v", all, err)
		}
	}
}

func TestReadStdin(t *testing.T) {
	text := docLines(10)
	for _, r := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text)), strings.NewReader(string(gz(text)))} {
		if got := readAll(t, Options{Stdin: r, BlockSize: 100}, "-"); got.events() != 10 || got.kinds() != "" {
			t.Errorf("%d events: %s", got.events(), got.kinds())
		}
	}
	broken := io.MultiReader(strings.NewReader(text), iotest.ErrReader(errors.New("disk on fire")))
	if got := readAll(t, Options{Stdin: broken}, "-"); got.events() != 10 || got.kinds() != "unreadable" {
		t.Errorf("%d events: %s", got.events(), got.log)
	}
}

// A reader that waits for input is left when the context ends.
func TestReadIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	defer w.Close()
	go func() {
		io.WriteString(w, docLines(10))
		cancel()
	}()
	err := Read(ctx, Group{Files: []File{{Path: "-"}}}, Options{Stdin: r}, &collector{t: t})
	if err != context.Canceled {
		t.Errorf("got %v", err)
	}
}

func TestReadStopsWhenTheHandlerDoes(t *testing.T) {
	path := write(t, "x", []byte(docLines(100)))
	c := &collector{t: t, limit: 3}
	err := Read(context.Background(), Group{Files: []File{{Path: path}}}, Options{BlockSize: 50}, c)
	if err != io.ErrClosedPipe || c.units != 3 {
		t.Errorf("got %v after %d units", err, c.units)
	}
}

func TestReadMissingAndUnreadable(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	if got := readAll(t, Options{}, missing); got.kinds() != "unreadable" {
		t.Errorf("a missing path: %s", got.log)
	}
	gone := &collector{t: t}
	if err := Read(context.Background(), Group{Files: []File{{Path: missing}}}, Options{}, gone); err != nil || gone.kinds() != "unreadable" {
		t.Errorf("a file that is gone: %v, %s", err, gone.log)
	}
	if os.Geteuid() <= 0 {
		t.Skip("root may read everything, and Windows knows no mode")
	}
	path := write(t, "x", []byte(docLines(1)))
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, Options{}, path); got.kinds() != "unreadable" {
		t.Errorf("an unreadable file: %s", got.log)
	}
}

// record is a line of an audit log.
func record(kind string, serial int, rest string) string {
	return fmt.Sprintf("type=%s msg=audit(1492753107.096:%d): %s\n", kind, serial, rest)
}

func connection(serial int) (call, address string) {
	return record("SYSCALL", serial, `arch=c000003e syscall=42 success=yes exit=0 a0=3 items=0 ppid=1 pid=2 uid=0 comm="curl" exe="/usr/bin/curl"`),
		record("SOCKADDR", serial, "saddr=0200280A0A0000010000000000000000")
}

// Audit events whose records lie in different files of a rotated set are joined, however
// the files are packed and wherever blocks are cut.
func TestReadRotatedAuditLog(t *testing.T) {
	var parts [3]strings.Builder
	for i := range 30 {
		call, address := connection(9000 + i)
		parts[i/10].WriteString(call)
		if i%10 == 9 && i < 29 {
			parts[i/10+1].WriteString(address)
		} else {
			parts[i/10].WriteString(address)
		}
	}
	for name, pack := range map[string]func(string) []byte{
		"plain": func(s string) []byte { return []byte(s) },
		"gz":    func(s string) []byte { return gz(s) },
		"zst":   func(s string) []byte { return zst(s) },
	} {
		for _, size := range []int{0, 1, 300} {
			dir := t.TempDir()
			suffix := map[string]string{"plain": "", "gz": ".gz", "zst": ".zst"}[name]
			for i, file := range []string{"audit.log.2" + suffix, "audit.log.1", "audit.log"} {
				data := []byte(parts[i].String())
				if i == 0 {
					data = pack(parts[i].String())
				}
				if err := os.WriteFile(filepath.Join(dir, file), data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got := readAll(t, Options{BlockSize: size, Window: 3000}, dir)
			if got.events() != 30 || got.kinds() != "" {
				t.Errorf("%s in blocks of %d: %d events, problems %q", name, size, got.events(), got.kinds())
			}
		}
	}
}

func TestReadCarriedAuditRecords(t *testing.T) {
	var documents []string
	for i := range 20 {
		call, address := connection(i)
		documents = append(documents, fmt.Sprintf(`{"n":%d}`, i), fmt.Sprintf(`{"message":%q}`, strings.TrimSpace(call)),
			fmt.Sprintf(`{"other":%d}`, i), fmt.Sprintf(`{"message":%q}`, strings.TrimSpace(address)))
	}
	for name, text := range map[string]string{
		"auditd+ndjson": strings.Join(documents, "\n") + "\n",
		"auditd+json":   "[" + strings.Join(documents, ",\n") + "]",
	} {
		for _, size := range []int{0, 1, 700} {
			got := readAll(t, Options{BlockSize: size}, write(t, "x", []byte(text)))
			if got.log[0] != "part x "+name+" " || got.kinds() != "" || got.events() != 60 {
				t.Errorf("%s in blocks of %d: %d events, problems %q", got.log[0], size, got.events(), got.kinds())
			}
			line := 0
			for _, text := range got.log[1:] {
				var at int
				if fmt.Sscanf(text, "event line %d ", &at); at < line {
					t.Errorf("%s in blocks of %d: line %d behind %d", name, size, at, line)
				}
				line = at
			}
		}
	}
}

// Audit records that are carried far behind the start of a file are decoded too.
func TestReadLateCarriedRecords(t *testing.T) {
	call, address := connection(7)
	text := docLines(5000) + fmt.Sprintf("{\"message\":%q}\n{\"message\":%q}\n", strings.TrimSpace(call), strings.TrimSpace(address))
	for _, text := range []string{text, "[" + strings.ReplaceAll(strings.TrimSpace(text), "\n", ",\n") + "]"} {
		got := readAll(t, Options{}, write(t, "x", []byte(text)))
		last := got.log[len(got.log)-1]
		if got.events() != 5001 || !strings.HasPrefix(last, "event line 5001 ") || !strings.Contains(last, "1492753107.096:7") {
			t.Errorf("%d events, the last is %s", got.events(), last)
		}
	}
}

// A file that becomes shorter while it is read is told, and what is left of it is read.
func TestReadShrinkingFile(t *testing.T) {
	path := write(t, "x", []byte(docLines(1000)))
	c := &shrinking{collector: collector{t: t}, path: path}
	err := Read(context.Background(), Group{Files: []File{{Path: path}}}, Options{BlockSize: 1000}, c)
	if err != nil || c.failed == 0 || c.events() < 100 {
		t.Errorf("got %v, %d units failed, %d events", err, c.failed, c.events())
	}
}

// shrinking cuts the file when it gets the first unit.
type shrinking struct {
	collector
	path   string
	failed int
}

func (s *shrinking) Unit(u *Unit) error {
	defer u.Release()
	if s.units++; s.units == 1 {
		if err := os.Truncate(s.path, 10000); err != nil {
			s.t.Fatal(err)
		}
	}
	b, err := u.Load()
	if err != nil {
		if !errors.Is(err, errShrunk) {
			s.t.Errorf("got error %v", err)
		}
		s.failed++
	}
	s.lines += NewDecoder(u.Part.Format, event.Interest{}).Decode(u.Part, b, (*decoded)(&s.collector))
	return nil
}

// The file of ranged units is open until the last of them is released, and no longer.
func TestReadClosesFiles(t *testing.T) {
	closed := 0
	file := &rangedFile{close: func() error { closed++; return nil }}
	file.users.Add(3)
	units := []*Unit{{file: file}, {file: file}}
	file.release()
	for i, u := range units {
		u.Release()
		if want := i; closed != want {
			t.Errorf("closed %d times after %d units", closed, i+1)
		}
	}
}
