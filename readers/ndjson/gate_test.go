package ndjson

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
	"kscan/readers/frame"
)

// gateNeeds are needs of what stands on hosts, of which one has a name that may be a number, and one
// a name without quotes around it.
func gateNeeds() []event.Need {
	on := func(host string, of ...event.Need) []event.Need {
		for i := range of {
			of[i].And = append(of[i].And, event.Need{Field: "host.name", Text: host, Whole: true})
		}
		return of
	}
	needs := on("web-1", event.Need{Field: "process.pid", Type: event.Long, Among: event.NewSet("7", "4242")},
		event.Need{Field: "process.name", Text: "/kube/config"}, event.Need{Field: "destination.port", Number: 10250})
	needs = append(needs, on("12345", event.Need{Field: "process.pid", Type: event.Long, Among: event.NewSet("8")})...)
	needs = append(needs, on("true", event.Need{Field: "process.pid", Type: event.Long, Among: event.NewSet("9"),
		And: []event.Need{{Field: "process.name", Type: event.Keyword, Among: event.NewSet("curl")}}})...)
	return append(needs, event.Need{Field: "process.entity_id", Type: event.Keyword, Among: event.NewSet("anywhere")})
}

// gateLine returns a line of which few are on a host that matters, if hosts are many.
func gateLine(r *rand.Rand, hosts int) string {
	one := func(of ...string) string { return of[r.IntN(len(of))] }
	host := fmt.Sprintf(`"web-%d"`, 1+r.IntN(hosts))
	if r.IntN(hosts) == 0 {
		host = one(`"web-1"`, `"w\u0065b-1"`, `12345`, `"12345"`, `1.2345e4`, `true`, `"true"`, `["x","web-1"]`, `[ "web-1" , "x" ]`, `"web-1/"`, `"WEB-1"`, `null`)
	}
	members := []string{
		one(`"host":{"name":%s,"hostname":"web"}`, `"host":{"hostname":"web","name" : %s }`, `"host.name":%s`, `"agent":{"name":"web-10"},"host.name":%s`),
		fmt.Sprintf(`"process":{"pid":%s,"name":%s,"entity_id":%s}`, one("7", `"7"`, "8", "9", "4242.0", "70", `[1,"7"]`, "1"),
			one(`"curl"`, `"/kube/config"`, `"\/kube\/config"`, `"ssh"`), one(`"x"`, `"x"`, `"y"`, `"anywhere"`)),
		fmt.Sprintf(`"destination":{"port":%s}`, one("443", "10250", "1.025e4")),
	}
	members[0] = fmt.Sprintf(members[0], host)
	r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return "{" + strings.Join(members, ",") + "}" + one("\n", "\n", "\r\n")
}

// TestGatesLoseNothing holds that the events behind gates are found, where their hosts are
// rare and where they are not, in one block after another.
func TestGatesLoseNothing(t *testing.T) {
	needs := gateNeeds()
	r := rand.New(rand.NewPCG(11, 12))
	d := New(Lines)
	d.Look(event.Interest{Needs: needs, Finder: finderOf("host.name", "process.pid", "process.name", "process.entity_id", "destination.port"), Only: true})
	opened, shut := 0, 0
	for n := range 3 * shutBlocks {
		hosts := 200
		if n%(2*shutBlocks) == shutBlocks/2 {
			hosts = 2
		}
		var text strings.Builder
		for text.Len() < 2*wholeBlock {
			text.WriteString(gateLine(r, hosts))
		}
		block := &frame.Block{Data: []byte(text.String()), End: text.Len()}
		want, got := &taker{t: t, needs: needs, again: -1}, &taker{t: t, needs: needs, again: -1}
		lines := New(Lines).Decode("a", "", block, want)
		if d.Decode("a", "", block, got) != lines {
			t.Error("not all lines are counted")
		}
		if diff := cmp.Diff(want.matches, got.matches); diff != "" || len(want.matches) == 0 {
			t.Fatalf("block %d; matches (-all +gated):\n%s", n, diff)
		}
		if d.filter.gates {
			opened++
		} else {
			shut++
		}
	}
	if opened < shutBlocks/2 || shut < shutBlocks {
		t.Errorf("gates are looked for in %d blocks and not in %d", opened, shut)
	}
}

// TestLinesAreKnown holds that a pass which asks for nothing else need not count lines again, and
// does if the block is another one.
func TestLinesAreKnown(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	interest := event.Interest{Needs: gateNeeds(), Finder: finderOf("host.name", "process.pid")}
	first := New(Lines)
	first.Look(interest)
	interest.Only = true
	second := New(Lines)
	second.Look(interest)
	for n := range 8 {
		var text strings.Builder
		for size := []int{wholeBlock / 2, 2 * wholeBlock}[n%2]; text.Len() < size; {
			text.WriteString(gateLine(r, 50))
		}
		if n%4 < 2 {
			text.WriteString(`{"end":"of the log"}`)
		}
		block := &frame.Block{Data: []byte(text.String()), End: text.Len()}
		want := first.Decode("a", "", block, &taker{t: t, again: -1})
		facts := first.Facts()
		if (facts != nil) != (n%2 == 1) || facts != nil && facts.Lines != want {
			t.Errorf("%d lines, known %+v", want, facts)
		}
		for _, facts := range []*frame.Facts{nil, facts, {Lines: 5, Bytes: text.Len() - 1}, {Spread: 7}} {
			block.Facts = facts
			got := second.Decode("a", "", block, &taker{t: t, again: -1})
			if got != want || second.Passed() > want {
				t.Errorf("%d lines, %d passed over, want %d, as %+v has it", got, second.Passed(), want, facts)
			}
		}
	}
}

// TestGatesAreWhole demands that a host is not taken for those whose names begin with its own.
func TestGatesAreWhole(t *testing.T) {
	f := newFilter(gateNeeds(), true, nil)
	for line, want := range map[string]bool{
		`{"host":{"name":"web-1"},"process":{"pid":7}}`:    true,
		`{"process":{"pid":7},"host":{"name":"web-1"}}`:    true,
		`{"host":{"name":"web-1"},"process":{"pid":8}}`:    false,
		`{"host":{"name":"web-10"},"process":{"pid":7}}`:   false,
		`{"host":{"name":12345},"process":{"pid":8}}`:      true,
		`{"host":{"id":"x12345"},"process":{"pid":8}}`:     true,
		`{"process":{"pid":7}}`:                            false,
		`{"process":{"pid":7,"entity_id":"anywhere"}}`:     true,
		`{"destination":{"port":10250}}`:                   false,
		`{"destination":{"port":10250},"host":["web-1"]}`:  true,
		`{"destination":{"port":10251},"host":["web-1"]}`:  false,
		`{"host":true,"process":{"pid":9,"name":"curl"}}`:  true,
		`{"host":true,"process":{"pid":9,"name":"curls"}}`: false,
	} {
		f.scan([]byte(line + "\n"))
		if got := f.next(0) <= len(line); got != want {
			t.Errorf("%s: %v, want %v", line, got, want)
		}
	}
}
