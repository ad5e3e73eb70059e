//go:build unix

package readers

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWalkDoesNotOpenPipes(t *testing.T) {
	dir := tree(t, "x.json")
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Skip(err)
	}
	groups, problems := listing(t, dir, dir)
	if diff := cmp.Diff([]string{"not_followed pipe"}, problems); diff != "" || len(groups) != 1 {
		t.Errorf("%s %s", groups, diff)
	}
}
