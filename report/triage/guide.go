package triage

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"kscan/report/safe"
	"kscan/rule"
)

// Guide is what a rule's author tells the analyst, taken apart.
type Guide struct {
	Sections []Section // of the rule's note, then its list of false positives
	Setup    []Section
}

// SectionKind says what a section of a guide is for.
type SectionKind string

// The kinds of sections. They are part of the JSON output.
const (
	Overview       SectionKind = "overview"
	Investigation  SectionKind = "investigation"
	FalsePositives SectionKind = "false_positives"
	Response       SectionKind = "response"
	Setup          SectionKind = "setup"
	OtherSection   SectionKind = "other"
)

// Section is a heading of a guide with what stands under it.
type Section struct {
	Kind  SectionKind
	Title string
	Steps []Step
}

// Step is a list item, a paragraph or a block of code.
type Step struct {
	Text  string
	Depth int // of a list item, from 1; 0 for a paragraph or code
	// Code says that Text is to be shown as it is, line by line: commands are copied, so
	// no value from a log is put into them.
	Code   bool
	Fields []string
}

const (
	// maxGuide is how many characters of a rule's note and of its setup are read.
	maxGuide = 64 << 10
	// maxSteps is how many steps of each are kept, and maxStepFields how many fields of
	// each step.
	maxSteps      = 400
	maxStepFields = 32
	// maxDepth is how deep lists are shown.
	maxDepth = 4
)

func newGuide(r *rule.Rule) Guide {
	g := Guide{Sections: parseMarkdown(r.Note, OtherSection), Setup: parseMarkdown(r.Setup, Setup)}
	if len(r.FalsePositives) > 0 {
		s := Section{Kind: FalsePositives, Title: "Known false positives"}
		for _, text := range r.FalsePositives[:min(len(r.FalsePositives), maxSteps)] {
			s.Steps = append(s.Steps, newStep(oneLine(safe.Clip(text, maxGuide)), 1))
		}
		g.Sections = append(g.Sections, s)
	}
	return g
}

// fields returns the fields and patterns that the guide's sections name, each once.
func (g *Guide) fields() (names []string) {
	for _, section := range g.Sections {
		for _, step := range section.Steps {
			names = appendNew(names, step.Fields, maxGroupFields)
		}
	}
	return names
}

// markdown reads the subset of Markdown that guides are written in: headings, lists,
// paragraphs, quotes and code blocks.
type markdown struct {
	sections []Section
	kind     SectionKind // of text that stands under no heading
	steps    int
	open     bool // whether the next line of text continues the last step
	code     []string
	inCode   bool
}

func parseMarkdown(text string, kind SectionKind) []Section {
	m := markdown{kind: kind}
	for line := range strings.Lines(safe.Clip(text, maxGuide)) {
		m.line(strings.TrimRight(line, " \t\r\n"))
	}
	if m.inCode {
		m.endCode()
	}
	return slices.DeleteFunc(m.sections, func(s Section) bool { return len(s.Steps) == 0 })
}

func (m *markdown) line(line string) {
	trimmed := strings.TrimSpace(line)
	switch {
	case strings.HasPrefix(trimmed, "```"):
		if m.inCode {
			m.endCode()
		} else {
			m.inCode, m.open = true, false
		}
	case m.inCode:
		m.code = append(m.code, strings.ReplaceAll(line, "\t", "    "))
	case trimmed == "":
		m.open = false
	case heading(trimmed) != "":
		m.section(heading(trimmed))
	default:
		m.text(line, strings.TrimSpace(strings.TrimPrefix(trimmed, ">")))
	}
}

func (m *markdown) endCode() {
	m.add(Step{Text: strings.Join(m.code, "\n"), Code: true})
	m.code, m.inCode = nil, false
}

// heading returns the text of a heading, "" if the line is none.
func heading(line string) string {
	text := strings.TrimLeft(line, "#")
	if len(text) == len(line) || !strings.HasPrefix(text, " ") {
		return ""
	}
	return plainText(strings.Trim(text, " #"))
}

func (m *markdown) section(title string) {
	kind := sectionKind(title)
	if m.kind == Setup {
		kind = Setup
	}
	m.sections = append(m.sections, Section{Kind: kind, Title: title})
	m.open = false
}

func sectionKind(title string) SectionKind {
	lower := strings.ToLower(title)
	switch {
	case strings.HasPrefix(lower, "investigating "):
		return Overview
	case strings.Contains(lower, "false positive"):
		return FalsePositives
	case strings.Contains(lower, "response") || strings.Contains(lower, "remediation"):
		return Response
	case strings.Contains(lower, "investigat"):
		return Investigation
	case strings.HasPrefix(lower, "setup"):
		return Setup
	}
	return OtherSection
}

var listItem = regexp.MustCompile(`^(\s*)(?:[-*+]|\d{1,9}[.)])\s+(.*)$`)

func (m *markdown) text(line, trimmed string) {
	if item := listItem.FindStringSubmatch(line); item != nil {
		indent := len(strings.ReplaceAll(item[1], "\t", "    "))
		m.open = m.add(newStep(plainText(item[2]), min(1+indent/2, maxDepth)))
		return
	}
	if trimmed == "" {
		return
	}
	if m.open {
		steps := m.sections[len(m.sections)-1].Steps
		last := &steps[len(steps)-1]
		*last = newStep(last.Text+" "+plainText(trimmed), last.Depth)
		return
	}
	m.open = m.add(newStep(plainText(trimmed), 0))
}

// add appends a step and reports whether it did: past the limit a last one says that
// there are more.
func (m *markdown) add(s Step) bool {
	m.steps++
	if m.steps > maxSteps {
		return false
	}
	if m.steps == maxSteps {
		s = Step{Text: "… (the guide is longer than is shown here)"}
	}
	if len(m.sections) == 0 {
		m.sections = append(m.sections, Section{Kind: m.kind})
	}
	last := &m.sections[len(m.sections)-1]
	last.Steps = append(last.Steps, s)
	return m.steps < maxSteps
}

func newStep(text string, depth int) Step {
	return Step{Text: text, Depth: depth, Fields: fieldsOf(text)}
}

var (
	link   = regexp.MustCompile(`\[([^\[\]]*)\]\(([^()\s]*)\)`)
	plugin = regexp.MustCompile(`^!\{(\w+)(\{.*\})\}$`)
)

// plainText takes the marks of Markdown out that say nothing without a renderer.
func plainText(text string) string {
	if m := plugin.FindStringSubmatch(text); m != nil {
		return pluginText(m[2], text)
	}
	text = strings.ReplaceAll(text, "**", "")
	return link.ReplaceAllStringFunc(text, func(s string) string {
		m := link.FindStringSubmatch(s)
		if m[1] == m[2] || m[1] == "" {
			return m[2]
		}
		return m[1] + " (" + m[2] + ")"
	})
}

// pluginText returns the label and query of a Kibana plugin call in a guide, such as
// !{osquery{"label":"…","query":"…"}}.
func pluginText(arguments, otherwise string) string {
	var call struct{ Label, Query string }
	if json.Unmarshal([]byte(arguments), &call) != nil || call.Label == "" {
		return otherwise
	}
	return oneLine(join(": ", call.Label, call.Query))
}

func oneLine(text string) string {
	return strings.Join(strings.Fields(text), " ")
}

var (
	placeholder = regexp.MustCompile(`\{\{\s*([A-Za-z_@][\w@-]*(?:\.[\w@-]+)*)\s*\}\}`)
	// quotedPlaceholder takes the backquotes around a placeholder with it.
	quotedPlaceholder = regexp.MustCompile("`?" + placeholder.String() + "`?")
	quotedField       = regexp.MustCompile("`([A-Za-z_@][\\w@-]*(?:\\.[\\w@-]+)*\\.(?:\\*|[\\w@-]+))(?:\\s*:[^`]*)?`")
)

// fieldsOf returns the fields that a text names in backquotes (`process.name`,
// `process.*`, `event.category:network`) or as placeholders ({{process.name}}).
func fieldsOf(text string) (fields []string) {
	for _, expression := range []*regexp.Regexp{placeholder, quotedField} {
		for _, m := range expression.FindAllStringSubmatch(text, maxStepFields) {
			fields = appendNew(fields, []string{m[1]}, maxStepFields)
		}
	}
	return fields
}

func isPattern(field string) bool { return strings.HasSuffix(field, ".*") }
