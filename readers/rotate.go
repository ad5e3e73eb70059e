package readers

import (
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// rotation matches the names that logrotate, auditd and journald's helpers give: NAME.N,
// NAME-DATE and NAME.DATE, with the suffix of a compression.
var rotation = regexp.MustCompile(`^(.+?)(?:\.(\d{1,5})|[-.](\d{8}(?:[-T_]?\d{2,6})?|\d{4}-\d{2}-\d{2}))?(?:\.(?:gz|zst|bz2|xz|lz4))?$`)

// turn is where a file stands in its rotated set. Dated files come first, by date; then
// numbered ones, the highest number first; the live file is the newest.
type turn struct {
	base   string
	date   string
	number int
	file   File
}

func turnOf(f File) turn {
	t := turn{base: filepath.Base(f.Path), file: f}
	match := rotation.FindStringSubmatch(t.base)
	if match == nil {
		return t
	}
	t.base = match[1]
	t.number, _ = strconv.Atoi(match[2])
	t.date = strings.Map(digit, match[3])
	return t
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
	sets := map[string][]turn{}
	var order []string
	for _, f := range files {
		t := turnOf(f)
		if sets[t.base] == nil {
			order = append(order, t.base)
		}
		sets[t.base] = append(sets[t.base], t)
	}
	groups := make([]Group, 0, len(order))
	for _, base := range order {
		set := sets[base]
		slices.SortStableFunc(set, older)
		var g Group
		for _, t := range set {
			g.Files = append(g.Files, t.file)
		}
		groups = append(groups, g)
	}
	return groups
}
