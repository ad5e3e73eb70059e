package scan

import (
	"sync"

	"kscan/readers"
)

// maxFacts is how many units are remembered: those of two terabytes of compressed logs, at
// some 150 bytes each. Of those beyond, a later run goes over all lines, as the first does.
const maxFacts = 1 << 18

// Facts are what a run finds out about the units that it reads. A later run over the same
// paths that looks for few events (Options.Probe) needs to read less with them.
type Facts struct {
	mu    sync.RWMutex
	units map[unitKey]*readers.Facts
}

// unitKey tells a unit apart. A log that was written to meanwhile has other units, at least
// where it grew.
type unitKey struct {
	source, member string
	from, to       int64
}

// NewFacts returns empty Facts.
func NewFacts() *Facts { return &Facts{units: map[unitKey]*readers.Facts{}} }

func keyOf(u *readers.Unit) unitKey {
	from, to := u.Place()
	return unitKey{u.Part.Source, u.Part.Member, from, to}
}

// of returns what is known of a unit, nil if nothing is. f may be nil.
func (f *Facts) of(k unitKey) *readers.Facts {
	if f == nil {
		return nil
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.units[k]
}

// learn keeps what a unit showed, if it showed anything. f may be nil.
func (f *Facts) learn(k unitKey, facts *readers.Facts) {
	if f == nil || facts == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.units) < maxFacts {
		f.units[k] = facts
	}
}
