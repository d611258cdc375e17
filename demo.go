package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/render"
	"github.com/soratoo/soratoo/rooms/timeline"
	"github.com/soratoo/soratoo/storage"
)

const (
	demoWorkspace = "Demo studio"
	demoProject   = "Harbour at dawn"
	demoBirthYear = 1990
	demoLinks     = 100                    // for guests, of which all but the last were revoked
	demoTake      = 2 * time.Minute        // for the take; what is not done by then the server goes on with
	demoLook      = 100 * time.Millisecond // between looks at it
	demoPage      = 100                    // things looked through for those that are there already
)

var demoOrigin = auth.Origin{Address: "demo", Device: "soratoo demo"}

func demoHelp() string {
	return "Make a demo workspace with two editors, a sample project and a link for guests, and print how to sign in.\nWhat is there already is left as it is.\n\n" +
		"Usage: soratoo demo [flags]\n\n" + settingsHelp()
}

// demo makes the demo workspace, or finds it, and prints how to sign in.
func (p program) demo(ctx context.Context) error {
	c, err := p.configure("demo")
	if err != nil {
		return err
	}
	n, err := open(ctx, c, slog.New(slog.DiscardHandler))
	if errors.Is(err, storage.ErrInUse) {
		return fmt.Errorf("a server is running on %s: stop it first, the demo needs the data directory for itself", c.dataDir)
	}
	if err != nil {
		return err
	}
	d := demonstration{node: n, dir: c.dataDir}
	err = d.make(ctx)
	if err := errors.Join(err, n.close()); err != nil {
		return err
	}
	p.say(`The demo is ready. Sign in as Ada in one browser and as Ben in another:

  %s/p/%s

  Ada   %s   %s
  Ben   %s   %s

Guests comment without an account by this link:

  %s/s/%s

`, c.publicURL, d.project.ID, d.ada.email, d.ada.password, d.ben.email, d.ben.password, c.publicURL, d.link)
	return nil
}

// demonstration is the demo being made.
type demonstration struct {
	*node
	dir      string
	ada, ben demoPerson
	project  auth.Project
	link     string // the token of a link for guests
}

type demoPerson struct {
	principal       auth.Principal
	email, password string
}

func (d *demonstration) make(ctx context.Context) (err error) {
	if d.ada, err = d.person(ctx, "Ada", "ada@demo.example"); err != nil {
		return err
	}
	if d.ben, err = d.person(ctx, "Ben", "ben@demo.example"); err != nil {
		return err
	}
	workspace, err := d.workspace(ctx)
	if err != nil {
		return err
	}
	if err := d.store.SetMember(ctx, workspace, d.ben.principal.Person, auth.RoleEditor); err != nil {
		return err
	}
	if d.project, err = d.sample(ctx, workspace); err != nil {
		return err
	}
	if d.link, err = d.share(ctx); err != nil {
		return err
	}
	return d.take(ctx)
}

// person signs a demo account in, and up when it is not there.
func (d *demonstration) person(ctx context.Context, name, email string) (demoPerson, error) {
	password, err := d.password(name)
	if err != nil {
		return demoPerson{}, err
	}
	in, err := d.auth.SignIn(ctx, email, password, demoOrigin)
	if errors.Is(err, auth.ErrCredentials) {
		in, err = d.auth.SignUp(ctx, auth.SignUp{
			Name: name, Email: email, Password: password, BirthYear: demoBirthYear, Accepted: true, From: demoOrigin,
		})
	}
	if errors.Is(err, auth.ErrTaken) {
		return demoPerson{}, fmt.Errorf("%s has an account with another password; remove the data directory %s to begin anew", email, d.dir)
	}
	return demoPerson{auth.Principal{Person: in.Account.ID, Name: name}, email, password}, err
}

// password is the same on every run and different in every installation: it
// comes from the installation's key.
func (d *demonstration) password(name string) (string, error) {
	secret, err := d.secret(name)
	if err != nil {
		return "", err
	}
	return strings.ToLower(base32.StdEncoding.EncodeToString(secret[:10])), nil
}

// secret is one of the demo's, by what it is for.
func (d *demonstration) secret(of string) ([]byte, error) {
	mac := hmac.New(sha256.New, d.key.Seed())
	mac.Write([]byte("demo " + of))
	return mac.Sum(nil), nil
}

// share makes a link for guests, or finds it. One that was revoked gives way to
// the next.
func (d *demonstration) share(ctx context.Context) (token string, err error) {
	there, err := d.auth.Shares(ctx, d.ada.principal, d.project.ID, auth.Page{Limit: demoPage})
	if err != nil {
		return "", err
	}
	for n := range demoLinks {
		secret, err := d.secret(fmt.Sprintf("link %s %d", d.project.ID, n))
		if err != nil {
			return "", err
		}
		token = base64.RawURLEncoding.EncodeToString(secret[:16])
		hash := sha256.Sum256([]byte(token))
		if slices.ContainsFunc(there, func(s auth.Share) bool { return bytes.Equal(s.Hash, hash[:]) }) {
			return token, nil
		}
		_, _, err = d.auth.CreateShare(ctx, d.ada.principal, auth.NewShare{Project: d.project.ID, Comment: true, Token: token})
		if !errors.Is(err, auth.ErrTooMany) {
			return token, err
		}
	}
	return "", fmt.Errorf("all %d links of the demo were revoked; remove the data directory %s to begin anew", demoLinks, d.dir)
}

func (d *demonstration) workspace(ctx context.Context) (string, error) {
	found, err := d.auth.Workspaces(ctx, d.ada.principal, auth.Page{Limit: demoPage})
	if err != nil {
		return "", err
	}
	for _, w := range found {
		if w.Name == demoWorkspace {
			return w.ID, nil
		}
	}
	w, err := d.auth.CreateWorkspace(ctx, d.ada.principal, demoWorkspace)
	return w.ID, err
}

func (d *demonstration) sample(ctx context.Context, workspace string) (auth.Project, error) {
	found, err := d.auth.Projects(ctx, d.ada.principal, workspace, auth.Page{Limit: demoPage})
	if err != nil {
		return auth.Project{}, err
	}
	for _, p := range found {
		if p.Name == demoProject {
			return p, nil
		}
	}
	return d.auth.CreateProject(ctx, d.ada.principal, auth.NewProject{
		Workspace: workspace, Name: demoProject,
		Prepare: func(p auth.Project) error {
			return d.begin(ctx, p.ID, d.ada.principal.Person, timeline.Sample(p.Name))
		},
	})
}

// take has the shortest scene rendered, small, so that who comes anew sees pictures.
// Without ffmpeg there are none, and what was rendered or asked for once is left as
// it is.
func (d *demonstration) take(ctx context.Context) error {
	if d.renders.service.Missing != "" {
		return nil
	}
	known, _, err := d.store.Jobs(ctx, render.Filter{Project: d.project.ID, Limit: 1})
	if err != nil || len(known) > 0 {
		return err
	}
	working, stop := context.WithTimeout(ctx, demoTake)
	group, running := errgroup.WithContext(working)
	group.Go(func() error { return d.hub.Run(running) })
	group.Go(func() error { return d.renders.dispatcher.Run(running) })
	err = d.render(running)
	stop()
	if ended := group.Wait(); ended != nil && ctx.Err() == nil && !errors.Is(ended, context.Canceled) {
		err = errors.Join(err, ended)
	}
	return err
}

// render asks for the take and waits for it.
func (d *demonstration) render(ctx context.Context) error {
	cut, err := cuts{d.node}.Cut(ctx, d.project.ID)
	if err != nil || len(cut.Scenes) == 0 {
		return err
	}
	scene := slices.MinFunc(cut.Scenes, func(a, b timeline.Scene) int { return a.Length - b.Length })
	asked, err := d.renders.service.Ask(ctx, d.ada.principal, render.Request{
		Project: d.project.ID, Kind: render.Scene, Scene: scene.ID, Preset: "preview",
	})
	if err != nil {
		return err
	}
	look := time.NewTicker(demoLook)
	defer look.Stop()
	for job := asked.Job; ; {
		switch {
		case job.State == render.Done:
			if err := (cuts{d.node}).Choose(ctx, d.project.ID, d.ada.principal.Person, scene.ID, job.Result.Asset); err != nil {
				return err
			}
			return d.store.Chosen(ctx, job.ID)
		case job.Over():
			return nil // its reason is in the queue
		}
		select {
		case <-ctx.Done():
			return nil // the server goes on with it
		case <-look.C:
		}
		if job, err = d.store.Job(ctx, job.ID); err != nil && ctx.Err() == nil {
			return err
		}
	}
}
