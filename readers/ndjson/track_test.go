package ndjson

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// changing makes a picker's track be watched, or its long steps be made, with the next document
// that goes along it.
func changing(p *picker) { p.track.left = 1 }

// plainly picks with a picker that remembers nothing.
func plainly(text []byte, strict bool) (map[string][]string, bool) {
	p := newPicker(pickFinder())
	ok := p.pick(text, strict)
	return valuesOf(&p.found), ok
}

// checkSame demands that a picker picks from a text as one that remembers nothing.
func checkSame(t *testing.T, p *picker, text []byte, strict bool) {
	want, ok := plainly(text, strict)
	if got := p.pick(text, strict); got != ok {
		t.Fatalf("%s (strict: %v): picked %v, %v by one that remembers nothing", text, strict, got, ok)
	}
	if diff := cmp.Diff(want, valuesOf(&p.found)); ok && diff != "" {
		t.Fatalf("%s (-by one that remembers nothing +got):\n%s", text, diff)
	}
}

// generator makes documents that are much alike.
type generator struct {
	*rand.Rand
	strange bool // some are damaged or have escapes
}

func (g *generator) of(texts ...string) string { return texts[g.IntN(len(texts))] }

// mostly returns the first of two texts nearly always.
func (g *generator) mostly(text string, other func() string) string {
	if g.IntN(25) > 0 {
		return text
	}
	return other()
}

func (g *generator) scalar() string {
	if g.strange && g.IntN(100) == 0 {
		return g.of(`"\u0061\""`, `"}"`, `"a\\"`, `007`, `nul`, `1x`, `NaN`, `{"":{}}`, `{"a":1,}`, `[1 2]`, `"`, ``, `"x":1`)
	}
	return g.of(`"a"`, `"b"`, `""`, `"a longer text that has more bytes than a word of marks has, which are 64"`, `1`, `10250`, `-1.5e3`,
		`12345678`, `true`, `false`, `null`, `{}`, `[]`, `{"x":{"y":"]"}}`, `["a","b"]`, `[{"z":[1]}]`)
}

func (g *generator) value(constant string) string { return g.mostly(constant, g.scalar) }

func (g *generator) document() string {
	comma := g.mostly(",", func() string { return g.of(", ", " ,", ",,") })
	members := []string{
		`"@timestamp":"` + fmt.Sprint(g.IntN(100)) + `"`,
		`"agent":` + g.value(`{"id":"1","type":"x"}`),
		`"a":{"x":` + g.value(`"1"`) + comma + `"b":{"c":` + g.value(`12`) + `,"n":` + g.value(`null`) + `},"y":` + g.value(`[1]`) + `}`,
		`"process":` + g.mostly(`{"pid":`+fmt.Sprint(g.IntN(1e6))+`,"name":`+g.value(`"kubelet"`)+`}`, g.scalar),
		`"event":{"category":[` + g.of(`"network"`, `"network","process"`, `"file"`) + `],"id":` + g.value(`"0"`) + `}`,
		`"host":{"os":{"type":` + g.value(`"l\u0069nux"`) + `}}`,
		`"destination.port":` + g.value(`10250`),
		`"message":` + g.value(`"said"`),
	}
	if g.IntN(20) == 0 {
		members = append(members, members[g.IntN(len(members))])
		g.Shuffle(len(members), func(i, k int) { members[i], members[k] = members[k], members[i] })
	}
	text := "{" + strings.Join(members, comma) + "}"
	switch g.IntN(8) {
	case 0:
		return g.of(`{"_index":"a","_source":`, `{"event":{"id":"2"},"process":"x","_source":`, `{"_source":{},"x":`) + text + g.of(`}`, `,"event":{"category":"y"}}`)
	case 1:
		return g.of(`{"fields":{"a":1},"_id":1}`, `{"fields":{"a":1},"process":"x"}`, `{"fields":{"a":1},"_source":`+text+`}`, `{}`, ` {}`, `{"hits":1}`)
	}
	return text
}

// TestTrack demands that what a picker remembers makes no difference.
func TestTrack(t *testing.T) {
	for seed := range uint64(8) {
		g := &generator{rand.New(rand.NewPCG(seed, 1)), seed%2 == 1}
		p := newPicker(pickFinder())
		for n := range 4000 {
			if n%60 == 0 {
				changing(p)
			}
			checkSame(t, p, []byte(g.document()), g.strange && n%3 == 0)
		}
	}
}

// TestTrackJoins demands that steps over values that are mostly the same become one, and that
// another value is found all the same.
func TestTrackJoins(t *testing.T) {
	document := func(id, category, name string) []byte {
		return []byte(`{"@timestamp":"` + id + `","x":{"y":[1]},"event":{"category":["` + category + `"],"kind":"event"},"n":1,` +
			`"process":{"pid":` + id + `,"name":` + name + `},"host":{"os":{"type":"linux","family":"debian"}}}`)
	}
	p := newPicker(pickFinder())
	for n := range 2 + 2*watchFor {
		checkSame(t, p, document(fmt.Sprint(n), "network", `"kubelet"`), false)
	}
	var longs int
	for at := range p.track.all {
		if at.long != nil {
			longs++
		}
	}
	if longs == 0 || p.track.watching {
		t.Errorf("%d long steps, watching: %v", longs, p.track.watching)
	}
	steps := p.track.steps
	for _, category := range []string{"network", "process", "", "netw\\u006frk", "networks"} {
		for _, name := range []string{`"kubelet"`, `"kubelet\""`, `""`, `null`, `["kubelet"]`, `{"x":1}`, `nul`, `"kubelet`} {
			for _, strict := range []bool{false, true} {
				checkSame(t, p, document("1", category, name), strict)
			}
		}
	}
	if p.track.steps == steps {
		t.Error("nothing was added")
	}
}

// TestTrackTellsPositionsApart gives a picker documents that go the ways of different ones
// that it remembers, one in front of a value and another behind it.
func TestTrackTellsPositionsApart(t *testing.T) {
	for _, tt := range []struct {
		remembered []string
		text       string
	}{
		{[]string{`{"a":{"b":{"c":1},"x":2}}`, `{"a":[{"b":{"c":1}}]}`}, `{"a":[{"b":{"c":1},"x":2}}`},
		{[]string{`{"process":1,"_id":1}`, `{"fields":{"a":1},"process":1}`}, `{"fields":{"a":1},"process":1,"_id":1}`},
		{[]string{`{"x":1,"_source":{"process":1},"y":1}`, `{"x":1,"y":1,"process":2}`}, `{"x":1,"_source":{"process":1},"y":1,"process":2}`},
		{[]string{`{"x":1,"process":{"name":1}}`, `{"x":1,"process":2}`}, `{"x":1,"process":{"name":2}}`},
		{[]string{`{"x":"1","y":1}`}, `{"x":1","y":1}`},
		{[]string{`{"process":1,"_source":{"process":2}}`}, `{"process":1,"_source":{"process":1}}`},
	} {
		for _, often := range []int{2, 2 + 2*watchFor} {
			p := newPicker(pickFinder())
			for range often {
				for _, text := range tt.remembered {
					checkSame(t, p, []byte(text), false)
				}
			}
			checkSame(t, p, []byte(tt.text), false)
		}
	}
}

// TestTrackStrictly demands that a strict look takes nothing on trust that was remembered by
// another.
func TestTrackStrictly(t *testing.T) {
	for _, damaged := range []string{`007`, `nulll`, `{"a":1,}`, `[1 2]`, `{"":}`} {
		text := []byte(`{"x":` + damaged + `,"process":"a"}`)
		p := newPicker(pickFinder())
		for range 2 + 2*watchFor {
			if !p.pick(text, false) {
				t.Fatalf("%s: not picked", text)
			}
		}
		if p.pick(text, true) {
			t.Errorf("%s: picked strictly", text)
		}
	}
}

// TestTrackForgetsLongValues lets a value be the last that was watched which is too long for a
// step.
func TestTrackForgetsLongValues(t *testing.T) {
	text := []byte(`{"x":1,"process":"usual","y":2}`)
	long := []byte(`{"x":1,"process":"` + strings.Repeat("long", maxStepText) + `","y":2}`)
	for last := watchFor - 8; last < watchFor+8; last++ { // of what is watched, at one of these places
		p := newPicker(pickFinder())
		changing(p)
		for n := range watchFor + 16 {
			if n == last {
				checkSame(t, p, long, false)
			} else {
				checkSame(t, p, text, false)
			}
		}
		checkSame(t, p, []byte(`{"x":1,"process":","y":2}`), false)
		checkSame(t, p, []byte(`{"x":1,"process":,"y":2}`), false)
	}
}

// TestTrackIsBounded gives a picker documents of more shapes than it may remember, and then
// fields of keys for which there was no room.
func TestTrackIsBounded(t *testing.T) {
	p := newPicker(pickFinder())
	for n := range 3 * maxSteps {
		text := fmt.Sprintf(`{"a":{"k%d":%d,"b":{"c":"x","%s":1}},"l%d":2,"event":{"category":"y"},"process":{"p%d":1}}`,
			n%600, n, strings.Repeat("k", n%100), n%7, n)
		checkSame(t, p, []byte(text), false)
	}
	for n := range 2 * maxStops {
		text := fmt.Sprintf(`{"process":{"name":["x",{"y":%d}],"z":1},"x":{"y":1}}`, n)
		checkSame(t, p, []byte(text), false)
	}
	if p.track.steps > maxSteps || len(p.track.stops) != maxStops {
		t.Errorf("%d steps from %d stops", p.track.steps, len(p.track.stops))
	}
	for at := range p.track.all {
		steps := 0
		for s := at.first; s != nil; s = s.other {
			steps++
		}
		if steps > maxStopSteps {
			t.Errorf("%d steps from one stop", steps)
		}
	}
}

// FuzzTrack demands that what a picker remembers of documents makes no difference to them and
// to others.
func FuzzTrack(f *testing.F) {
	f.Add([]byte(`{"a":{"b":{"c":1,"n":null}},"process":{"name":"x"}}`), []byte(`{"a":{"b":{"c":1,"n":1}},"process":["x"]}`))
	f.Add([]byte(`{"event":{"id":"1"},"_source":{"event":{"category":"x"}},"y":1}`), []byte(`{"event":{"id":"1"},"_source":{"event":{"category":"x","a":1}}}`))
	f.Add([]byte(`{"a":[{"b":{"c":1}},{"b":{"c":1}}],"x":""}`), []byte(`{"a":[{"b":{"c":1}}],"b":{"c":1},"x":""}`))
	f.Add([]byte(`{"x":{"\"":1},"process":"\\"}`), []byte(`{"x":{"\"":1},"process":"\\\""}`))
	f.Add([]byte(`{"x":1}`), []byte(`{"x":1`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		p := newPicker(pickFinder())
		for range 2 {
			checkSame(t, p, a, false)
			changing(p)
			for range 12 {
				p.pick(a, false)
			}
			checkSame(t, p, b, false)
			changing(p)
			p.pick(a, false)
			for _, strict := range []bool{false, true} {
				checkSame(t, p, a, strict)
				checkSame(t, p, b, strict)
			}
			a, b = b, a
		}
	})
}

func TestBare(t *testing.T) {
	for _, text := range []string{"1", "12345678", "1234567", "123456789", "-1.5e3", "true", "1x", "0"} {
		for _, rest := range []string{"", ",", "}", " ", "]", `"`, ",1234567", "}}}}}}}}}"} {
			if end := bare([]byte(text+rest), 0); end != len(text) {
				t.Errorf("%s%s: ends at %d", text, rest, end)
			}
		}
	}
}
