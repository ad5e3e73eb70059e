package main

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kscan/report"
	"kscan/rule"
)

func newRulesCommand(c *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List, show, check and test detection rules",
		Long: `Rules are Elastic's detection rules in TOML: a file, or a folder of them at any depth, such as
Elastic's public pack. docs/rules.md describes packs, what check looks for and how cases are
written.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRulesListCommand(c), newRulesShowCommand(c), newRulesCheckCommand(c), newRulesTestCommand(c))
	return cmd
}

// rulesOutput are the flags of all commands about rules: how their result looks.
type rulesOutput struct {
	format  string
	noColor bool
}

func (o *rulesOutput) addFlags(f *pflag.FlagSet) {
	f.StringVarP(&o.format, "format", "f", "text", "write the result as `FORMAT`: text or json")
	f.BoolVar(&o.noColor, "no-color", false, "no colour, also on a terminal (as does the variable NO_COLOR)")
}

func (o *rulesOutput) check() error {
	if o.format == "text" || o.format == "json" {
		return nil
	}
	return &hinted{fmt.Errorf("--format %q: no such format", o.format), "use text or json"}
}

// write writes a result in the form that is asked for.
func (o *rulesOutput) write(c *console, text func(io.Writer, report.TerminalOptions) error, json func(io.Writer) error) error {
	out := &output{options: &outputOptions{noColor: o.noColor}, console: c}
	w := bufio.NewWriter(c.stdout)
	var err error
	if o.format == "json" {
		err = json(w)
	} else {
		err = text(w, out.terminal())
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		return &outputError{err}
	}
	return nil
}

// rulesListOptions are the flags of kscan rules list.
type rulesListOptions struct {
	rules      []string
	tags       []string
	severities []string
	output     rulesOutput
}

func (o *rulesListOptions) addFlags(f *pflag.FlagSet) {
	addRulesFlag(f, &o.rules)
	f.StringArrayVar(&o.tags, "tag", nil, `only rules with this `+"`TAG`"+` ("OS: Linux", or "linux"; repeatable: with all of them)`)
	f.StringSliceVar(&o.severities, "severity", nil, "only rules of these `SEVERITIES`: low, medium, high, critical")
	o.output.addFlags(f)
}

// addRulesFlag adds --rules as all commands but those for writing rules have it.
func addRulesFlag(f *pflag.FlagSet, paths *[]string) {
	f.StringArrayVar(paths, "rules", nil, "load rules from `PATH` (file or folder, repeatable) in place of the built-in rule")
}

func newRulesListCommand(c *console) *cobra.Command {
	o := &rulesListOptions{}
	cmd := &cobra.Command{
		Use:   "list [PATH...]",
		Short: "List rules and say which of them run",
		Long: `List loads the rules below the paths, or those of --rules, or the built-in one, and says of each
its severity, name, type, tactic and id, and whether kscan runs it.

Exit codes: 0 all rules loaded, 2 wrong usage or a rule that does not load.`,
		Example: `  kscan rules list
  kscan rules list --severity high,critical --tag "OS: Linux" ./rules
  kscan rules list -f json ./rules`,
		RunE: func(_ *cobra.Command, args []string) error { return runRulesList(c, o, args) },
	}
	o.addFlags(cmd.Flags())
	cmd.Flags().SortFlags = false
	return cmd
}

func runRulesList(c *console, o *rulesListOptions, paths []string) error {
	if err := o.output.check(); err != nil {
		return err
	}
	for _, severity := range o.severities {
		if !slices.Contains(severities, severity) {
			return &hinted{fmt.Errorf("--severity %q: no such severity", severity), "use " + strings.Join(severities, ", ")}
		}
	}
	rules, err := loadRules(slices.Concat(o.rules, paths))
	if err != nil {
		return err
	}
	rules = slices.DeleteFunc(rules, func(r *rule.Rule) bool { return !o.wants(r) })
	return o.output.write(c,
		func(w io.Writer, t report.TerminalOptions) error { return report.RuleList(w, rules, t) },
		func(w io.Writer) error { return report.RuleListJSON(w, rules) })
}

// wants reports whether a rule passes the filters.
func (o *rulesListOptions) wants(r *rule.Rule) bool {
	if len(o.severities) > 0 && !slices.Contains(o.severities, r.Severity) {
		return false
	}
	for _, tag := range o.tags {
		if !hasTag(r, tag) {
			return false
		}
	}
	return true
}

// hasTag reports whether a rule has a tag: the whole of it, or what stands behind its
// colon, in any case.
func hasTag(r *rule.Rule, tag string) bool {
	return slices.ContainsFunc(r.Tags, func(has string) bool {
		_, value, _ := strings.Cut(has, ": ")
		return strings.EqualFold(has, tag) || strings.EqualFold(value, tag)
	})
}
