package rule

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kscan/rule/builtin"
)

// LoadPlaybooks gives the rules their playbooks, by rule_id: those that come with kscan,
// then those in the folders of the rules' files, then those of the paths (files or
// folders). A later one takes the place of an earlier one. The error is a Problems;
// warnings are returned beside it.
func LoadPlaybooks(rules []*Rule, paths []string) (Problems, error) {
	l := &playbookLoader{books: map[string]*Playbook{}, seen: map[string]bool{}}
	if err := l.builtin(); err != nil {
		return nil, err
	}
	for _, r := range rules {
		if r.Path != builtinPath {
			l.folder(filepath.Dir(r.Path), false)
		}
	}
	for _, path := range paths {
		l.path(path)
	}
	if l.problems.Fatal() {
		return nil, l.problems
	}
	var notes map[string]string // loaded when they are needed
	for _, r := range rules {
		r.Playbook = l.books[r.ID]
		if r.OwnNote = false; r.Path == builtinPath || r.Playbook == nil || r.Playbook.Path != builtinPath {
			continue
		}
		if notes == nil {
			var err error
			if notes, err = builtinNotes(); err != nil {
				return nil, err
			}
		}
		r.OwnNote = r.Note != notes[r.ID]
	}
	l.unused(rules)
	return l.problems, nil
}

// builtinNotes returns the guides of the rules that come with kscan, by rule_id: those that
// their playbooks answer.
func builtinNotes() (map[string]string, error) {
	rules, err := Builtin()
	notes := map[string]string{}
	for _, r := range rules {
		notes[r.ID] = r.Note
	}
	return notes, err
}

type playbookLoader struct {
	books    map[string]*Playbook
	seen     map[string]bool // files and folders that were read
	given    []*Playbook     // by a path
	problems Problems
}

func (l *playbookLoader) builtin() error {
	names, err := fs.Glob(builtin.Files, "*"+playbookSuffix)
	if err != nil {
		return fmt.Errorf("failed to list the built-in playbooks: %w", err)
	}
	for _, name := range names {
		data, err := builtin.Files.ReadFile(name)
		if err != nil {
			return fmt.Errorf("failed to read built-in playbook %s: %w", name, err)
		}
		book, problems := ParsePlaybook(builtinPath, data)
		if book == nil {
			return fmt.Errorf("failed to load built-in playbook %s: %w", name, problems)
		}
		l.books[book.RuleID] = book
	}
	return nil
}

func (l *playbookLoader) path(path string) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		l.fail(path, err)
	case info.IsDir():
		l.folder(path, true)
	default:
		l.file(path, true)
	}
}

// folder loads the playbooks in a folder. Nothing is said of a folder of rules that has
// none.
func (l *playbookLoader) folder(path string, given bool) {
	if l.seen[path] && !given {
		return
	}
	l.seen[path] = true
	entries, err := os.ReadDir(path)
	if err != nil {
		if given {
			l.fail(path, err)
		}
		return
	}
	found := false
	for _, entry := range entries {
		if !entry.IsDir() && strings.HasSuffix(entry.Name(), playbookSuffix) {
			found = true
			l.file(filepath.Join(path, entry.Name()), given)
		}
	}
	if given && !found {
		l.problems = append(l.problems, &Problem{Path: path, Message: "no playbook found: the folder holds no " + playbookSuffix + " file"})
	}
}

func (l *playbookLoader) file(path string, given bool) {
	data, err := readRule(path)
	if err != nil {
		l.fail(path, err)
		return
	}
	book, problems := ParsePlaybook(path, data)
	l.problems = append(l.problems, problems...)
	if book == nil {
		return
	}
	l.books[book.RuleID] = book
	if given {
		l.given = append(l.given, book)
	}
}

// unused warns of playbooks that were asked for and are for no rule that runs.
func (l *playbookLoader) unused(rules []*Rule) {
	for _, book := range l.given {
		if !slices.ContainsFunc(rules, func(r *Rule) bool { return r.ID == book.RuleID }) {
			l.problems = append(l.problems, &Problem{Path: book.Path, Warning: true,
				Message: fmt.Sprintf("the playbook is for rule %s, which is not loaded", book.RuleID)})
		}
	}
}

func (l *playbookLoader) fail(path string, err error) {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	l.problems = append(l.problems, &Problem{Path: path, Message: "failed to read the playbook: " + err.Error()})
}
