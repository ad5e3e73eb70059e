package readers

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// turn is where a file stands in its rotated set. Dated files come first, by date; then
// numbered ones, the highest number first; the live file is the newest.
type turn struct {
	base   string
	date   string
	number int
	file   File
}

// turnOf takes apart a name as logrotate, auditd and journald's helpers give them: NAME.N,
// NAME-DATE and NAME.DATE, with the suffix of a compression. A shorter NAME goes before a
// longer one.
func turnOf(f File) turn {
	name := filepath.Base(f.Path)
	t := turn{base: name, file: f}
	for i := 1; i < len(name); i++ {
		if name[i-1] == '\n' {
			break // no such name
		}
		if name[i] != '.' && name[i] != '-' {
			continue
		}
		if date, number, ok := rotation(name[i:]); ok {
			t.base, t.date, t.number = name[:i], date, number
			break
		}
	}
	return t
}

// compressions are the suffixes of compressed files.
var compressions = [...]string{".gz", ".zst", ".bz2", ".xz", ".lz4"}

// rotation takes apart what rotation puts behind a name: .N, or a date behind a point or a
// hyphen, and a compression's suffix; or that suffix alone.
func rotation(text string) (date string, number int, ok bool) {
	for _, suffix := range compressions {
		if rest, found := strings.CutSuffix(text, suffix); found {
			text = rest
			break
		}
	}
	if text == "" {
		return "", 0, true
	}
	text, point := text[1:], text[0] == '.'
	n := digitsOf(text)
	switch {
	case point && n > 0 && n <= maxNumber && n == len(text):
		number, _ = strconv.Atoi(text)
		return "", number, true
	case isDate(text, n):
		return strings.Map(digit, text), 0, true
	}
	return "", 0, false
}

// maxNumber is how many digits the number of a rotated file has at most.
const maxNumber = 5

// isDate reports whether a text, which begins with n digits, is a date: 20261101, with two
// to six digits of the time behind it, or 2026-11-01.
func isDate(text string, n int) bool {
	const date, least, most = 8, 2, 6
	if n > date {
		return n == len(text) && n >= date+least && n <= date+most
	}
	if n == date {
		rest := text[date:]
		if rest == "" {
			return true
		}
		rest = rest[1:]
		return strings.IndexByte("-T_", text[date]) >= 0 && len(rest) >= least && len(rest) <= most && digitsOf(rest) == len(rest)
	}
	return n == 4 && len(text) == 10 && text[4] == '-' && digitsOf(text[5:]) == 2 && text[7] == '-' && digitsOf(text[8:]) == 2
}

// digitsOf returns how many digits a text begins with.
func digitsOf(text string) int {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return n
}

// digit keeps digits alone, so that dates compare however they are written.
func digit(r rune) rune {
	if r < '0' || r > '9' {
		return -1
	}
	return r
}

// older orders the files of one set by time.
func older(a, b turn) int {
	if (a.date == "") != (b.date == "") {
		return strings.Compare(b.date, a.date) // a date sorts before none
	}
	if a.date != b.date {
		return strings.Compare(a.date, b.date)
	}
	if a.number != b.number {
		return b.number - a.number
	}
	return strings.Compare(a.file.Path, b.file.Path)
}

// rotated groups the files of one directory, which come sorted by name: a set stands
// where its first file stood.
func rotated(files []File) []Group {
	groups := make([]Group, 0, len(files))
	for i := range files {
		groups = append(groups, Group{Files: files[i : i+1 : i+1]})
	}
	if !slices.ContainsFunc(files, isRotated) {
		return groups
	}
	places := make(map[string]int, len(files))
	groups = groups[:0]
	for i, f := range files {
		base := turnOf(f).base
		at, known := places[base]
		if !known {
			places[base] = len(groups)
			groups = append(groups, Group{Files: files[i : i+1 : i+1]})
			continue
		}
		groups[at].Files = append(groups[at].Files, f)
	}
	for _, g := range groups {
		if len(g.Files) > 1 {
			inTime(g.Files)
		}
	}
	return groups
}

// isRotated reports whether a file's name is not that of a log alone.
func isRotated(f File) bool { return turnOf(f).base != filepath.Base(f.Path) }

// inTime sorts the files of one set.
func inTime(files []File) {
	turns := make([]turn, len(files))
	for i, f := range files {
		turns[i] = turnOf(f)
	}
	slices.SortStableFunc(turns, older)
	for i := range turns {
		files[i] = turns[i].file
	}
}
