package builtin_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// doc is a JSON object.
type doc = map[string]any

// encode writes a document on one line.
func encode(d doc) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(d); err != nil {
		panic(err)
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

func stamp(t time.Time, digits string) string { return t.Format("2006-01-02T15:04:05." + digits + "Z") }

// defend writes what Elastic Defend on one host sends, as an export by elasticdump
// gives it back: one search hit a line.
type defend struct {
	*evidence
	*host
	direction bool // false for a version that does not write network.direction
	sequence  int
	port      int // the last source port
}

func (d *defend) entity(p *proc) string {
	id := fmt.Sprintf("%s-%d-%d", d.agent, p.pid, p.started.Unix())
	return base64.StdEncoding.EncodeToString([]byte(id))
}

// event returns what all events of the agent have in common.
func (d *defend) event(t time.Time, p *proc, dataset, action, message string, categories ...string) doc {
	d.sequence++
	os := doc{
		"Ext": doc{"variant": "Ubuntu"}, "family": "ubuntu", "full": "Ubuntu " + d.osVersion, "kernel": d.kernel,
		"name": "Linux", "platform": "ubuntu", "type": "linux", "version": d.osVersion,
	}
	return doc{
		"@timestamp":  stamp(t, "0000000"),
		"agent":       doc{"id": d.agent, "type": "endpoint", "version": d.version},
		"data_stream": doc{"type": "logs", "dataset": dataset, "namespace": "default"},
		"ecs":         doc{"version": "8.10.0"},
		"elastic":     doc{"agent": doc{"id": d.agent}},
		"event": doc{
			"action": action, "category": categories, "type": []string{"start"},
			"created": stamp(t, "0000000"), "ingested": stamp(t.Add(4*time.Second).Truncate(time.Second), "000"),
			"dataset": dataset, "module": "endpoint", "kind": "event", "outcome": "unknown",
			"id": fmt.Sprintf("NQ7h%s+++%05d", d.name[len(d.name)-2:], d.sequence), "sequence": d.sequence,
		},
		"host": doc{
			"architecture": "x86_64", "hostname": d.name, "name": d.name, "id": d.id,
			"ip": []string{"127.0.0.1", "::1", d.ip}, "mac": []string{d.mac}, "os": os,
		},
		"message": message,
		"process": d.process(p),
		"user": doc{
			"id": strconv.Itoa(p.uid), "name": p.user,
			"Ext": doc{"real": doc{"id": strconv.Itoa(p.uid), "name": p.user}},
		},
		"group": doc{"id": strconv.Itoa(p.uid), "name": p.user},
	}
}

func (d *defend) process(p *proc) doc {
	out := doc{"pid": p.pid, "name": p.name, "executable": p.exe, "entity_id": d.entity(p)}
	var ancestry []string
	for a := p.parent; a != nil; a = a.parent {
		ancestry = append(ancestry, d.entity(a))
	}
	if p.parent != nil {
		out["Ext"] = doc{"ancestry": ancestry}
		out["parent"] = doc{"entity_id": ancestry[0]}
		leader := ancestry[len(ancestry)-1]
		for _, role := range []string{"entry_leader", "session_leader", "group_leader"} {
			out[role] = doc{"entity_id": leader}
		}
	}
	return out
}

// exec writes the start of a process.
func (d *defend) exec(p *proc) {
	e := d.event(p.started, p, "endpoint.events.process", "exec", "Endpoint process event", "process")
	process := e["process"].(doc)
	process["args"], process["args_count"] = p.args, len(p.args)
	process["command_line"] = commandLine(p.args)
	process["working_directory"] = p.cwd
	process["interactive"] = p.tty != ""
	process["start"] = stamp(p.started, "000")
	process["hash"] = doc{"sha256": digest(p.exe)}
	if q := p.parent; q != nil {
		process["parent"] = doc{
			"entity_id": d.entity(q), "pid": q.pid, "name": q.name, "executable": q.exe, "args": q.args,
			"args_count": len(q.args), "command_line": commandLine(q.args), "start": stamp(q.started, "000"),
		}
	}
	if p.container != "" {
		e["container"] = doc{"id": digest(p.container)}
		process["entry_leader"].(doc)["entry_meta"] = doc{"type": "container"}
	}
	d.write("", e)
}

// connect writes the attempt of a connection.
func (d *defend) connect(why, clock string, p *proc, address string, port int) doc {
	e := d.network(at(clock), p, address, port, "connection_attempted")
	d.write(why, e)
	return e
}

// closed writes the end of the last connection.
func (d *defend) closed(clock string, p *proc, address string, port, bytes int) {
	d.port--
	e := d.network(at(clock), p, address, port, "disconnect_received")
	e["event"].(doc)["type"] = []string{"end"}
	e["source"].(doc)["bytes"], e["destination"].(doc)["bytes"] = 517+bytes/40, bytes
	d.write("", e)
}

func (d *defend) network(t time.Time, p *proc, address string, port int, action string) doc {
	d.port++
	e := d.event(t, p, "endpoint.events.network", action, "Endpoint network event", "network")
	ip, source, family := netip.MustParseAddr(address), d.ip, "ipv4"
	if ip.Is6() {
		family = "ipv6"
	}
	if ip.IsLoopback() {
		source = address
	}
	e["destination"] = doc{"address": address, "ip": address, "port": port}
	e["source"] = doc{"address": source, "ip": source, "port": d.port}
	network := doc{"transport": "tcp", "type": family}
	if d.direction {
		network["direction"] = "egress"
	}
	e["network"] = network
	return e
}

func (d *defend) write(why string, e doc) {
	dataset := e["data_stream"].(doc)["dataset"]
	d.add(why, encode(doc{
		"_index":  fmt.Sprintf(".ds-logs-%s-default-2026.11.14-000003", dataset),
		"_id":     fmt.Sprintf("%s%s%04d", "kQx5", d.agent[:4], d.sequence),
		"_score":  1,
		"_source": e,
	}))
}

// commandLine joins arguments as Elastic Defend does.
func commandLine(args []string) string { return strings.Join(args, " ") }

// digest stands for a hash or a container's id.
func digest(of string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(of))) }
