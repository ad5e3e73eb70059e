package ndjson

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
	"kscan/readers/frame"
	"kscan/readers/prefilter"
)

// glanceNeeds are of each kind that a glance tells: texts long, short, alike and odd, numbers,
// addresses, and literals.
func glanceNeeds(open func([]byte) bool) []event.Need {
	return []event.Need{
		{Field: "a.text", Type: event.Keyword, Among: event.NewSet("agent-0001-7a", "agent-0001-7b", "agent-0002-7a")},
		{Field: "a.short", Type: event.Keyword, Among: event.NewSet("x", "yes")},
		{Field: "a.odd", Type: event.Keyword, Among: event.NewSet("a/b", "ä", "plain")},
		{Field: "a.count", Type: event.Long, Among: event.NewSet("7", "4242", "1234567", "12345678", "123456789")},
		{Field: "a.addr", Type: event.IP, Among: event.NewSet("10.0.0.7", "192.168.100.200", "fd00::7"), Open: open},
		{Field: "b.addr", Type: event.IP, Among: event.NewSet("10.0.0.8", "fd00::8")},
		{Field: "a.v4", Type: event.IP, Among: event.NewSet("10.0.0.7"), Open: open},
		{Field: "a.mixed", Type: event.Keyword, Among: event.NewSet("10.0.0.7", "name")},
		{Field: "b.count", Type: event.Long, Among: event.NewSet("8", "42420")},
		{Field: "b.text", Type: event.Keyword, Among: event.NewSet("agent-0001-7c")},
		{Field: "a.there", Exists: true},
		{Field: "a.name", Text: "curl-command", Fold: true},
		{Field: "a.name", Text: "/kube/config"},
		{Field: "a.port", Number: 10250},
	}
}

var (
	glanceKeys = []string{"text", "short", "odd", "count", "addr", "v4", "mixed", "there", "name", "port", "other"}
	// glanceValues are near to what is wanted, or that.
	glanceValues = []string{
		`"agent-0001-7a"`, `"agent-0001-7c"`, `"agent-0001-7a "`, `"agent-000\u0031-7a"`, `"agent-0001-7"`, `"x"`, `"yes"`, `"ye"`, `""`, `"a\/b"`, `"a/b"`, `"ä"`,
		`"\u00e4"`, `"plain"`, `0`, `7`, `07`, `-7`, `7.0`, `70e-1`, `"7"`, `" 7"`, `4242`, `42420`, `1234567`, `12345678`, `123456789`, `1234567890`, `12345678e1`,
		`"10.0.0.7"`, `"10.0.0.8"`, `"10.0.0.70"`, `"10.0.0.7/32"`, `"10.0.0.7%eth0"`, `"010.0.0.7"`, `"::ffff:10.0.0.7"`, `"192.168.100.200"`, `"192.168.100.2000"`, `"FD00:0::7"`,
		`"::1"`, `null`, `true`, `{}`, `"name"`, `"CURL-command"`, `"/kube/config"`, `"\/kube\/config"`, `"kube/config"`, `10250`, `1.025e4`, `"10250"`, `102.50`, `audit(1.2:3)`,
	}
)

func glanceLine(r *rand.Rand) string {
	var line strings.Builder
	line.WriteString([]string{`{"a":{`, `{"b":{`, `{"a" : {`, `{"ab":{`, `{"x":{"b":{`, `{"b.a":{`, `{"b":[{`, `{"a":{"x":{},`}[r.IntN(8)])
	for n := range 1 + r.IntN(4) {
		if n > 0 {
			line.WriteString(",")
		}
		value := glanceValues[r.IntN(len(glanceValues))]
		if r.IntN(4) == 0 {
			values := []string{value}
			for range r.IntN(3) {
				values = append(values, glanceValues[r.IntN(len(glanceValues))])
			}
			value = "[" + strings.Join(values, []string{",", ", "}[r.IntN(2)]) + "]"
		}
		fmt.Fprintf(&line, `"%s":%s%s`, glanceKeys[r.IntN(len(glanceKeys))], []string{"", "", "", " "}[r.IntN(4)], value)
	}
	return line.String() + closed(line.String()) + "\n"
}

// closed returns the brackets that close a text's, none of which are in its strings.
func closed(text string) (brackets string) {
	for _, c := range text {
		switch c {
		case '{':
			brackets = "}" + brackets
		case '[':
			brackets = "]" + brackets
		case '}', ']':
			brackets = brackets[1:]
		}
	}
	return brackets
}

// TestThinKeepsWhatIsWanted holds thin against asking at each place in full, in blocks in which
// less and less is open.
func TestThinKeepsWhatIsWanted(t *testing.T) {
	var shut []string
	r := rand.New(rand.NewPCG(3, 4))
	f := newFilter(glanceNeeds(func(value []byte) bool { return !slices.Contains(shut, string(value)) }), false, nil)
	places, kept, wanted := 0, 0, 0
	for _, next := range []string{"", "", "10.0.0.7", "", "fd00::7"} {
		shut = append(shut, next)
		var text bytes.Buffer
		for text.Len() < 200<<10 {
			text.WriteString(glanceLine(r))
		}
		f.scan(text.Bytes())
		places += marked(f)
		kept += len(f.places)
		wanted += checkThin(t, f)
	}
	if wanted == 0 || kept > places*9/10 {
		t.Errorf("of %d places %d are kept and %d wanted", places, kept, wanted)
	}
}

// TestChunksAreJoined puts what is wanted across the end of a chunk, and ends the data near
// another.
func TestChunksAreJoined(t *testing.T) {
	f := newFilter(glanceNeeds(nil), false, nil)
	wanted := `{"a":{"text":"agent-0001-7a","count":7,"addr":"10.0.0.7"}}` + "\n"
	for shift := range len(wanted) + 2 {
		text := strings.Repeat(" ", chunk-shift) + wanted
		text += strings.Repeat(" ", max(0, 2*chunk-len(text)-3)) + wanted
		for cut := range 8 {
			f.scan([]byte(text[:len(text)-len(wanted)+cut]))
			if checkThin(t, f) == 0 {
				t.Fatalf("%d in front of the end of a chunk nothing is found", shift)
			}
		}
		f.scan([]byte(text))
		if n := checkThin(t, f); n != 6 {
			t.Fatalf("%d in front of the end of a chunk: %d wanted, not 6", shift, n)
		}
	}
}

// TestKeysAreDealt demands that the places of keys come apart from all others.
func TestKeysAreDealt(t *testing.T) {
	f := newFilter(glanceNeeds(nil), false, nil)
	f.scan([]byte(strings.Repeat(`{"a":{"text":"no","count":8,"there":1}}`+"\n", 100)))
	if got := f.dealer.room.counts; f.dealer.dealt < 3 || got[0] == 0 || slices.Max(got[1:]) == 0 {
		t.Errorf("of %d keys the places are %v", f.dealer.dealt, got)
	}
}

// TestGlancesLoseNothing holds the events that are found against those of decoding all.
func TestGlancesLoseNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	needs := glanceNeeds(nil)
	for range 5 {
		text := []byte(strings.Repeat(`{"a":{"b":1}}`+"\n", sampleBytes))
		for len(text) < 4*wholeBlock {
			text = append(text, glanceLine(r)...)
		}
		block := &frame.Block{Data: text, End: len(text)}
		want, got := &taker{t: t, needs: needs, again: -1}, &taker{t: t, needs: needs, again: -1}
		New(Lines).Decode("a", "", block, want)
		d := New(Lines)
		d.Look(event.Interest{Needs: needs})
		d.Decode("a", "", block, got)
		if diff := cmp.Diff(want.matches, got.matches); diff != "" || len(want.matches) == 0 || got.events > want.events*9/10 {
			t.Errorf("%d of %d events; matches (-all +filtered):\n%s", got.events, want.events, diff)
		}
	}
}

// hitsOf returns where the windows of literals may stand, a bit for each place.
func hitsOf(f *filter) []uint64 {
	hits := make([]uint64, prefilter.Words(len(f.data)))
	f.finder.Scan(f.data, make([]uint64, len(hits)), hits)
	return hits
}

func marked(f *filter) (n int) { return ones(hitsOf(f)) }

// checkThin demands that each place is listed that is wanted, and returns their number. Of
// values with escapes a glance may know more than whoever looks in full.
func checkThin(t *testing.T, f *filter) (wanted int) {
	t.Helper()
	if !slices.IsSorted(f.places) {
		t.Fatal("the places are not in order")
	}
	hits := hitsOf(f)
	for i := range f.data {
		if hits[i/64]>>(i%64)&1 == 0 || !f.finder.Match(f.data, i, f.wanted) {
			continue
		}
		wanted++
		if bytes.IndexByte(f.data[i:f.endOf(i)], '\\') >= 0 {
			continue
		}
		if _, listed := slices.BinarySearch(f.places, int32(i)); !listed {
			t.Fatalf("%q is not listed", f.data[max(i-10, 0):min(i+40, len(f.data))])
		}
	}
	if want := bytes.Contains(f.data, []byte(AuditMark)); f.carried != want {
		t.Errorf("carried: %v, want %v", f.carried, want)
	}
	return wanted
}

// FuzzThin puts any text between lines that nobody asks for.
func FuzzThin(f *testing.F) {
	for _, value := range glanceValues {
		for _, key := range glanceKeys {
			f.Add([]byte(`{"a":{"` + key + `":` + value + `}}`))
			f.Add([]byte(`{"a":{"` + key + `":[` + value + `,"::1"]}}`))
			f.Add([]byte(`{"b":{"` + key + `":` + value + `}}`))
		}
	}
	filter := newFilter(glanceNeeds(nil), false, nil)
	good := strings.Repeat(`{"a":{"text":"agent-0003-7a","count":8}}`+"\n", 10)
	f.Fuzz(func(t *testing.T, text []byte) {
		for range 2 { // what came before may be told another way
			filter.scan([]byte(good + string(text) + "\n" + good))
			checkThin(t, filter)
		}
	})
}

// TestGlancesAreTaken demands that each kind of need gets the glance that is meant for it.
func TestGlancesAreTaken(t *testing.T) {
	f := newFilter(glanceNeeds(nil), false, nil)
	want := map[string]glanceKind{
		`text"`: atText, `short"`: atText, `odd"`: atLiteral, `count"`: atNumber, `addr"`: atAddress, `v4"`: atAddress, `mixed"`: atLiteral,
		`there"`: atLiteral, "curl-command": atLiteral, "/kube/config": atLiteral, "1025": atLiteral, AuditMark: atLiteral,
	}
	for i, literal := range f.finder.Literals() {
		if kind, ok := want[literal.Text]; ok && f.glances[i].kind != kind {
			t.Errorf("%q: %d, want %d", literal.Text, f.glances[i].kind, kind)
		}
		delete(want, literal.Text)
	}
	if len(want) > 0 {
		t.Errorf("no literals for %v", want)
	}
}

func TestTextsDifferMost(t *testing.T) {
	for _, c := range []struct {
		texts    []string
		shortest int
		want     int
	}{
		{[]string{"agent-0001", "agent-0002", "agent-0103"}, 11, 3},
		{[]string{"only"}, 5, 0},
		{[]string{"same-start-1-x", "same-start-2-x"}, 15, 7},
	} {
		if got := mostTelling(event.NewSet(c.texts...), c.shortest, min(c.shortest, wordSize)); got != c.want {
			t.Errorf("%q: %d, want %d", c.texts, got, c.want)
		}
	}
}

func TestLiteralsAreMasked(t *testing.T) {
	for _, text := range []string{"ab", "AB", "aB/c1-xyz", "Ab/C1-XYZ"} {
		for _, fold := range []bool{false, true} {
			f := prefilter.New([]prefilter.Literal{{Text: "aB/c1-xyz", Fold: fold}})
			g := newGlance(f, 0, &acceptance{always: true})
			data := []byte(strings.Repeat(" ", glanceRoom) + text + strings.Repeat(" ", glanceRoom))
			stands := text == "aB/c1-xyz" || fold && strings.EqualFold(text, "aB/c1-xyz")
			if got := g.refuses(data, glanceRoom+f.Offset(0)); got == stands {
				t.Errorf("%q, fold %v: refused %v", text, fold, got)
			}
		}
	}
}

// shown are the places and the names of events that came whole.
type shown struct{ events []string }

func (s *shown) Problem(event.Problem) {}

func (s *shown) Event(e *event.Event) {
	if e.Wanted = e.Partial; e.Partial {
		return
	}
	if doc := e.Doc; doc != nil && doc.Get("want") != nil {
		s.events = append(s.events, fmt.Sprintf("%d %d %q %q %s", e.Evidence.Line, e.Evidence.Offset, e.Index, e.Evidence.EventID, doc))
	}
}

// TestOnlyWhatIsAskedFor holds that those who ask for nothing else are shown the same events
// of bulk requests, with their lines, indexes and ids.
func TestOnlyWhatIsAskedFor(t *testing.T) {
	lines := []string{
		`{"a":1}`, `{"a":2}`, `{"want":"yes-please"}`, `{"index":{"_index":"i%d","_id":"n%d"}}`, `{"create":{"_index":"c%d"}}`, `{"delete":{"_id":"%d"}}`,
		`{"update":{"_id":"u%d"}}`, `{"doc":{"want":"yes-please"}}`, "", " ", `{"index":{"_index":"x","_id":"y"},"want":"yes-please"}`, `not JSON`,
		`[{"want":"yes-please"},{"b":1}]`, `{"hits":{"hits":[{"_id":"h","_source":{"want":"yes-please"}}]}}`, ` {"index":{"_id":"s%d"}}`,
	}
	needs := []event.Need{{Field: "want", Type: event.Keyword, Among: event.NewSet("yes-please")}}
	total := 0
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 5))
		var text strings.Builder
		for n := range 400 {
			text.WriteString(strings.ReplaceAll(lines[r.IntN(len(lines))], "%d", fmt.Sprint(n)) + "\n")
		}
		data := []byte(text.String())
		start := bytes.IndexByte(data[len(data)/3:], '\n') + len(data)/3 + 1
		block := &frame.Block{Data: data, Start: start, End: len(data), Offset: 1000}
		var want, got shown
		all, only := New(Lines), New(Lines)
		only.Look(event.Interest{Needs: needs, Finder: finderOf("want"), Only: true})
		wantLines, gotLines := all.Decode("a", "", block, &want), only.Decode("a", "", block, &got)
		if diff := cmp.Diff(want.events, got.events); diff != "" || wantLines != gotLines {
			t.Fatalf("seed %d: %d lines, want %d (-all +only):\n%s", seed, gotLines, wantLines, diff)
		}
		total += len(want.events)
	}
	if total == 0 {
		t.Error("nothing is shown")
	}
}

// TestRefusalsGrow holds that arrays are told from each other however many there are, and that
// no more of them are kept than is said.
func TestRefusalsGrow(t *testing.T) {
	f := newFilter(glanceNeeds(nil), false, nil)
	r := rand.New(rand.NewPCG(7, 8))
	for _, arrays := range []int{fewRefused / 4, 8 * maxRefusals} {
		for range 3 {
			var text bytes.Buffer
			for n := range 2 * arrays {
				last := "::1"
				if n%1000 == 999 {
					last = "10.0.0.7"
				}
				fmt.Fprintf(&text, `{"a":{"addr":["10.1.%d.%d","172.16.200.%d","%s"]}}`+"\n", n%arrays/250, n%arrays%250, r.IntN(2), last)
			}
			f.scan(text.Bytes())
			if wanted := checkThin(t, f); wanted != 2*arrays/1000 || len(f.places)-wanted > 8 {
				t.Errorf("%d arrays: %d of %d places are wanted", arrays, wanted, len(f.places))
			}
		}
		kept := 0
		for i := range f.accepts {
			kept = max(kept, len(f.accepts[i].tests.refused))
		}
		if arrays < fewRefused && kept != fewRefused || arrays > maxRefusals && kept != maxRefusals {
			t.Errorf("of %d arrays %d are kept", arrays, kept)
		}
	}
}
