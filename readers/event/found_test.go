package event

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUnion demands that what a finder finds is what it takes from a Found of the union of
// several.
func TestUnion(t *testing.T) {
	one, two := NewFinder(), NewFinder()
	one.Add("a.b")
	one.AddNulls("n")
	one.Add("m")
	two.AddNulls("m")
	two.Add("n")
	two.Add("x")
	two.Add("a")
	all := Union(one, two)
	if all.Len() != len(timeFields)+5 || Union() != nil || Union(one) != one || Union(one, nil) != nil || Union(nil) != nil {
		t.Fatalf("the union has %v", all.Names())
	}
	shared, got, want := new(Found), new(Found), new(Found)
	for _, doc := range []string{
		`{"a":{"b":[1,"2"]},"n":null,"m":[null,3],"x":true,"@timestamp":"2026"}`, `{}`, `{"a":[4,{"b":5}],"m":6,"y":7}`, `{"x":[8,9],"a.b":10}`,
	} {
		e := &Event{Doc: parse(t, doc)}
		all.Find(e, shared)
		for _, f := range []*Finder{one, two, one} {
			f.Find(e, want)
			got.From(f, shared)
			for _, name := range f.Names() {
				slot, ok := f.Slot(name)
				if diff := cmp.Diff(want.Values(slot), got.Values(slot), cmp.Transformer("", func(s []Scalar) []string { return scalarTexts(s) })); !ok || diff != "" {
					t.Errorf("%s in %s (-found +taken):\n%s", name, doc, diff)
				}
			}
		}
	}
}
