package readers

import (
	"errors"
	"io/fs"
	"iter"
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
func Walk(paths []string, problem func(event.Problem)) iter.Seq[Group] {
	return func(yield func(Group) bool) {
		w := &walk{problem: problem, yield: yield, folders: map[string]*folder{}, others: map[string]bool{}}
		for _, path := range paths {
			if !w.stopped {
				w.path(path)
			}
		}
	}
}

type walk struct {
	problem func(event.Problem)
	root    string             // the real path of the directory being walked
	folders map[string]*folder // by their real paths
	others  map[string]bool    // real paths of files that were reached in other ways than through their folder
	yield   func(Group) bool
	files   int // that were listed
	stopped bool
}

// list gives groups.
func (w *walk) list(groups ...Group) {
	for _, g := range groups {
		g.sampling = samplingOf(w.files)
		w.files += len(g.Files)
		w.stopped = w.stopped || !w.yield(g)
	}
}

// folder is how far a directory is listed: its files need no place in a map then.
type folder struct {
	at     string // the name of the entry at hand; those before it are listed
	all    bool
	broken bool // not all entries are known
}

func (f *folder) has(name string) bool { return !f.broken && (f.all || name < f.at) }

func (w *walk) fail(kind event.Kind, path, detail string) {
	w.problem(event.Problem{Kind: kind, Source: path, Offset: -1, Detail: detail})
}

// path lists one path of the command line.
func (w *walk) path(path string) {
	if path == "-" {
		if !w.others[path] {
			w.others[path] = true
			w.list(Group{Files: []File{{Path: path}}})
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
		w.list(Group{Files: []File{{Path: path}}})
	}
}

// first reports whether a file is reached for the first time.
func (w *walk) first(real string) bool {
	if w.others[real] {
		return false
	}
	if f := w.folders[filepath.Dir(real)]; f != nil && f.has(filepath.Base(real)) {
		return false
	}
	w.others[real] = true
	return true
}

// directory lists a directory: the files in it and below it, in order of their names. A
// directory's groups come before those of the files beside it that sort behind it.
func (w *walk) directory(path, real string) {
	if w.folders[real] != nil {
		return
	}
	f := &folder{}
	w.folders[real] = f
	entries, err := os.ReadDir(path)
	if err != nil {
		w.fail(event.Unreadable, path, reason(err))
		f.broken = true
	}
	files := make([]File, 0, len(entries))
	prefix := strings.TrimSuffix(filepath.Join(path, "x"), "x")
	for _, e := range entries {
		if w.stopped {
			return
		}
		f.at = e.Name()
		name := prefix + f.at
		if e.Type().IsRegular() {
			if f.broken && w.first(filepath.Join(real, f.at)) || !f.broken && !w.reached(real, f.at) {
				files = append(files, File{Path: name, regular: true})
			}
			continue
		}
		w.entry(&files, name, filepath.Join(real, f.at), e.Type())
	}
	f.all = true
	w.list(rotated(files)...)
}

// reached reports whether a file was reached before its folder came to it.
func (w *walk) reached(folder, name string) bool {
	return len(w.others) > 0 && w.others[filepath.Join(folder, name)]
}

// entry lists an entry of a directory that is no regular file.
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
		info, err := os.Stat(path)
		if err != nil {
			w.fail(event.Unreadable, path, reason(err))
			return
		}
		real, mode = target, info.Mode()
	}
	switch {
	case mode.IsDir():
		w.list(rotated(*files)...)
		*files = nil
		w.directory(path, real)
	case !mode.IsRegular():
		w.fail(event.NotFollowed, path, "not a regular file: "+kindOf(mode))
	case w.first(real):
		*files = append(*files, File{Path: path})
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

// Size returns how many bytes the files of the group have that have a size.
func (g *Group) Size() (total int64) {
	for _, f := range g.Files {
		total += sizeOf(f.Path)
	}
	return total
}

// sizeOf returns the size of a regular file, 0 of anything else.
func sizeOf(path string) int64 {
	if info, err := os.Stat(path); path != "-" && err == nil && info.Mode().IsRegular() {
		return info.Size()
	}
	return 0
}

// reason is what went wrong, without the path that the problem has anyway.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Op + ": " + path.Err.Error()
	}
	return err.Error()
}
