package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kscan/report/triage"
	"kscan/rule"
	"kscan/scan"
)

// scanOptions are the flags of kscan scan.
type scanOptions struct {
	rules       []string
	from, to    string
	jobs        int
	inScopeOnly bool
	noPrefilter bool
	failOn      string
	investigate investigateOptions
	output      outputOptions
}

func (o *scanOptions) addFlags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.rules, "rules", nil, "load rules from `PATH` (file or folder, repeatable) in place of the built-in rule")
	f.StringVar(&o.from, "from", "", "leave out events before `TIME` (RFC 3339, or a date; UTC)")
	f.StringVar(&o.to, "to", "", "leave out events at or after `TIME`")
	f.IntVarP(&o.jobs, "jobs", "j", 0, "use `N` workers (default: one for each core)")
	f.BoolVar(&o.inScopeOnly, "in-scope-only", false, "leave out events that name an index the rule does not search")
	f.BoolVar(&o.noPrefilter, "no-prefilter", false, "decode every event, also those that cannot match")
	f.StringVar(&o.failOn, "fail-on", "never", "exit with 1 on findings of this `SEVERITY` or above: low, medium, high, critical or never")
	o.investigate.addFlags(f)
	o.output.addFlags(f)
}

func newScanCommand(c *console) *cobra.Command {
	o := &scanOptions{}
	cmd := &cobra.Command{
		Use:   "scan PATH...",
		Short: "Scan logs with detection rules and show how to triage what they find",
		Long: `Scan reads every file under the paths, whatever its name: NDJSON and other JSON exports, raw
Linux audit logs, gzip and zstd around them. "-" is standard input. Findings go to standard
output, everything said about the run to standard error.

Exit codes: 0 the scan completed, 1 findings at or above --fail-on, 2 wrong usage, a rule
that does not load or none that runs, 3 evidence was not examined in full or there was none, 130 interrupted.`,
		Example: `  kscan scan ./logs
  kscan scan --from 2026-11-20 --to 2026-11-21 -f jsonl -o findings.jsonl ./logs
  kscan scan --fail-on medium captured.ndjson.gz`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &hinted{fmt.Errorf("no path to scan"), `name files or folders, or "-" for standard input`}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runScan(cmd.Context(), c, o, args)
		},
	}
	o.addFlags(cmd.Flags())
	cmd.Flags().SortFlags = false
	return cmd
}

func runScan(ctx context.Context, c *console, o *scanOptions, paths []string) error {
	options, err := o.scan(c.stdin)
	if err != nil {
		return err
	}
	threshold, err := parseSeverity(o.failOn)
	if err != nil {
		return err
	}
	if err := o.output.check(); err != nil {
		return err
	}
	streams := o.output.format == "jsonl" // findings as they are found, and nothing else
	rules, err := loadPack(o.rules, c.stderr)
	if err != nil {
		return err
	}
	if err := o.investigate.load(rules, !streams, c.stderr); err != nil {
		return err
	}
	out, err := o.output.open(c)
	if err != nil {
		return err
	}
	defer out.discard()
	sink := &severitySink{next: out.sink(), threshold: threshold}
	expecter := triage.NewExpecter(o.investigate.expected, time.Now(), sink)
	out.exceptions, out.notRun = expecter.Uses(), notRun(rules)
	if out.collector != nil {
		out.collector.UseNodes(o.investigate.known)
	}
	p := newProgress(c, &o.output)
	options.Progress = p.tell()
	options.NoAccount, options.Facts, options.Readers.Memory = streams, scan.NewFacts(), new(sync.Pool)
	summary, err := scan.Run(ctx, options, paths, rules, expecter)
	p.end()
	if err == nil && out.collector != nil {
		err = o.investigate.run(ctx, out.collector, summary, options, paths)
	}
	if err == nil {
		err = out.finish(summary)
	}
	if err != nil {
		return &outputError{err}
	}
	return scanOutcome(ctx, summary, sink.reached)
}

// scanOutcome is the exit code that a completed scan asks for.
func scanOutcome(ctx context.Context, s *scan.Summary, reached bool) error {
	switch {
	case s.Interrupted, ctx.Err() != nil: // perhaps while evidence was looked up
		return outcome(exitInterrupted)
	case reached:
		return outcome(exitFindings)
	case s.Incomplete():
		return outcome(exitIncomplete)
	}
	return nil
}

// scan returns the flags as options of a run.
func (o *scanOptions) scan(stdin io.Reader) (scan.Options, error) {
	options := scan.Options{Jobs: o.jobs, InScopeOnly: o.inScopeOnly, NoPrefilter: o.noPrefilter}
	options.Readers.Stdin = stdin
	if o.jobs < 0 {
		return options, fmt.Errorf("--jobs %d: not a number of workers", o.jobs)
	}
	var err error
	if options.From, err = parseTime("--from", o.from); err != nil {
		return options, err
	}
	if options.To, err = parseTime("--to", o.to); err != nil {
		return options, err
	}
	if !options.From.IsZero() && !options.To.IsZero() && !options.From.Before(options.To) {
		return options, fmt.Errorf("--from %s is not before --to %s", o.from, o.to)
	}
	return options, nil
}

// parseTime reads the time that a flag was given; none is zero. What leaves out the time
// of day means midnight, what leaves out the zone means UTC.
func parseTime(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00",
		"2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly,
	} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, &hinted{
		fmt.Errorf("%s %q: not a time", flag, text),
		"write it like 2026-11-20, 2026-11-20T08:30:00Z or 2026-11-20T08:30:00+01:00",
	}
}

// severities are Elastic's, from the least to the greatest.
var severities = []string{"low", "medium", "high", "critical"}

// never is the threshold that no finding reaches.
const never = 4

// parseSeverity returns the place of a severity in severities, or never.
func parseSeverity(text string) (int, error) {
	if text == "never" {
		return never, nil
	}
	if i := slices.Index(severities, text); i >= 0 {
		return i, nil
	}
	return 0, &hinted{
		fmt.Errorf("--fail-on %q: no such severity", text),
		"use never, " + strings.Join(severities, ", "),
	}
}

// severitySink notes whether a finding reached the threshold, and passes all on.
type severitySink struct {
	next      scan.Sink
	threshold int
	reached   bool
}

func (s *severitySink) Finding(f *scan.Finding) error {
	// What is expected opens no gate. A severity that is none of Elastic's counts as the greatest: a gate must not open
	// because a rule is misspelt.
	if f.Expected != nil {
		return s.next.Finding(f)
	}
	if i := slices.Index(severities, f.Rule.Severity); s.threshold < never && (i < 0 || i >= s.threshold) {
		s.reached = true
	}
	return s.next.Finding(f)
}

// loadRules loads the rules at the paths, or the built-in one.
func loadRules(paths []string) ([]*rule.Rule, error) {
	if len(paths) == 0 {
		return rule.Builtin()
	}
	return rule.Load(paths)
}

// loadPack loads the rules that logs are read with, and prints which files beside them are
// none. It fails if none of the rules runs.
func loadPack(paths []string, stderr io.Writer) ([]*rule.Rule, error) {
	if len(paths) == 0 {
		return rule.Builtin()
	}
	rules, problems := rule.Check(paths)
	if problems.Fatal() {
		return nil, problems
	}
	for _, p := range problems {
		if !p.PassedOver() {
			continue
		}
		if _, err := io.WriteString(stderr, p.Render()); err != nil {
			return nil, err
		}
	}
	return rules, canRun(rules)
}

// notRun returns the rules that cannot run here.
func notRun(rules []*rule.Rule) []*rule.Rule {
	return slices.DeleteFunc(slices.Clone(rules), func(r *rule.Rule) bool { return r.Program != nil })
}

// canRun fails if none of the rules runs: nothing would be looked for.
func canRun(rules []*rule.Rule) error {
	if len(notRun(rules)) < len(rules) {
		return nil
	}
	if len(rules) == 1 {
		return fmt.Errorf("%s: the rule does not run here: %s", rules[0].Path, rules[0].NotRunnable)
	}
	return &hinted{fmt.Errorf("none of the %d rules runs here; the first, %s: %s", len(rules), rules[0].Path, rules[0].NotRunnable),
		"kscan rules list says why of each"}
}
