package scan

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fastjson"

	"kscan/readers/event"
)

// FuzzPack demands that a hit comes out of a pack as it went in, and that data that no
// pack made gives an error.
func FuzzPack(f *testing.F) {
	f.Add("a.ndjson", "member", "e1", int64(5), int64(99), int64(1_700_000_000_123), []byte("x"))
	f.Add("", "", "\xff\x00", int64(-1), int64(-1), int64(0), []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, source, member, id string, line, offset, millis int64, garbage []byte) {
		doc := fastjson.MustParse(`{"a":1,"b":["x"]}`)
		e := &event.Event{Doc: doc, Index: member, Assumed: []string{source, id}, Evidence: event.Evidence{
			Source: source, Member: member, Format: "ndjson", Line: line, Offset: offset, EventID: id}}
		at := time.UnixMilli(millis).UTC()
		p, u, with := newPack(), new(unpacker), new(packer)
		defer u.close()
		p.add(e, at)
		p.add(&event.Event{Doc: doc}, time.Time{})
		p.compress(with)
		p.lines = 10
		want := Hit{Evidence: e.Evidence, JSON: []byte(`{"a":1,"b":["x"]}`), Time: at, Index: member, Assumed: e.Assumed}
		want.Evidence.Line += 10
		for i, want := range []Hit{want, {Evidence: event.Evidence{Line: 10}, JSON: want.JSON}} {
			got, err := u.hit(p, i)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("hit %d (-want +got):\n%s", i, diff)
			}
		}
		if hit, err := p.read(garbage); err == nil && !bytes.HasSuffix(garbage, hit.JSON) {
			t.Errorf("%q was read as %+v", garbage, hit)
		}
		if _, err := new(unpacker).hit(&pack{data: []byte("not compressed"), ends: []uint32{1}}, 0); err == nil {
			t.Error("a pack that does not decompress is no error")
		}
	})
}

// TestUnpackerKeepsLittle reads packs to and fro, more than it may keep open.
func TestUnpackerKeepsLittle(t *testing.T) {
	big := fastjson.MustParse(`{"a":"` + string(bytes.Repeat([]byte("x"), maxUnpacked/4)) + `"}`)
	u, with := new(unpacker), new(packer)
	defer u.close()
	packs := make([]*pack, 6)
	for i := range packs {
		packs[i] = newPack()
		packs[i].add(&event.Event{Doc: big, Evidence: event.Evidence{Line: int64(i)}}, time.Time{})
		packs[i].compress(with)
	}
	for _, i := range []int{0, 1, 2, 3, 4, 5, 0, 5, 3, 1} {
		hit, err := u.hit(packs[i], 0)
		if err != nil || hit.Evidence.Line != int64(i) {
			t.Fatalf("hit of pack %d is %+v, %v", i, hit.Evidence, err)
		}
		if u.size > maxUnpacked || len(u.open) != len(u.order) {
			t.Fatalf("%d bytes in %d packs are open, %d in order", u.size, len(u.open), len(u.order))
		}
	}
}
