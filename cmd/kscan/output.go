package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"kscan/report"
	"kscan/report/triage"
	"kscan/rule"
	"kscan/scan"
)

// outputOptions are the flags that say where findings go and how they look.
type outputOptions struct {
	format  string
	file    string
	noColor bool
	quiet   bool
}

func (o *outputOptions) addFlags(f *pflag.FlagSet) {
	o.addCommonFlags(f, "write findings as `FORMAT`: text, json (the whole report) or jsonl (one finding a line)", "findings")
}

// addCommonFlags adds the flags with other words on the formats and on what is written.
func (o *outputOptions) addCommonFlags(f *pflag.FlagSet, format, what string) {
	f.StringVarP(&o.format, "format", "f", "text", format)
	f.StringVarP(&o.file, "output", "o", "", "write "+what+" to `FILE`, which appears when it is complete")
	f.BoolVar(&o.noColor, "no-color", false, "no colour, also on a terminal (as does the variable NO_COLOR)")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "say nothing about the run on standard error")
}

func (o *outputOptions) check() error {
	switch o.format {
	case "text", "json", "jsonl":
		return nil
	}
	return &hinted{fmt.Errorf("--format %q: no such format", o.format), "use text, json or jsonl"}
}

// output is where the findings of one run go. Findings reach it through the sink while the
// scan runs; finish writes what is left.
type output struct {
	options    *outputOptions
	console    *console
	file       *replacement // nil for standard output
	w          *bufio.Writer
	collector  *triage.Collector // nil for jsonl
	lines      *report.JSONL
	exceptions []*triage.ExceptionUse
	notRun     []*rule.Rule // of the rules that were given
}

// open makes the output of a scan.
func (o *outputOptions) open(c *console) (*output, error) {
	out, err := o.create(c)
	if err != nil {
		return nil, err
	}
	if o.format == "jsonl" {
		out.lines = report.NewJSONL(out.w)
	} else {
		out.collector = triage.NewCollector()
	}
	return out, nil
}

// create opens the place where findings go.
func (o *outputOptions) create(c *console) (*output, error) {
	out := &output{options: o, console: c}
	var w io.Writer = c.stdout
	if o.file != "" {
		f, err := newReplacement(o.file)
		if err != nil {
			return nil, err
		}
		out.file, w = f, f
	}
	out.w = bufio.NewWriter(w)
	return out, nil
}

func (o *output) sink() scan.Sink {
	if o.lines != nil {
		return o.lines
	}
	return o.collector
}

// finish writes the report and puts the file in its place, then tells of the run.
func (o *output) finish(s *scan.Summary) error {
	var err error
	switch o.options.format {
	case "text":
		err = report.Terminal(o.w, o.result(s), o.terminal())
	case "json":
		err = report.JSON(o.w, o.result(s))
	}
	if err == nil {
		err = o.commit()
	}
	if err != nil || o.options.quiet {
		return err
	}
	if o.options.format != "text" {
		err = report.Problems(o.console.stderr, s)
	}
	if err == nil && o.options.format != "text" {
		err = report.Exceptions(o.console.stderr, o.exceptions)
	}
	if err == nil && o.options.format != "text" {
		err = report.NotRun(o.console.stderr, o.notRun)
	}
	if err == nil && (o.options.format != "text" || o.file != nil) {
		err = report.Summary(o.console.stderr, s)
	}
	return err
}

// result is the case of the run.
func (o *output) result(s *scan.Summary) *triage.Case {
	c := o.collector.Case(s)
	c.Exceptions, c.NotRun = o.exceptions, o.notRun
	return c
}

// commit writes what is left and puts the file in its place.
func (o *output) commit() error {
	if err := o.w.Flush(); err != nil || o.file == nil {
		return err
	}
	return o.file.commit()
}

// discard removes a file that was not finished.
func (o *output) discard() {
	if o.file != nil {
		o.file.discard()
	}
}

// Widths in columns of a report that does not go to a terminal, and the narrowest there is.
const (
	pipedWidth  = 120
	narrowWidth = 60
)

// terminal says what the text report is written for: colour only on a terminal.
func (o *output) terminal() report.TerminalOptions {
	t := report.TerminalOptions{Width: envWidth(pipedWidth)}
	if !o.isTerminal() {
		return t
	}
	f := o.console.stdout.(*os.File)
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		t.Width = max(width, narrowWidth)
	}
	t.Color = !o.options.noColor && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	t.Background = background(os.Getenv("COLORFGBG"))
	return t
}

// isTerminal reports whether the output goes to a terminal.
func (o *output) isTerminal() bool {
	f, ok := o.console.stdout.(*os.File)
	return ok && o.file == nil && term.IsTerminal(int(f.Fd()))
}

// envWidth returns the columns that the environment asks for, or otherwise.
func envWidth(otherwise int) int {
	n, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil || n <= 0 {
		return otherwise
	}
	return min(max(n, narrowWidth), 1000)
}

// background reads COLORFGBG, "15;0" for white on black. Many terminals do not set it. They
// are not asked: the answer would come in on standard input, which may be evidence.
func background(colors string) report.Background {
	number, err := strconv.Atoi(colors[strings.LastIndexByte(colors, ';')+1:])
	switch {
	case err != nil || number < 0:
		return report.UnknownBackground
	case number < 7 || number == 8:
		return report.DarkBackground
	}
	return report.LightBackground
}
