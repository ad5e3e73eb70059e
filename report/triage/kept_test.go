package triage

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
	"kscan/scan"
)

// keptSteps are queries of which each event of keptLog is a hit, or most are.
const keptSteps = `[[step.evidence]]
label = "anywhere"
query = 'any where destination.port == {{destination.port}}'
host = "any"
count_by = ["process.executable", "host.name"]
[[step.evidence]]
label = "on other hosts"
query = 'any where destination.port == {{destination.port}}'
host = "other"
count_by = ["user.name", "process.executable"]
[[step.evidence]]
label = "the first"
query = 'any where process.pid < 50 and destination.port == {{destination.port}}'
host = "any"
max = 3
show = ["process.pid", "user.name"]
[[step.evidence]]
label = "the first elsewhere"
query = 'any where process.pid < 50 and destination.port == {{destination.port}}'
host = "other"
max = 2
show = ["process.pid"]
`

func keptLog(r *rand.Rand, n int) string {
	var log strings.Builder
	for i := range n {
		at, id := i/20, fmt.Sprintf(`"event":{"id":"e%d"},`, i)
		switch r.IntN(20) {
		case 0:
			at = r.IntN(60)
		case 1:
			id = fmt.Sprintf(`"event":{"id":["e%d","x"]},`, i)
		case 2:
			id = ""
		}
		fmt.Fprintf(&log, `{"@timestamp":"2026-11-20T00:00:%02dZ",%s"host":{"name":"h%d"},"process":{"pid":%d,"executable":"/x/%d"},"user":{"name":"u%d"},"destination":{"port":10250}}`+"\n",
			at%60, id, r.IntN(5), r.IntN(200), r.IntN(60), r.IntN(6))
	}
	return log.String()
}

// kept writes all answers with the evidence that was kept.
func kept(c *Case) (lines []string) {
	place := func(e event.Evidence) string { return fmt.Sprint(e.Line, " ", e.Offset, " ", e.EventID) }
	for _, g := range c.Rules[0].Groups {
		for _, l := range g.Steps[0].Lookups {
			lines = append(lines, fmt.Sprintf("%s %s %s %d %d", g.ID, l.Label, l.Status, l.Count, l.Other))
			for _, e := range l.Events {
				lines = append(lines, fmt.Sprintf("  %s %v", place(e.Evidence), e.Values))
			}
			for _, tally := range l.Tally {
				lines = append(lines, fmt.Sprintf("  %v %d %s", tally.Values, tally.Count, place(tally.First)))
			}
		}
	}
	return lines
}

// TestKeptEvidenceIsThatOfAll holds that the evidence is the same, whole, if of most events
// nobody asks for more than some fields.
func TestKeptEvidenceIsThatOfAll(t *testing.T) {
	r := bookRule(t, keptSteps)
	for seed := range uint64(6) {
		random := rand.New(rand.NewPCG(seed, 9))
		log := keptLog(random, 1200)
		var findings []*scan.Finding
		for host := range 1 + random.IntN(3) {
			findings = append(findings, finding(t, r, "2026-11-20T00:00:10Z", "host.name", fmt.Sprintf("h%d", host), "process.name", "x", "destination.port", 10250))
		}
		want := kept(investigateWith(t, log, scan.Options{Jobs: 1, NoPrefilter: true}, findings...))
		for _, jobs := range []int{1, 4} {
			for _, block := range []int{2000, 30_000, 1 << 20} {
				got := kept(investigate(t, log, jobs, block, findings...))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("seed %d, %d workers, blocks of %d bytes (-all whole +got):\n%s", seed, jobs, block, diff)
				}
			}
		}
	}
}
