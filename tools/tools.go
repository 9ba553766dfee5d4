//go:build tools

// Package tools pins the versions of development tools, apart from the module
// that users build.
package tools

import (
	_ "golang.org/x/perf/cmd/benchstat"
	_ "honnef.co/go/tools/cmd/staticcheck"
)
