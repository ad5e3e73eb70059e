package readers

import (
	"errors"
	"testing"

	"kscan/readers/event"
)

func TestDamageOfUnits(t *testing.T) {
	u := &Unit{Part: &Part{Source: "a"}}
	if p := u.Damage(errShrunk); p.Kind != event.Truncated || p.Source != "a" {
		t.Errorf("a file that shrank: %+v", p)
	}
	if p := u.Damage(errors.New("input/output error")); p.Kind != event.Unreadable {
		t.Errorf("a file that does not read: %+v", p)
	}
}
