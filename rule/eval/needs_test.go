package eval

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
	"kscan/rule/eql"
)

func TestNeeds(t *testing.T) {
	number := func(field string, n int64) event.Need { return event.Need{Field: field, Number: n} }
	text := func(field, s string, fold bool) event.Need { return event.Need{Field: field, Text: s, Fold: fold} }
	for _, tt := range []struct {
		query string
		want  []event.Need
	}{
		{`any where destination.port == 10250`, []event.Need{number("destination.port", 10250)}},
		{`any where 10250 == destination.port`, []event.Need{number("destination.port", 10250)}},
		{`any where destination.port == 10250 or destination.port == 10255`,
			[]event.Need{number("destination.port", 10250), number("destination.port", 10255)}},
		{`any where host.os.type == "linux" and destination.port in (10250, 10255)`,
			[]event.Need{number("destination.port", 10250), number("destination.port", 10255)}},
		{`any where process.name : ("*ncat*", "SOCAT")`,
			[]event.Need{text("process.name", "ncat", true), text("process.name", "SOCAT", true)}},
		{`any where process.executable like "/tmp/*/kubelet?x"`,
			[]event.Need{text("process.executable", "/kubelet", false)}},
		{`any where process.name in~ ("curl", "wget")`,
			[]event.Need{text("process.name", "curl", true), text("process.name", "wget", true)}},
		// Nothing is known of these.
		{`any where destination.port == 80`, nil},
		{`any where destination.port != 10250`, nil},
		{`any where not destination.port == 10250`, nil},
		{`any where destination.port == 10250 or process.name : "a*"`, nil},
		{`any where destination.port > 10250`, nil},
		{`any where process.name : "*"`, nil},
		{`any where process.name regex "kubelet.*"`, nil},
		{`any where process.name not in ("curl", "wget")`, nil},
		{`any where event.action == "connected-to"`, nil},
		{`any where destination.ip == "10.0.0.1"`, nil},
		{`any where length(process.name) == 10250`, nil},
		{`any where true`, nil},
	} {
		q, err := eql.Parse(tt.query)
		if err != nil {
			t.Fatalf("%s: %v", tt.query, err)
		}
		p, err := Compile(q, Options{})
		if err != nil {
			t.Fatalf("%s: %v", tt.query, err)
		}
		if diff := cmp.Diff(tt.want, p.Needs()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.query, diff)
		}
	}
}
