// Command bench measures SoraToo's engine and server beside their peers, all in
// one run, prints the tables and writes docs/benchmarks.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/soratoo/soratoo/crdt/crdttest"
)

// limit bounds a whole run.
const limit = 20 * time.Minute

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is a run: what it needs of the outside and how thorough it is.
type bench struct {
	ctx   context.Context
	dir   string // temporary
	peers string // where the peers are installed
	quick bool
	trace []crdttest.Keystroke
	book  book
}

func run() error {
	what := "all"
	args := os.Args[1:]
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		what, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	quick := flags.Bool("quick", false, "fewer repetitions and connections; docs/benchmarks.md is not written")
	_ = flags.Parse(args) // exits on errors
	if what != "all" && what != "engine" && what != "server" {
		return fmt.Errorf("%q is none of engine, server, all", what)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	dir, err := os.MkdirTemp("", "soratoo-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{ctx: ctx, dir: dir, quick: *quick}
	if b.peers, err = installPeers(ctx); err != nil {
		return err
	}
	if err := b.writeTrace(); err != nil {
		return err
	}
	if what != "server" {
		err = b.engines()
	}
	if what != "engine" && err == nil {
		err = b.servers()
	}
	if err == nil && ctx.Err() != nil {
		err = errors.New("interrupted, or over the time limit")
	}
	if err != nil {
		return err
	}
	fmt.Println()
	if err := b.book.write(os.Stdout); err != nil {
		return err
	}
	if what != "all" || *quick {
		return nil
	}
	f, err := os.Create("docs/benchmarks.md")
	if err != nil {
		return err
	}
	if err := b.head(f); err != nil {
		return err
	}
	return errors.Join(b.book.write(f), f.Close())
}

// say tells how far the run is.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
