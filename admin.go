package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/storage"
)

func adminHelp() string {
	return `Work on an installation as its operator. With the embedded database its server has to be stopped, but for backup.

Usage: soratoo admin create-user --name NAME --email EMAIL --birth-year YEAR --accepted-policy [flags]
       soratoo admin backup FILE [--passphrase-file FILE] [flags]
       soratoo admin restore FILE [--passphrase-file FILE] [flags]
       soratoo admin rotate-keys [flags]
       soratoo admin nodes [flags]

  backup        copy everything into one encrypted file, beside servers at work. It opens with the master
                key, which is not in it, or with a passphrase, and then that key is in it.
  restore       bring a backup into an empty installation, also on the other kind of database.
  rotate-keys   change the master key. With PostgreSQL the servers go on meanwhile; it takes 15 seconds at least.
  nodes         list the nodes that share the database, with their rooms, members and load.
  create-user   make an account with a workspace of its own. The password is the first line of
                standard input. The year is looked at, not kept. --accepted-policy says that the
                person has accepted the privacy policy.

` + settingsHelp()
}

// adminCommands are what an operator may ask for.
var adminCommands = map[string]func(program, context.Context) error{
	"backup":      program.backup,
	"create-user": program.createUser,
	"nodes":       program.nodes,
	"restore":     program.restore,
	"rotate-keys": program.rotateKeys,
}

// admin does what an operator asks for.
func (p program) admin(ctx context.Context) error {
	if len(p.args) == 0 || adminCommands[p.args[0]] == nil {
		names := strings.Join(slices.Sorted(maps.Keys(adminCommands)), ", ")
		return usageError{fmt.Errorf("admin needs one of: %s; soratoo admin --help tells more", names)}
	}
	run := adminCommands[p.args[0]]
	p.args = p.args[1:]
	return run(p, ctx)
}

// nodesWithin is how long ago a node that counts as living was last seen.
const nodesWithin = 3 * beatEvery

// nodes lists the nodes that share the database.
func (p program) nodes(ctx context.Context) error {
	c, err := p.configure("admin nodes")
	if err != nil {
		return err
	}
	if c.databaseURL == "" {
		return usageError{errors.New("admin nodes is for nodes that share a database: set SORATOO_DATABASE_URL")}
	}
	store, err := storage.Open(ctx, storage.Config{Dir: c.dataDir, URL: c.databaseURL})
	if err != nil {
		return err
	}
	found, err := store.Nodes(ctx, nodesWithin)
	if err := errors.Join(err, store.Close()); err != nil {
		return err
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "NODE\tADDRESS\tVERSION\tUP\tROOMS\tMEMBERS\tLOAD")
	for _, n := range found {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%d\t%.2f\n", n.ID, n.Address, n.Version, n.Seen.Sub(n.Started).Round(time.Second), n.Rooms, n.Members, n.Load)
	}
	return table.Flush()
}

// createUser makes an account, as signing up does.
func (p program) createUser(ctx context.Context) error {
	in := auth.SignUp{From: auth.Origin{Address: "admin", Device: "soratoo admin"}}
	c, err := p.configure("admin create-user", func(f *flag.FlagSet) {
		f.StringVar(&in.Name, "name", "", "as others see it")
		f.StringVar(&in.Email, "email", "", "to sign in with")
		f.IntVar(&in.BirthYear, "birth-year", 0, "looked at, not kept")
		f.BoolVar(&in.Accepted, "accepted-policy", false, "the person has accepted the privacy policy")
	})
	switch {
	case err != nil:
		return err
	case in.Name == "" || !strings.Contains(in.Email, "@") || in.BirthYear == 0:
		return usageError{errors.New("admin create-user needs --name, --email and --birth-year")}
	}
	in.Password, err = bufio.NewReader(io.LimitReader(p.stdin, maxPasswordLine)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the password: %w", err)
	}
	in.Password = strings.TrimRight(in.Password, "\r\n")
	n, err := open(ctx, c, slog.New(slog.DiscardHandler))
	if errors.Is(err, storage.ErrInUse) {
		return fmt.Errorf("a server is running on %s: stop it first, or have the person sign up at %s", c.dataDir, c.publicURL)
	}
	if err != nil {
		return err
	}
	made, err := n.auth.SignUp(ctx, in)
	if err = errors.Join(err, n.close()); err != nil {
		return fmt.Errorf("making the account: %w", err)
	}
	p.say("%s has an account: %s\n", made.Account.Email, made.Account.ID)
	return nil
}

// maxPasswordLine is how much of standard input may be a password, in bytes.
const maxPasswordLine = 4 << 10
