package triage

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/rule"
	"kscan/scan"
)

// looking is how the parents in some logs are looked for.
type looking struct {
	jobs, block int
	facts       bool  // the logs were read before
	passes      bool  // generation by generation, without what is noted in the second pass
	room        int64 // for what is noted, in bytes
}

// looked is what looking took: how many further passes, and the bytes that were read.
type looked struct {
	passes          int
	second, further int64
	unnoted         int64
}

// ancestors looks for parents in the logs of a folder, and returns what was found and what that
// took.
func (how looking) ancestors(t *testing.T, dir string, findings []*scan.Finding) (answer string, took looked) {
	t.Helper()
	o := scan.Options{Jobs: how.jobs}
	o.Readers.BlockSize, o.Readers.Ranges = how.block, 3
	run := func(rules []*rule.Rule) *scan.Summary {
		s, err := scan.Run(context.Background(), o, []string{dir}, rules, nil)
		if err != nil || s.Counts.Lost > 0 {
			t.Fatal(err, s.Problems)
		}
		return s
	}
	if how.facts {
		rules, err := rule.Builtin()
		if err != nil {
			t.Fatal(err)
		}
		o.Facts = scan.NewFacts()
		run(rules)
	}
	c := NewCollector()
	for _, f := range findings {
		if err := c.Finding(f); err != nil {
			t.Fatal(err)
		}
	}
	probe := c.Probe()
	if probe.notes = probe.notes && !how.passes; how.facts != probe.notes && !how.passes {
		probe.notes = how.facts
	}
	if how.room > 0 {
		probe.noted.room = how.room
	}
	o.Probe = probe
	second := run(nil)
	for next := probe.Further(); next != nil; next = probe.Further() {
		o.Probe = next
		took.further += run(nil).Counts.Bytes
		took.passes++
	}
	took.second = second.Counts.Bytes
	c.Answer(probe, second, "")
	var b strings.Builder
	found := c.Case(&scan.Summary{})
	took.unnoted = found.Unnoted
	for _, g := range found.Rules[0].Groups {
		for _, l := range g.Steps[0].Lookups {
			fmt.Fprintf(&b, "%s: %d, %q\n", l.Label, l.Count, l.Note)
			for _, e := range l.Events {
				fmt.Fprintf(&b, "%s:%d %d %s %v\n", filepath.Base(e.Evidence.Source), e.Evidence.Line, e.Evidence.Offset, e.Evidence.EventID, e.Values)
			}
		}
	}
	return b.String(), took
}

// auditStarts are the lines of a log of processes with few pids, that start each other, on a
// host or two, and of what else such logs have.
func auditStarts(r *rand.Rand, events int, node string) (lines []string) {
	for i := range events {
		id := fmt.Sprintf("msg=audit(%d.%03d:%d): ", 1763596800+r.IntN(600), r.IntN(1000), 100+i)
		ids := fmt.Sprintf("ppid=%d pid=%d ", r.IntN(14), 1+r.IntN(13))
		prefix := ""
		if node != "" {
			prefix = fmt.Sprintf("node=%s%d ", node, r.IntN(2))
		}
		switch r.IntN(12) {
		case 0:
			lines = append(lines, prefix+"type=SERVICE_START "+id+fmt.Sprintf("pid=%d uid=0 auid=1 ses=1 msg='unit=cron comm=\"systemd\" exe=\"/lib/systemd\" res=success'", 1+r.IntN(13)))
		case 1:
			lines = append(lines, prefix+"type=CONFIG_CHANGE "+id+`auid=1000 ses=3 op="add_rule" key=(null) list=4 res=1`)
		case 2, 3:
			lines = append(lines, prefix+"type=SYSCALL "+id+"arch=c000003e syscall=42 success=yes exit=0 a0=3 items=0 "+ids+`uid=0 comm="x" exe="/x" key=(null)`,
				prefix+"type=SOCKADDR "+id+"saddr=0200280A0A0000010000000000000000")
		default:
			lines = append(lines, prefix+"type=SYSCALL "+id+"arch=c000003e syscall=59 success=yes exit=0 a0=3 items=2 "+ids+`uid=0 comm="x" exe="/x" key=(null)`,
				prefix+"type=EXECVE "+id+fmt.Sprintf("argc=2 a0=\"x\" a1=\"%d\"", i), prefix+"type=EOE "+id)
		}
	}
	return lines
}

// TestNotedStartsAreAsGoodAsPasses: what is noted of process starts in the second pass gives
// the parents that a pass for each generation finds, however the logs are cut and whoever reads
// them, in one further pass at most where all logs are audit logs.
func TestNotedStartsAreAsGoodAsPasses(t *testing.T) {
	const room = 3000
	passes, found, noted, unnoted := 0, 0, looked{}, []int64{}
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 4))
		dir := t.TempDir()
		node := []string{"", "h"}[seed%2]
		lines := auditStarts(r, 150, node)
		for i := range lines {
			if j := min(i+1+r.IntN(3), len(lines)-1); seed%3 == 0 && r.IntN(4) == 0 {
				lines[i], lines[j] = lines[j], lines[i]
			}
		}
		write := func(name, text string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		half := len(lines) / 2
		write("audit.log.1", strings.Join(lines[:half], "\n")+"\n")
		write("audit.log", strings.Join(lines[half:], "\n")+"\n")
		mixed := seed%4 == 3
		if mixed {
			var list []begin
			for range 40 {
				list = append(list, begin{"h1", r.IntN(600), 1 + r.IntN(13), r.IntN(14)})
			}
			write("events.ndjson", strings.ReplaceAll(logOf(list), "2026-11-20", "2025-11-20"))
		}
		book, host := bookRule(t, followStep), []any{"host.name", "h1"}
		if node == "" {
			host = nil
		}
		var findings []*scan.Finding
		for range 3 {
			at := r.IntN(600)
			f := finding(t, book, fmt.Sprintf("2025-11-20T00:%02d:%02dZ", at/60, at%60), append(host, "process.pid", 1+r.IntN(13), "process.parent.pid", 1+r.IntN(13))...)
			f.Hits[0].Evidence.Source = filepath.Join(dir, "audit.log")
			findings = append(findings, f)
		}
		want, oracle := looking{jobs: 1, passes: true}.ancestors(t, dir, findings)
		passes += oracle.passes
		found += strings.Count(want, "audit.log")
		for _, how := range []looking{{1, 0, true, false, 0}, {8, 1500, true, false, 0}, {2, 700, true, false, 0}, {2, 700, true, true, 0}, {2, 3000, false, false, 0},
			{1, 700, true, false, room}, {8, 700, true, false, room}} {
			got, took := how.ancestors(t, dir, findings)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d, %+v:\n%s", seed, how, diff)
			}
			if how.room > 0 {
				if unnoted = append(unnoted, took.unnoted); how.jobs > 1 && unnoted[len(unnoted)-2] != took.unnoted {
					t.Errorf("seed %d: %d workers had no room for %v starts", seed, how.jobs, unnoted)
				}
				continue
			}
			if took.unnoted > 0 {
				t.Errorf("seed %d, %+v: no room for %d starts", seed, how, took.unnoted)
			}
			if mixed || !how.facts || how.passes {
				continue
			}
			if took.passes > 1 {
				t.Errorf("seed %d, %+v: %d further passes", seed, how, took.passes)
			}
			if how.block > 0 && took.passes > 0 {
				noted.second, noted.further = noted.second+took.second, noted.further+took.further
			}
		}
	}
	if passes < 30 || found < 60 {
		t.Errorf("the test is too easy: %d passes, %d parents", passes, found)
	}
	if slices.Max(unnoted) < 20 {
		t.Errorf("there was room for all starts but %v", unnoted)
	}
	if 2*noted.further > noted.second {
		t.Errorf("where starts were noted, %d bytes were read in the further pass, and %d in the second", noted.further, noted.second)
	}
}
