package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kscan/readers"
	"kscan/readers/event"
	"kscan/report"
	"kscan/rule"
	"kscan/scan"
)

// explainOptions are the flags of kscan explain.
type explainOptions struct {
	rules  []string
	output rulesOutput
}

func (o *explainOptions) addFlags(f *pflag.FlagSet) {
	addRulesFlag(f, &o.rules)
	o.output.addFlags(f)
}

func newExplainCommand(c *console) *cobra.Command {
	o := &explainOptions{}
	cmd := &cobra.Command{
		Use:   "explain RULE FILE:LINE",
		Short: "Say why a rule matches the event at a line, or why it does not",
		Long: `Explain takes the event at a line of a log and prints the rule condition by condition, each
with the values of the event that decided it: true, false, or missing where the event has none
of the fields. RULE is an id, a name, a part of either that no other rule has, or the path of a
rule file. FILE:LINE is a place as findings and near misses give it; lines of compressed files
count in the decompressed text, and any record of an audit event stands for the whole event.

Exit codes: 0 the event is explained, whether or not it matches, 2 wrong usage, no such rule,
or no event at that line.`,
		Example: `  kscan explain kubelet logs/audit.log.1.gz:38
  kscan explain ./rules/curl.toml export.ndjson:7 -f json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return &hinted{fmt.Errorf("a rule and a place are needed"), "kscan explain RULE FILE:LINE"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runExplain(cmd.Context(), c, o, args[0], args[1])
		},
	}
	o.addFlags(cmd.Flags())
	cmd.Flags().SortFlags = false
	return cmd
}

func runExplain(ctx context.Context, c *console, o *explainOptions, name, at string) error {
	if err := o.output.check(); err != nil {
		return err
	}
	place, err := parsePlace(at)
	if err != nil {
		return err
	}
	r, err := o.rule(name)
	if err != nil {
		return err
	}
	x, err := explain(ctx, r, place)
	if err != nil {
		return err
	}
	return o.output.write(c,
		func(w io.Writer, t report.TerminalOptions) error { return report.Explain(w, x, t) },
		func(w io.Writer) error { return report.ExplainJSON(w, x) })
}

// rule returns the rule that a name means: of the rules of --rules or the built-in ones, or
// that of a file.
func (o *explainOptions) rule(name string) (*rule.Rule, error) {
	paths := o.rules
	info, err := os.Stat(name)
	isFile := err == nil && !info.IsDir()
	if isFile {
		paths = []string{name}
	}
	rules, err := loadRules(paths)
	if err != nil {
		return nil, err
	}
	var r *rule.Rule
	if isFile && len(rules) == 1 {
		r = rules[0]
	} else if r, err = findRule(rules, name); err != nil {
		return nil, err
	}
	if r.Program == nil {
		return nil, fmt.Errorf("rule %s does not run: %s", r.ID, r.NotRunnable)
	}
	return r, nil
}

// parsePlace reads FILE:LINE.
func parsePlace(text string) (scan.Place, error) {
	i := strings.LastIndexByte(text, ':')
	if i > 0 {
		if line, err := strconv.ParseInt(text[i+1:], 10, 64); err == nil && line > 0 {
			return scan.Place{Path: text[:i], Line: line}, nil
		}
	}
	return scan.Place{}, &hinted{fmt.Errorf("%q: not a place", text), "write it FILE:LINE, as in logs/audit.log:38"}
}

// maxExplained is how many events of one line are explained: a whole search response may
// be one line.
const maxExplained = 20

func explain(ctx context.Context, r *rule.Rule, place scan.Place) (*report.Explanation, error) {
	steps, err := r.Program.Explainer()
	if err != nil {
		return nil, fmt.Errorf("failed to take rule %s apart: %w", r.ID, err)
	}
	x := &report.Explanation{Rule: r}
	err = scan.At(ctx, readers.Options{}, place, func(e *event.Event) {
		if len(x.Events) == maxExplained {
			x.More++
			return
		}
		known, in := r.Scope(e.Index)
		out := report.Explained{Evidence: e.Evidence, Assumed: slices.Clone(e.Assumed), OutOfScope: known && !in, Steps: steps.Explain(e)}
		out.Evidence.EventID = strings.Clone(e.Evidence.EventID)
		if t, dated := e.Time(); dated {
			out.Time = t
		}
		x.Events = append(x.Events, out)
	})
	if err != nil {
		return nil, err
	}
	return x, nil
}
