package rule

import (
	"strings"
	"testing"
)

func TestScope(t *testing.T) {
	rule := []string{"auditbeat-*", "logs-auditd_manager.auditd-*", "logs-endpoint.events.network*"}
	tests := []struct {
		index    string
		patterns []string
		known    bool
		in       bool
	}{
		{"", rule, false, false},
		{"auditbeat-8.15.0", nil, false, false},

		{"auditbeat-8.15.0", rule, true, true},
		{"auditbeat-", rule, true, true},
		{"auditbeat", rule, true, false},
		{"xauditbeat-1", rule, true, false},
		{"logs-endpoint.events.network", rule, true, true},
		{"logs-endpoint.events.network-default", rule, true, true},
		{"logs-endpoint.events.process-default", rule, true, false},
		{"Auditbeat-8", rule, true, false},

		{".ds-auditbeat-8.15.0-2026.01.01-000001", rule, true, true},
		{".ds-logs-auditd_manager.auditd-prod-2026.11.20-000042", rule, true, true},
		{".ds-logs-endpoint.events.process-default-2026.11.20-000042", rule, true, false},
		{".ds-logs-endpoint.events.network-default", rule, true, false}, // no backing index
		{".fs-logs-endpoint.events.network-default-2026.01.01-000001", rule, true, false},
		{".ds-auditbeat-8.15.0-2026.01.01-000001", []string{".ds-auditbeat-*"}, true, true},

		{"partial-auditbeat-7.17.0-2026.01.01-000001", rule, true, true},
		{"partial-.ds-logs-endpoint.events.network-default-2026.01.01-000001", rule, true, true},
		{"restored-.ds-logs-endpoint.events.network-default-2026.01.01-000001", rule, true, true},
		{"partial-restored-auditbeat-7", rule, true, true},
		{"shrink-aB3d-auditbeat-7", rule, true, true},
		{"partial-logs-endpoint.events.file-default", rule, true, false},
		{"partial-auditbeat-7", []string{"partial-*"}, true, true},

		{"soc:auditbeat-8", rule, true, true},
		{"soc:.ds-auditbeat-8.15.0-2026.01.01-000001", rule, true, true},
		{"soc:winlogbeat-8", rule, true, false},
		{"soc:logs-x", []string{"*:logs-*"}, true, true},
		{"soc:logs-x", []string{"soc:logs-*"}, true, true},
		{"soc:logs-x", []string{"lab:logs-*"}, true, false},
		{"logs-x", []string{"lab:logs-*"}, true, true}, // exported from inside lab, perhaps

		{"logs-x-1", []string{"logs-*", "-logs-x*"}, true, false},
		{"logs-y-1", []string{"logs-*", "-logs-x*"}, true, true},
		{"logs-x-1", []string{"-logs-x*", "logs-*"}, true, true}, // takes away from those before it
		{"logs-x-1", []string{"logs-*", "-logs-x*", "logs-x-1"}, true, true},
		{"soc:logs-x-1", []string{"logs-*", "-logs-x*"}, true, false},
		{"soc:logs-x-1", []string{"*:logs-*", "-soc:logs-x*"}, true, false},
		{".ds-logs-x-1-2026.01.01-000001", []string{"logs-*", "-logs-x*"}, true, false},
		{"logs-x", []string{"metrics-*, logs-*"}, true, true},
		{"logs-a-b-c", []string{"logs-*-b-*"}, true, true},
		{"logs-a-c", []string{"logs-*-b-*"}, true, false},
		{"anything", []string{"*"}, true, true},
	}
	for _, test := range tests {
		r := &Rule{Index: test.patterns}
		known, in := r.Scope(test.index)
		if known != test.known || in != test.in {
			t.Errorf("Scope(%q) with %q = %v, %v; want %v, %v", test.index, test.patterns, known, in, test.known, test.in)
		}
	}
}

// naive is wildcard, one character at a time.
func naive(pattern, s string) bool {
	if pattern == "" {
		return s == ""
	}
	if pattern[0] == '*' {
		return naive(pattern[1:], s) || s != "" && naive(pattern, s[1:])
	}
	return s != "" && s[0] == pattern[0] && naive(pattern[1:], s[1:])
}

func TestWildcardIsTheNaiveOne(t *testing.T) {
	words := []string{""}
	for i := 0; i < len(words); i++ {
		if len(words[i]) < 5 {
			for _, c := range []string{"a", "b", "*"} {
				words = append(words, words[i]+c)
			}
		}
	}
	for _, pattern := range words {
		for _, s := range words {
			if strings.Contains(s, "*") {
				continue
			}
			if got, want := wildcard(pattern, s), naive(pattern, s); got != want {
				t.Fatalf("wildcard(%q, %q) = %v, want %v", pattern, s, got, want)
			}
		}
	}
}
