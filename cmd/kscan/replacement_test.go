package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func replace(t *testing.T, path, text string) {
	t.Helper()
	r, err := newReplacement(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.discard()
	if text != "" {
		if _, err := r.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.commit(); err != nil {
		t.Fatal(err)
	}
}

func TestReplacement(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	for _, text := range []string{"one", "two", ""} {
		replace(t, path, text)
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%q, %v, want %q", got, err, text)
		}
	}
	r, err := newReplacement(path)
	if err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d files before anything is written, want 1", len(entries))
	}
	if _, err := r.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	r.discard()
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d files after discarding, want 1", len(entries))
	}
	if _, err := newReplacement(dir); err == nil {
		t.Error("a folder can be replaced")
	}
}

func TestReplacementOfLinksAndDevices(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs links and devices of Unix")
	}
	dir := t.TempDir()
	link, file := filepath.Join(dir, "link"), filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", link); err != nil {
		t.Fatal(err)
	}
	replace(t, link, "new")
	info, err := os.Lstat(file)
	if got, _ := os.ReadFile(file); err != nil || string(got) != "new" || info.Mode() != 0o640 {
		t.Errorf("the link's file has %q, mode %v", got, info.Mode())
	}
	device := filepath.Join(dir, "null")
	if err := os.Symlink(os.DevNull, device); err != nil {
		t.Fatal(err)
	}
	replace(t, device, "text")
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode()&fs.ModeDevice == 0 {
		t.Errorf("%s is replaced: %v, %v", os.DevNull, info, err)
	}
	if info, err := os.Lstat(device); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link to a device is replaced: %v, %v", info, err)
	}
}
