package scan

import (
	"crypto/sha256"
	"iter"

	"kscan/readers/event"
	"kscan/rule/eval"
)

// row is what an event is to a rule: one step under one key.
type row struct {
	key   keyHash
	time  int64 // milliseconds since 1970
	event uint32
	tie   uint32 // the place of the tiebreaker in lateRule.ties, from 1; 0 if there is none
	nanos int32
	term  uint16
	dated bool
}

// What is held for each of these, in bytes: a row, a tiebreaker beside its text, and the
// values of a sample's key beside their texts.
const (
	rowSize = 40
	tieSize = 96
	keySize = 256
)

// keyHash stands for the values of join keys, which may be long. Two that are equal by
// chance or by design are out of reach.
type keyHash [16]byte

func hashKey(k *eval.Key) keyHash {
	if k.ID == "" {
		return keyHash{}
	}
	sum := sha256.Sum256([]byte(k.ID))
	return keyHash(sum[:])
}

// hashed are the values of a key of which only the hash is known: that there are any makes
// a run return the key with the match.
var hashed = make([]event.Value, 1)

// key returns a key for a run, to which it matters only whether keys are the same.
func (h keyHash) key() *eval.Key {
	if h == (keyHash{}) {
		return &eval.Key{}
	}
	return &eval.Key{ID: string(h[:]), Values: hashed}
}

// The sizes of the pieces that rows are held in: most rules have few, some have millions,
// and growing one piece would need twice the memory.
const (
	firstRows = 16
	moreRows  = 8192
)

// rows is a list of rows.
type rows struct {
	pieces [][]row
	n      int
}

func (l *rows) append(r row) {
	last := len(l.pieces) - 1
	if last < 0 || len(l.pieces[last]) == cap(l.pieces[last]) {
		l.pieces = append(l.pieces, make([]row, 0, min(max(l.n, firstRows), moreRows)))
		last++
	}
	l.pieces[last] = append(l.pieces[last], r)
	l.n++
}

// all gives the rows in order; they may be changed.
func (l *rows) all() iter.Seq[*row] {
	return func(yield func(*row) bool) {
		for _, piece := range l.pieces {
			for i := range piece {
				if !yield(&piece[i]) {
					return
				}
			}
		}
	}
}

// last returns the last row of a list that is not empty.
func (l *rows) last() *row {
	piece := l.pieces[len(l.pieces)-1]
	return &piece[len(piece)-1]
}
