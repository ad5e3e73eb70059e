package triage

import (
	"crypto/sha256"
	"slices"
	"time"

	"kscan/report/safe"
	"kscan/rule"
	"kscan/scan"
)

// The limits of a Collector. Findings beyond them are counted, never dropped.
const (
	// maxGroups is how many groups all rules have together, and maxRuleGroups one rule:
	// more than a person reads, at some 3 KB each.
	maxGroups     = 10000
	maxRuleGroups = 5000
	// sureGroups is how many groups a rule has at least, so that a noisy rule does not
	// take the place of the others.
	sureGroups = 20
	// maxHeld is how many bytes of values are kept: what long values can cost.
	maxHeld = 32 << 20
	// maxEvidence is how many places a group keeps: enough to go and look.
	maxEvidence = 5
	// maxSeen is how many different values a field keeps.
	maxSeen = 4
	// maxKeyPart is how many characters of each part of a key are kept to be shown.
	maxKeyPart = 256
	// maxPatternFields is how many fields a pattern of the guide ("process.*") gives.
	maxPatternFields = 16
	// maxSample and maxSamples are how many bytes of one group's and of all groups'
	// sample events are kept.
	maxSample  = 64 << 10
	maxSamples = 16 << 20
	// maxIndices is how many out-of-scope index names a group keeps.
	maxIndices = 4
)

// Collector takes findings one by one and keeps what the Case needs of them. It is a
// scan.Sink, used from one goroutine.
type Collector struct {
	facts   []factSpec
	parsers parsers
	rules   map[*rule.Rule]*ruleGroups
	order   []*ruleGroups // as first seen
	groups  int
	held    int // bytes of values
	samples int // bytes of sample events
	total   int64
	times   int // kept of hits

	conditions conditions
	nodes      *Nodes // nil if they are not known
	tuples     int    // sets of values that evidence queries are to be bound to
	asking     asking
	second     *scan.Summary
	unnoted    int64  // process starts
	unanswered string // why nothing was looked up
	answered   bool
}

type ruleGroups struct {
	rule   *Rule
	docs   *documents
	fields []string // that the guide names
	byKey  map[[sha256.Size]byte]*Group

	moments []moment // of the hits, for the schedule
	beyond  int64    // hits whose times are not kept
}

// NewCollector returns an empty Collector.
func NewCollector() *Collector {
	return &Collector{
		facts: factSpecs(),
		rules: make(map[*rule.Rule]*ruleGroups),
	}
}

// UseNodes says which addresses are those of nodes and their pods.
func (c *Collector) UseNodes(n *Nodes) { c.nodes = n }

// Finding adds a finding. It keeps no reference to it and never fails.
func (c *Collector) Finding(f *scan.Finding) error {
	r := c.ruleOf(f.Rule)
	c.total++
	r.rule.Findings++
	if f.OutOfScope {
		r.rule.OutOfScope++
	}
	r.docs.load(f)
	c.keepTime(f, r)
	if f.Expected != nil {
		c.expect(f, r)
		return nil
	}
	key := keyOf(f, r.docs)
	sum := key.sum(f.Rule.ID)
	g := r.byKey[sum]
	if g == nil {
		if !c.mayGrow(len(r.byKey)) {
			r.rule.Ungrouped++
			return nil
		}
		g = c.newGroup(key, sum, f, r.docs)
		r.byKey[sum] = g
		r.rule.Groups = append(r.rule.Groups, g)
	}
	c.add(g, f, r)
	if f.Rule.Playbook != nil {
		for i, step := range c.conditions.check(f.Rule.Playbook, r.docs) {
			for j, holds := range step {
				if holds {
					g.held[i][j]++
				}
			}
		}
		g.addAddresses(r.docs)
		g.ask(f, c.asks(r.docs, hostOf(key, f)))
	}
	return nil
}

func (c *Collector) ruleOf(r *rule.Rule) *ruleGroups {
	known := c.rules[r]
	if known == nil {
		known = &ruleGroups{
			rule:  &Rule{Rule: r, Guide: newGuide(r)},
			byKey: make(map[[sha256.Size]byte]*Group),
		}
		known.fields = known.rule.Guide.fields()
		if r.Playbook != nil {
			for i := range r.Playbook.Steps {
				known.fields = appendNew(known.fields, r.Playbook.Steps[i].Fields, maxGroupFields)
				if r.Playbook.Steps[i].Analysis == rule.Response {
					known.fields = appendNew(known.fields, workloadFields[:], maxGroupFields)
				}
			}
		}
		known.docs = newDocuments(&c.parsers, slices.Concat(keyFields(), factFields(c.facts), known.fields)...)
		c.rules[r] = known
		c.order = append(c.order, known)
	}
	return known
}

func (c *Collector) mayGrow(ruleGroups int) bool {
	if ruleGroups < sureGroups {
		return true
	}
	return ruleGroups < maxRuleGroups && c.groups < maxGroups && c.held < maxHeld
}

func (c *Collector) newGroup(k Key, sum [sha256.Size]byte, f *scan.Finding, d *documents) *Group {
	c.groups++
	g := &Group{
		ID: groupID(sum),
		Key: Key{
			Host:    safe.Clip(k.Host, maxKeyPart),
			Folder:  safe.Clip(k.Folder, maxKeyPart),
			Process: safe.Clip(k.Process, maxKeyPart),
			User:    safe.Clip(k.User, maxKeyPart),
			Target:  safe.Clip(k.Target, maxKeyPart),
			spread:  k.spread,
		},
		Name:   safe.Clip(processName(d), maxKeyPart),
		values: make(map[string]*Values),
	}
	if book := f.Rule.Playbook; book != nil {
		for i := range book.Steps {
			g.held = append(g.held, make([]int64, len(book.Steps[i].Conditions)))
		}
	} else {
		g.Priority, g.Reasons = judge(f, d)
	}
	g.Facts = make([]Fact, len(c.facts))
	for i, spec := range c.facts {
		g.Facts[i] = Fact{Label: spec.label, Fields: spec.fields}
	}
	if sample := firstEvent(f); len(sample) <= maxSample && c.samples+len(sample) <= maxSamples {
		g.Sample = slices.Clone(sample)
		c.samples += len(sample)
	}
	return g
}

// firstEvent returns the document of a finding's first event: a sequence may begin with a
// missing one.
func firstEvent(f *scan.Finding) []byte {
	for i := range f.Hits {
		if len(f.Hits[i].JSON) > 0 {
			return f.Hits[i].JSON
		}
	}
	return nil
}

// add counts a finding in its group and keeps what is new in it.
func (c *Collector) add(g *Group, f *scan.Finding, r *ruleGroups) {
	g.Count++
	if f.OutOfScope {
		g.OutOfScope++
	}
	dated := false
	for i := range f.Hits {
		hit := &f.Hits[i]
		if len(hit.JSON) == 0 { // a missing event of a sequence
			continue
		}
		g.Events++
		if len(g.Evidence) < maxEvidence {
			g.Evidence = append(g.Evidence, hit.Evidence)
		}
		if !hit.Time.IsZero() {
			dated = true
			if g.First.IsZero() || hit.Time.Before(g.First) {
				g.FirstEvidence = hit.Evidence
			}
			g.First, g.Last = span(g.First, g.Last, hit.Time, hit.Time)
		}
		g.Assumed = appendNew(g.Assumed, hit.Assumed, len(g.Assumed)+len(hit.Assumed))
		if f.OutOfScope && hit.Index != "" {
			g.Indices = appendNew(g.Indices, []string{safe.Clip(hit.Index, maxKeyPart)}, maxIndices)
		}
	}
	if !dated {
		g.Undated++
	}
	g.addTarget(r.docs)
	c.addFacts(g, r.docs)
	c.addFields(g, r)
}

// maxTargets is how many destinations a group keeps: a sweep of a subnet.
const maxTargets = 256

func (g *Group) addTarget(d *documents) {
	if !g.Key.spread {
		return
	}
	text := safe.Clip(target(d), maxKeyPart)
	for _, t := range g.Targets {
		if t.Text == text {
			t.Count++
			return
		}
	}
	if len(g.Targets) >= maxTargets {
		g.MoreTargets++
		return
	}
	g.Targets = append(g.Targets, &Target{Text: text, Address: safe.Clip(d.first(destinationFields[:]...), maxKeyPart),
		Port: safe.Clip(d.text("destination.port"), maxKeyPart), Count: 1})
}

func (c *Collector) addFacts(g *Group, d *documents) {
	for i, spec := range c.facts {
		if spec.text != nil {
			c.keep(&g.Facts[i].Values, spec.text(d))
		} else {
			c.keep(&g.Facts[i].Values, d.first(spec.fields...))
		}
	}
}

// addFields keeps the values of the fields that the guide names.
func (c *Collector) addFields(g *Group, r *ruleGroups) {
	for _, field := range r.fields {
		if !isPattern(field) {
			c.keepField(g, field, r.docs)
			continue
		}
		n := 0
		r.docs.leaves(field, func(name string) bool {
			c.keepField(g, name, r.docs)
			n++
			return n < maxPatternFields
		})
	}
}

func (c *Collector) keepField(g *Group, field string, d *documents) {
	text := d.text(field)
	v := g.values[field]
	if v == nil {
		if text == "" || len(g.values) >= maxGroupFields {
			return
		}
		v = new(Values)
		g.values[field] = v
	}
	c.keep(v, text)
}

// maxGroupFields is how many fields of the guide a group keeps.
const maxGroupFields = 128

// keep adds a text to the values of a field: as a new one while there is room, else to
// the count of others.
func (c *Collector) keep(v *Values, text string) {
	if text == "" {
		return
	}
	text = safe.Clip(text, maxValue)
	if slices.Contains(v.Seen, text) {
		return
	}
	if len(v.Seen) >= maxSeen || len(v.Seen) > 0 && c.held >= maxHeld {
		v.Other++
		return
	}
	c.held += len(text)
	v.Seen = append(v.Seen, text)
}

// appendNew appends those texts that list does not have, up to a length.
func appendNew(list, texts []string, limit int) []string {
	for _, text := range texts {
		if len(list) < limit && !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list
}

// span widens first and last by another span; zero times are none.
func span(first, last, from, to time.Time) (time.Time, time.Time) {
	if !from.IsZero() && (first.IsZero() || from.Before(first)) {
		first = from
	}
	if !to.IsZero() && (last.IsZero() || to.After(last)) {
		last = to
	}
	return first, last
}

// Case returns the case of the findings so far and of a run's summary. The Collector
// must not be used after it.
func (c *Collector) Case(s *scan.Summary) *Case {
	if !c.answered {
		c.Answer(nil, nil, ReasonOff)
	}
	result := &Case{Summary: s, Findings: c.total, Groups: c.groups, Second: c.second, Unnoted: c.unnoted, Unanswered: c.unanswered}
	for i := range s.Rules {
		r := c.ruleOf(s.Rules[i].Rule)
		r.rule.Coverage = newCoverage(i, s, &r.rule.Guide)
		r.rule.Near, r.rule.NearSequences = s.Rules[i].Near, s.Rules[i].NearSequences
	}
	for _, r := range c.order {
		for _, g := range r.rule.Groups {
			g.finish()
		}
		sortGroups(r.rule.Groups)
		r.rule.lineage()
		r.rule.story()
		r.rule.Schedule = newSchedule(r.rule.Rule, r.moments, r.beyond)
		result.Rules = append(result.Rules, r.rule)
	}
	sortRules(result.Rules)
	for i := range s.Parts {
		result.First, result.Last = span(result.First, result.Last, s.Parts[i].First, s.Parts[i].Last)
	}
	return result
}

// finish leaves out what no event of the group has.
func (g *Group) finish() {
	g.Facts = slices.DeleteFunc(g.Facts, func(f Fact) bool { return len(f.Seen) == 0 })
	slices.Sort(g.Assumed)
	slices.Sort(g.Indices)
}

// Fields returns the values of the fields that the rule's guide names, by field.
func (g *Group) Fields() map[string]*Values { return g.values }
