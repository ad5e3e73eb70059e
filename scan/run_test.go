package scan_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/zstd"

	"kscan/readers"
	"kscan/readers/event"
	"kscan/rule"
	"kscan/scan"
)

func ecs(n int, hit bool) string {
	port := 443
	if hit {
		port = 10250
	}
	return fmt.Sprintf(`{"@timestamp":"2026-11-20T10:00:%02d.%03dZ","host":{"name":"node-%d","os":{"type":"linux"}},`+
		`"event":{"id":"e%d","category":["network"],"type":["start"],"action":"connection_attempted"},"network":{"direction":"egress"},`+
		`"destination":{"ip":"10.0.0.7","port":%d},"process":{"name":"curl","pid":%d}}`+"\n", n/1000%60, n%1000, n%7, n, port, n)
}

func audit(n int, hit bool) []string {
	port := 443
	if hit {
		port = 10250
	}
	id := fmt.Sprintf("audit(1795168800.%03d:%d)", n%1000, n)
	return []string{
		fmt.Sprintf("type=SYSCALL msg=%s: arch=c000003e syscall=42 success=no exit=-115 a0=5 a1=7ffc a2=10 a3=4 items=0 ppid=1 pid=%d auid=0 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=1 comm=\"curl\" exe=\"/usr/bin/curl\" key=\"net\"\n", id, n+2),
		fmt.Sprintf("type=SOCKADDR msg=%s: saddr=0200%04X0A0000070000000000000000\n", id, port),
		fmt.Sprintf("type=PROCTITLE msg=%s: proctitle=6375726C\n", id),
	}
}

// folder writes logs of several kinds, with damage, and returns the folder and the number
// of hits in it.
func folder(t *testing.T, r *rand.Rand) (dir string, hits int) {
	t.Helper()
	dir = t.TempDir()
	var plain, packed, records bytes.Buffer
	isHit := func() bool {
		hit := r.IntN(5) == 0
		if hit {
			hits++
		}
		return hit
	}
	for n := range 300 {
		plain.WriteString(ecs(n, isHit()))
		if r.IntN(20) == 0 {
			plain.WriteString("{\"broken\": \n\n")
		}
		packed.WriteString(ecs(1000+n, isHit()))
	}
	var waiting []string // records of several events, out of order
	for n := range 200 {
		waiting = append(waiting, audit(5000+n, isHit())...)
		for len(waiting) > 20 {
			records.WriteString(waiting[0])
			waiting = waiting[1:]
		}
		r.Shuffle(len(waiting), func(i, j int) { waiting[i], waiting[j] = waiting[j], waiting[i] })
	}
	records.WriteString(strings.Join(waiting, ""))
	cut := bytes.IndexByte(records.Bytes()[records.Len()/2:], '\n') + records.Len()/2 + 1
	write(t, dir, "plain.ndjson", plain.Bytes())
	write(t, dir, "packed.ndjson.gz", zipped(t, packed.Bytes()))
	write(t, dir, "audit/audit.log.1", records.Bytes()[:cut])
	write(t, dir, "audit/audit.log", records.Bytes()[cut:])
	write(t, dir, "cut.gz", zipped(t, plain.Bytes())[:1000])
	write(t, dir, "empty", nil)
	return dir, hits
}

func zipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func write(t *testing.T, dir, name string, text []byte) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// recorder keeps findings as the text that a user would compare.
type recorder struct {
	list []string
	fail error
}

func (r *recorder) Finding(f *scan.Finding) error {
	for _, h := range f.Hits {
		r.list = append(r.list, fmt.Sprintf("%s %+v %s", f.Rule.ID, h.Evidence, h.JSON))
	}
	return r.fail
}

func builtin(t *testing.T) []*rule.Rule {
	t.Helper()
	rules, err := rule.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func runScan(t *testing.T, o scan.Options, paths ...string) ([]string, *scan.Summary) {
	t.Helper()
	var r recorder
	s, err := scan.Run(context.Background(), o, paths, builtin(t), &r)
	if err != nil {
		t.Fatal(err)
	}
	return r.list, s
}

// TestSameForAnyWorkersAndBlocks is the promise of design.md: the findings do not depend on
// the number of workers, on where blocks are cut or on the prefilter; the summary does not
// depend on the number of workers, and without the prefilter not on blocks either.
func TestSameForAnyWorkersAndBlocks(t *testing.T) {
	for seed := range uint64(3) {
		dir, hits := folder(t, rand.New(rand.NewPCG(seed, 1)))
		want, whole := runScan(t, scan.Options{Jobs: 1, NoPrefilter: true}, dir)
		if len(want) < hits {
			t.Fatalf("seed %d: %d findings, want at least the %d that are there", seed, len(want), hits)
		}
		for _, block := range []int{0, 700, 5000} {
			options := scan.Options{Jobs: 1, Readers: readers.Options{BlockSize: block}}
			_, filtered := runScan(t, options, dir)
			for _, jobs := range []int{1, 2, 8} {
				name := fmt.Sprintf("seed %d, %d jobs, blocks of %d", seed, jobs, block)
				options.Jobs = jobs
				for _, all := range []bool{false, true} {
					options.NoPrefilter = all
					got, summary := runScan(t, options, dir)
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%s, all %v: findings (-1 worker +this):\n%s", name, all, diff)
					}
					wantSummary := filtered
					if all {
						wantSummary = whole
					}
					if diff := cmp.Diff(wantSummary, summary, sameRun); diff != "" {
						t.Errorf("%s, all %v: summary (-1 worker +this):\n%s", name, all, diff)
					}
				}
			}
		}
	}
}

// sameRun compares summaries but for the time they took.
var sameRun = cmp.Options{
	cmpopts.IgnoreFields(scan.Summary{}, "Started", "Elapsed"),
	cmp.Comparer(func(a, b *rule.Rule) bool { return a.ID == b.ID }),
}

func TestLinesAreThoseOfTheFile(t *testing.T) {
	dir, _ := folder(t, rand.New(rand.NewPCG(9, 9)))
	text, err := os.ReadFile(filepath.Join(dir, "plain.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	check := sinkFunc(func(f *scan.Finding) error {
		h := f.Hits[0]
		if !strings.HasSuffix(h.Evidence.Source, "plain.ndjson") {
			return nil
		}
		line := lines[h.Evidence.Line-1]
		if !strings.Contains(line, `"id":"`+h.Evidence.EventID+`"`) {
			t.Errorf("line %d is not that of %s: %s", h.Evidence.Line, h.Evidence.EventID, line)
		}
		if got := string(text[h.Evidence.Offset:][:len(line)]); got != line {
			t.Errorf("offset %d: %s, want %s", h.Evidence.Offset, got, line)
		}
		return nil
	})
	o := scan.Options{Readers: readers.Options{BlockSize: 777}}
	if _, err := scan.Run(context.Background(), o, []string{dir}, builtin(t), check); err != nil {
		t.Fatal(err)
	}
}

type sinkFunc func(*scan.Finding) error

func (f sinkFunc) Finding(x *scan.Finding) error { return f(x) }

func TestSinkErrorEndsTheRun(t *testing.T) {
	dir, _ := folder(t, rand.New(rand.NewPCG(4, 4)))
	fail := errors.New("disk full")
	r := &recorder{fail: fail}
	_, err := scan.Run(context.Background(), scan.Options{}, []string{dir}, builtin(t), r)
	if !errors.Is(err, fail) {
		t.Errorf("Run returned %v, want the sink's error", err)
	}
	if len(r.list) != 1 {
		t.Errorf("the sink got %d findings, want none after its error", len(r.list))
	}
}

func TestInterruptedRunKeepsWhatItFound(t *testing.T) {
	dir, _ := folder(t, rand.New(rand.NewPCG(5, 5)))
	ctx, cancel := context.WithCancel(context.Background())
	found := 0
	o := scan.Options{Jobs: 2, Readers: readers.Options{BlockSize: 500}}
	whole, err := scan.Run(context.Background(), o, []string{dir}, builtin(t), sinkFunc(func(*scan.Finding) error { return nil }))
	if err != nil {
		t.Fatal(err)
	}
	s, err := scan.Run(ctx, o, []string{dir}, builtin(t),
		sinkFunc(func(*scan.Finding) error {
			found++
			cancel()
			return nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	if !s.Interrupted || found == 0 || s.Counts.Events == 0 {
		t.Errorf("interrupted %v, %d findings, %d events", s.Interrupted, found, s.Counts.Events)
	}
	for _, p := range s.Problems {
		if !slices.Contains(whole.Problems, p) {
			t.Errorf("%v is a problem of the interrupted run alone", p)
		}
	}
}

func TestTimeRange(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.ndjson", []byte(ecs(0, true)+ecs(5000, true)+strings.Replace(ecs(1, true), `"@timestamp"`, `"when"`, 1)))
	at := time.Date(2026, 11, 20, 10, 0, 5, 0, time.UTC)
	for _, tt := range []struct {
		from, to time.Time
		findings int
		outside  int64
	}{
		{findings: 3},
		{from: at, findings: 2, outside: 1},
		{to: at, findings: 2, outside: 1},
		{from: at.Add(time.Hour), findings: 1, outside: 2},
	} {
		got, s := runScan(t, scan.Options{From: tt.from, To: tt.to}, dir)
		if len(got) != tt.findings || s.Counts.OutOfRange != tt.outside || s.Counts.Undated != 1 {
			t.Errorf("from %v to %v: %d findings, %d outside, %d undated; want %d, %d, 1",
				tt.from, tt.to, len(got), s.Counts.OutOfRange, s.Counts.Undated, tt.findings, tt.outside)
		}
	}
}

func TestNothingThere(t *testing.T) {
	_, s := runScan(t, scan.Options{}, t.TempDir(), filepath.Join(t.TempDir(), "missing"))
	if !s.Incomplete() || s.Counts.Lost == 0 {
		t.Errorf("a missing path is not counted: %+v", s.Counts)
	}
}

// written writes a document of a connection in one of the ways of encoders and exports, and
// sometimes in none.
func written(r *rand.Rand, n int) string {
	pick := func(texts ...string) string { return texts[r.IntN(len(texts))] }
	port := pick("10250", `"10250"`, "[1,10255]", "1.025e4", `"1025\u0030"`, "10251", "443", "null", `{"x":10250}`)
	address := pick("10.0.0.7", "8.8.8.8", "::ffff:10.0.0.7")
	name := pick(`"curl"`, `["x","curl"]`, `"c\u0075rl"`, `"kubelet"`, `"\"curl\""`, "null", "7")
	category := pick(`"network"`, `["network"]`, `[["network"]]`, `"file"`)
	filler := pick(`"port":10250,`, `"note":"\"},{\\",`, `"list":[1,{"a":[]},"]"],`, `"na\u006de":"x",`, `"empty":{},`, "")
	doc := fmt.Sprintf(`{FILLER"@timestamp":"2026-11-20T10:00:00.%03dZ","host":{"os":{"type":"linux"},"name":"a"},`+
		`"event":{FILLER"category":%s,"type":["start"],"action":"connection_attempted"},"network.direction":"egress",`+
		`"destination":{FILLER"ip":"%s","port":%s},"process":{"name":%s}}`, n%1000, category, address, port, name)
	doc = strings.ReplaceAll(doc, "FILLER", filler)
	switch r.IntN(12) {
	case 0:
		doc = strings.NewReplacer(`{"os":{"type"`, `{ "os.type"`, `"linux"}`, `"linux"`, `":`, `" : `, `,"`, "\t, \"").Replace(doc)
	case 1:
		doc = `{"_index":"logs-endpoint.events.network-default","_id":"1","_source":` + doc + `,"sort":[1]}`
	case 2:
		doc = `{"index":{"_index":"logs-x"}}` + "\n" + doc
	case 3:
		doc = `{"hits":{"hits":[{"_source":` + doc + `}]}}`
	case 4:
		doc = `{"_id":"1","_source":{"host":{"name":"b"}},"fields":{"destination.port":[10250]},"_source":` + doc + `}`
	case 5:
		doc = doc[:len(doc)-r.IntN(3)]
	}
	return doc + pick("\n", "\r\n", " \n", "\n\n")
}

// TestFieldsDecide holds what is decided by a few fields against decoding all of each event.
func TestFieldsDecide(t *testing.T) {
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 3))
		var text bytes.Buffer
		for n := range 20 { // the sample shows one document on each line
			text.WriteString(ecs(n, false))
		}
		for n := range 3000 {
			text.WriteString(written(r, n))
		}
		dir := t.TempDir()
		write(t, dir, "a.ndjson", text.Bytes())
		want, whole := runScan(t, scan.Options{NoPrefilter: true}, dir)
		got, summary := runScan(t, scan.Options{}, dir)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seed %d: findings (-all +by fields):\n%s", seed, diff)
		}
		if len(want) < 100 || summary.Counts.Sampled > 2000 {
			t.Errorf("seed %d: %d findings, %d events of the sample: nothing is tested", seed, len(want), summary.Counts.Sampled)
		}
		if got, want := summary.Counts.Lines, whole.Counts.Lines; got != want {
			t.Errorf("seed %d: %d lines, want %d", seed, got, want)
		}
	}
}

// manyFiles writes small files of all kinds, with a large one here and there, and returns
// their folder. Each is a log of its own.
func manyFiles(t *testing.T, r *rand.Rand, n int) string {
	t.Helper()
	dir := t.TempDir()
	packer, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer packer.Close()
	for i := range n {
		var text strings.Builder
		for k := range 1 + r.IntN(8) {
			text.WriteString(ecs(10*i+k, r.IntN(20) == 0))
		}
		data := []byte(text.String())
		switch r.IntN(20) {
		case 0:
			data = data[:len(data)-r.IntN(len(data))]
		case 1:
			data = zipped(t, data)
		case 2:
			data = zipped(t, data)[:20+r.IntN(20)]
		case 3:
			data = []byte(strings.Join(audit(10*i, r.IntN(3) == 0), ""))
		case 4:
			data = bytes.Repeat(data, 1+(70<<10)/len(data)) // over the size of a small file
		case 5:
			data = append([]byte("{\"broken\": \n\xff"), data...)
		case 6:
			data = []byte("[" + strings.ReplaceAll(strings.TrimSpace(text.String()), "\n", ",") + "]")
		case 7:
			list := strings.ReplaceAll(strings.TrimSpace(text.String()), "\n", `},{"_source":`)
			data = []byte(`{"took":1,"hits":{"hits":[{"_source":` + list + "}]}}\n")
		case 8:
			data = []byte(strings.ReplaceAll("\n"+text.String(), "\n{", "\n{\"create\":{\"_index\":\"logs-x\"}}\n{"))
		case 9:
			data = bytes.TrimSpace(bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n")))
		case 10:
			data = append(data, "\x00\x00\n"...)
		case 11:
			data = append([]byte("\xef\xbb\xbf"), bytes.ReplaceAll(data, []byte("{"), []byte("{\n"))...)
		case 12, 13, 14:
			packed := packer.EncodeAll(data, nil)
			data = [][]byte{packed, packed[:len(packed)-1-r.IntN(20)], zipped(t, packed)}[r.IntN(3)]
		}
		write(t, dir, fmt.Sprintf("%d/f%d.%04d", i/100, r.IntN(2), i)+"x", data)
	}
	return dir
}

// TestManyFilesAreAsEachAlone holds a run over many small files, of which one result is
// made for many, against a run for each.
func TestManyFilesAreAsEachAlone(t *testing.T) {
	for seed := range uint64(2) {
		dir := manyFiles(t, rand.New(rand.NewPCG(seed, 7)), 250)
		var want []string
		var parts []scan.Part
		var problems []event.Problem
		err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			found, s := runScan(t, scan.Options{}, path)
			want = append(want, found...)
			parts = append(parts, s.Parts...)
			problems = append(problems, s.Problems...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		_, one := runScan(t, scan.Options{Jobs: 1}, dir)
		for _, jobs := range []int{1, 2, 8} {
			got, s := runScan(t, scan.Options{Jobs: jobs}, dir)
			if diff := cmp.Diff(want, got) + cmp.Diff(parts, s.Parts) + cmp.Diff(problems, s.Problems); diff != "" {
				t.Errorf("seed %d, %d jobs: (-each alone +all):\n%s", seed, jobs, diff)
			}
			if diff := cmp.Diff(one, s, sameRun); diff != "" {
				t.Errorf("seed %d: summary (-1 worker +%d):\n%s", seed, jobs, diff)
			}
		}
		if len(want) < 20 || len(problems) < 20 {
			t.Errorf("seed %d: %d findings, %d problems: nothing is tested", seed, len(want), len(problems))
		}
	}
}

// TestManyFilesAreCounted holds a folder with so many small files that not all lines are
// decoded against decoding all.
func TestManyFilesAreCounted(t *testing.T) {
	dir := manyFiles(t, rand.New(rand.NewPCG(3, 7)), 1200)
	want, whole := runScan(t, scan.Options{NoPrefilter: true}, dir)
	found, one := runScan(t, scan.Options{Jobs: 1}, dir)
	counted := cmp.Options{
		cmpopts.IgnoreFields(scan.Part{}, "First", "Last"),
		cmpopts.IgnoreFields(scan.Counts{}, "Passed", "Sampled"),
	}
	diff := cmp.Diff(want, found) + cmp.Diff(whole.Parts, one.Parts, counted) + cmp.Diff(whole.Problems, one.Problems)
	if diff != "" {
		t.Errorf("(-all decoded +not all):\n%s", diff)
	}
	if c := one.Counts; c.Passed < c.Events/10 || c.Sampled+c.Passed > c.Events {
		t.Errorf("%d events of which %d were passed over, %d of the sample: nothing is tested", c.Events, c.Passed, c.Sampled)
	}
	none, some := 0, 0
	for _, p := range one.Parts {
		switch c := p.Counts; {
		case c.Sampled == 0 && c.Events > 0:
			none++
		case c.Sampled > 0 && c.Sampled < c.Events:
			some++
		}
	}
	if none < 200 || some < 30 {
		t.Errorf("%d files without events of the sample, %d with some: nothing is tested", none, some)
	}
	for _, jobs := range []int{2, 8} {
		got, s := runScan(t, scan.Options{Jobs: jobs}, dir)
		if diff := cmp.Diff(found, got) + cmp.Diff(one, s, sameRun); diff != "" {
			t.Errorf("%d jobs: (-1 worker +this):\n%s", jobs, diff)
		}
	}
}
