//go:build linux

package auditd

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/elastic/go-libaudit/v2/aucoalesce"
	"github.com/elastic/go-libaudit/v2/auparse"
)

// oracle is what Auditbeat would make of the lines of one event: go-libaudit's coalesced
// event under Auditbeat's field names, flattened; nil if go-libaudit makes none of them.
func oracle(lines []string) map[string]string {
	var messages []*auparse.AuditMessage
	for _, line := range lines {
		if m, err := auparse.ParseLogLine(line); err == nil {
			messages = append(messages, m)
		}
	}
	e, err := aucoalesce.CoalesceMessages(messages)
	if err != nil || e == nil {
		return nil
	}
	f := flat{}
	f.event(e)
	f.process(e)
	f.user(e)
	f.file(e)
	f.network(e)
	f.auditd(e)
	return f
}

type flat map[string]string

func (f flat) put(key, val string) {
	if val != "" {
		f[key] = val
	}
}

func (f flat) list(key string, list []string) {
	for i, val := range list {
		f[key+"."+strconv.Itoa(i)] = val
	}
}

func (f flat) event(e *aucoalesce.Event) {
	f.put("@timestamp", e.Timestamp.UTC().Format("2006-01-02T15:04:05.000Z"))
	f.put("event.kind", "event")
	f.put("event.module", "auditd")
	f.put("event.action", e.Summary.Action)
	outcome := e.Result
	if outcome == "fail" {
		outcome = "failure"
	}
	f.put("event.outcome", outcome)
	if len(e.ECS.Event.Category) == 0 {
		f.put("event.category", e.Category.String())
	}
	f.list("event.category", e.ECS.Event.Category)
	f.list("event.type", e.ECS.Event.Type)
	f.list("tags", e.Tags)
	f.put("service.type", "auditd")
	f.put("host.os.type", "linux")
}

func (f flat) process(e *aucoalesce.Event) {
	p := e.Process
	for key, val := range map[string]string{"process.pid": p.PID, "process.parent.pid": p.PPID} {
		if _, err := strconv.Atoi(val); err == nil {
			f.put(key, val)
		}
	}
	f.put("process.title", p.Title)
	f.put("process.name", p.Name)
	f.put("process.executable", p.Exe)
	f.put("process.working_directory", p.CWD)
	f.list("process.args", p.Args)
}

func (f flat) user(e *aucoalesce.Event) {
	names := map[string]string{
		"uid": "user.id", "gid": "user.group.id", "euid": "user.effective.id", "egid": "user.effective.group.id",
		"suid": "user.saved.id", "sgid": "user.saved.group.id", "fsuid": "user.filesystem.id",
		"fsgid": "user.filesystem.group.id", "auid": "user.audit.id",
	}
	for key, val := range e.User.IDs {
		name, ok := names[key]
		if !ok {
			name = "user." + key + ".id"
		}
		if val != "unset" {
			f.put(name, val)
		}
	}
	for key, val := range e.User.SELinux {
		f.put("user.selinux."+key, val)
	}
	f.entity("user", e.ECS.User.ECSEntityData)
	f.entity("user.effective", e.ECS.User.Effective)
	f.entity("user.target", e.ECS.User.Target)
	f.entity("user.changes", e.ECS.User.Changes)
	f.entity("group", e.ECS.Group)
	for _, part := range []string{".id", ".name"} {
		if val := f["user"+part]; val != "" && val == f["user.effective"+part] {
			for key := range f {
				if strings.HasPrefix(key, "user.effective.") {
					delete(f, key)
				}
			}
			return
		}
	}
}

func (f flat) entity(key string, e aucoalesce.ECSEntityData) {
	if e.ID == "" && e.Name == "" {
		return
	}
	delete(f, key+".id")
	delete(f, key+".name")
	if e.ID != "unset" {
		f.put(key+".id", e.ID)
	}
	f.put(key+".name", e.Name)
}

func (f flat) file(e *aucoalesce.Event) {
	if e.File == nil {
		return
	}
	f.put("file.path", e.File.Path)
	f.put("file.device", e.File.Device)
	f.put("file.inode", e.File.Inode)
	f.put("file.mode", e.File.Mode)
	f.put("file.uid", e.File.UID)
	f.put("file.gid", e.File.GID)
	for key, val := range e.File.SELinux {
		f.put("file.selinux."+key, val)
	}
}

func (f flat) network(e *aucoalesce.Event) {
	if e.Net != nil {
		f.put("network.direction", e.Net.Direction.String())
	}
	for key, a := range map[string]*aucoalesce.Address{"source": e.Source, "destination": e.Dest} {
		if a != nil {
			f.put(key+".ip", a.IP)
			f.put(key+".port", a.Port)
			f.put(key+".path", a.Path)
		}
	}
}

func (f flat) auditd(e *aucoalesce.Event) {
	f.put("auditd.message_type", strings.ToLower(e.Type.String()))
	f.put("auditd.sequence", fmt.Sprint(e.Sequence))
	f.put("auditd.result", e.Result)
	if f["auditd.result"] == "" {
		f["auditd.result"], f["event.outcome"] = "unknown", "unknown"
	}
	if e.Session != "unset" {
		f.put("auditd.session", e.Session)
	}
	for key, val := range e.Data {
		if rest, ok := strings.CutPrefix(key, "socket_"); ok {
			key = "socket." + rest
		}
		f.put("auditd.data."+key, val)
	}
	s := e.Summary
	f.put("auditd.summary.actor.primary", s.Actor.Primary)
	f.put("auditd.summary.actor.secondary", s.Actor.Secondary)
	f.put("auditd.summary.object.type", s.Object.Type)
	f.put("auditd.summary.object.primary", s.Object.Primary)
	f.put("auditd.summary.object.secondary", s.Object.Secondary)
	f.put("auditd.summary.how", s.How)
	for i, path := range e.Paths {
		for key, val := range path {
			f.put(fmt.Sprintf("auditd.paths.%d.%s", i, key), val)
		}
	}
}
