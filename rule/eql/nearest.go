package eql

// Nearest returns the candidate that a misspelt name most likely means, if any comes
// near: equal but for case, or a few edits away.
func Nearest(name string, candidates []string) (string, bool) {
	return nearest(name, candidates)
}
