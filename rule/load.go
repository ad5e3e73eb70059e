package rule

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"kscan/rule/builtin"
	"kscan/rule/eval"
)

// maxRuleFile bounds a rule file, in bytes. The longest of Elastic's public rules has a
// query of 47 kB; a larger file is not a rule, and is reported as a problem.
const maxRuleFile = 1 << 20

// playbookSuffix marks a file that belongs to a rule and is none itself.
const playbookSuffix = ".playbook.toml"

// builtinPath is the Path of the rules that come with kscan.
const builtinPath = "builtin"

// Builtin returns the rules that come with kscan. Their Path is "builtin".
func Builtin() ([]*Rule, error) {
	entries, err := builtin.Files.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("failed to list the built-in rules: %w", err)
	}
	var rules []*Rule
	set := eval.NewSet()
	for _, entry := range entries {
		if !isRuleFile(entry.Name()) {
			continue
		}
		data, err := builtin.Files.ReadFile(entry.Name())
		if err != nil {
			return nil, fmt.Errorf("failed to read built-in rule %s: %w", entry.Name(), err)
		}
		r, problems := parse(builtinPath, data, set)
		if r == nil {
			return nil, fmt.Errorf("failed to load built-in rule %s: %w", entry.Name(), problems)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// Load returns the rules of files and folders, in the order of the paths; a folder's
// .toml files at any depth come in sorted order. A file that is named twice is loaded
// once. They are compiled into one set. A rule of a type that kscan does not run is returned with NotRunnable set.
//
// The error is a Problems unless every rule loads; warnings alone are none.
func Load(paths []string) ([]*Rule, error) {
	rules, problems := Check(paths)
	if problems.Fatal() {
		return nil, problems
	}
	return rules, nil
}

// Check loads as Load does and returns all that it finds: the rules that load, and
// every problem, warnings too.
func Check(paths []string) ([]*Rule, Problems) {
	l := newLoader()
	for _, path := range paths {
		l.path(path)
	}
	return l.rules, l.problems
}

type loader struct {
	rules    []*Rule
	met      int // rules and playbooks that were read, also again
	problems Problems
	files    map[string]bool  // paths that were read
	ids      map[string]*Rule // rules by id
	set      *eval.Set
	lint     func(path string, data []byte) Problems // nil unless Lint asks
	books    *playbookLoader                         // nil unless Lint asks
}

func newLoader() *loader {
	return &loader{files: map[string]bool{}, ids: map[string]*Rule{}, set: eval.NewSet()}
}

func (l *loader) path(path string) {
	info, err := os.Stat(path)
	if err != nil {
		l.fail(path, err)
		return
	}
	switch {
	case info.IsDir():
		l.folder(path)
	case l.books != nil && isPlaybookFile(path):
		l.books.file(path, below)
	default:
		l.file(path, true)
		if l.books != nil {
			l.books.folder(filepath.Dir(path), neighbour)
		}
	}
}

func (l *loader) folder(root string) {
	found, before := false, l.met
	walk := func(name string, entry fs.DirEntry, err error) error {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err != nil {
			l.fail(path, err)
			return nil
		}
		switch {
		case entry.IsDir():
		case isRuleFile(entry.Name()):
			found = true
			l.file(path, false)
		case l.books != nil && isPlaybookFile(entry.Name()):
			found = true
			l.met++
			l.books.file(path, below)
		}
		return nil
	}
	if err := fs.WalkDir(os.DirFS(root), ".", walk); err != nil {
		l.fail(root, err)
	}
	switch {
	case !found:
		l.problems = append(l.problems, &Problem{Path: root, Message: "no rule found: the folder holds no .toml file"})
	case l.met == before && !l.problems.Fatal():
		l.problems = append(l.problems, &Problem{Path: root, Message: "no rule found: no .toml file of the folder is a detection rule"})
	}
}

// isRuleFile goes by the name alone: a folder of rules holds other files too.
func isRuleFile(name string) bool {
	return strings.HasSuffix(name, ".toml") && !isPlaybookFile(name)
}

func isPlaybookFile(name string) bool { return strings.HasSuffix(name, playbookSuffix) }

// file loads one file. In a folder a TOML file that is no rule is passed over with a
// warning; named by itself it is an error.
func (l *loader) file(path string, named bool) {
	clean := filepath.Clean(path)
	if l.files[clean] {
		l.met++
		return
	}
	l.files[clean] = true
	data, err := readRule(path)
	if err != nil {
		l.fail(path, err)
		return
	}
	l.data(path, data, named)
}

func (l *loader) data(path string, data []byte, named bool) {
	r, problems := parse(path, data, l.set)
	for _, p := range problems {
		if p.noRule && !named {
			p.Warning = true
		}
	}
	if l.lint != nil {
		problems = byPlace(append(problems, l.lint(path, data)...))
	}
	l.problems = append(l.problems, problems...)
	if r != nil {
		l.met++
		l.add(r, string(data))
	}
}

// add keeps a rule unless another has its id: findings, exceptions and playbooks go by
// the id alone.
func (l *loader) add(r *Rule, data string) {
	if first := l.ids[r.ID]; first != nil {
		p := &Problem{
			Path:    r.Path,
			Message: fmt.Sprintf("rule_id %s is also that of %s", r.ID, first.Path),
			Hint:    "give each rule an id of its own, or load one of the two files",
		}
		l.problems = append(l.problems, p.atKey(data, "rule_id"))
		return
	}
	l.ids[r.ID] = r
	l.rules = append(l.rules, r)
}

func (l *loader) fail(path string, err error) {
	var at *fs.PathError
	if errors.As(err, &at) { // the problem names the path itself
		err = at.Err
	}
	l.problems = append(l.problems, &Problem{Path: path, Message: "failed to read the rule: " + err.Error()})
}

func readRule(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxRuleFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxRuleFile {
		return nil, fmt.Errorf("the file is over %d MiB", maxRuleFile>>20)
	}
	return data, nil
}
