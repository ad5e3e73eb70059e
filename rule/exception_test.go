package rule

import (
	"strings"
	"testing"
	"time"
)

const goodException = `[[exception]]
id = "a"
clause = 'user.name == "mkern"'
reason = "r"
owner = "o"
expires = 2027-01-31
`

func TestExceptions(t *testing.T) {
	list, problems := ParseExceptions("p", []byte(goodException+strings.NewReplacer(`"a"`, `"b"`, "2027-01-31", `"2027-02-01"`).Replace(goodException)))
	if problems.Fatal() || len(list) != 2 {
		t.Fatal(problems)
	}
	day := func(text string) time.Time {
		d, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if list[0].Expired(day("2027-01-31T23:59:59Z")) || !list[0].Expired(day("2027-02-01T00:00:00Z")) {
		t.Error("an exception does not hold to the end of its last day")
	}
	if !list[0].Applies(&Rule{ID: "x"}) || (&Exception{RuleID: "y"}).Applies(&Rule{ID: "x"}) {
		t.Error("rule_id is not heeded")
	}
}

func TestExceptionFaults(t *testing.T) {
	for _, test := range []struct{ old, new, want string }{
		{goodException, "", "has 0 [[exception]]"},
		{`"a"`, `""`, "p:2:6: exception 1: no id"},
		{`"r"`, `""`, "exception 1: no reason"},
		{`"o"`, `""`, "exception 1: no owner"},
		{"2027-01-31", `"soon"`, "p:6:11: exception 1: expires is no date"},
		{"expires = 2027-01-31\n", "", "expires is no date"},
		{`user.name == "mkern"`, `user.name = "mkern"`, "p:3:21: exception 1: clause: "},
		{`clause`, `claus`, `p:3:1: "exception.claus" is no key of an exception`},
		{goodException, goodException + goodException, "p:8:6: exception 2: another exception has the id"},
	} {
		list, problems := ParseExceptions("p", []byte(strings.Replace(goodException, test.old, test.new, 1)))
		if !problems.Fatal() || !strings.Contains(problems.Error(), test.want) {
			t.Errorf("%q for %q: %d, %v, want %s", test.new, test.old, len(list), problems.Error(), test.want)
		}
	}
	if _, err := LoadExceptions("none.toml"); err == nil {
		t.Error("a file that is not there loads")
	}
}
