package event

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/valyala/fastjson"
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

// TestAgain holds that a Found whose values were fixed has those and the ones put since, as one
// that got all of them has, whatever becomes of the texts.
func TestAgain(t *testing.T) {
	f := NewFinder()
	slots := []int{f.Add("a"), f.Add("b"), f.Add("c"), f.Add("d")}
	put := func(r *Found, slot int, text []byte) {
		r.Put(slots[slot], Scalar{Type: fastjson.TypeString, Text: text})
	}
	r := rand.New(rand.NewPCG(1, 1))
	got, want := new(Found), new(Found)
	for n := range 300 {
		if got.Reset(f); n%3 == 0 {
			got.Keep([]byte("what an earlier event had"))
		}
		text, fixed := fmt.Appendf(nil, "fixed %d", n), r.IntN(3)
		for slot := range fixed {
			put(got, slot, text)
			put(got, slot, text[2:])
		}
		got.Fix()
		copy(text, "xxxxxxxxxxxx")
		text = fmt.Appendf(nil, "fixed %d", n)
		for range r.IntN(4) {
			got.Again()
			want.Reset(f)
			for slot := range fixed {
				put(want, slot, text)
				put(want, slot, text[2:])
			}
			for range r.IntN(4) {
				slot, own := fixed+r.IntN(4-fixed), fmt.Appendf(nil, "own %d", r.IntN(100))
				put(got, slot, own)
				put(want, slot, own)
			}
			for _, slot := range slots {
				if diff := cmp.Diff(scalarTexts(want.Values(slot)), scalarTexts(got.Values(slot)), cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("%d (-all put +again):\n%s", n, diff)
				}
			}
		}
	}
}
