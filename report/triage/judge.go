package triage

import (
	"strings"

	"kscan/scan"
)

// Priority says how soon a person should look.
type Priority int

// The priorities, lowest first.
const (
	Low Priority = iota
	Medium
	High
	Critical
)

// String returns the priority's name, as severities are written.
func (p Priority) String() string {
	return severities[min(max(p, Low), Critical)]
}

// sharedFolders are those that any user of the host may write to.
var sharedFolders = []string{"/tmp/", "/var/tmp/", "/dev/shm/", "/run/shm/", "/run/lock/", "/var/lock/"}

// judge gives a finding its priority: the rule's severity, one higher for a program in a
// place where programs do not belong, and one higher for a program that is gone.
func judge(f *scan.Finding, d *documents) (Priority, []string) {
	priority, reasons := severityOf(f.Rule)
	executable := d.text("process.executable")
	place := placeReasons(executable)
	if len(place) > 0 {
		priority++
	}
	reasons = append(reasons, place...)
	switch {
	case strings.HasPrefix(executable, "/memfd:") || strings.HasPrefix(executable, "memfd:"):
		priority++
		reasons = append(reasons, "the executable is in memory only, not in a file")
	case strings.HasSuffix(executable, deleted):
		priority++
		reasons = append(reasons, "the executable was deleted while it ran")
	}
	return min(priority, Critical), reasons
}

// placeReasons says what is odd about the place of an executable.
func placeReasons(executable string) (reasons []string) {
	for _, folder := range sharedFolders {
		if strings.HasPrefix(executable, folder) {
			reasons = append(reasons,
				"the executable is in "+strings.TrimSuffix(folder, "/")+", where any user can write")
			break
		}
	}
	if i := strings.Index(executable, "/."); i >= 0 && !strings.HasPrefix(executable[i:], "/./") &&
		!strings.HasPrefix(executable[i:], "/../") {
		reasons = append(reasons, "the executable's path has a hidden file or folder")
	}
	return reasons
}
