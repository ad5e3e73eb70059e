//go:build !amd64

package auditd

const hasRunVector = false

func runVector(*runArgs) { panic("no vector code for this processor") }

func quoteVector(*byte, int) int { panic("no vector code for this processor") }
