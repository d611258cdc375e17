// Command bench measures SoraToo's engine and server beside their peers, and how
// smooth its page is, all in one run, prints the tables and writes docs/benchmarks.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/soratoo/soratoo/crdt/crdttest"
)

// limit bounds a whole run. Peers that it cuts off are not measured further.
const limit = 30 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is a run: what it needs of the outside and how thorough it is.
type bench struct {
	dir   string // temporary
	peers string // where the peers are installed; empty when they could not be
	only  string // servers whose names have these words; empty: all
	quick bool
	// postgres is its version; empty when it was not measured.
	postgres string
	trace    []crdttest.Keystroke
	book     book
}

func run(ctx context.Context, args []string) error {
	what := "all"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		what, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet("bench [engine|log|server|page|films|renders|all]", flag.ExitOnError)
	quick := flags.Bool("quick", false, "fewer repetitions and connections; docs/benchmarks.md is not written")
	only := flags.String("only", "", "servers whose names have these words; docs/benchmarks.md is not written")
	_ = flags.Parse(args) // exits on errors
	if !slices.Contains([]string{"all", "engine", "log", "server", "page", "films", "renders"}, what) {
		return fmt.Errorf("%q is none of engine, log, server, page, films, renders, all", what)
	}
	dir, err := os.MkdirTemp("", "soratoo-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir, quick: *quick, only: *only}
	failed := b.measure(ctx, what)
	fmt.Println()
	if err := b.book.write(os.Stdout); err != nil {
		return errors.Join(failed, err)
	}
	if what != "all" || *quick || *only != "" || failed != nil && !errors.Is(failed, errLost) {
		return failed
	}
	// What was lost is told in the tables, too.
	return errors.Join(failed, b.publish(ctx, "docs/benchmarks.md"))
}

// measure fills the book. It fails when we do: peers may.
func (b *bench) measure(ctx context.Context, what string) (err error) {
	interrupted := ctx
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	switch what {
	case "log":
		return b.logs(ctx)
	case "page":
		return b.pages(ctx)
	case "films":
		return b.films(ctx)
	case "renders":
		return b.renders(ctx)
	}
	if b.peers, err = installPeers(ctx); err != nil {
		say("the peers are not measured: %v", err)
	}
	if err := b.writeTrace(); err != nil {
		return err
	}
	if what != "server" {
		if err := b.engines(ctx); err != nil {
			return err
		}
	}
	if what == "all" {
		if err := b.logs(ctx); err != nil {
			return err
		}
	}
	if what != "engine" {
		if err := b.servers(ctx); err != nil {
			return err
		}
	}
	if what == "all" {
		if err := b.films(ctx); err != nil {
			return err
		}
		if err := b.renders(ctx); err != nil {
			return err
		}
		if err := b.pages(ctx); err != nil {
			return err
		}
	}
	return context.Cause(interrupted)
}

// say tells how far the run is.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
