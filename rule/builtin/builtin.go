// Package builtin holds the rules that come with kscan, as the files that a user would
// write. Package rule loads Files; nothing here is compiled into Go.
package builtin

import "embed"

// Files are the embedded rules, in Elastic's TOML, and their cases.
//
//go:embed *.toml *.tests
var Files embed.FS
