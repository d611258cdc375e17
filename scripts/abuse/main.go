// Abuse does to a server what a hostile or unlucky person can do, in small, and
// prints what that costs the server in memory and processor time:
//
//	go run ./scripts/abuse -server ./soratoo
//
// Each attack has a server of its own, on this machine, in a temporary directory.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"
)

// attack is one of them. It leaves the server as it is at its worst.
type attack struct {
	name string
	do   func(ctx context.Context, t *target) (says string, err error)
}

const attackTime = 2 * time.Minute

var attacks = []attack{
	{"600,000 client ids in one update", clients},
	{"31 edits that wait, beside 2,000 others", waiting},
	{"300 strangers, each 4 early messages of 255 KiB", early},
	{"60 half-sent messages of 16 MB", halves},
	{"190 questions for a state of 6 MB, never read", unread},
	{"60 exports of a 6 MB document at once", exports},
	{"16 slow uploads of one person", uploads},
}

func main() {
	server := flag.String("server", "./soratoo", "the program")
	only := flag.Int("only", 0, "the number of one attack; 0: all")
	flag.Parse()
	fmt.Printf("%-50s %10s %10s %8s  %s\n", "attack", "RSS before", "RSS most", "CPU", "")
	for i, a := range attacks {
		if *only != 0 && *only != i+1 {
			continue
		}
		if err := run(*server, a); err != nil {
			fmt.Fprintf(os.Stderr, "abuse: %s: %v\n", a.name, err)
			os.Exit(1)
		}
	}
}

func run(program string, a attack) error {
	ctx, cancel := context.WithTimeout(context.Background(), attackTime)
	defer cancel()
	t, err := start(ctx, program)
	if err != nil {
		return err
	}
	defer t.stop()
	before, _ := t.memory()
	used := t.processor()
	says, err := a.do(ctx, t)
	if err != nil {
		says += fmt.Sprintf(" (%v)", err)
	}
	_, most := t.memory()
	fmt.Printf("%-50s %7d MB %7d MB %6.1f s  %s\n", a.name, before>>20, most>>20, (t.processor() - used).Seconds(), says)
	return nil
}
