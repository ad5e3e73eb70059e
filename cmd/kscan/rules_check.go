package main

import (
	"io"
	"slices"

	"github.com/spf13/cobra"

	"kscan/report"
	"kscan/rule"
)

func newRulesCheckCommand(c *console) *cobra.Command {
	o := &rulesOutput{}
	var named, playbooks []string
	cmd := &cobra.Command{
		Use:   "check [PATH...]",
		Short: "Lint a pack of rules and its playbooks",
		Long: `Check loads every rule below the paths, those of --rules among them, and prints each error and warning with its file, line
and column. An error keeps a rule, and with it the pack, from being loaded. A warning is what
the author most likely did not mean: a field that is not in ECS, a condition that can never
match, a missing key, a risk score that belongs to another severity, a gap between searches.

The playbooks beside the rules (*.playbook.toml) and those of --playbooks are checked in the
same way: their keys, queries and parameters, the fields they show, the rules they are for.

Without a path the built-in rule and its playbook are checked.

Exit codes: 0 no errors, 2 errors or wrong usage.`,
		Example: `  kscan rules check ./rules
  kscan rules check -f json ./rules/new.toml
  kscan rules check --playbooks ./new.playbook.toml`,
		RunE: func(_ *cobra.Command, args []string) error {
			return runRulesCheck(c, o, slices.Concat(named, args), playbooks)
		},
	}
	cmd.Flags().StringArrayVar(&named, "rules", nil, "check the rules of `PATH` (file or folder, repeatable)")
	cmd.Flags().StringArrayVar(&playbooks, "playbooks", nil, "check the playbooks of `PATH` (file or folder, repeatable)")
	o.addFlags(cmd.Flags())
	cmd.Flags().SortFlags = false
	return cmd
}

func runRulesCheck(c *console, o *rulesOutput, paths, playbooks []string) error {
	if err := o.check(); err != nil {
		return err
	}
	checked := rule.Lint(paths, playbooks)
	err := o.write(c,
		func(w io.Writer, t report.TerminalOptions) error { return report.RuleProblems(w, checked, t) },
		func(w io.Writer) error { return report.RuleProblemsJSON(w, checked) })
	if err == nil && checked.Problems.Fatal() {
		err = outcome(exitUsage)
	}
	return err
}
