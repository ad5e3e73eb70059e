package rule

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"kscan/rule/builtin"
)

// LoadPlaybooks gives the rules their playbooks, by rule_id: those that come with kscan,
// then those in the folders of the rules' files, then those of the paths (files or
// folders). A later one takes the place of an earlier one. The error is a Problems;
// warnings are returned beside it.
func LoadPlaybooks(rules []*Rule, paths []string) (Problems, error) {
	l := newPlaybookLoader()
	if err := l.builtin(); err != nil {
		return nil, err
	}
	for _, r := range rules {
		if r.Path != builtinPath {
			l.folder(filepath.Dir(r.Path), neighbour)
		}
	}
	for _, path := range paths {
		l.path(path)
	}
	for _, b := range l.read {
		if b.from == given {
			b.stranger(rules)
		}
	}
	problems := l.all()
	if problems.Fatal() {
		return nil, problems
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
	return problems, nil
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

// origin is how a playbook was come by; a later one is asked for more than one before it.
type origin int

const (
	neighbour origin = iota // it lies beside a rule
	below                   // a path of rules names it, or a folder that it is in
	given                   // a path of playbooks does
)

// loadedBook is a playbook as far as it could be read; there is none if it is not TOML.
type loadedBook struct {
	*Playbook
	parser *playbookParser
	from   origin
}

type playbookLoader struct {
	books    map[string]*Playbook
	seen     map[string]bool // folders that were read
	read     []*loadedBook
	problems Problems // of paths that cannot be read
	lint     bool     // whether Lint asks
}

func newPlaybookLoader() *playbookLoader {
	return &playbookLoader{books: map[string]*Playbook{}, seen: map[string]bool{}}
}

// all returns the problems, those of each file by their place.
func (l *playbookLoader) all() Problems {
	problems := l.problems
	for _, b := range l.read {
		problems = append(problems, byPlace(b.parser.problems)...)
	}
	return problems
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
		l.folder(path, given)
	default:
		l.file(path, given)
	}
}

// folder loads the playbooks in a folder. Nothing is said of a folder of rules that has
// none.
func (l *playbookLoader) folder(path string, from origin) {
	if l.seen[path] && from != given {
		return
	}
	l.seen[path] = true
	entries, err := os.ReadDir(path)
	if err != nil {
		if from == given {
			l.fail(path, err)
		}
		return
	}
	found := false
	for _, entry := range entries {
		if !entry.IsDir() && isPlaybookFile(entry.Name()) {
			found = true
			l.file(filepath.Join(path, entry.Name()), from)
		}
	}
	if from == given && !found {
		l.problems = append(l.problems, &Problem{Path: path, Message: "no playbook found: the folder holds no " + playbookSuffix + " file"})
	}
}

func (l *playbookLoader) file(path string, from origin) {
	if l.lint && l.again(path, from) {
		return
	}
	data, err := readRule(path)
	if err != nil {
		l.fail(path, err)
		return
	}
	l.data(path, data, from)
}

// again reports whether a file was read before, and notes if it is asked for more now.
func (l *playbookLoader) again(path string, from origin) bool {
	for _, b := range l.read {
		if filepath.Clean(b.parser.path) == filepath.Clean(path) {
			b.from = max(b.from, from)
			return true
		}
	}
	return false
}

func (l *playbookLoader) data(path string, data []byte, from origin) {
	p := newPlaybookParser(path, data, "a playbook")
	if l.lint {
		p.lint = newBookLinter(p)
	}
	book := p.parse()
	l.read = append(l.read, &loadedBook{book, p, from})
	if book != nil && !p.problems.Fatal() {
		l.books[book.RuleID] = book
	}
}

func (l *playbookLoader) fail(path string, err error) {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	l.problems = append(l.problems, &Problem{Path: path, Message: "failed to read the playbook: " + err.Error()})
}
