package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/storage"
)

func adminHelp() string {
	return `Work on an installation as its operator, while its server is stopped.

Usage: soratoo admin create-user --name NAME --email EMAIL --birth-year YEAR --accepted-policy [flags]

  create-user   make an account with a workspace of its own. The password is the first line of
                standard input. The year is looked at, not kept. --accepted-policy says that the
                person has accepted the privacy policy.

` + settingsHelp()
}

// admin does what an operator asks for.
func (p program) admin(ctx context.Context) error {
	if len(p.args) == 0 || p.args[0] != "create-user" {
		return usageError{errors.New("admin needs one of: create-user; soratoo admin --help tells more")}
	}
	p.args = p.args[1:]
	return p.createUser(ctx)
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
