package rule

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// Problem is one thing that is wrong with a rule file, and where. It is an error.
type Problem struct {
	Path string
	// Line and Column are 1-based and count in the file, the column in characters.
	// They are 0 when the place is not known.
	Line, Column int
	Message      string
	// Hint says what to write instead, "" if nothing is known.
	Hint string
	// Text is the line of the file, "" when the place is not known.
	Text string
	// Warning is set when the rule runs all the same.
	Warning bool

	width int // characters from Column on that are at fault
	// noRule is set when the file has no [rule] table.
	noRule bool
}

// PassedOver reports whether the problem is a file among rules that is none itself.
func (p *Problem) PassedOver() bool { return p.noRule && p.Warning }

// Problems is what is wrong with a set of rule files, in the order of the files.
type Problems []*Problem

// Error returns one problem a line, warnings left out.
func (ps Problems) Error() string {
	var lines []string
	for _, p := range ps {
		if !p.Warning {
			lines = append(lines, p.Error())
		}
	}
	return strings.Join(lines, "\n")
}

// Fatal reports whether any of the problems is more than a warning.
func (ps Problems) Fatal() bool {
	return slices.ContainsFunc(ps, func(p *Problem) bool { return !p.Warning })
}

// Error returns "path:line:column: message".
func (p *Problem) Error() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.Path, p.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.Path, p.Line, p.Column, p.Message)
}

// contextBefore and contextAfter are how many characters of a long line Render shows
// before the place and from there on: together a terminal's width.
const (
	contextBefore = 50
	contextAfter  = 60
	// contextLeast is how many characters are shown of a line on any terminal.
	contextLeast = 20
)

// Render returns the problem for a terminal, with the line of the file, a mark under
// the place and the hint as far as they are known. What is quoted from the file is
// made harmless.
//
//	error: rules/x.toml:12:15: query: unknown function "startWith"
//	  12 | any where startWith(process.name, "a")
//	     |           ^^^^^^^^^
//	hint: did you mean "startsWith"?
func (p *Problem) Render() string { return p.render(contextBefore, contextAfter) }

// RenderWidth is Render with the excerpt cut to a terminal of so many columns: a line
// that the terminal wraps would tear the mark from its place.
func (p *Problem) RenderWidth(columns int) string {
	margin := len("   | ") + 2 + len(fmt.Sprint(p.Line)) // two marks where it is cut
	room := min(max(columns-margin, contextLeast), contextBefore+contextAfter)
	before := room * contextBefore / (contextBefore + contextAfter)
	return p.render(before, room-before)
}

// render writes the problem with so many characters of the line before the place and
// from there on.
func (p *Problem) render(before, after int) string {
	var b strings.Builder
	severity := "error"
	if p.Warning {
		severity = "warning"
	}
	fmt.Fprintf(&b, "%s: %s\n", severity, harmless(p.Error()))
	if p.Text != "" {
		text, mark := p.excerpt(before, after)
		number := fmt.Sprint(p.Line)
		fmt.Fprintf(&b, "  %s | %s\n  %*s | %s\n", number, text, len(number), "", mark)
	}
	if p.Hint != "" {
		fmt.Fprintf(&b, "hint: %s\n", harmless(p.Hint))
	}
	return b.String()
}

// excerpt returns the part of the line around the place, and a line with carets below.
func (p *Problem) excerpt(left, right int) (text, mark string) {
	line := []rune(p.Text)
	at := min(p.Column-1, len(line))
	start, end := max(at-left, 0), min(at+right, len(line))
	width := min(max(p.width, 1), end-at)
	before, spot := harmless(string(line[start:at])), harmless(string(line[at:at+width]))
	if start > 0 {
		before = "…" + before
	}
	text = before + spot + harmless(string(line[at+width:end]))
	if end < len(line) {
		text += "…"
	}
	pad := strings.Repeat(" ", utf8.RuneCountInString(before))
	return text, pad + strings.Repeat("^", max(utf8.RuneCountInString(spot), 1))
}

// harmless returns s on one line, with what does not print escaped and tabs as blanks.
func harmless(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\t':
			b.WriteByte(' ')
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\u{%02x}`, r)
		}
	}
	return b.String()
}

// at places the problem at a byte offset of the file. The TOML decoder gives some that are
// inside a character, which then is the place.
func (p *Problem) at(data string, offset int) *Problem {
	offset = min(max(offset, 0), len(data))
	for offset > 0 && offset < len(data) && !utf8.RuneStart(data[offset]) {
		offset--
	}
	start := strings.LastIndexByte(data[:offset], '\n') + 1
	p.Line = strings.Count(data[:start], "\n") + 1
	p.Column = utf8.RuneCountInString(data[start:offset]) + 1
	p.Text, _, _ = strings.Cut(data[start:], "\n")
	p.Text = strings.TrimSuffix(p.Text, "\r")
	return p
}

// atLine places the problem at the first character of a line that is not a blank.
func (p *Problem) atLine(data string, line int) *Problem {
	start := 0
	for ; line > 1; line-- {
		i := strings.IndexByte(data[start:], '\n')
		if i < 0 {
			break
		}
		start += i + 1
	}
	blank := len(data[start:]) - len(strings.TrimLeft(data[start:], " \t"))
	return p.at(data, start+blank)
}

// tomlProblem says what the TOML decoder found. An error of syntax has a position; one
// of type has its line in the text alone.
func tomlProblem(path, data string, err error) *Problem {
	p := &Problem{Path: path}
	var syntax toml.ParseError
	if errors.As(err, &syntax) {
		p.Message = syntax.Message
		return p.at(data, syntax.Position.Start)
	}
	p.Message = strings.TrimPrefix(err.Error(), "toml: ")
	var line int
	if _, scanErr := fmt.Sscanf(p.Message, "line %d", &line); scanErr != nil {
		return p
	}
	if _, rest, ok := strings.Cut(p.Message, `(last key "`); ok {
		p.Message = strings.Replace(rest, `"): `, ": ", 1)
	}
	return p.atLine(data, line)
}

// place is the type of a key whose position is wanted: the decoder gives positions in
// errors alone, so it makes one.
type place struct{}

var errPlace = errors.New("here")

func (*place) UnmarshalText([]byte) error { return errPlace }

// keyStart returns the offset of the value of a key of [rule]; of a string, the first
// byte inside its quotes.
func keyStart(data, key string) (int, bool) {
	field := func(name, key string, t reflect.Type) reflect.Type {
		tag := reflect.StructTag(fmt.Sprintf("toml:%q", key))
		return reflect.StructOf([]reflect.StructField{{Name: name, Type: t, Tag: tag}})
	}
	probe := field("Rule", "rule", field("Key", key, reflect.TypeFor[place]()))
	_, err := toml.Decode(data, reflect.New(probe).Interface())
	var at toml.ParseError
	if !errors.As(err, &at) || at.Message != errPlace.Error() {
		return 0, false
	}
	return at.Position.Start, true
}

// ruleHeader matches the line that begins the table of the rule.
var ruleHeader = regexp.MustCompile(`(?m)^[ \t]*\[[ \t]*rule[ \t]*\]`)

// atKey places the problem at the value of a key of [rule], or at the line "[rule]" if
// it lacks that key.
func (p *Problem) atKey(data, key string) *Problem {
	if start, ok := keyStart(data, key); ok {
		return p.at(data, start)
	}
	if start, ok := tableStart(data, key); ok {
		return p.at(data, start)
	}
	if header := ruleHeader.FindStringIndex(data); header != nil {
		return p.at(data, header[0])
	}
	return p
}

// tableStart returns where a key of [rule] stands whose value is a list or a table: the
// decoder says of these that they are there, and not where.
func tableStart(data, key string) (int, bool) {
	var all map[string]any
	decoded, err := toml.Decode(data, &all)
	if err != nil || !decoded.IsDefined("rule", key) {
		return 0, false
	}
	line := regexp.MustCompile(`(?m)^[ \t]*(?:\[+rule\.)?(` + regexp.QuoteMeta(key) + `)[ \t]*[\].=]`)
	if at := line.FindStringSubmatchIndex(data); at != nil {
		return at[2], true
	}
	return 0, false
}

// queryOffset returns the offset in the file of byte i of the decoded query.
func queryOffset(data, query string, i int) (int, bool) {
	start, ok := keyStart(data, "query")
	if !ok {
		return 0, false
	}
	return stringOffset(data, start, query, i)
}

// stringOffset returns the offset in the file of byte i of the decoded string whose first
// byte inside the quotes is at start. It is not ok when the string is written in a way
// that this cannot follow, such as inside an inline table.
func stringOffset(data string, start int, value string, i int) (int, bool) {
	if start > len(data) || i > len(value) {
		return 0, false
	}
	before, body := data[:start], data[start:]
	multiline := strings.HasSuffix(before, "'''") || strings.HasSuffix(before, `"""`)
	skip := 0
	if multiline {
		skip = len(body) - len(strings.TrimPrefix(strings.TrimPrefix(body, "\r"), "\n"))
	}
	if strings.HasSuffix(before, "'") {
		if !strings.HasPrefix(body[skip:], value) {
			return 0, false
		}
		return start + skip + i, true
	}
	if !strings.HasSuffix(before, `"`) {
		return 0, false
	}
	n, ok := basicOffset(body[skip:], value, i)
	return start + skip + n, ok
}

// basicOffset returns the offset in src, the inside of a basic string, of byte i of
// its decoded value.
func basicOffset(src, value string, i int) (int, bool) {
	s, v := 0, 0
	for s < len(src) && v <= i {
		source, decoded := 1, 1
		if src[s] == '\\' {
			source, decoded = escapeLength(src[s:], value[v:])
		} else if v < len(value) && src[s] != value[v] {
			return 0, false
		}
		if v == i && decoded > 0 {
			return s, true
		}
		s, v = s+source, v+decoded
		if v > len(value) {
			return 0, false
		}
	}
	return s, v == i
}

// escapeLength returns how many bytes an escape takes in the source and in the value.
// A backslash at the end of a line takes the white space after it and gives nothing.
func escapeLength(src, value string) (source, decoded int) {
	if len(src) < 2 {
		return len(src), 0
	}
	if rest := strings.TrimLeft(src[1:], " \t\r\n"); len(rest) < len(src)-1 {
		return len(src) - len(rest), 0
	}
	_, size := utf8.DecodeRuneInString(value)
	switch src[1] {
	case 'x':
		return min(4, len(src)), size
	case 'u':
		return min(6, len(src)), size
	case 'U':
		return min(10, len(src)), size
	}
	return 2, 1
}
