package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// replacement is a file that is written beside its place and renamed when it is complete,
// so that nobody ever reads half a report. What is there and no regular file, a device or
// a pipe, is written to and never replaced.
type replacement struct {
	path    string
	exists  bool
	mode    fs.FileMode // of the file that is replaced
	special bool        // no regular file: it is written to as it is
	temp    *os.File    // nil until something is written
}

// newReplacement returns a file for a path, or why it cannot be written. It leaves nothing
// in the folder, which may be the one that is scanned.
func newReplacement(path string) (*replacement, error) {
	r := &replacement{path: path}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, &hinted{fmt.Errorf("failed to create %s: it is a folder", path), "name a file in it"}
	case err == nil:
		r.exists, r.mode, r.special = true, info.Mode().Perm(), !info.Mode().IsRegular()
		if r.special {
			return r, nil // not opened yet: opening a pipe waits for its reader
		}
		if r.path, err = filepath.EvalSymlinks(path); err != nil {
			return nil, fmt.Errorf("failed to create %s: %w", path, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("failed to create %s: %w", path, err)
	}
	if err := r.open(); err != nil {
		return nil, fmt.Errorf("failed to create %s: %w", path, err)
	}
	r.discard()
	return r, nil
}

// open opens what is written to.
func (r *replacement) open() (err error) {
	if r.special {
		r.temp, err = os.OpenFile(r.path, os.O_WRONLY, 0)
		return err
	}
	name := fmt.Sprintf(".%s.%016x.tmp", filepath.Base(r.path), rand.Uint64())
	r.temp, err = os.OpenFile(filepath.Join(filepath.Dir(r.path), name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err == nil && r.exists {
		err = r.temp.Chmod(r.mode)
	}
	return err
}

func (r *replacement) Write(p []byte) (int, error) {
	if r.temp == nil {
		if err := r.open(); err != nil {
			return 0, err
		}
	}
	return r.temp.Write(p)
}

// commit puts the file in its place.
func (r *replacement) commit() error {
	if r.temp == nil {
		if err := r.open(); err != nil {
			return err
		}
	}
	if err := r.temp.Close(); err != nil {
		return err
	}
	if !r.special {
		if err := os.Rename(r.temp.Name(), r.path); err != nil {
			return err
		}
	}
	r.temp = nil
	return nil
}

// discard removes a file that was not finished.
func (r *replacement) discard() {
	if r.temp == nil {
		return
	}
	// The file was not finished: errors of cleaning up add nothing to what went wrong.
	_ = r.temp.Close()
	if !r.special {
		_ = os.Remove(r.temp.Name())
	}
	r.temp = nil
}
