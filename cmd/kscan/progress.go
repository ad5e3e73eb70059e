package main

import (
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress is the bar of a long run: on standard error, and only if that is a terminal.
type progress struct {
	bar   *progressbar.ProgressBar
	start time.Time
}

// progressDelay is how long a run takes before there is a bar: most are over sooner.
const progressDelay = time.Second

// newProgress returns the progress of a run; it shows nothing where nobody would see it.
func newProgress(c *console, o *outputOptions) *progress {
	p := &progress{start: time.Now()}
	f, ok := c.stderr.(*os.File)
	if !ok || o.quiet || !term.IsTerminal(int(f.Fd())) {
		return p
	}
	p.bar = progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(f),
		progressbar.OptionSetDescription("scanning"),
		progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionFullWidth(),
		progressbar.OptionEnableColorCodes(false),
	)
	return p
}

// tell returns what shows how far the run is, nil if that is not shown.
func (p *progress) tell() func(done, total int64) {
	if p.bar == nil {
		return nil
	}
	return p.update
}

func (p *progress) update(done, total int64) {
	if time.Since(p.start) < progressDelay {
		return
	}
	// A bar that cannot be drawn is no reason to stop.
	if total > 0 && done <= total {
		p.bar.ChangeMax64(total)
	}
	_ = p.bar.Set64(done)
}

// end takes the bar away before anything else is printed.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
