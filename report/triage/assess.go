package triage

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net"
	"path/filepath"
	"strings"

	"kscan/scan"
)

// Assessment is what can be said of one finding without the others.
type Assessment struct {
	Group    string // the ID of the group that the finding belongs to
	Priority Priority
	Reasons  []string
}

// Assessor judges findings one by one. It is used from one goroutine.
type Assessor struct {
	docs       *documents
	conditions conditions
}

// NewAssessor returns an Assessor.
func NewAssessor() *Assessor { return &Assessor{docs: newDocuments(new(parsers), keyFields()...)} }

// Assess judges a finding.
func (a *Assessor) Assess(f *scan.Finding) Assessment {
	a.docs.load(f)
	var priority Priority
	var reasons []string
	if f.Rule.Playbook != nil {
		priority, reasons = judgeByPlaybook(f, a.conditions.check(f.Rule.Playbook, a.docs))
	} else {
		priority, reasons = judge(f, a.docs)
	}
	sum := keyOf(f, a.docs).sum(f.Rule.ID)
	return Assessment{Group: groupID(sum), Priority: priority, Reasons: reasons}
}

// keyFields are the fields that keyOf and judge read.
func keyFields() []string {
	return []string{
		"host.name", "host.hostname", "agent.name", "host.id", "process.executable", "process.name", "user.name", "user.id",
		"destination.ip", "destination.domain", "destination.address", "destination.port",
		"dns.question.name", "url.full", "registry.path", "file.path",
	}
}

// keyOf says what a finding has in common with others of its group.
func keyOf(f *scan.Finding, d *documents) Key {
	k := Key{
		Host:    d.first("host.name", "host.hostname", "agent.name", "host.id"),
		Process: d.first("process.executable", "process.name"),
		User:    d.first("user.name", "user.id"),
		Target:  target(d),
		spread:  d.first(destinationFields[:]...) != "",
	}
	if k.Host == "" {
		for _, hit := range f.Hits {
			if hit.Evidence.Source != "" {
				k.Folder = filepath.Dir(hit.Evidence.Source)
				break
			}
		}
	}
	return k
}

// target says what an event is about besides its process.
func target(d *documents) string {
	address := d.first(destinationFields[:]...)
	if port := d.text("destination.port"); address != "" && port != "" {
		return net.JoinHostPort(address, port)
	}
	if address != "" {
		return address
	}
	return d.first("dns.question.name", "url.full", "registry.path", "file.path", "destination.port")
}

// destinationFields name where a connection goes; the first that has a value counts.
var destinationFields = [...]string{"destination.ip", "destination.domain", "destination.address"}

// sum is the key's identity, together with the rule's. The destination is no part of it:
// a process that tries many addresses is one thing to look at.
func (k Key) sum(ruleID string) [sha256.Size]byte {
	var b []byte
	if k.spread {
		k.Target = ""
	}
	for _, part := range []string{ruleID, k.Host, k.Folder, k.Process, k.User, k.Target} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	return sha256.Sum256(b)
}

// groupIDBytes is the length of a group's ID: short enough to type, and no two groups
// of a case share one by chance.
const groupIDBytes = 8

func groupID(sum [sha256.Size]byte) string {
	return hex.EncodeToString(sum[:groupIDBytes])
}

// processName returns the name that a finding's process goes by.
func processName(d *documents) string {
	if name := d.text("process.name"); name != "" {
		return name
	}
	return baseName(d.text("process.executable"))
}

// deleted is what the kernel puts behind the path of an executable that is gone.
const deleted = " (deleted)"

// baseName is the end of an executable's path, of any system.
func baseName(executable string) string {
	executable = strings.TrimSuffix(executable, deleted)
	return executable[strings.LastIndexAny(executable, `/\`)+1:]
}
