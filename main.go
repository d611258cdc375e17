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
	"slices"
	"strings"
	"syscall"
)

// command is one of the things that the program does.
type command struct {
	name, line string
	help       func() string
	run        func(p program, ctx context.Context) error
}

// commands are what the program does; a bare call does the first.
func commands() []command {
	return []command{
		{"serve", `run the server; also what a bare "soratoo" does`, serveHelp, program.serve},
		{"demo", "make a demo workspace with two editors and a sample project, and print their sign-ins", demoHelp, program.demo},
		{"admin", "make accounts, for operators", adminHelp, program.admin},
		{"doc", "look at and change Yjs update files without a server", nil, program.doc},
		{"version", "print version, commit and Go version", versionHelp, program.version},
	}
}

// usage is what the program can do, for people.
func usage() string {
	var b strings.Builder
	b.WriteString("SoraToo is a real-time collaboration server for a text-to-video workspace.\n\nUsage: soratoo [command] [flags]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-9s %s\n", c.name, c.line)
	}
	b.WriteString("\n\"soratoo <command> --help\" tells more. Settings are environment variables named SORATOO_…;\nflags override them.\n\n")
	return b.String() + settingsHelp()
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	p := program{args: os.Args[1:], environ: os.Environ(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	limitMemory(p.environ, memoryFiles)
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
	if err == nil {
		return exitDone
	}
	_, _ = fmt.Fprintf(p.stderr, "soratoo: %v\n", err) // the status tells, too
	if errors.As(err, &wrong) {
		return exitUsage
	}
	return exitFailed
}

// say tells the person at the terminal something, if somebody is there.
func (p program) say(format string, args ...any) { _, _ = fmt.Fprintf(p.stdout, format, args...) }

// command finds the command that the arguments name and runs it, or shows its
// help.
func (p program) command(ctx context.Context) error {
	all := commands()
	c := all[0]
	if len(p.args) > 0 && p.args[0] == "help" {
		p.args = []string{"--help"}
	}
	if len(p.args) > 0 && !strings.HasPrefix(p.args[0], "-") {
		name := p.args[0]
		i := slices.IndexFunc(all, func(c command) bool { return c.name == name })
		if i < 0 {
			return usageError{fmt.Errorf("there is no command %q; soratoo --help lists them", name)}
		}
		c, p.args = all[i], p.args[1:]
	} else if slices.ContainsFunc(p.args, asksHelp) {
		c.help = usage
	}
	if c.help != nil && slices.ContainsFunc(p.args, asksHelp) {
		_, err := io.WriteString(p.stdout, c.help())
		return err
	}
	return c.run(p, ctx)
}

func asksHelp(arg string) bool { return arg == "--help" || arg == "-help" || arg == "-h" }

func (p program) doc(context.Context) error { return docCommand(p.args, p.stdin, p.stdout) }
