package rule

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCases(t *testing.T) {
	root := write(t, map[string]string{
		"a.toml": minimal("1", "eql"), "b.toml": minimal("2", "eql"), "dots.in.name.toml": minimal("3", "eql"),
		"a.tests/match": "", "a.tests/some_2.log": "", "a.tests/nomatch-1.ndjson": "", "a.tests/.hidden": "",
		"a.tests/Notes.MD": "", "dots.in.name.tests/match.1": "",
	})
	rules, err := Load([]string{root})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]Want{}
	for _, r := range rules {
		cases, err := Cases(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			if c.Rule != r || c.Embedded != nil {
				t.Errorf("case %s of rule %s", c.Path, r.ID)
			}
			name, err := filepath.Rel(root, c.Path)
			if err != nil {
				t.Fatal(err)
			}
			got[filepath.ToSlash(name)] = c.Want
		}
	}
	want := map[string]Want{
		"a.tests/match": WantMatch, "a.tests/some_2.log": WantSome, "a.tests/nomatch-1.ndjson": WantNone,
		"dots.in.name.tests/match.1": WantMatch,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestNamesOfCases(t *testing.T) {
	tests := map[string]Want{
		"match": "match", "match.log": "match", "match-a": "match", "match1": "match", "nomatch": "nomatch", "some.gz": "some",
		"matches": "", "Match": "", "no-match": "", "x-match": "", "": "", "-match": "",
	}
	for name, want := range tests {
		if got, ok := wantOf(name); ok != (want != "") || ok && got != want {
			t.Errorf("%q demands %q, %v; want %q", name, got, ok, want)
		}
	}
}

// TestCaseThatDemandsNothing: a file that would be passed over is an error.
func TestCaseThatDemandsNothing(t *testing.T) {
	root := write(t, map[string]string{"a.toml": minimal("1", "eql"), "a.tests/mtach.ndjson": "", "a.tests/match.ndjson": ""})
	rules, err := Load([]string{root})
	if err != nil {
		t.Fatal(err)
	}
	if cases, err := Cases(rules[0]); err == nil {
		t.Errorf("no error, %d cases", len(cases))
	}
}

func TestBuiltinRulesHaveCases(t *testing.T) {
	rules, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		cases, err := Cases(r)
		if err != nil {
			t.Fatal(err)
		}
		wants := map[Want]bool{}
		for _, c := range cases {
			wants[c.Want] = true
			if len(c.Embedded) == 0 {
				t.Errorf("%s is empty", c.Path)
			}
		}
		if !wants[WantMatch] || !wants[WantNone] {
			t.Errorf("%s has cases of %v alone", r.Name, wants)
		}
	}
}

// TestFolderOfCasesCannotBeRead: what stands in place of the folder is not passed over.
func TestFolderOfCasesCannotBeRead(t *testing.T) {
	root := write(t, map[string]string{"a.toml": minimal("1", "eql"), "a.tests": "a file"})
	rules, err := Load([]string{filepath.Join(root, "a.toml")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(CasesFolder(rules[0].Path)); err != nil {
		t.Fatal(err)
	}
	if _, err := Cases(rules[0]); err == nil {
		t.Error("a file in place of the folder is no error")
	}
}

func TestOrphanCases(t *testing.T) {
	root := write(t, map[string]string{
		"a.toml": minimal("1", "eql"), "a.tests/match": "", "b.tests/match": "", "deep/c.tests/match": "", "deep/c.txt": "",
		"not-a-folder.tests": "",
	})
	want := []string{filepath.Join(root, "b.tests"), filepath.Join(root, "deep", "c.tests")}
	if diff := cmp.Diff(want, OrphanCases([]string{root, filepath.Join(root, "a.toml"), filepath.Join(root, "none")})); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	var told []string
	problems := Lint([]string{root}, nil).Problems
	for _, p := range problems {
		if filepath.Ext(p.Path) == casesSuffix && p.Warning {
			told = append(told, p.Path)
		}
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("linted: -want +got\n%s", diff)
	}
}
