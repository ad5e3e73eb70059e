package scan_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"kscan/readers"
	"kscan/readers/event"
	"kscan/rule"
	"kscan/scan"
)

// TestAtFindsWhatAScanFinds: at the place of every finding there is its event, however
// the log is packed and cut.
func TestAtFindsWhatAScanFinds(t *testing.T) {
	dir, _ := folder(t, rand.New(rand.NewPCG(6, 6)))
	every, _, err := rule.Query("any where true", rule.QueryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	check := sinkFunc(func(f *scan.Finding) error {
		if n++; n%37 != 0 {
			return nil
		}
		want := f.Hits[0]
		for _, block := range []int{0, 5000} {
			found := 0
			place := scan.Place{Path: want.Evidence.Source, Line: want.Evidence.Line}
			err := scan.At(context.Background(), readers.Options{BlockSize: block}, place, func(e *event.Event) {
				found++
				if e.Evidence != want.Evidence || string(e.AppendJSON(nil)) != string(want.JSON) {
					t.Errorf("%s: %+v, want %+v", place, e.Evidence, want.Evidence)
				}
			})
			if err != nil || found != 1 {
				t.Errorf("%s, blocks of %d: %d events, %v", place, block, found, err)
			}
		}
		return nil
	})
	if _, err := scan.Run(context.Background(), scan.Options{}, []string{dir}, []*rule.Rule{every}, check); err != nil {
		t.Fatal(err)
	}
	if n < 500 {
		t.Errorf("only %d findings were there to be tried", n)
	}
}

// TestAtLaterRecord: any record of an audit event stands for the event, also one in the
// next file of a rotated set.
func TestAtLaterRecord(t *testing.T) {
	dir := t.TempDir()
	first, second := audit(1, true), audit(2, true)
	write(t, dir, "audit.log.1", []byte(second[0]+first[0]+second[1]))
	write(t, dir, "audit.log", []byte(first[1]+first[2]+second[2]+"not a record\n"))
	for _, tt := range []struct {
		file string
		line int64
		id   string
		at   int64 // in audit.log.1
	}{
		{"audit.log.1", 1, ":2", 1}, {"audit.log.1", 2, ":1", 2}, {"audit.log.1", 3, ":2", 1},
		{"audit.log", 1, ":1", 2}, {"audit.log", 2, ":1", 2}, {"audit.log", 3, ":2", 1},
	} {
		found := 0
		place := scan.Place{Path: filepath.Join(dir, tt.file), Line: tt.line}
		err := scan.At(context.Background(), readers.Options{}, place, func(e *event.Event) {
			found++
			if !strings.HasSuffix(e.Evidence.EventID, tt.id) || e.Evidence.Line != tt.at || filepath.Base(e.Evidence.Source) != "audit.log.1" {
				t.Errorf("%s: %+v", place, e.Evidence)
			}
		})
		if err != nil || found != 1 {
			t.Errorf("%s: %d events, %v", place, found, err)
		}
	}
	for line, want := range map[int64]string{4: "not an audit record", 9: "the file has 4 lines"} {
		place := scan.Place{Path: filepath.Join(dir, "audit.log"), Line: line}
		err := scan.At(context.Background(), readers.Options{}, place, func(*event.Event) { t.Error("an event is there") })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("line %d: error is %v, want %q", line, err, want)
		}
	}
}
