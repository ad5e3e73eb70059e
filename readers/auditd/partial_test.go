package auditd

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
	"kscan/readers/frame"
)

// partialFields are fields that events are shown in part for, and some that none has.
var partialFields = []string{
	"@timestamp", "event.action", "event.category", "event.type", "event.outcome", "event.module", "event.kind", "event.dataset",
	"host.os.type", "host.name", "service.type", "network.direction", "destination.ip", "destination.port", "source.ip", "source.port",
	"destination.domain", "process.name", "process.executable", "process.title", "process.pid", "process.parent.pid",
	"process.parent.name", "process.entity_id", "user.name", "auditd.sequence", "auditd.message_type", "auditd.data.lost",
	"auditd.data.audit_lost", "agent.type", "dns.question.name", "process.args", "process.working_directory", "file.path", "user.username",
}

// wanting is a sink that wants all of every event, and demands that what it was shown of
// it was true.
type wanting struct {
	t      *testing.T
	fields []string
	part   map[string][]string // of the event that was shown last, nil if none was
	where  event.Evidence      // of that
	shown  int
	events []decoded
}

func (w *wanting) Problem(event.Problem) {}

func (w *wanting) Event(e *event.Event) {
	values := valuesOf(e, w.fields)
	if e.Partial {
		w.part, w.where, e.Wanted = values, e.Evidence, true
		w.shown++
		return
	}
	if d := cmp.Diff(values, w.part); w.part != nil && d != "" {
		w.t.Fatalf("an event in part differs from the whole (-whole +part):\n%s\n%v", d, flatten(e.Doc))
	}
	if d := cmp.Diff(e.Evidence, w.where); w.part != nil && d != "" {
		w.t.Fatalf("an event in part is elsewhere (-whole +part):\n%s", d)
	}
	w.part = nil
	w.events = append(w.events, decoded{Evidence: e.Evidence, Fields: flatten(e.Doc)})
}

// finderOf returns a finder of fields, nulls too.
func finderOf(fields ...string) *event.Finder {
	f := event.NewFinder()
	for _, field := range fields {
		f.AddNulls(field)
	}
	return f
}

// valuesOf finds the values of fields, nulls too.
func valuesOf(e *event.Event, fields []string) map[string][]string {
	found := e.Found
	if f := finderOf(fields...); found == nil {
		found = new(event.Found)
		f.Find(e, found)
	}
	out := map[string][]string{}
	for _, field := range fields {
		slot, _ := found.Finder().Slot(field)
		for _, v := range found.Values(slot) {
			out[field] = append(out[field], string(v.AppendJSON(nil)))
		}
	}
	return out
}

// checkPartial demands that events shown in part are as they are whole, and that the
// whole ones are those of want. It returns how many were shown in part.
func checkPartial(t *testing.T, want *seen, log string, fields []string, o Options) int {
	t.Helper()
	d := New(o)
	d.whole, d.sample = 0, 0
	d.Look(event.Interest{Finder: finderOf(fields...)})
	d.needs = &needs{texts: []needText{{}}, only: true} // which every record holds
	d.needs.setFinder()
	w := &wanting{t: t, fields: fields}
	d.Decode("log", "", &frame.Block{Data: []byte(log), End: len(log)}, w)
	if diff := cmp.Diff(want.events, w.events); diff != "" {
		t.Fatal(diff)
	}
	return w.shown
}

func TestPartial(t *testing.T) {
	shown, events := 0, 0
	for seed := range uint64(30) {
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 8)), odd: seed%2 == 0, enriched: seed%4 == 1, nodes: seed%3 == 0}
		log := g.log(100, 20)
		if seed%2 == 0 {
			log = untidy(g, log)
		}
		if seed%5 == 0 {
			log = strings.ReplaceAll(log, " pid=", g.pick(" exe=\"/x\" pid=", " lost=3 pid=", " comm=7A7A pid=", " success=yes pid=", " syscall=42 pid=", " pid=x pid="))
		}
		fields := append([]string{"process.name"}, partialFields...)
		g.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
		want := decodeAll(Options{}, log)
		shown += checkPartial(t, want, log, fields[:1+g.IntN(len(fields))], Options{})
		events += len(want.events)
	}
	if shown < events/4 {
		t.Errorf("of %d events %d were shown in part", events, shown)
	}
}

// TestPartialIsSure holds that with a field that is not made in part nothing is.
func TestPartialIsSure(t *testing.T) {
	for _, field := range []string{
		"user.id", "user.audit.id", "file.inode", "tags", "auditd.data.a0", "auditd.summary.how",
		"group.id", "destination.path", "process", "auditd.result", "process.parent",
	} {
		if newPartial(finderOf("process.name", field), nil) != nil {
			t.Errorf("%s is made in part", field)
		}
	}
}
