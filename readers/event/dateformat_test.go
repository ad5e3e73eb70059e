package event

import (
	"testing"
	"time"
)

func TestDateFormat(t *testing.T) {
	tests := []struct{ format, text, want string }{
		{"strict_date_optional_time||epoch_millis", "2026-11-20T01:02:03.004Z", "2026-11-20T01:02:03.004Z"},
		{"strict_date_optional_time||epoch_millis", "1795132800002", "2026-11-20T00:00:00.002Z"},
		{"epoch_second", "1795132800.5", "2026-11-20T00:00:00.5Z"},
		{"epoch_millis", "131509374020000000", "4169336-03-01T08:13:20Z"},
		{"epoch_second", "x", ""},
		{"yyyy-MM-dd[ HH:mm[:ss]]", "2026-11-20", "2026-11-20T00:00:00Z"},
		{"yyyy-MM-dd[ HH:mm[:ss]]", "2026-11-20 01:02", "2026-11-20T01:02:00Z"},
		{"yyyy-MM-dd[ HH:mm[:ss]]", "2026-11-20 01:02:03", "2026-11-20T01:02:03Z"},
		{"yyyy-MM-dd[ HH:mm[:ss]]", "2026-11-20[ 01:02]", ""},
		{"yyyy'['MM']'", "2026[11]", "2026-11-01T00:00:00Z"},
		{"yyyy-MM-dd HH:mm:ss", "2026-11-20 01:02:03", "2026-11-20T01:02:03Z"},
		{"yyyy-MM-dd HH:mm:ss.SSS", "2026-11-20 01:02:03.004", "2026-11-20T01:02:03.004Z"},
		{"dd/MMM/yyyy:HH:mm:ss Z", "20/Nov/2026:01:02:03 +0100", "2026-11-20T00:02:03Z"},
		{"yyyy-MM-dd'T'HH:mm:ssXXX", "2026-11-20T01:02:03+01:00", "2026-11-20T00:02:03Z"},
		{"yyyy-MM-dd'T'HH:mm:ssXXX", "2026-11-20T01:02:03Z", "2026-11-20T01:02:03Z"},
		{"h 'o''clock' a", "3", ""},
		{"basic_date", "20261120", "2026-11-20T00:00:00Z"},
		{"date_time", "2026-11-20T01:02:03.004Z", "2026-11-20T01:02:03.004Z"},
		{"strict_date", "2026-11-20T01", ""},
		{"date || basic_date || time", "01:02:03.004+01:00", "1970-01-01T00:02:03.004Z"},
		{"date || basic_date || time", "20261120", "2026-11-20T00:00:00Z"},
		{"strict_hour_minute_second", "01:02:03", "1970-01-01T01:02:03Z"},
		{"hour_minute_second_millis", "01:02:03.004", "1970-01-01T01:02:03.004Z"},
		{"ordinal_date", "2026-324", "2026-11-20T00:00:00Z"},
		{"basic_t_time_no_millis", "T010203Z", "1970-01-01T01:02:03Z"},
	}
	for _, test := range tests {
		f, err := NewDateFormat(test.format)
		if err != nil {
			t.Errorf("%s: %v", test.format, err)
			continue
		}
		at, ok := f.Parse([]byte(test.text))
		if got := at.UTC().Format(time.RFC3339Nano); ok != (test.want != "") || ok && got != test.want {
			t.Errorf("%s of %q = %s, %v; want %q", test.format, test.text, got, ok, test.want)
		}
	}
	for _, format := range []string{"", "||epoch_millis", "yyyy-QQ", "'open", "week_date", "yyyy[MM", "yyyy]", "[y][y][y][y][y][y][y]"} {
		if _, err := NewDateFormat(format); err == nil {
			t.Errorf("%q is accepted", format)
		}
	}
}
