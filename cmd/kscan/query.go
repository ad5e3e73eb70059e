package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kscan/report"
	"kscan/report/safe"
	"kscan/rule"
	"kscan/rule/eql"
	"kscan/rule/mapping"
	"kscan/scan"
)

// queryOptions are the flags of kscan query.
type queryOptions struct {
	query      rule.QueryOptions
	size       int
	maxSamples int
	mapping    string
	from, to   string
	jobs       int
	noFilter   bool
	output     outputOptions
}

func (o *queryOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.query.CategoryField, "event-category-field", "event.category", "compare the category with this `FIELD`")
	f.StringVar(&o.query.TimestampField, "timestamp-field", "@timestamp", "order events by this `FIELD`")
	f.StringVar(&o.query.TiebreakerField, "tiebreaker-field", "", "order events of one time by this `FIELD` (default: as they come in the logs)")
	f.IntVar(&o.size, "size", 0, "give the `N` latest matches (default: all)")
	f.IntVar(&o.maxSamples, "max-samples-per-key", 1, "give up to `N` samples for each key")
	f.StringVar(&o.mapping, "mapping", "", "read the types of fields from `FILE`, an Elasticsearch mapping as JSON (default: ECS)")
	f.StringVar(&o.from, "from", "", "leave out events before `TIME` (RFC 3339, or a date; UTC)")
	f.StringVar(&o.to, "to", "", "leave out events at or after `TIME`")
	f.IntVarP(&o.jobs, "jobs", "j", 0, "use `N` workers (default: one for each core)")
	f.BoolVar(&o.noFilter, "no-prefilter", false, "decode every event, also those that cannot match")
	o.output.addFlags(f)
	format := f.Lookup("format")
	format.Usage = "write matches as `FORMAT`: jsonl (one match a line) or text (a table) (default: text on a terminal, else jsonl)"
	format.DefValue, o.output.format = "", ""
	f.Lookup("output").Usage = "write matches to `FILE`, which appears when it is complete"
}

func newQueryCommand(c *console) *cobra.Command {
	o := &queryOptions{}
	cmd := &cobra.Command{
		Use:   "query EQL PATH...",
		Short: "Ask a question in EQL of logs",
		Long: `Query runs one EQL query on every file under the paths and gives what matches in the order that
Elasticsearch gives it: events by time, sequences by their last event, samples by key. "-" is
standard input; "--" ends the flags. docs/eql.md describes the language, docs/query.md the output.

Exit codes: 0 the query ran, also without matches, 2 wrong usage or a query that Elasticsearch
would refuse, 3 evidence was not examined in full or there was none, 130 interrupted.`,
		Example: `  kscan query 'process where process.name == "curl"' ./logs
  kscan query 'sequence by host.id with maxspan=1m
      [process where process.name == "nc"] [network where true]' ./logs
  kscan query --mapping mapping.json --tiebreaker-field event.sequence 'any where x > 1 | tail 5' events.ndjson`,
		Args: func(_ *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return &hinted{fmt.Errorf("no query"), "write kscan query 'any where true' PATH"}
			case 1:
				return &hinted{fmt.Errorf("no path to search"), `name files or folders, or "-" for standard input`}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runQuery(cmd.Context(), c, o, args[0], args[1:])
		},
	}
	o.addFlags(cmd.Flags())
	cmd.Flags().SortFlags = false
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		return o.check(cmd.Flags())
	}
	return cmd
}

// check sees to the flags that a value alone can make wrong.
func (o *queryOptions) check(f *pflag.FlagSet) error {
	if f.Changed("size") {
		if o.size < 0 {
			return fmt.Errorf("--size %d: not a number of matches", o.size)
		}
		o.query.Size = &o.size
	}
	if o.maxSamples < 1 {
		return fmt.Errorf("--max-samples-per-key %d: not a number of samples", o.maxSamples)
	}
	switch o.output.format {
	case "", "text", "jsonl":
		return nil
	}
	return &hinted{fmt.Errorf("--format %q: no such format", o.output.format), "use text or jsonl"}
}

func runQuery(ctx context.Context, c *console, o *queryOptions, text string, paths []string) error {
	options, err := (&scanOptions{from: o.from, to: o.to, jobs: o.jobs, noPrefilter: o.noFilter}).scan(c.stdin)
	if err != nil {
		return err
	}
	options.InTimeOrder, options.NoAccount = true, true
	options.Sequences.MaxSamplesPerKey = o.maxSamples
	if o.query.Mapping, err = loadMapping(o.mapping); err != nil {
		return err
	}
	r, warnings, err := rule.Query(text, o.query)
	if err != nil {
		return err
	}
	out, err := o.output.create(c)
	if err != nil {
		return err
	}
	defer out.discard()
	if !o.output.quiet {
		tellQuery(c.stderr, o, warnings)
	}
	m := newMatches(out, r, o.query.Mapping)
	p := newProgress(c, &o.output)
	options.Progress = p.tell()
	summary, err := scan.Run(ctx, options, paths, []*rule.Rule{r}, m.sink())
	p.end()
	if err == nil {
		err = m.finish(out, summary)
	}
	if err != nil {
		return &outputError{err}
	}
	return scanOutcome(ctx, summary, false)
}

// loadMapping reads the file of --mapping; none is ECS alone.
func loadMapping(path string) (*mapping.Mapping, error) {
	if path == "" {
		return new(mapping.Mapping), nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("failed to read the mapping: %w", err)
	}
	m, err := mapping.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("failed to read the mapping %s: %w", path, err)
	}
	return m, nil
}

// tellQuery says what the query and the mapping ask for that will not have its effect.
func tellQuery(w io.Writer, o *queryOptions, warnings []*eql.Error) {
	for _, warning := range warnings {
		fmt.Fprint(w, warning.Render("query", 1))
	}
	for _, note := range o.query.Mapping.Notes() {
		fmt.Fprintf(w, "kscan: notice: %s: %s\n", safe.Text(o.mapping), safe.Text(note))
	}
}

// matches writes what a query finds: as lines, or as a table.
type matches struct {
	lines *report.Matches
	table *report.MatchTable
}

func newMatches(out *output, r *rule.Rule, m *mapping.Mapping) *matches {
	if out.options.format == "jsonl" || out.options.format == "" && !out.isTerminal() {
		return &matches{lines: report.NewMatches(out.w)}
	}
	return &matches{table: report.NewMatchTable(r.Program.Fields(), m.Path)}
}

func (m *matches) sink() scan.Sink {
	if m.lines != nil {
		return m.lines
	}
	return m.table
}

// finish writes the table and tells of the run.
func (m *matches) finish(out *output, s *scan.Summary) error {
	if m.table != nil {
		if err := m.table.Write(out.w, out.terminal()); err != nil {
			return err
		}
	}
	if err := out.commit(); err != nil || out.options.quiet {
		return err
	}
	if err := report.Problems(out.console.stderr, s); err != nil {
		return err
	}
	return report.Summary(out.console.stderr, s)
}
