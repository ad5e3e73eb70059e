package readers

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kscan/readers/event"
)

// tree makes files below a new folder and returns it.
func tree(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// listing is the groups of a walk, with paths relative to a folder, and its problems.
func listing(t *testing.T, dir string, paths ...string) (groups [][]string, problems []string) {
	t.Helper()
	for g := range Walk(paths, func(p event.Problem) {
		name, _ := filepath.Rel(dir, p.Source)
		problems = append(problems, string(p.Kind)+" "+filepath.ToSlash(name))
	}) {
		var names []string
		for _, f := range g.Files {
			name, err := filepath.Rel(dir, f.Path)
			if err != nil {
				name = f.Path
			}
			names = append(names, filepath.ToSlash(name))
		}
		groups = append(groups, names)
	}
	return groups, problems
}

func TestWalkOrder(t *testing.T) {
	dir := tree(t, "b/x.json", "b/a/y.json", "a.json", "c.json", "audit.log.10", "audit.log.2.gz", "audit.log", "audit.log.1",
		"s-20261101.gz", "s-20261102", "s", "m.log.2026-11-03.zst", "m.log.2026-11-02.zst", "m.log")
	groups, problems := listing(t, dir, dir)
	want := [][]string{
		{"a.json"}, {"audit.log.10", "audit.log.2.gz", "audit.log.1", "audit.log"},
		{"b/a/y.json"}, {"b/x.json"}, {"c.json"},
		{"m.log.2026-11-02.zst", "m.log.2026-11-03.zst", "m.log"}, {"s-20261101.gz", "s-20261102", "s"},
	}
	if diff := cmp.Diff(want, groups); diff != "" || problems != nil {
		t.Errorf("problems %s: %s", problems, diff)
	}
	// In the order of the command line, and each file once.
	groups, _ = listing(t, dir, filepath.Join(dir, "c.json"), filepath.Join(dir, "b"), filepath.Join(dir, "b", "x.json"), "-", "-")
	want = [][]string{{"c.json"}, {"b/a/y.json"}, {"b/x.json"}, {"-"}}
	if diff := cmp.Diff(want[:3], groups[:3]); diff != "" || len(groups) != 4 {
		t.Errorf("%s %s", groups, diff)
	}
}

func TestWalkLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege on Windows")
	}
	outside := tree(t, "secret.json")
	dir := tree(t, "a/x.json", "z.json")
	for link, target := range map[string]string{
		"a/loop": dir, "a/out": outside, "a/out.json": filepath.Join(outside, "secret.json"),
		"b": "a", "broken": "nowhere", "again.json": "z.json",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	groups, problems := listing(t, dir, dir)
	if diff := cmp.Diff([][]string{{"a/x.json"}, {"again.json"}}, groups); diff != "" {
		t.Error(diff)
	}
	want := []string{"not_followed a/out", "not_followed a/out.json", "not_followed broken"}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Error(diff)
	}
	// A link that is named on the command line is followed.
	groups, problems = listing(t, dir, filepath.Join(dir, "a", "out"), filepath.Join(dir, "a", "out.json"))
	if diff := cmp.Diff([][]string{{"a/out/secret.json"}}, groups); diff != "" || problems != nil {
		t.Errorf("%s %s", problems, diff)
	}
}

// A file is listed where it is reached first: through a link or in its folder, from the
// command line or below it.
func TestWalkListsOnce(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege on Windows")
	}
	dir := tree(t, "a.json", "m/x.json", "z.json")
	for link, target := range map[string]string{
		"m/a-early": "../a.json", "m/a-late": "../z.json", "n": "m/x.json", "o": "m", "zz": "z.json",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	groups, problems := listing(t, dir, dir)
	if diff := cmp.Diff([][]string{{"a.json"}, {"m/a-late"}, {"m/x.json"}}, groups); diff != "" || problems != nil {
		t.Errorf("%s %s", problems, diff)
	}
	groups, problems = listing(t, dir, filepath.Join(dir, "zz"), filepath.Join(dir, "m"), dir, filepath.Join(dir, "a.json"))
	want := [][]string{{"zz"}, {"m/x.json"}, {"a.json"}}
	wantProblems := []string{"not_followed m/a-early", "not_followed m/a-late"}
	if diff := cmp.Diff(want, groups) + cmp.Diff(wantProblems, problems); diff != "" {
		t.Error(diff)
	}
}

// The order of a rotated set does not depend on the order of the names.
func TestRotatedOrder(t *testing.T) {
	names := []string{"l-20261101.gz", "l-20261102", "l.12", "l.3.gz", "l.1", "l"}
	random := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		var files []File
		for _, i := range random.Perm(len(names)) {
			files = append(files, File{Path: filepath.Join("d", names[i])})
		}
		groups := rotated(files)
		var got []string
		for _, f := range groups[0].Files {
			got = append(got, filepath.Base(f.Path))
		}
		if diff := cmp.Diff(names, got); diff != "" || len(groups) != 1 {
			t.Errorf("%d groups: %s", len(groups), diff)
		}
	}
}
