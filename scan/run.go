package scan

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"kscan/readers"
	"kscan/readers/event"
	"kscan/rule"
	"kscan/rule/eval"
)

// Options says what to look at and how. The zero value looks at everything.
type Options struct {
	// Jobs is the number of workers; 0 means one for each core.
	Jobs int
	// From and To bound @timestamp: events before From or at or after To are counted and
	// not matched. Zero means no bound. Events without a timestamp are always matched.
	From, To time.Time
	// InScopeOnly leaves out events that name an index the rule does not search.
	InScopeOnly bool
	// Progress, if set, is called as units are done, from one goroutine, with bytes on disk.
	// The total leaves out what has no size, such as standard input.
	Progress func(done, total int64)
	// NoPrefilter decodes every event, also those that cannot match.
	NoPrefilter bool
	// InTimeOrder gives the findings of event rules as Elasticsearch does: in the order of
	// time, when all are known.
	InTimeOrder bool
	// Sequences are the limits of sequences and samples.
	Sequences eval.RunOptions
	// MaxHeld is how many bytes of events are held for sequences, samples, pipes and
	// InTimeOrder; 0 means the default.
	MaxHeld int64
	// Probe sees each event beside the rules; nil for none.
	Probe Probe
	// Facts are what an earlier run over the same paths found out, and take what this one
	// does; nil for none.
	Facts *Facts
	// NoAccount leaves out what Summary says of telemetry, reach and near misses.
	NoAccount bool
	// Gap is how long a stream must be silent for it to be called a gap; 0 means
	// DefaultGap.
	Gap time.Duration
	// Readers are the limits of reading.
	Readers readers.Options
}

func (o *Options) jobs() int {
	if o.Jobs > 0 {
		return o.Jobs
	}
	return runtime.GOMAXPROCS(0)
}

// Run examines the files under the paths ("-" is standard input) with the rules and gives the findings to the sink in the order
// of the input, the same for any number of workers. It returns what was examined, also
// when ctx ends the run early (Summary.Interrupted). The error is the sink's: whatever is
// wrong with the evidence is in the Summary.
//
// The calling goroutine lists the files in groups. Readers, one for each job, take the
// groups in order, some at a time, and cut them into units. What is a single small unit they decode themselves, many into one result; for
// other units they queue a slot, which a worker fills. The collector, when all files are
// listed, empties the queues in order, on the calling goroutine. Only the blocks of units that wait for a worker,
// and findings ahead of the collector up to a budget, are held.
func Run(ctx context.Context, o Options, paths []string, rules []*rule.Rule, sink Sink) (*Summary, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	started := time.Now()
	rules = runnable(rules)
	sets := ruleSets(rules)
	c := newCollector(rules, sets, sink)
	c.held = newHeld(c, &o)
	c.probe, c.tell = o.Probe, o.Progress
	r := &run{
		options:   o,
		sets:      sets,
		list:      rules,
		near:      nearMisses(rules),
		stretches: newStretches(),
		tasks:     make(chan task),
		budget:    newBudget(maxAhead),
	}
	c.account, c.tallies = newAccount(r), &r.tallies
	wait := r.start(ctx, o.jobs())
	c.begin(r.walk(ctx, paths))
	err := c.collect(r.stretches.first, r.budget, cancel)
	wait()
	c.summary.Interrupted = err == nil && ctx.Err() != nil
	c.summary.Started = started.UTC()
	c.summary.Elapsed = time.Since(started)
	return c.finish(sets), err
}

// run is the state that the goroutines of one Run share.
type run struct {
	options   Options
	sets      []ruleSet
	list      []*rule.Rule
	near      []*NearMisses // without events; none if none are looked for
	stretches *stretches
	tasks     chan task
	budget    *budget
	tallies   tallies
}

// ruleSet is the rules whose programs are of one set.
type ruleSet struct {
	set      *eval.Set
	index    *eval.Index
	shapes   *eval.Shapes
	coverage *eval.Coverage // stays empty
	rules    map[*eval.Program]*rule.Rule
}

func ruleSets(rules []*rule.Rule) []ruleSet {
	var sets []ruleSet
	for _, r := range rules {
		i := slices.IndexFunc(sets, func(s ruleSet) bool { return s.set == r.Program.Set() })
		if i < 0 {
			i = len(sets)
			set := r.Program.Set()
			sets = append(sets, ruleSet{set, set.Index(), set.Shapes(), set.NewCoverage(), map[*eval.Program]*rule.Rule{}})
		}
		sets[i].rules[r.Program] = r
	}
	return sets
}

// interest returns what decides whether any of the rules matches an event, or a probe
// wants it.
func (r *run) interest(probe ProbeWorker) event.Interest {
	if r.options.NoPrefilter {
		return event.Interest{}
	}
	all := event.Interest{Needs: needs(r.list)}
	var finders []*event.Finder
	for i := range r.sets {
		finders = append(finders, r.sets[i].set.Finder())
	}
	if probe != nil {
		also := probe.Interest()
		if len(r.list) > 0 && all.Needs == nil || also.Needs == nil {
			all.Needs = nil
		} else {
			all.Needs = slices.Concat(all.Needs, also.Needs)
		}
		finders = append(finders, also.Finder)
		all.Starts = also.Starts
	}
	all.Finder = event.Union(finders...)
	all.Only = len(r.list) == 0 && probe != nil
	return all
}

// needs returns what an event must hold for any of the rules to match it.
func needs(rules []*rule.Rule) []event.Need {
	var all []event.Need
	for _, r := range rules {
		needs := r.Program.Needs()
		if needs == nil {
			return nil
		}
		all = append(all, needs...)
	}
	return all
}

func runnable(rules []*rule.Rule) []*rule.Rule {
	var list []*rule.Rule
	for _, r := range rules {
		if r.Program != nil {
			list = append(list, r)
		}
	}
	return list
}

// walked is what is known of the input as a whole.
type walked struct {
	files    int
	size     int64           // of the files, if anybody wants to be told of progress
	problems []event.Problem // of what could not be listed
}

// walk lists the groups of the paths, which are read meanwhile.
func (r *run) walk(ctx context.Context, paths []string) (w walked) {
	defer r.stretches.end()
	for g := range readers.Walk(paths, func(p event.Problem) { w.problems = append(w.problems, p) }) {
		if ctx.Err() != nil {
			break
		}
		r.stretches.add(g)
		w.files += len(g.Files)
		if r.options.Progress != nil {
			w.size += g.Size()
		}
	}
	return w
}

// start begins readers and workers and returns a function that waits for all of them.
func (r *run) start(ctx context.Context, jobs int) (wait func()) {
	var reading, working sync.WaitGroup
	for range jobs {
		w, h := newWorker(r), newHandler(ctx, r)
		reading.Go(func() {
			for s := r.stretches.take(); s != nil; s = r.stretches.take() {
				h.read(s)
			}
		})
		working.Go(w.work)
	}
	go func() {
		reading.Wait()
		close(r.tasks)
	}()
	return working.Wait
}
