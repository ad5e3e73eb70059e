package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"kscan/report/safe"
	"kscan/report/triage"
)

// plainJSON writes a value as encoding/json does, all of it at once.
func plainJSON(t *testing.T, value any) []byte {
	t.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	return safe.AppendJSON(nil, b.Bytes())
}

func streamedJSON(t *testing.T, value any) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteJSON(&b, value); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestStreamedReport holds that a report written group by group has the bytes of one that
// is encoded as a whole.
func TestStreamedReport(t *testing.T) {
	all := cases(t)
	all["without anything"] = &triage.Case{Summary: damaged(t).Summary}
	groups := 0
	for name, c := range all {
		for _, r := range c.Rules {
			groups += len(r.Groups)
		}
		if got, want := streamedJSON(t, reportOf(c)), plainJSON(t, reportOf(c)); !bytes.Equal(got, want) {
			t.Errorf("%s: streamed\n%s\nnot\n%s", name, got, want)
		}
	}
	if groups < 2 {
		t.Fatalf("the cases have %d groups", groups)
	}
}

type embedded struct {
	ID string `json:"id"`
}

type nested struct {
	embedded
	Text  string          `json:"text"`
	Raw   json.RawMessage `json:"raw"`
	Null  *string         `json:"null"`
	Map   map[string]int  `json:"map"`
	Items items[nested]   `json:"items"`
	Plain []holder        `json:"plain"`
}

// holder has a list and is no item.
type holder struct {
	List items[string] `json:"list"`
}

// TestStreamedValues is TestStreamedReport for what no report has: lists in lists, empty
// ones, hidden characters on both sides of a member's end, lists in what is no item.
func TestStreamedValues(t *testing.T) {
	hostile := "\u202e</script>&\u200b"
	var of func(depth int) nested
	of = func(depth int) nested {
		n := nested{embedded: embedded{fmt.Sprint("id", depth, hostile)}, Text: hostile, Raw: json.RawMessage(` {"a" : [ 1,"` + hostile + `"]} `),
			Map: map[string]int{hostile: 1}, Plain: []holder{{lazily([]string{"<", hostile}, func(s string) string { return s })}}}
		n.Items = lazily(make([]int, depth), func(int) nested { return of(depth - 1) })
		return n
	}
	for _, value := range []any{of(0), of(1), of(3), nil, 7, []string{}, holder{lazily(nil, func(s string) string { return s })}} {
		if got, want := streamedJSON(t, value), plainJSON(t, value); !bytes.Equal(got, want) {
			t.Errorf("streamed\n%s\nnot\n%s", got, want)
		}
	}
}

// full fails when some bytes were written.
type full struct{ room int }

var errFull = errors.New("disk full")

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// TestStreamingStops holds that nothing more is made when a write or an encoding failed, and
// that the error is told.
func TestStreamingStops(t *testing.T) {
	made := 0
	long := string(bytes.Repeat([]byte("x"), jsonBuffer))
	list := holder{lazily(make([]int, 100), func(int) string { made++; return long })}
	if err := WriteJSON(&full{room: 3 * jsonBuffer}, list); !errors.Is(err, errFull) {
		t.Errorf("error is %v", err)
	}
	if made > 5 {
		t.Errorf("%d items were made for a full disk", made)
	}
	made = 0
	broken := struct {
		List items[any] `json:"list"`
	}{lazily(make([]int, 100), func(int) any { made++; return func() {} })}
	var unsupported *json.UnsupportedTypeError
	if err := WriteJSON(&full{room: 1 << 20}, broken); !errors.As(err, &unsupported) || made != 1 {
		t.Errorf("error is %v after %d items", err, made)
	}
}
