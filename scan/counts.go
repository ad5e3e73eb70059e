package scan

import (
	"strings"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
)

func (c *Counts) add(d *Counts) {
	c.Bytes += d.Bytes
	c.Lines += d.Lines
	c.Events += d.Events
	c.Undated += d.Undated
	c.OutOfRange += d.OutOfRange
	c.Incomplete += d.Incomplete
	c.Lost += d.Lost
	c.Notices += d.Notices
}

// count counts a problem by what it means.
func (c *Counts) count(p *event.Problem) {
	if p.Kind == event.Incomplete {
		c.Incomplete++
	}
	if p.Kind.Lost() {
		c.Lost++
	} else {
		c.Notices++
	}
}

// problems are the first MaxProblems of each kind.
type problems struct {
	list []event.Problem
	seen map[event.Kind]int
}

func (ps *problems) add(p event.Problem) {
	if ps.seen == nil {
		ps.seen = map[event.Kind]int{}
	}
	ps.seen[p.Kind]++
	if ps.seen[p.Kind] <= MaxProblems {
		ps.list = append(ps.list, p)
	}
}

// problem counts p and keeps it if it is among the first of its kind.
func (r *result) problem(p event.Problem) {
	r.counts.count(&p)
	r.problems.add(p)
}

// Limits on counting events by category: a log may hold any number of made-up ones.
const (
	maxCategories     = 64
	maxCategoryLength = 64 // bytes
	// OtherCategories counts the events whose category is none of the first ones.
	OtherCategories = "(other)"
)

// categories counts events by each value of event.category.
type categories map[string]int64

func (c *categories) add(values []*fastjson.Value) {
	if *c == nil {
		*c = categories{}
	}
	for _, v := range values {
		if v.Type() != fastjson.TypeString {
			continue
		}
		c.count(v.GetStringBytes())
	}
}

func (c *categories) count(name []byte) {
	_, known := (*c)[string(name)]
	switch {
	case known:
		(*c)[string(name)]++
	case len(*c) >= maxCategories || len(name) > maxCategoryLength:
		(*c)[OtherCategories]++
	default:
		(*c)[strings.ToValidUTF8(string(name), "\uFFFD")]++
	}
}

func (c *categories) merge(d categories) {
	if *c == nil {
		*c = categories{}
	}
	for name, n := range d {
		if _, known := (*c)[name]; !known && len(*c) >= maxCategories {
			name = OtherCategories
		}
		(*c)[name] += n
	}
}
