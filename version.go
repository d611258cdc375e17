package main

import (
	"fmt"
	"runtime/debug"
)

// release is the version of the program; the linker may set another.
var release = "0.1.0-dev"

// version tells version, commit and Go version in one line.
func version() string {
	commit, goVersion := "unknown", "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		goVersion = info.GoVersion
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	return fmt.Sprintf("soratoo %s (commit %s, %s)", release, commit, goVersion)
}
