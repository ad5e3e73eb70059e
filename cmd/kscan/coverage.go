package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kscan/report"
	"kscan/report/triage"
	"kscan/scan"
)

// coverageOptions are the flags of kscan coverage.
type coverageOptions struct {
	rules    []string
	from, to string
	jobs     int
	gap      time.Duration
	output   outputOptions
}

func (o *coverageOptions) addFlags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.rules, "rules", nil, "load rules from `PATH` (file or folder, repeatable) in place of the built-in rule")
	f.StringVar(&o.from, "from", "", "leave out events before `TIME` (RFC 3339, or a date; UTC)")
	f.StringVar(&o.to, "to", "", "leave out events at or after `TIME`")
	f.DurationVar(&o.gap, "gap", scan.DefaultGap, "tell of times without events longer than `DURATION`")
	f.IntVarP(&o.jobs, "jobs", "j", 0, "use `N` workers (default: one for each core)")
	o.output.addCommonFlags(f, "write the account as `FORMAT`: text or json", "the account")
}

func newCoverageCommand(c *console) *cobra.Command {
	o := &coverageOptions{}
	cmd := &cobra.Command{
		Use:   "coverage PATH...",
		Short: "Say what telemetry the logs hold, and which rules they could have fired",
		Long: `Coverage decodes every event under the paths and tells, by host and source of telemetry, of
when there are events, where they are missing, and which rules could have fired on them and
which not, with the reason. It takes longer than a scan, which passes over events that cannot
match, and looks for the same rules; their hits are counted.

Exit codes: 0 all was examined, 2 wrong usage or a rule that does not load, 3 evidence was not
examined in full or there was none, 130 interrupted.`,
		Example: `  kscan coverage ./logs
  kscan coverage --rules ./rules -f json -o coverage.json ./logs`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &hinted{fmt.Errorf("no path to examine"), `name files or folders, or "-" for standard input`}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runCoverage(cmd.Context(), c, o, args)
		},
	}
	o.addFlags(cmd.Flags())
	cmd.Flags().SortFlags = false
	return cmd
}

func runCoverage(ctx context.Context, c *console, o *coverageOptions, paths []string) error {
	options, err := (&scanOptions{from: o.from, to: o.to, jobs: o.jobs, noPrefilter: true}).scan(c.stdin)
	if err != nil {
		return err
	}
	if options.Gap = o.gap; o.gap <= 0 {
		return fmt.Errorf("--gap %s: not a length of time", o.gap)
	}
	if o.output.format != "text" && o.output.format != "json" {
		return &hinted{fmt.Errorf("--format %q: no such format", o.output.format), "use text or json"}
	}
	rules, err := loadPack(o.rules, c.stderr)
	if err != nil {
		return err
	}
	out, err := o.output.create(c)
	if err != nil {
		return err
	}
	defer out.discard()
	collector := triage.NewCollector()
	p := newProgress(c, &o.output)
	options.Progress = p.tell()
	summary, err := scan.Run(ctx, options, paths, rules, collector)
	p.end()
	if err == nil {
		result := collector.Case(summary)
		result.NotRun = notRun(rules)
		err = writeCoverage(out, result)
	}
	if err != nil {
		return &outputError{err}
	}
	return scanOutcome(ctx, summary, false)
}

func writeCoverage(out *output, c *triage.Case) error {
	var err error
	if out.options.format == "json" {
		err = report.CoverageJSON(out.w, c)
	} else {
		err = report.Coverage(out.w, c, out.terminal())
	}
	if err == nil {
		err = out.commit()
	}
	if err != nil || out.options.quiet || out.options.format == "text" && out.file == nil {
		return err
	}
	if out.options.format == "json" {
		if err := report.Problems(out.console.stderr, c.Summary); err != nil {
			return err
		}
	}
	return report.Summary(out.console.stderr, c.Summary)
}
