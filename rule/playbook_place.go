package rule

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"

	"kscan/rule/eql"
	"kscan/rule/eval"
)

// fail notes an error at a key of a table, or at the table if it lacks the key.
func (p *playbookParser) fail(at tableAt, key, message, hint string) *Problem {
	problem := &Problem{Path: p.path, Message: at.name() + message, Hint: hint}
	p.problems = append(p.problems, problem)
	header, body := p.table(at)
	if header < 0 {
		return problem
	}
	if start := keyIn(p.plain[:body[1]], body[0], key); key != "" && start >= 0 {
		return problem.at(p.data, start)
	}
	return problem.at(p.data, header)
}

// failItem is fail for one string of the list that a key has.
func (p *playbookParser) failItem(at tableAt, key, item, message, hint string) *Problem {
	problem := p.fail(at, key, message, hint)
	start, end := p.value(at, key)
	if start < 0 {
		return problem
	}
	for _, quote := range []string{`"`, `'`} {
		if i := strings.Index(p.data[start:end], quote+item+quote); i >= 0 {
			problem.at(p.data, start+i+1)
			problem.width = utf8.RuneCountInString(item)
		}
	}
	return problem
}

// value returns where the value of a key starts, and where its table ends; -1 if that is
// not known.
func (p *playbookParser) value(at tableAt, key string) (start, end int) {
	header, body := p.table(at)
	if header < 0 {
		return -1, 0
	}
	return keyIn(p.plain[:body[1]], body[0], key), body[1]
}

func (at tableAt) name() string {
	switch {
	case at.step == 0 && at.item > 0:
		return fmt.Sprintf("%s %d: ", at.table, at.item)
	case at.item > 0:
		return fmt.Sprintf("step %d, %s %d: ", at.step, at.table, at.item)
	case at.step > 0:
		return fmt.Sprintf("step %d: ", at.step)
	}
	return ""
}

// query notes what is wrong with a query, at its place in the file if that can be told.
func (p *playbookParser) query(at tableAt, key, text string, err error) {
	var fault *eql.Error
	var refused *eval.Error
	switch {
	case errors.As(err, &fault):
		p.inQuery(at, key, text, fault.Span, fault.Msg, fault.Hint).Warning = fault.Warning
	case errors.As(err, &refused):
		p.inQuery(at, key, text, refused.At, refused.Error(), "")
	default:
		p.fail(at, key, key+": "+err.Error(), "")
	}
}

// inQuery notes what is wrong with a part of a query.
func (p *playbookParser) inQuery(at tableAt, key, text string, span eql.Span, message, hint string) *Problem {
	problem := p.fail(at, key, key+": "+message, hint)
	start, _ := p.value(at, key)
	if start < 0 || span.End > len(text) {
		return problem
	}
	quote := len(stringOpening.FindString(p.data[start:]))
	if offset, ok := stringOffset(p.data, start+quote, text, span.Start); ok {
		problem.at(p.data, offset)
		problem.width = utf8.RuneCountInString(text[span.Start:span.End])
	}
	return problem
}

var (
	stringOpening = regexp.MustCompile(`^(?:"""|'''|"|')`)

	stepHeader  = regexp.MustCompile(`(?m)^[ \t]*\[\[[ \t]*step[ \t]*\]\]`)
	anyHeader   = regexp.MustCompile(`(?m)^[ \t]*\[`)
	itemHeaders = map[string]*regexp.Regexp{
		"condition": regexp.MustCompile(`(?m)^[ \t]*\[\[[ \t]*step[ \t]*\.[ \t]*condition[ \t]*\]\]`),
		"evidence":  regexp.MustCompile(`(?m)^[ \t]*\[\[[ \t]*step[ \t]*\.[ \t]*evidence[ \t]*\]\]`),
		"exception": regexp.MustCompile(`(?m)^[ \t]*\[\[[ \t]*exception[ \t]*\]\]`),
	}
)

// table returns where a table's header is and where its keys are; -1 if that is not
// known, as with inline tables. The decoder does not tell.
func (p *playbookParser) table(at tableAt) (header int, body [2]int) {
	from, end := []int{0, 0}, len(p.plain)
	steps := stepHeader.FindAllStringIndex(p.plain, -1)
	switch {
	case at.step > len(steps):
		return -1, body
	case at.step > 0:
		from = steps[at.step-1]
		if at.step < len(steps) {
			end = steps[at.step][0]
		}
	}
	if at.item > 0 {
		items := itemHeaders[at.table].FindAllStringIndex(p.plain[from[1]:end], -1)
		if at.item > len(items) {
			return -1, body
		}
		item := items[at.item-1]
		from = []int{from[1] + item[0], from[1] + item[1]}
	}
	if next := anyHeader.FindStringIndex(p.plain[from[1]:end]); next != nil {
		end = from[1] + next[0]
	}
	return from[0], [2]int{from[1], end}
}

// keyIn returns where the value of a key starts in data, from an offset on; -1 if it is
// not there.
func keyIn(data string, from int, key string) int {
	m := regexp.MustCompile(`(?m)^[ \t]*["']?` + regexp.QuoteMeta(key) + `["']?[ \t]*=[ \t]*`).FindStringIndex(data[from:])
	if m == nil {
		return -1
	}
	return from + m[1]
}

// keyPlaces returns where keys stand that are all those of the file, in its order; -1 where
// that cannot be told.
func (p *playbookParser) keyPlaces(keys []toml.Key) []int {
	places, next := make([]int, len(keys)), 0
	for i, key := range keys {
		places[i] = -1
		name := regexp.MustCompile(`(?m)(?:^|[\s\[{,."'])(` + regexp.QuoteMeta(key[len(key)-1]) + `)["']?[ \t]*[\].=]`)
		if m := name.FindStringSubmatchIndex(p.plain[next:]); m != nil {
			places[i] = next + m[2]
			next += m[3]
		}
	}
	return places
}

// plainTOML returns TOML of the same length and lines in which strings and comments are
// blank, but for quoted keys: what looks like a key or a header then is one.
func plainTOML(data string) string {
	plain := []byte(data)
	for i := 0; i < len(data); {
		start, end, next := i, i, i+1
		switch quote := stringOpening.FindString(data[i:]); {
		case data[i] == '#':
			end = i + len(firstLine(data[i:]))
			next = end
		case quote != "":
			start = i + len(quote)
			end = start + stringEnd(data[start:], quote)
			next = end + len(quote)
			if len(quote) == 1 && strings.HasPrefix(strings.TrimLeft(data[min(next, len(data)):], " \t"), "=") {
				start = end
			}
		}
		for ; start < end; start++ {
			if plain[start] != '\n' {
				plain[start] = ' '
			}
		}
		i = next
	}
	return string(plain)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// stringEnd returns where a string ends that begins behind its opening quote.
func stringEnd(s, quote string) int {
	if len(quote) == 1 {
		s = firstLine(s)
	}
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quote[0] == '"':
			i++
		case strings.HasPrefix(s[i:], quote):
			for len(quote) == 3 && strings.HasPrefix(s[i+1:], quote) {
				i++ // of up to five quotes the last three end it
			}
			return i
		}
	}
	return len(s)
}
