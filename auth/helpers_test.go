package auth_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/storage/sqlstore"
	"github.com/soratoo/soratoo/storage/testservers"
)

const (
	issuer   = "https://soratoo.example"
	password = "a lamp on the coast"
	address  = "192.0.2.1"
)

// here is where people sign in.
var here = auth.Origin{Address: address, Device: "Firefox on Windows"}

// house is a service with a store of its own and a clock that tests turn.
type house struct {
	*auth.Service
	store *sqlstore.Store
	key   ed25519.PrivateKey
	now   time.Time
}

func newHouse(t *testing.T) *house {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), testservers.SQLite(t, prepared))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	h := &house{store: store, key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), now: time.UnixMilli(1_800_000_000_000).UTC()}
	h.Service = h.service()
	return h
}

// service makes a service on the same store, as after a restart.
func (h *house) service() *auth.Service {
	return auth.New(auth.Config{Store: h.store, Key: h.key, Issuer: issuer, Stretch: quick, Now: func() time.Time { return h.now }})
}

func (h *house) pass(d time.Duration) { h.now = h.now.Add(d) }

// adult is a sign-up that is accepted.
func adult(name, email string) auth.SignUp {
	return auth.SignUp{Name: name, Email: email, Password: password, BirthYear: 1990, Accepted: true, From: here}
}

func (h *house) signUp(t *testing.T, name, email string) auth.SignedIn {
	t.Helper()
	in, err := h.SignUp(t.Context(), adult(name, email))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// principal is who has just signed in.
func (h *house) principal(t *testing.T, in auth.SignedIn) auth.Principal {
	t.Helper()
	p, err := h.Cookie(t.Context(), in.Cookie)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// own returns the only workspace of somebody.
func (h *house) own(t *testing.T, p auth.Principal) auth.Workspace {
	t.Helper()
	list, err := h.Workspaces(t.Context(), p, auth.Page{Limit: 2})
	if err != nil || len(list) != 1 {
		t.Fatalf("Workspaces = %v, %v, want one", list, err)
	}
	return list[0]
}

// project makes a project in a workspace.
func (h *house) project(t *testing.T, p auth.Principal, workspace string) auth.Project {
	t.Helper()
	made, err := h.CreateProject(t.Context(), p, auth.NewProject{
		Workspace: workspace, Name: "Lighthouse", Prepare: func(auth.Project) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func wantErr(t *testing.T, doing string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s = %v, want %v", doing, err, want)
	}
}

// prepared makes a database without rows.
func prepared(t testing.TB, path string) {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// quick stretches passwords of tests: argon2id takes a second under the race detector.
func quick(password, salt []byte) []byte {
	sum := sha256.Sum256(append(slices.Clone(salt), password...))
	return sum[:]
}
