//go:build unix

// Command kscan-bench compares kscan with public tools on generated logs and prints the
// table of docs/benchmarks.md. It needs hyperfine, rg, jq, pigz, zstd and ausearch on the
// path, and about six times the size of one corpus on disk:
//
//	go run ./cmd/kscan-bench
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

func main() {
	dir := flag.String("dir", filepath.Join(os.TempDir(), "kscan-bench"), "folder of the corpora, made if it is not there")
	size := flag.Int64("size", 1<<30, "bytes of each plain corpus")
	only := flag.String("only", "", "run the cases whose name contains this")
	runs := flag.Int("runs", 7, "runs of each command")
	flag.Parse()
	if err := run(*dir, *size, *only, *runs); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(dir string, size int64, only string, runs int) error {
	c := &corpus{dir: dir, size: size}
	if err := c.make(); err != nil {
		return fmt.Errorf("failed to make the corpora: %w", err)
	}
	bin := filepath.Join(dir, "kscan")
	build := exec.Command("go", "build", "-trimpath", "-o", bin, "./cmd/kscan")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("failed to build kscan: %w", err)
	}
	fmt.Println("| case | kscan | other | ratio | goal | GB/s | peak MiB |")
	fmt.Println("|---|---|---|---|---|---|---|")
	for _, k := range cases() {
		if !strings.Contains(k.name, only) {
			continue
		}
		if err := k.run(dir, bin, runs); err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
	}
	return nil
}

// benchCase compares kscan on some files with another command. Commands are shell text run
// in the corpus folder.
type benchCase struct {
	name  string
	files string // what kscan scans; the throughput is that of their bytes
	flags string // more flags of the scan
	args  string // other arguments of kscan, in place of a scan of files
	other string // "" for none
	goal  string
}

func cases() []benchCase {
	const jq = `jq -c 'select(.event.category[]? == "network" and (.destination.port == 10250 or .destination.port == 10255) and .network.direction == "egress" and (.process.name == "curl" or .process.name == "wget"))'`
	return []benchCase{
		{name: "plain NDJSON, rare hits, rg", files: "ecs.ndjson", other: "rg -c '1025[05]' ecs.ndjson", goal: "≤ 0.55"},
		{name: "raw audit.log, rare hits, rg", files: "audit.log", other: "rg -c '1025[05]' audit.log", goal: "≤ 0.55"},
		{name: "raw audit.log, enriched, rare hits, rg", files: "audit-enriched.log", other: "rg -c '1025[05]' audit-enriched.log", goal: "≤ 0.55"},
		{name: "raw audit.log, rare hits, ausearch", files: "audit.log", other: "ausearch -if audit.log -sc connect", goal: "≤ 0.05"},
		{name: "plain NDJSON, every line a candidate", files: "ecs-dense.ndjson", goal: "≥ 1.5 GB/s"},
		{name: "raw audit.log, every event a candidate", files: "audit-dense.log", goal: "≥ 0.8 GB/s"},
		{name: "one .gz, pigz -dc", files: "ecs.ndjson.gz", other: "pigz -dc ecs.ndjson.gz", goal: "≤ 1.1"},
		{name: "one .zst, zstd -dc", files: "ecs.ndjson.zst", other: "zstd -dc ecs.ndjson.zst", goal: "≤ 1.1"},
		{name: "four .gz, one after another", files: "four", other: "for f in four/*; do ./kscan scan -q -f jsonl $f; done", goal: "≤ 0.55"},
		{name: "20,000 files of 5 KB, rg", files: "small", other: "rg -c '1025[05]' small", goal: "≤ 1.3"},
		{name: "jq with the rule as a filter", files: "ecs.ndjson", other: jq + " ecs.ndjson", goal: "≤ 0.02"},
		{name: "NDJSON, a pack of 1,000 rules", files: "ecs.ndjson", flags: "--rules pack", goal: "≥ 0.3 GB/s"},
		{name: "NDJSON, report with the evidence of 87 hits, without it", args: "scan -q ecs.ndjson", other: "./kscan scan -q --no-investigate ecs.ndjson", goal: "≤ 2"},
		{name: "audit.log, report with the evidence of 142 hits, without it", args: "scan -q audit.log", other: "./kscan scan -q --no-investigate audit.log", goal: "≤ 2"},
		{name: "version", args: "version", goal: "≤ 20 ms"},
	}
}

func (k *benchCase) run(dir, bin string, runs int) error {
	command := "./kscan " + k.args
	if k.args == "" {
		command = strings.Join(strings.Fields("./kscan scan -q -f jsonl "+k.flags+" "+k.files), " ")
	}
	commands := []string{command}
	if k.other != "" {
		commands = append(commands, k.other)
	}
	seconds, err := measure(dir, commands, runs)
	if err != nil {
		return err
	}
	kscan, other, ratio := seconds[0], "", ""
	if k.other != "" {
		other, ratio = fmt.Sprintf("%.3f s", seconds[1]), fmt.Sprintf("%.3f", kscan/seconds[1])
	}
	peak, err := peakMemory(dir, bin, strings.Fields(command)[1:])
	if err != nil {
		return err
	}
	rate := ""
	if k.files != "" {
		rate = fmt.Sprintf("%.2f", float64(bytesUnder(filepath.Join(dir, k.files)))/1e9/kscan)
	}
	fmt.Printf("| %s | %.3f s | %s | %s | %s | %s | %d |\n", k.name, kscan, other, ratio, k.goal, rate, peak)
	return nil
}

// slowRounds is how often commands are run that take more than slowRound together.
const (
	slowRounds = 3
	slowRound  = 5 // seconds
)

// measure returns the median of the seconds that each of some shell commands takes, warm.
// The commands take turns, so that what else the machine does meets all of them.
func measure(dir string, commands []string, runs int) ([]float64, error) {
	times := make([][]float64, len(commands))
	for round := -1; round < runs; round++ { // the first only warms
		all, total := make([]float64, len(commands)), 0.0
		for i, command := range commands {
			seconds, err := once(dir, command)
			if err != nil {
				return nil, err
			}
			all[i] = seconds
			total += seconds
		}
		for i := range all {
			if round >= 0 {
				times[i] = append(times[i], all[i])
			}
		}
		if total > slowRound && round+1 >= slowRounds {
			break
		}
	}
	medians := make([]float64, len(commands))
	for i := range times {
		slices.Sort(times[i])
		medians[i] = times[i][len(times[i])/2]
	}
	return medians, nil
}

// once returns the seconds that a shell command takes, by hyperfine, which takes off what
// the shell costs.
func once(dir, command string) (float64, error) {
	out := filepath.Join(dir, "hyperfine.json")
	cmd := exec.Command("hyperfine", "--runs", "1", "--ignore-failure", "--output", "null", "--style", "none", "--export-json", out, command)
	var messages strings.Builder // hyperfine warns of quick commands
	cmd.Dir, cmd.Stderr = dir, &messages
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("hyperfine %q: %w: %s", command, err, messages.String())
	}
	text, err := os.ReadFile(out)
	if err != nil {
		return 0, err
	}
	var report struct{ Results []struct{ Median float64 } }
	if err := json.Unmarshal(text, &report); err != nil || len(report.Results) != 1 {
		return 0, fmt.Errorf("hyperfine %q: unexpected report", command)
	}
	return report.Results[0].Median, nil
}

// peakMemory runs kscan once and returns its largest resident size in MiB.
func peakMemory(dir, bin string, args []string) (int64, error) {
	cmd := exec.Command(bin, args...)
	cmd.Dir = dir
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, errors.New("no resource usage on this system")
	}
	return usage.Maxrss / 1024, nil // kilobytes on Linux
}

func bytesUnder(path string) int64 {
	var total int64
	_ = filepath.Walk(path, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			total += info.Size()
		}
		return nil
	})
	return total
}
