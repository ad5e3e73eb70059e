package scan

import (
	"maps"
	"slices"
	"strings"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
)

func (c *Counts) add(d *Counts) {
	c.Bytes += d.Bytes
	c.Lines += d.Lines
	c.Events += d.Events
	c.Passed += d.Passed
	c.Sampled += d.Sampled
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
type categories map[string]*int64

func (c *categories) add(values []event.Scalar) {
	for _, v := range values {
		if v.Type == fastjson.TypeString {
			*c.of(v.Text)++
		}
	}
}

// of returns the counter of a category.
func (c *categories) of(name []byte) *int64 {
	if n, known := (*c)[string(name)]; known {
		return n
	}
	if *c == nil {
		*c = categories{}
	}
	key := strings.ToValidUTF8(string(name), "\uFFFD")
	if len(*c) >= maxCategories || len(name) > maxCategoryLength {
		key = OtherCategories
	}
	if (*c)[key] == nil {
		(*c)[key] = new(int64)
	}
	return (*c)[key]
}

func (c *categories) merge(d categories) {
	for _, name := range slices.Sorted(maps.Keys(d)) {
		*c.of([]byte(name)) += *d[name]
	}
}

// counts returns the categories with their counts.
func (c categories) counts() map[string]int64 {
	out := make(map[string]int64, len(c))
	for name, n := range c {
		out[name] = *n
	}
	return out
}
