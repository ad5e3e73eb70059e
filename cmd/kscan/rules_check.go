package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"kscan/report"
	"kscan/rule"
)

func newRulesCheckCommand(c *console) *cobra.Command {
	o := &rulesOutput{}
	var named []string
	cmd := &cobra.Command{
		Use:   "check PATH...",
		Short: "Lint a pack of rules",
		Long: `Check loads every rule below the paths, those of --rules among them, and prints each error and warning with its file, line
and column. An error keeps a rule, and with it the pack, from being loaded. A warning is what
the author most likely did not mean: a field that is not in ECS, a condition that can never
match, a missing key, a risk score that belongs to another severity, a gap between searches.

Exit codes: 0 no errors, 2 errors or wrong usage.`,
		Example: `  kscan rules check ./rules
  kscan rules check -f json ./rules/new.toml`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args)+len(named) == 0 {
				return &hinted{fmt.Errorf("no rules to check"), "name files or folders of rules"}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return runRulesCheck(c, o, slices.Concat(named, args)) },
	}
	cmd.Flags().StringArrayVar(&named, "rules", nil, "check the rules of `PATH` (file or folder, repeatable)")
	o.addFlags(cmd.Flags())
	cmd.Flags().SortFlags = false
	return cmd
}

func runRulesCheck(c *console, o *rulesOutput, paths []string) error {
	if err := o.check(); err != nil {
		return err
	}
	rules, problems := rule.Lint(paths)
	err := o.write(c,
		func(w io.Writer, t report.TerminalOptions) error { return report.RuleProblems(w, rules, problems, t) },
		func(w io.Writer) error { return report.RuleProblemsJSON(w, rules, problems) })
	if err == nil && problems.Fatal() {
		err = outcome(exitUsage)
	}
	return err
}
