// Package version tells which version of the project a program was built from.
package version

import "runtime/debug"

// release is set by the linker for a release:
//
//	go build -ldflags "-X ponita/internal/version.release=v1.2.3"
var release string

// String returns the release, else the version of the module or the commit that
// the Go tool recorded, else "unknown".
func String() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	commit, changed := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+changes"
		}
	}
	if commit == "" {
		return "unknown"
	}
	return "commit " + commit + changed
}
