package rule

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"kscan/rule/builtin"
)

// Want is what a case demands of its rule.
type Want string

// What cases demand. A file's name begins with the word.
const (
	// WantMatch: every event is found; by a rule of several events, at least once.
	WantMatch Want = "match"
	// WantSome: at least one event is found, among others.
	WantSome Want = "some"
	// WantNone: nothing is found.
	WantNone Want = "nomatch"
)

// Case is a log that belongs to a rule, and what the rule must find in it.
type Case struct {
	Rule *Rule
	// Path is the log's file; of the built-in rules, its place among the embedded files.
	Path string
	Want Want
	// Embedded is the log itself when it is not a file.
	Embedded []byte
}

// casesSuffix makes the name of the folder with a rule's cases from the name of its file.
const casesSuffix = ".tests"

// CasesFolder returns the folder where the cases of a rule file lie, which need not
// exist: x.tests beside x.toml.
func CasesFolder(rulePath string) string {
	return strings.TrimSuffix(rulePath, filepath.Ext(rulePath)) + casesSuffix
}

// Cases returns the cases of a rule, sorted by name; none if it has no folder of cases.
// A file whose name does not say what it demands is an error, so that no case is passed
// over: only names that begin with a dot and Markdown files may lie beside the cases.
func Cases(r *Rule) ([]Case, error) {
	if r.Path == builtinPath {
		return builtinCases(r)
	}
	folder := CasesFolder(r.Path)
	if info, err := os.Stat(folder); err == nil && !info.IsDir() { // to Windows a file has no entries, as if it were not there
		return nil, fmt.Errorf("failed to read the cases in %s: it is no folder", folder)
	}
	cases, err := casesIn(os.DirFS(folder), ".", r)
	for i := range cases {
		cases[i].Path = filepath.Join(folder, filepath.FromSlash(cases[i].Path))
	}
	if err != nil {
		return nil, fmt.Errorf("failed to read the cases in %s: %w", folder, err)
	}
	return cases, nil
}

// casesIn lists the cases in a folder, not below it.
func casesIn(files fs.FS, folder string, r *Rule) ([]Case, error) {
	entries, err := fs.ReadDir(files, folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") || strings.EqualFold(path.Ext(name), ".md") {
			continue
		}
		want, ok := wantOf(name)
		if !ok {
			return nil, fmt.Errorf("%s begins with none of match, some and nomatch", name)
		}
		cases = append(cases, Case{Rule: r, Path: path.Join(folder, name), Want: want})
	}
	return cases, nil
}

// wantOf reads what a case demands off its name: the word stands alone or before a
// character that is no letter.
func wantOf(name string) (Want, bool) {
	end := strings.IndexFunc(name, func(r rune) bool { return r < 'a' || r > 'z' })
	if end < 0 {
		end = len(name)
	}
	want := Want(name[:end])
	return want, slices.Contains([]Want{WantMatch, WantSome, WantNone}, want)
}

// builtinCases returns the embedded cases of an embedded rule.
func builtinCases(r *Rule) ([]Case, error) {
	folder, err := builtinFolder(r.ID)
	if err != nil {
		return nil, err
	}
	cases, err := casesIn(builtin.Files, folder, r)
	if err != nil {
		return nil, fmt.Errorf("failed to read the cases in %s: %w", folder, err)
	}
	for i := range cases {
		if cases[i].Embedded, err = builtin.Files.ReadFile(cases[i].Path); err != nil {
			return nil, fmt.Errorf("failed to read a case: %w", err)
		}
		cases[i].Path = path.Join(builtinPath, cases[i].Path)
	}
	return cases, nil
}

// builtinFolder returns where the cases of the embedded rule with an id lie.
func builtinFolder(id string) (string, error) {
	names, err := fs.Glob(builtin.Files, "*.toml")
	if err != nil {
		return "", fmt.Errorf("failed to list the built-in rules: %w", err)
	}
	for _, name := range names {
		data, err := builtin.Files.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("failed to read built-in rule %s: %w", name, err)
		}
		var f file
		if _, err := toml.Decode(string(data), &f); err == nil && f.Rule != nil && f.Rule.ID == id {
			return CasesFolder(name), nil
		}
	}
	return "", fmt.Errorf("no built-in rule has the id %s", id)
}

// OrphanCases returns the folders of cases at and below the paths that have no rule file
// beside them: cases that would never run.
func OrphanCases(paths []string) (folders []string) {
	for _, root := range paths {
		walk := func(name string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() || !strings.HasSuffix(entry.Name(), casesSuffix) {
				return nil // what cannot be read, Check reports
			}
			folder := filepath.Join(root, filepath.FromSlash(name))
			if _, err := os.Stat(strings.TrimSuffix(folder, casesSuffix) + ".toml"); errors.Is(err, fs.ErrNotExist) {
				folders = append(folders, folder)
			}
			return nil
		}
		// The walk itself never fails: the function swallows every error.
		_ = fs.WalkDir(os.DirFS(root), ".", walk)
	}
	return folders
}
