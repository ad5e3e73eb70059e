// Command kscan scans folders of logs for the events that Elastic's EQL detection rules
// match, and shows how to triage them. Each command is a file: newXCommand makes it,
// xOptions holds its flags, runX does it. This file alone knows the exit codes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
)

// Exit codes. docs/output.md says when each is given.
const (
	exitOK          = 0
	exitFindings    = 1   // findings at or above --fail-on
	exitFailed      = 1   // a case of a rule failed
	exitUsage       = 2   // wrong usage, or a rule that does not load
	exitIncomplete  = 3   // evidence was not examined in full, or there was none
	exitInterrupted = 130 // as a shell reports a death by SIGINT
)

// gcPercent lets the heap grow to three times what is live before it is collected: what
// lives is a few MiB, blocks aside, and collecting that all the time costs a scan of small
// files a tenth. More gains nothing and holds more.
const gcPercent = 200

// firstPercent puts the first collection off until the heap has 32 MiB, eight times the
// runtime's least. Most runs are over by then.
const firstPercent = 800

// memoryLimit is from how many bytes on the heap is collected more often than that:
// sequences hold events.
const memoryLimit = 400 << 20

func main() {
	if os.Getenv("GOGC") == "" {
		collectLate()
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// collectLate sets how often the heap is collected: rarely until it was collected once.
func collectLate() {
	debug.SetGCPercent(firstPercent)
	first := new([64]byte) // what the first collection frees
	runtime.AddCleanup(first, func(percent int) { debug.SetGCPercent(percent) }, gcPercent)
}

// run is kscan with everything it touches passed in. It returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// After the first signal the default comes back, so that a second one ends kscan at once.
	context.AfterFunc(ctx, stop)

	root := newRootCommand(&console{stdin: stdin, stdout: stdout, stderr: stderr})
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return exitCode(root.ExecuteContext(ctx), stderr)
}

// console is what a command talks to.
type console struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

// outcome is the error of a command that ran and wants an exit code other than 0 without
// a message: what there was to say has been said.
type outcome int

func (o outcome) Error() string { return fmt.Sprintf("exit code %d", int(o)) }

// exitCode maps a command's error to the exit code and prints what was not printed yet.
func exitCode(err error, stderr io.Writer) int {
	var o outcome
	var out *outputError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &o):
		return int(o)
	case errors.As(err, &out):
		printError(stderr, err)
		return exitIncomplete
	default:
		printError(stderr, err)
		return exitUsage
	}
}

// outputError is a failure to write the report: the scan went well, its result is not all
// there.
type outputError struct{ err error }

func (e *outputError) Error() string { return fmt.Sprintf("failed to write the report: %v", e.err) }
func (e *outputError) Unwrap() error { return e.err }

// hinted is an error with advice for the user on a line of its own.
type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }
