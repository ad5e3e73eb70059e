package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"kscan/report/triage"
	"kscan/rule"
	"kscan/scan"
)

// investigateOptions are the flags of looking up evidence for what was found.
type investigateOptions struct {
	playbooks  []string
	nodes      string
	exceptions string
	off        bool

	known    *triage.Nodes     // what nodes names
	expected []*rule.Exception // what exceptions names
}

func (o *investigateOptions) addFlags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.playbooks, "playbooks", nil, "load playbooks from `PATH` (file or folder, repeatable) for the rules they name")
	f.StringVar(&o.exceptions, "exceptions", "", "set hits apart that the exceptions in `FILE` say are expected")
	f.StringVar(&o.nodes, "nodes", "", "take the addresses of nodes and their pods from `FILE`: kubectl get nodes -o json, or lines of name, address, pod CIDR")
	f.BoolVar(&o.off, "no-investigate", false, "do not read the logs a second time to look up what the playbooks ask")
}

// load gives the rules their playbooks, prints the warnings of those that are written
// badly, and reads the other files that the flags name. Playbooks that nobody asks anything,
// as with -f jsonl, are read only if they are named.
func (o *investigateOptions) load(rules []*rule.Rule, asked bool, stderr io.Writer) error {
	var problems rule.Problems
	var err error
	if asked || len(o.playbooks) > 0 {
		if problems, err = rule.LoadPlaybooks(rules, o.playbooks); err != nil {
			return err
		}
	}
	if o.nodes != "" {
		if o.known, err = readNodes(o.nodes); err != nil {
			return err
		}
	}
	if o.exceptions != "" {
		if o.expected, err = rule.LoadExceptions(o.exceptions); err != nil {
			return err
		}
	}
	for _, p := range problems {
		if _, err := io.WriteString(stderr, p.Render()); err != nil {
			return err
		}
	}
	return nil
}

// maxNodesFile bounds the file of --nodes, in bytes: 5,000 nodes in full JSON are less.
const maxNodesFile = 256 << 20

func readNodes(path string) (*triage.Nodes, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--nodes: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxNodesFile+1))
	if err == nil && len(data) > maxNodesFile {
		err = fmt.Errorf("the file is over %d MiB", maxNodesFile>>20)
	}
	if err != nil {
		return nil, fmt.Errorf("--nodes %s: %w", path, err)
	}
	nodes, err := triage.ParseNodes(data)
	if err != nil {
		return nil, fmt.Errorf("--nodes %s: %w", path, err)
	}
	return nodes, nil
}

// run reads the logs a second time, if anything was found that a playbook has questions
// about, and gives the answers to the collector. What could not be read again is added to
// the summary of the first pass.
func (o *investigateOptions) run(ctx context.Context, c *triage.Collector, first *scan.Summary, options scan.Options, paths []string) error {
	probe := c.Probe()
	switch {
	case probe == nil:
		c.Answer(nil, nil, "")
		return nil
	case o.off:
		c.Answer(nil, nil, triage.ReasonOff)
		return nil
	case slices.Contains(paths, "-"):
		c.Answer(nil, nil, triage.ReasonStdin)
		return nil
	case ctx.Err() != nil:
		c.Answer(nil, nil, triage.ReasonEnded)
		return nil
	}
	// What led to a hit and what followed may lie outside --from and --to.
	options.From, options.To = time.Time{}, time.Time{}
	options.Probe, options.Progress = probe, nil
	// The second pass is to take the memory that the first one leaves: a page that is new to
	// the process costs more than anything that is put into it.
	runtime.GC()
	second, err := scan.Run(ctx, options, paths, nil, nil)
	if err != nil {
		return err
	}
	first.AddLater(second)
	if err := follow(ctx, probe, first, second, options, paths); err != nil {
		return err
	}
	c.Answer(probe, second, "")
	return nil
}

// follow reads the logs again for the parents of the parents that were found, as often as
// there are any. The time is part of that of the second pass.
func follow(ctx context.Context, probe *triage.Probe, first, second *scan.Summary, options scan.Options, paths []string) error {
	for range triage.MaxFurther {
		further := probe.Further()
		if further == nil || second.Interrupted {
			return nil
		}
		options.Probe = further
		s, err := scan.Run(ctx, options, paths, nil, nil)
		if err != nil {
			return err
		}
		first.AddLater(s)
		second.Elapsed += s.Elapsed
		second.Interrupted = s.Interrupted
	}
	return nil
}
