//go:build unix

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// packRules is how many rules the generated pack has: about as many EQL rules as Elastic's
// public pack.
const packRules = 1000

// pack writes a folder of rules of the kinds that public packs have: mostly of processes,
// with lists of names, arguments and parents, some of files, the network and sequences.
func (c *corpus) pack() error {
	dir := c.path("pack")
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(5, 6))
	for i := range packRules {
		text := fmt.Sprintf("[metadata]\nmaturity = \"production\"\n\n[rule]\nname = \"Generated %d\"\nrule_id = \"00000000-0000-4000-8000-%012d\"\n"+
			"description = \"generated\"\ntype = \"eql\"\nlanguage = \"eql\"\nseverity = \"low\"\nrisk_score = 21\nquery = '''\n%s\n'''\n",
			i, i, packQuery(r, i))
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("rule-%04d.toml", i)), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func packQuery(r *rand.Rand, i int) string {
	system := []string{"linux", "windows", "macos"}[r.IntN(3)]
	switch i % 10 {
	case 0, 1:
		return fmt.Sprintf(`file where host.os.type == %q and event.type != "deletion" and file.path : (%s) and not process.name in (%s)`,
			system, words(r, "/etc/%s/*"), words(r, "%s"))
	case 2:
		return fmt.Sprintf(`network where host.os.type == %q and event.type == "start" and destination.port in (%d, %d) and process.name : (%s) and not cidrmatch(destination.ip, "10.0.0.0/8")`,
			system, 1024+r.IntN(60000), 1024+r.IntN(60000), words(r, "%s*"))
	case 3:
		return fmt.Sprintf("sequence by host.id, process.entity_id with maxspan=1m\n  [process where host.os.type == %q and event.type == \"start\" and process.name : (%s)]\n  [network where destination.port == %d]",
			system, words(r, "%s"), 1024+r.IntN(60000))
	}
	return fmt.Sprintf(`process where host.os.type == %q and event.type == "start" and process.name : (%s) and process.args : (%s) and not process.parent.executable : (%s)`,
		system, words(r, "%s"), words(r, "*-%s*"), words(r, "/usr/lib/%s"))
}

// words returns up to ten made-up words, each in the form and quoted.
func words(r *rand.Rand, form string) string {
	list := make([]string, 1+r.IntN(10))
	for i := range list {
		letters := make([]byte, 4+r.IntN(8))
		for j := range letters {
			letters[j] = byte('a' + r.IntN(26))
		}
		list[i] = fmt.Sprintf("%q", fmt.Sprintf(form, letters))
	}
	return strings.Join(list, ", ")
}
