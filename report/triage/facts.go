package triage

import (
	"strings"
)

// factSpec is one line of a group's details.
type factSpec struct {
	label  string
	fields []string
	text   func(*documents) string // nil means the first of the fields that has a text
}

// factSpecs are the details in the order they are shown. Those that no event of a group
// has are left out.
func factSpecs() []factSpec {
	return []factSpec{
		{label: "executable", fields: []string{"process.executable"}},
		{label: "name", fields: []string{"process.name"}, text: otherName},
		{label: "command line", fields: []string{"process.command_line", "process.args", "process.title"}},
		{label: "directory", fields: []string{"process.working_directory"}},
		{label: "pid", fields: []string{"process.pid"}},
		{label: "parent", fields: []string{"process.parent.executable", "process.parent.name",
			"process.parent.command_line", "process.parent.pid"}, text: parent},
		{label: "user", fields: []string{"user.name", "user.id", "user.effective.name", "user.effective.id"}, text: user},
		{label: "session", fields: []string{"auditd.session"}},
		{label: "container", fields: []string{"container.id", "container.name", "container.image.name"}, text: container},
		{label: "workload", fields: []string{"orchestrator.namespace", "orchestrator.resource.name"}, text: workload},
		{label: "source", fields: []string{"source.ip", "source.port"}, text: source},
		{label: "destination", fields: []string{"destination.ip", "destination.port", "destination.domain"}, text: destination},
		{label: "file", fields: []string{"file.path"}},
		{label: "action", fields: []string{"event.action"}},
		{label: "result", fields: []string{"auditd.data.exit", "auditd.result", "event.outcome"}, text: result},
	}
}

// factFields are the fields that the details read.
func factFields(specs []factSpec) (fields []string) {
	for _, spec := range specs {
		fields = append(fields, spec.fields...)
	}
	return append(fields, "source.address", "destination.address")
}

// otherName is the process name where the path does not say it already.
func otherName(d *documents) string {
	name, executable := d.text("process.name"), d.text("process.executable")
	if baseName(executable) == name {
		return ""
	}
	return name
}

func parent(d *documents) string {
	return named(d.first("process.parent.executable", "process.parent.name", "process.parent.command_line"),
		"pid ", d.text("process.parent.pid"))
}

func user(d *documents) string {
	text := named(d.text("user.name"), "id ", d.text("user.id"))
	effective := d.first("user.effective.name", "user.effective.id")
	if effective != "" && effective != d.text("user.name") && effective != d.text("user.id") {
		text += ", acting as " + effective
	}
	return text
}

func container(d *documents) string {
	return join(" ", d.text("container.name"), d.text("container.image.name"), d.text("container.id"))
}

func workload(d *documents) string {
	return join("/", d.text("orchestrator.namespace"), d.text("orchestrator.resource.name"))
}

func source(d *documents) string {
	return join(" port ", d.first("source.ip", "source.address"), d.text("source.port"))
}

func destination(d *documents) string {
	text := join(" port ", d.first("destination.ip", "destination.address"), d.text("destination.port"))
	return join(" ", text, d.text("destination.domain"))
}

// named returns "name (pid 4)", or what of it there is.
func named(name, word, number string) string {
	switch {
	case number == "":
		return name
	case name == "":
		return word + number
	}
	return name + " (" + word + number + ")"
}

// join joins the parts that are not empty.
func join(separator string, parts ...string) string {
	var have []string
	for _, part := range parts {
		if part != "" {
			have = append(have, part)
		}
	}
	return strings.Join(have, separator)
}

// exitWords says what the exit value of a connecting system call means. Audit records
// give the number, Auditbeat the name. EINPROGRESS is how every non-blocking connect
// returns, so it says nothing about failure.
var exitWords = map[string]string{
	"0": "connected", "-115": "in progress (-115)", "EINPROGRESS": "in progress (-115)",
	"-114": "in progress (-114)", "EALREADY": "in progress (-114)",
	"-111": "refused (-111)", "ECONNREFUSED": "refused (-111)",
	"-110": "timed out (-110)", "ETIMEDOUT": "timed out (-110)",
	"-101": "unreachable (-101)", "ENETUNREACH": "unreachable (-101)",
	"-113": "unreachable (-113)", "EHOSTUNREACH": "unreachable (-113)",
	"-13": "denied (-13)", "EACCES": "denied (-13)",
	"-1": "denied (-1)", "EPERM": "denied (-1)",
}

// result says how the action ended; for a connection attempt in the words of its exit
// value.
func result(d *documents) string {
	exit := d.text("auditd.data.exit")
	outcome := d.first("event.outcome", "auditd.result")
	if d.first("destination.ip", "destination.port") == "" {
		return join(", exit ", outcome, exit)
	}
	if words := exitWords[exit]; words != "" {
		return words
	}
	switch {
	case strings.HasPrefix(exit, "-") || strings.HasPrefix(exit, "E"):
		return "failed (" + exit + ")"
	case exit != "":
		return "succeeded (" + exit + ")"
	case outcome == "success":
		return "connected"
	case outcome == "failure" || outcome == "fail":
		return "failed"
	}
	return "not recorded"
}
