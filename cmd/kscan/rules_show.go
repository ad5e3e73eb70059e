package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kscan/report"
	"kscan/rule"
	"kscan/rule/eql"
)

// rulesShowOptions are the flags of kscan rules show.
type rulesShowOptions struct {
	rules  []string
	output rulesOutput
}

func (o *rulesShowOptions) addFlags(f *pflag.FlagSet) {
	addRulesFlag(f, &o.rules)
	o.output.addFlags(f)
}

func newRulesShowCommand(c *console) *cobra.Command {
	o := &rulesShowOptions{}
	cmd := &cobra.Command{
		Use:   "show ID|NAME",
		Short: "Show a rule with its query, guide and setup",
		Long: `Show prints one rule: what it finds, where Elastic would search, its query, its investigation
guide and its setup. The rule is named by its id, its name in any case, or a part of either
that no other rule has.

Exit codes: 0 the rule is shown, 2 wrong usage, no such rule, or a rule that does not load.`,
		Example: `  kscan rules show 9f420cca-cb27-44db-a13d-c43c7b48e04a
  kscan rules show --rules ./rules "kubelet api"`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &hinted{fmt.Errorf("no rule to show"), "name it by its id or name; kscan rules list has both"}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			return runRulesShow(c, o, strings.Join(args, " "))
		},
	}
	o.addFlags(cmd.Flags())
	cmd.Flags().SortFlags = false
	return cmd
}

func runRulesShow(c *console, o *rulesShowOptions, name string) error {
	if err := o.output.check(); err != nil {
		return err
	}
	rules, err := loadRules(o.rules)
	if err != nil {
		return err
	}
	r, err := findRule(rules, name)
	if err != nil {
		return err
	}
	return o.output.write(c,
		func(w io.Writer, t report.TerminalOptions) error { return report.RulePage(w, r, t) },
		func(w io.Writer) error { return report.RuleJSON(w, r) })
}

// findRule returns the rule that a name means: the whole id, the whole name, or a part
// of either. Only the first of these that fits any rule counts.
func findRule(rules []*rule.Rule, name string) (*rule.Rule, error) {
	lower := strings.ToLower(name)
	for _, fits := range []func(*rule.Rule) bool{
		func(r *rule.Rule) bool { return r.ID == name },
		func(r *rule.Rule) bool { return strings.EqualFold(r.Name, name) },
		func(r *rule.Rule) bool {
			return strings.Contains(strings.ToLower(r.Name), lower) || strings.HasPrefix(r.ID, name)
		},
	} {
		var found []*rule.Rule
		for _, r := range rules {
			if fits(r) {
				found = append(found, r)
			}
		}
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			return nil, &hinted{fmt.Errorf("%q means %d rules", name, len(found)), "name one by its id: " + some(found)}
		}
	}
	return nil, &hinted{fmt.Errorf("no rule %q among %d", name, len(rules)), nearRule(rules, name)}
}

// maxNamed is how many rules a hint names.
const maxNamed = 5

func some(rules []*rule.Rule) string {
	var names []string
	for _, r := range rules[:min(len(rules), maxNamed)] {
		names = append(names, fmt.Sprintf("%s (%s)", r.ID, r.Name))
	}
	if len(rules) > maxNamed {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// nearRule returns a hint with the rule that a misspelt name may mean.
func nearRule(rules []*rule.Rule, name string) string {
	var names []string
	for _, r := range rules {
		names = append(names, r.ID, r.Name)
	}
	if near, ok := eql.Nearest(name, slices.Compact(names)); ok {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "kscan rules list has the names and ids; --rules names other packs"
}
