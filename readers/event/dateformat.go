package event

import (
	"fmt"
	"strings"
	"time"
)

// DateFormat reads dates in the formats of an Elasticsearch mapping.
type DateFormat struct {
	parse []func([]byte) (time.Time, bool)
}

// NewDateFormat reads the "format" of a date field: names of built-in formats and
// patterns in Java's letters, joined with "||". Dates without an offset are UTC.
func NewDateFormat(format string) (*DateFormat, error) {
	f := new(DateFormat)
	for _, one := range strings.Split(format, "||") {
		parse, err := dateParser(strings.TrimSpace(one))
		if err != nil {
			return nil, fmt.Errorf("failed to read date format %q: %w", format, err)
		}
		f.parse = append(f.parse, parse)
	}
	return f, nil
}

// Parse reads a date in the first format that fits.
func (f *DateFormat) Parse(text []byte) (time.Time, bool) {
	for _, parse := range f.parse {
		if t, ok := parse(text); ok {
			return t, true
		}
	}
	return time.Time{}, false
}

// layouts are those of Elasticsearch's built-in formats; formats of weeks are not among them.
var layouts = map[string]string{
	"date": "2006-01-02", "year_month_day": "2006-01-02", "year_month": "2006-01", "year": "2006",
	"date_hour": "2006-01-02T15", "date_hour_minute": "2006-01-02T15:04",
	"date_hour_minute_second": "2006-01-02T15:04:05", "date_hour_minute_second_millis": "2006-01-02T15:04:05",
	"date_hour_minute_second_fraction": "2006-01-02T15:04:05",
	"date_time":                        "2006-01-02T15:04:05.000Z07:00", "date_time_no_millis": "2006-01-02T15:04:05Z07:00",
	"ordinal_date": "2006-002", "ordinal_date_time": "2006-002T15:04:05.000Z07:00",
	"ordinal_date_time_no_millis": "2006-002T15:04:05Z07:00",
	"hour":                        "15", "hour_minute": "15:04", "hour_minute_second": "15:04:05",
	"hour_minute_second_millis": "15:04:05", "hour_minute_second_fraction": "15:04:05",
	"time": "15:04:05.000Z07:00", "time_no_millis": "15:04:05Z07:00",
	"t_time": "T15:04:05.000Z07:00", "t_time_no_millis": "T15:04:05Z07:00",
	"basic_date": "20060102", "basic_date_time": "20060102T150405.000Z0700", "basic_date_time_no_millis": "20060102T150405Z0700",
	"basic_ordinal_date": "2006002", "basic_ordinal_date_time": "2006002T150405.000Z0700",
	"basic_ordinal_date_time_no_millis": "2006002T150405Z0700",
	"basic_time":                        "150405.000Z0700", "basic_time_no_millis": "150405Z0700",
	"basic_t_time": "T150405.000Z0700", "basic_t_time_no_millis": "T150405Z0700",
}

func dateParser(format string) (func([]byte) (time.Time, bool), error) {
	switch name := strings.TrimPrefix(format, "strict_"); name {
	case "":
		return nil, fmt.Errorf("an empty format")
	case "date_optional_time", "date_optional_time_nanos", "iso8601", "rfc3339_lenient":
		return parseISO, nil
	case "epoch_millis":
		return parseAnyMillis, nil
	case "epoch_second":
		return parseSeconds, nil
	default:
		if layout, ok := layouts[name]; ok {
			return layoutsParser(layout), nil
		}
		return patternParser(format)
	}
}

// patternParser makes a parser of a pattern, which may have optional parts in brackets.
func patternParser(pattern string) (func([]byte) (time.Time, bool), error) {
	var layouts []string
	patterns, err := withoutOptions(pattern)
	if err != nil {
		return nil, err
	}
	for _, one := range patterns {
		layout, err := javaLayout(one)
		if err != nil {
			return nil, err
		}
		layouts = append(layouts, layout)
	}
	return layoutsParser(layouts...), nil
}

// layoutsParser parses by the first layout that fits.
func layoutsParser(layouts ...string) func([]byte) (time.Time, bool) {
	return func(text []byte) (time.Time, bool) {
		for _, layout := range layouts {
			t, err := time.Parse(layout, string(text))
			if err == nil && t.Year() == 0 {
				t = t.AddDate(1970, 0, 0) // a time of day is one of the first day
			}
			if err == nil {
				return t, true
			}
		}
		return time.Time{}, false
	}
}

// maxOptions is how many optional parts a pattern may have: each doubles the layouts.
const maxOptions = 6

// withoutOptions returns the patterns that a pattern with optional parts stands for, the
// one with all parts first.
func withoutOptions(pattern string) ([]string, error) {
	open, end, depth, quoted := -1, -1, 0, false
	for i := 0; i < len(pattern) && end < 0; i++ {
		switch ch := pattern[i]; {
		case ch == '\'':
			quoted = !quoted
		case quoted:
		case ch == '[':
			if depth++; depth == 1 {
				open = i
			}
		case ch == ']':
			if depth--; depth == 0 {
				end = i
			} else if depth < 0 {
				return nil, fmt.Errorf("a bracket is not opened")
			}
		}
	}
	switch {
	case end < 0 && depth > 0:
		return nil, fmt.Errorf("a bracket is not closed")
	case end < 0:
		return []string{pattern}, nil
	case strings.Count(pattern, "[") > maxOptions:
		return nil, fmt.Errorf("more than %d optional parts", maxOptions)
	}
	var all []string
	for _, option := range []string{pattern[open+1 : end], ""} {
		more, err := withoutOptions(pattern[:open] + option + pattern[end+1:])
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// parseAnyMillis reads milliseconds since 1970, also those beyond the year 9999: they are
// no times, but have an order.
func parseAnyMillis(text []byte) (time.Time, bool) {
	if t, ok := parseMillis(text); ok {
		return t, true
	}
	n, ok := parseInt(text)
	return time.UnixMilli(n).UTC(), ok
}

// parseSeconds reads seconds since 1970, which may have a fraction.
func parseSeconds(text []byte) (time.Time, bool) {
	f, ok := ParseDouble(text)
	if !ok || f > maxMillis/1000 || f < -maxMillis/1000 {
		return time.Time{}, false
	}
	seconds := int64(f)
	return time.Unix(seconds, int64((f-float64(seconds))*1e9)).UTC(), true
}

// javaLayout turns a pattern of Java's DateTimeFormatter into a layout of package time.
func javaLayout(pattern string) (string, error) {
	letters := map[string]string{
		"uuuu": "2006", "yyyy": "2006", "y": "2006", "uu": "06", "yy": "06",
		"M": "1", "MM": "01", "MMM": "Jan", "MMMM": "January", "d": "2", "dd": "02",
		"H": "15", "HH": "15", "h": "3", "hh": "03", "m": "4", "mm": "04", "s": "5", "ss": "05",
		"a": "PM", "EEE": "Mon", "E": "Mon", "EEEE": "Monday",
		"Z": "-0700", "z": "MST", "X": "Z07", "XX": "Z0700", "XXX": "Z07:00", "xxx": "-07:00", "xx": "-0700", "x": "-07",
	}
	var out strings.Builder
	for i := 0; i < len(pattern); {
		ch := pattern[i]
		if ch == '\'' {
			text, rest, ok := strings.Cut(pattern[i+1:], "'")
			if !ok {
				return "", fmt.Errorf("a quote is not closed")
			}
			if text == "" { // '' is a quote
				text = "'"
			}
			out.WriteString(text)
			i = len(pattern) - len(rest)
			continue
		}
		n := i
		for n < len(pattern) && pattern[n] == ch {
			n++
		}
		run := pattern[i:n]
		layout, known := letters[run]
		switch {
		case known:
			out.WriteString(layout)
		case ch == 'S' || ch == 'n':
			out.WriteString(strings.Repeat("0", len(run)))
		case ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z':
			return "", fmt.Errorf("the letters %q are not known", run)
		default:
			out.WriteString(run)
		}
		i = n
	}
	return out.String(), nil
}
