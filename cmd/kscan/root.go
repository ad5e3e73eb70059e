package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"kscan/report"
	"kscan/report/safe"
	"kscan/rule"
)

func newRootCommand(c *console) *cobra.Command {
	root := &cobra.Command{
		Use:   "kscan",
		Short: "Run Elastic EQL detection rules on log files",
		Long: `kscan reads a folder of logs (NDJSON exports, raw Linux audit logs, gzip and zstd archives),
runs Elastic EQL detection rules on them and shows how to triage what they find.
It works offline and never writes to its inputs.`,
		Example: `  kscan scan ./logs                         the built-in kubelet rule
  kscan scan --rules ./rules -f jsonl ./logs  other rules, one JSON line a finding
  kscan query 'process where process.name == "curl"' ./logs
                                            a question in EQL
  zcat export.gz | kscan scan -               standard input`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &hinted{err, fmt.Sprintf("%s --help lists the flags", cmd.CommandPath())}
	})
	root.AddCommand(newScanCommand(c), newQueryCommand(c), newCoverageCommand(c), newExplainCommand(c), newRulesCommand(c), newVersionCommand(c))
	return root
}

// printError prints err as the user sees it: what went wrong, then what to do about it.
func printError(w io.Writer, err error) {
	var rules rule.Problems
	if errors.As(err, &rules) {
		// There is nowhere left to say that standard error cannot be written to.
		_ = report.RuleErrors(w, rules)
		return
	}
	var refused rule.Refused
	if errors.As(err, &refused) {
		for _, fault := range refused {
			fmt.Fprint(w, fault.Render("query", 1))
		}
		return
	}
	fmt.Fprintf(w, "error: %s\n", safe.Text(err.Error()))
	var h *hinted
	if errors.As(err, &h) {
		fmt.Fprintf(w, "hint: %s\n", safe.Text(h.hint))
	}
}
