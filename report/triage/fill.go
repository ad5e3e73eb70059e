package triage

import (
	"maps"
	"slices"
	"strings"

	"kscan/readers/event"
)

// Answer is a field that a step of the guide names, with the values of one group.
type Answer struct {
	Field string
	Values
}

// notRecorded stands for a placeholder's value that the events do not have.
const notRecorded = "not recorded"

// Text returns the step's text with the group's values in place of the placeholders.
func (g *Group) Text(s *Step) string {
	return quotedPlaceholder.ReplaceAllStringFunc(s.Text, func(found string) string {
		name := placeholder.FindStringSubmatch(found)[1]
		v := g.values[name]
		if v == nil && strings.HasPrefix(found, "`") && strings.HasSuffix(found, "`") {
			return notRecorded
		}
		return placeholder.ReplaceAllLiteralString(found, v.text())
	})
}

func (v *Values) text() string {
	if v == nil {
		return "(" + notRecorded + ")"
	}
	text := strings.Join(v.Seen, ", ")
	if v.Other > 0 {
		text += " and others"
	}
	return text
}

// SameAnswers reports whether a step reads the same for two groups.
func (g *Group) SameAnswers(other *Group, s *Step) bool {
	return g.Text(s) == other.Text(s) && slices.EqualFunc(g.Answers(s), other.Answers(s), func(a, b Answer) bool {
		return a.Field == b.Field && a.Other == b.Other && slices.Equal(a.Seen, b.Seen)
	})
}

// Answers returns the values of the fields that the step names and Text does not show.
// A field of ECS that the events do not have comes without values.
func (g *Group) Answers(s *Step) (answers []Answer) {
	shown := make(map[string]bool)
	for _, m := range placeholder.FindAllStringSubmatch(s.Text, -1) {
		shown[m[1]] = true
	}
	for _, field := range s.Fields {
		for _, name := range g.expand(field) {
			if shown[name] {
				continue
			}
			shown[name] = true
			if v := g.values[name]; v != nil {
				answers = append(answers, Answer{Field: name, Values: *v})
			} else if _, ecs := event.TypeOf(name); ecs {
				answers = append(answers, Answer{Field: name})
			}
		}
	}
	return answers
}

// expand returns the names of the group's fields that a pattern fits, sorted by depth
// and name; a plain name is itself.
func (g *Group) expand(field string) []string {
	if !isPattern(field) {
		return []string{field}
	}
	prefix := strings.TrimSuffix(field, "*")
	var names []string
	for _, name := range slices.Sorted(maps.Keys(g.values)) {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int {
		return strings.Count(a, ".") - strings.Count(b, ".")
	})
	return names
}
