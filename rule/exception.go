package rule

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/BurntSushi/toml"

	"kscan/rule/eval"
)

// Exception says which hits are expected, why, and until when.
type Exception struct {
	ID      string
	RuleID  string // the rule it is for, "" for all
	Clause  string // a condition in EQL on the hit's event
	Reason  string
	Owner   string    // who answers for it
	Expires time.Time // the last day on which it holds, at midnight UTC
	Program *eval.Program
}

// maxExceptions bounds a file of exceptions: each is held against each hit.
const maxExceptions = 1000

// exceptionFile is a file of exceptions as it is written. docs/playbooks.md describes it.
type exceptionFile struct {
	Exceptions []struct {
		ID      string `toml:"id"`
		RuleID  string `toml:"rule_id"`
		Clause  string `toml:"clause"`
		Reason  string `toml:"reason"`
		Owner   string `toml:"owner"`
		Expires any    `toml:"expires"`
	} `toml:"exception"`
}

// Expired reports whether the exception holds no longer.
func (e *Exception) Expired(now time.Time) bool { return !now.Before(e.Expires.AddDate(0, 0, 1)) }

// LoadExceptions reads a file of exceptions. The error is a Problems unless all load.
func LoadExceptions(path string) ([]*Exception, error) {
	data, err := readRule(path)
	if err != nil {
		var at *fs.PathError
		if errors.As(err, &at) {
			err = at.Err
		}
		return nil, Problems{{Path: path, Message: "failed to read the exceptions: " + err.Error()}}
	}
	list, problems := ParseExceptions(path, data)
	if problems.Fatal() {
		return nil, problems
	}
	return list, nil
}

// ParseExceptions returns the exceptions of a TOML file. The path is for messages.
func ParseExceptions(path string, data []byte) ([]*Exception, Problems) {
	p := newPlaybookParser(path, data, "an exception")
	var f exceptionFile
	decoded, err := toml.Decode(p.data, &f)
	if err != nil {
		return nil, Problems{tomlProblem(path, p.data, err)}
	}
	p.unknown(&decoded, []string{"exception", "id", "rule_id", "clause", "reason", "owner", "expires"})
	if n := len(f.Exceptions); n == 0 || n > maxExceptions {
		p.fail(tableAt{}, "", fmt.Sprintf("the file has %d [[exception]], want 1 to %d", n, maxExceptions), "")
		return nil, p.problems
	}
	var list []*Exception
	seen := map[string]bool{}
	for i, x := range f.Exceptions {
		at := tableAt{table: "exception", item: i + 1}
		e := &Exception{ID: x.ID, RuleID: x.RuleID, Clause: x.Clause, Reason: x.Reason, Owner: x.Owner}
		for key, value := range map[string]string{"id": x.ID, "reason": x.Reason, "owner": x.Owner} {
			if value == "" {
				p.fail(at, key, "no "+key, "")
			}
		}
		if seen[x.ID] {
			p.fail(at, "id", fmt.Sprintf("another exception has the id %q", x.ID), "")
		}
		seen[x.ID] = true
		e.Expires = p.day(at, x.Expires)
		e.Program = p.expression(at, "clause", x.Clause)
		list = append(list, e)
	}
	return list, p.problems
}

// day reads a date, written as TOML has it or as a string.
func (p *playbookParser) day(at tableAt, value any) time.Time {
	switch v := value.(type) {
	case time.Time:
		return time.Date(v.Year(), v.Month(), v.Day(), 0, 0, 0, 0, time.UTC)
	case string:
		if t, err := time.Parse(time.DateOnly, v); err == nil {
			return t
		}
	}
	p.fail(at, "expires", "expires is no date", "write the last day on which it holds, such as expires = 2027-01-31")
	return time.Time{}
}

// Applies reports whether the exception is for hits of the rule.
func (e *Exception) Applies(r *Rule) bool { return e.RuleID == "" || e.RuleID == r.ID }
