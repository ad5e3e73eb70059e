package rule

import (
	"fmt"
	"testing"
)

// TestTypesOutsideECS: a fault that hangs on a type that ECS does not give is a warning,
// for the rule's index may map the field otherwise; of an ECS field it is an error.
func TestTypesOutsideECS(t *testing.T) {
	for _, tt := range []struct {
		query string
		loads bool
	}{
		{`process where cidrMatch(auditd.data.a0, "10.0.0.0/8")`, true},
		{`process where cidrMatch(process.name, "10.0.0.0/8")`, false},
		{`process where cidrMatch(some.unknown.field, "10.0.0.0/8")`, true},
		{`process where process.pid : "1*"`, false},
		{`process where length(host.name) == length(user.name) - 1`, true},
		{`process where host.name == user.name`, false},
	} {
		text := fmt.Sprintf("[rule]\nname = 'a'\nrule_id = 'b'\ntype = 'eql'\nlanguage = 'eql'\nseverity = 'low'\nrisk_score = 21\ndescription = 'c'\nquery = '%s'\n", tt.query)
		r, problems := Parse("a.toml", []byte(text))
		if loads := r != nil && r.Program != nil; loads != tt.loads || problems.Fatal() == tt.loads {
			t.Errorf("%s: loads %v, want %v: %v", tt.query, loads, tt.loads, problems)
		}
	}
}
