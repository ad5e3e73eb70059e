// Package triage turns findings into a Case: what an analyst is shown, built once and
// rendered by package report. NewCollector is the way in.
package triage

import "kscan/scan"

// Case is what every renderer shows. Its texts are raw: a renderer escapes them.
type Case struct {
	Summary *scan.Summary
}
