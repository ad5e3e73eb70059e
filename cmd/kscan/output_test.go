package main

import (
	"testing"

	"kscan/report"
)

// TestBackground: a terminal that does not say what is behind its text is taken for neither.
func TestBackground(t *testing.T) {
	for colors, want := range map[string]report.Background{
		"":             report.UnknownBackground,
		"15;":          report.UnknownBackground,
		"default":      report.UnknownBackground,
		"15;-1":        report.UnknownBackground,
		"15;default":   report.UnknownBackground,
		"15;0":         report.DarkBackground,
		"15;default;0": report.DarkBackground,
		"7;8":          report.DarkBackground,
		"0;15":         report.LightBackground,
		"0;7":          report.LightBackground,
	} {
		if got := background(colors); got != want {
			t.Errorf("%q is %v, want %v", colors, got, want)
		}
	}
}
