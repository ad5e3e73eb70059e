package builtin_test

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

// testdata/incident is a case to try kscan on and to test it with. The files
// incident_*_test.go tell the story and write it down as each agent would; this one
// holds the committed files to it. After a change to the story:
//
//	go test ./rule/builtin -run TestIncidentFiles -update
var update = flag.Bool("update", false, "write testdata/incident anew")

const (
	incidentDir  = "../../testdata/incident"
	incidentWant = "../../testdata/incident.want"
)

// evidence is one file of the case.
type evidence struct {
	path  string // below testdata/incident
	lines []string
	hits  []hit
}

// hit is a line that the rule must find, with the reason why.
type hit struct {
	line int // 1-based
	why  string
}

// add appends a record. The reason says why the rule matches it, "" when it must not.
func (e *evidence) add(why string, lines ...string) {
	if why != "" {
		e.hits = append(e.hits, hit{len(e.lines) + 1, why})
	}
	e.lines = append(e.lines, lines...)
}

func (e *evidence) text() string { return strings.Join(e.lines, "\n") + "\n" }

// host is a machine of the case.
type host struct {
	name, ip, id, mac string
	agent, version    string // the agent's id and version
	osVersion, kernel string
}

// proc is a process. An auid or ses of -1 is unset.
type proc struct {
	pid       int
	parent    *proc
	name      string // comm
	exe, cwd  string
	args      []string
	uid       int
	user      string
	auid, ses int
	tty       string // "" means none
	container string
	started   time.Time
}

// child returns a process that p starts: what is not said is inherited.
func (p *proc) child(pid int, started, exe string, args ...string) *proc {
	c := *p
	c.pid, c.parent, c.exe, c.args, c.started = pid, p, exe, args, at(started)
	c.name = comm(exe)
	return &c
}

// comm returns the name that the kernel gives a process: at most 15 bytes.
func comm(exe string) string {
	name := filepath.Base(filepath.ToSlash(exe))
	return name[:min(len(name), 15)]
}

// at returns a time of the day of the incident.
func at(clock string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05.000", "2026-11-20 "+clock)
	if err != nil {
		panic(err)
	}
	return t
}

// incident returns the files of the case, in the order in which kscan reads them.
func incident() []*evidence {
	older, newer := auditLog()
	return []*evidence{apiServerLog(), defendExport(), auditbeatFile(), older, newer}
}

func TestIncidentFiles(t *testing.T) {
	var want strings.Builder
	want.WriteString("# What the built-in rule must find in testdata/incident: the first record of each event.\n")
	for _, e := range incident() {
		for _, h := range e.hits {
			fmt.Fprintf(&want, "%s:%d\t%s\n", e.path, h.line, h.why)
		}
		path := filepath.Join(incidentDir, filepath.FromSlash(e.path))
		if *update {
			writeFile(t, path, pack(t, e.path, e.text()))
			continue
		}
		if diff := cmp.Diff(e.text(), unpack(t, path)); diff != "" {
			t.Errorf("%s is not what the story makes (-want +got):\n%s", e.path, diff)
		}
	}
	if *update {
		writeFile(t, incidentWant, []byte(want.String()))
	}
	if diff := cmp.Diff(want.String(), unpack(t, incidentWant)); diff != "" {
		t.Errorf("incident.want (-want +got):\n%s", diff)
	}
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// pack compresses a file as its name says.
func pack(t *testing.T, name, text string) []byte {
	t.Helper()
	switch filepath.Ext(name) {
	case ".gz":
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	case ".zst":
		w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		return w.EncodeAll([]byte(text), nil)
	}
	return []byte(text)
}

// unpack returns the text of a file. The compressed bytes are not compared: other
// versions of a compressor may write others.
func unpack(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	switch filepath.Ext(path) {
	case ".gz":
		r, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if data, err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	case ".zst":
		r, err := zstd.NewReader(nil)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if data, err = r.DecodeAll(data, nil); err != nil {
			t.Fatal(err)
		}
	}
	return string(data)
}
