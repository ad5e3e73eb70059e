package main

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts run kscan as a program: the real run, in a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"kscan": func() {
			if filepath.Separator == '/' {
				os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
			}
			var stdout, stderr bytes.Buffer
			code := run(os.Args[1:], os.Stdin, &stdout, &stderr)
			_, _ = os.Stdout.WriteString(slashed(stdout.String()))
			_, _ = os.Stderr.WriteString(slashed(stderr.String()))
			os.Exit(code)
		},
	})
}

// slashed writes the paths below the current folder that a text names, as they are or in JSON,
// with slashes, as scripts do on any system.
func slashed(text string) string {
	var paths []string
	_ = filepath.WalkDir(".", func(path string, _ fs.DirEntry, _ error) error {
		paths = append(paths, path)
		return nil
	})
	slices.Reverse(paths) // a folder comes after what is in it
	for _, path := range paths {
		inJSON := strings.ReplaceAll(path, `\`, `\\`)
		text = strings.ReplaceAll(strings.ReplaceAll(text, inJSON, filepath.ToSlash(path)), path, filepath.ToSlash(path))
	}
	return text
}

// TestScripts runs testdata/script/*.txtar, one behaviour of the command line each.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exit":  exitCommand,
			"pack":  packCommand,
			"cut":   cutCommand,
			"nodir": nodirCommand,
		},
	})
}

// exitCommand is "exit CODE PROGRAM ARGS...": it runs a program and demands its exit code.
func exitCommand(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		text := err.Error()
		got, err = strconv.Atoi(strings.TrimPrefix(text, "exit status "))
		if err != nil {
			ts.Fatalf("%s", text)
		}
	}
	if (got == want) == neg {
		ts.Fatalf("exit code %d, want %d (negated: %v)", got, want, neg)
	}
}

// packCommand is "pack gzip|zstd FROM TO": it appends FROM to TO as one more member or frame.
func packCommand(ts *testscript.TestScript, _ bool, args []string) {
	to, err := os.OpenFile(ts.MkAbs(args[2]), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	ts.Check(err)
	defer to.Close()
	text := []byte(ts.ReadFile(args[1]))
	switch args[0] {
	case "gzip":
		w := gzip.NewWriter(to)
		_, err = w.Write(text)
		ts.Check(err)
		ts.Check(w.Close())
	case "zstd":
		w, err := zstd.NewWriter(to)
		ts.Check(err)
		_, err = w.Write(text)
		ts.Check(err)
		ts.Check(w.Close())
	default:
		ts.Fatalf("pack %s: no such compression", args[0])
	}
}

// cutCommand is "cut FILE N": it takes the last N bytes off a file.
func cutCommand(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	path := ts.MkAbs(args[0])
	info, err := os.Stat(path)
	ts.Check(err)
	ts.Check(os.Truncate(path, info.Size()-int64(n)))
}

// nodirCommand is "nodir DIR": it demands that a folder holds nothing.
func nodirCommand(ts *testscript.TestScript, _ bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(entries) > 0 {
		ts.Fatalf("%s holds %d entries, the first is %s", args[0], len(entries), entries[0].Name())
	}
}
