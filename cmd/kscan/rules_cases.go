package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"kscan/report"
	"kscan/rule"
)

func newRulesTestCommand(c *console) *cobra.Command {
	o := &rulesOutput{}
	cmd := &cobra.Command{
		Use:   "test [PATH...]",
		Short: "Run the cases that lie beside rules",
		Long: `Test runs rules on the logs beside them. The cases of x.toml are the files in the folder x.tests,
in any format that kscan reads; what a file demands, its name says:

  match*     every event is found (by a sequence or sample: something is found)
  some*      at least one event is found, among others
  nomatch*   nothing is found

Without a path the built-in rule is tested.

Exit codes: 0 all cases passed, 1 a case failed, 2 wrong usage or a rule that does not load,
3 there was no case to run.`,
		Example: `  kscan rules test
  kscan rules test ./rules`,
		RunE: func(cmd *cobra.Command, args []string) error { return runRulesTest(cmd.Context(), c, o, args) },
	}
	o.addFlags(cmd.Flags())
	cmd.Flags().SortFlags = false
	return cmd
}

func runRulesTest(ctx context.Context, c *console, o *rulesOutput, paths []string) error {
	if err := o.check(); err != nil {
		return err
	}
	rules, err := loadRules(paths)
	if err != nil {
		return err
	}
	if orphans := rule.OrphanCases(paths); len(orphans) > 0 {
		return &hinted{fmt.Errorf("the cases in %s have no rule", orphans[0]),
			"the rule's file lies beside the folder and has its name, with .toml"}
	}
	run, err := runCases(ctx, rules)
	if err != nil {
		return err
	}
	err = o.write(c,
		func(w io.Writer, t report.TerminalOptions) error { return report.RuleCases(w, run, t) },
		func(w io.Writer) error { return report.RuleCasesJSON(w, run) })
	if err != nil {
		return err
	}
	switch passed, failed, _ := run.Count(); {
	case failed > 0:
		return outcome(exitFailed)
	case passed == 0:
		return outcome(exitIncomplete)
	}
	return nil
}

// runCases runs the cases of all rules.
func runCases(ctx context.Context, rules []*rule.Rule) (*report.CaseRun, error) {
	everything, err := newEverything()
	if err != nil {
		return nil, err
	}
	run := &report.CaseRun{}
	for _, r := range rules {
		cases, err := rule.Cases(r)
		if err != nil {
			return nil, &hinted{err, "kscan rules test --help says how files of cases are named"}
		}
		if len(cases) == 0 && r.Program != nil {
			run.Without = append(run.Without, r)
		}
		for _, cs := range cases {
			result, err := runCase(ctx, cs, everything)
			if err != nil {
				return nil, err
			}
			run.Results = append(run.Results, result)
		}
	}
	return run, nil
}

// runCase runs one case; a rule that kscan does not run is passed over.
func runCase(ctx context.Context, cs rule.Case, everything *rule.Rule) (report.CaseResult, error) {
	result := report.CaseResult{Case: cs, Skipped: cs.Rule.NotRunnable}
	if cs.Rule.Program == nil {
		return result, nil
	}
	path, remove, err := onDisk(cs)
	if err != nil {
		return result, fmt.Errorf("failed to write the case %s: %w", cs.Path, err)
	}
	defer remove()
	t := &caseTest{result: &result, path: path, everything: everything}
	return result, t.run(ctx)
}
