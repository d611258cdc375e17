package main

import (
	"context"
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

func versionHelp() string {
	return "Print version, commit and Go version in one line.\n\nUsage: soratoo version\n"
}

// version prints what program this is.
func (p program) version(context.Context) error {
	if len(p.args) > 0 {
		return usageError{fmt.Errorf("version takes no argument %q", p.args[0])}
	}
	_, err := fmt.Fprintln(p.stdout, version())
	return err
}
