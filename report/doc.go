// Package report renders what a scan found. Terminal is for people, JSON for the whole
// case, JSONL for findings as they come; Summary and Problems are the lines on standard
// error beside the last two. Renderers are pure functions of a triage.Case: the same
// case gives the same bytes. All text from logs, rules and file names goes through
// package safe.
package report
