// Command soratoo is the collaboration server of a text-to-video workspace:
// several editors write one storyboard and cut one timeline at the same moment.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

const usage = `SoraToo is a real-time collaboration server for a text-to-video workspace.

Usage: soratoo [command] [flags]

  serve     run the server; also what a bare "soratoo" does
  demo      make a demo workspace with two editors and a sample project, and print their sign-ins
  doc       look at and change Yjs update files without a server
  version   print version, commit and Go version

"soratoo <command> --help" tells more. Settings are environment variables named SORATOO_…;
flags override them.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	p := program{args: os.Args[1:], environ: os.Environ(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	os.Exit(p.run(ctx))
}

// program is one run of the command, with all that it touches of its process.
type program struct {
	args    []string
	environ []string
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
}

// usageError is a command that was called wrongly.
type usageError struct{ error }

// The exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// run runs the command that the arguments name and returns the exit status.
func (p program) run(ctx context.Context) int {
	err := p.command(ctx)
	var wrong usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &wrong):
		fmt.Fprintf(p.stderr, "soratoo: %v\n", err)
		return exitUsage
	default:
		fmt.Fprintf(p.stderr, "soratoo: %v\n", err)
		return exitFailed
	}
}

func (p program) command(ctx context.Context) error {
	name := "serve"
	if len(p.args) > 0 && !strings.HasPrefix(p.args[0], "-") {
		name, p.args = p.args[0], p.args[1:]
	}
	if len(p.args) == 1 && (p.args[0] == "--help" || p.args[0] == "-h") && name == "serve" {
		fmt.Fprint(p.stdout, usage, "\n", settingsHelp())
		return nil
	}
	switch name {
	case "serve":
		return p.serve(ctx)
	case "demo":
		return p.demo(ctx)
	case "doc":
		return docCommand(p.args, p.stdin, p.stdout)
	case "version":
		fmt.Fprintln(p.stdout, version())
		return nil
	case "help":
		fmt.Fprint(p.stdout, usage)
		return nil
	default:
		return usageError{fmt.Errorf("there is no command %q; soratoo --help lists them", name)}
	}
}
