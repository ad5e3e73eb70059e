package readers

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"kscan/readers/event"
)

// Walk lists the files under the paths in sorted order, directories recursively, and
// tells problem of what it cannot list. A file that is reached twice is listed once, at
// its first place. A symbolic link is followed when it is one of the paths, and below a
// directory when it leads to a place inside that directory; other links and special
// files are told as not followed. Rotated files of one log form one group.
func Walk(paths []string, problem func(event.Problem)) []Group {
	w := &walk{problem: problem, seen: map[string]bool{}}
	for _, path := range paths {
		w.path(path)
	}
	return w.groups
}

type walk struct {
	problem func(event.Problem)
	root    string          // the real path of the directory being walked
	seen    map[string]bool // real paths of files and directories
	groups  []Group
}

func (w *walk) fail(kind event.Kind, path, detail string) {
	w.problem(event.Problem{Kind: kind, Source: path, Offset: -1, Detail: detail})
}

// path lists one path of the command line.
func (w *walk) path(path string) {
	if path == "-" {
		if !w.seen[path] {
			w.seen[path] = true
			w.groups = append(w.groups, Group{Files: []File{{Path: path, Size: -1}}})
		}
		return
	}
	info, err := os.Stat(path)
	if err != nil {
		w.fail(event.Unreadable, path, reason(err))
		return
	}
	real, err := realPath(path)
	if err != nil {
		w.fail(event.Unreadable, path, reason(err))
		return
	}
	if info.IsDir() {
		w.root = real
		w.directory(path, real)
		return
	}
	if w.first(real) {
		w.groups = append(w.groups, Group{Files: []File{{Path: path, Size: sizeOf(info)}}})
	}
}

// first reports whether a real path is seen for the first time.
func (w *walk) first(real string) bool {
	if w.seen[real] {
		return false
	}
	w.seen[real] = true
	return true
}

// directory lists a directory: the files in it and below it, in order of their names.
func (w *walk) directory(path, real string) {
	if !w.first(real) {
		return
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		w.fail(event.Unreadable, path, reason(err))
	}
	var files []File
	for _, e := range entries {
		w.entry(&files, filepath.Join(path, e.Name()), filepath.Join(real, e.Name()), e.Type())
	}
	w.groups = append(w.groups, rotated(files)...)
}

// entry lists one entry of a directory. A directory's groups come before those of the
// files beside it that sort behind it.
func (w *walk) entry(files *[]File, path, real string, mode fs.FileMode) {
	if mode&fs.ModeSymlink != 0 {
		target, err := realPath(path)
		if err != nil {
			w.fail(event.NotFollowed, path, "a symbolic link that leads nowhere: "+reason(err))
			return
		}
		if !inside(target, w.root) {
			w.fail(event.NotFollowed, path, "a symbolic link that leads out of the folder")
			return
		}
		real = target
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		w.fail(event.Unreadable, path, reason(err))
	case info.IsDir():
		w.groups = append(w.groups, rotated(*files)...)
		*files = nil
		w.directory(path, real)
	case !info.Mode().IsRegular():
		w.fail(event.NotFollowed, path, "not a regular file: "+kindOf(info.Mode()))
	case w.first(real):
		*files = append(*files, File{Path: path, Size: info.Size()})
	}
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "a special file"
}

func realPath(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(real)
}

func inside(path, root string) bool {
	rel, err := filepath.Rel(root, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

func sizeOf(info fs.FileInfo) int64 {
	if info.Mode().IsRegular() {
		return info.Size()
	}
	return -1
}

// reason is what went wrong, without the path that the problem has anyway.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Op + ": " + path.Err.Error()
	}
	return err.Error()
}
