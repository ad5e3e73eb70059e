package readers

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// GroupOf returns the group that a file is read with: the rotated set in its folder that
// it belongs to, or the file alone. The paths of the others are beside the file's own.
func GroupOf(path string) (Group, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Group{}, fmt.Errorf("failed to open %s: %s", path, reason(err))
	}
	if info.IsDir() {
		return Group{}, fmt.Errorf("%s is a folder, not a file", path)
	}
	alone := Group{Files: []File{{Path: path}}}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || !info.Mode().IsRegular() {
		return alone, nil
	}
	files := alone.Files
	for _, e := range entries {
		other, err := e.Info()
		if err != nil || !other.Mode().IsRegular() || e.Name() == filepath.Base(path) {
			continue
		}
		files = append(files, File{Path: filepath.Join(filepath.Dir(path), e.Name())})
	}
	for _, g := range rotated(files) {
		if slices.ContainsFunc(g.Files, func(f File) bool { return f.Path == path }) {
			return g, nil
		}
	}
	return alone, nil
}
