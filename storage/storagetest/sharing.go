package storagetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/soratoo/soratoo/auth"
)

func tickets(t *testing.T, s auth.Store) {
	now := time.UnixMilli(1_000_000)
	if err := s.CreateAccount(t.Context(), auth.Account{ID: "p", Email: "p"}, auth.Workspace{ID: "w"}); err != nil {
		t.Fatal(err)
	}
	add := func(hash string, at time.Time) error {
		return s.AddTicket(t.Context(), auth.Ticket{Hash: []byte(hash), Person: "p", Session: "s", Project: "f", Expires: at.Add(time.Minute)}, 2, at)
	}
	if err := errors.Join(add("a", now), add("b", now)); err != nil {
		t.Fatal(err)
	}
	if err := add("c", now); !errors.Is(err, auth.ErrTooMany) {
		t.Errorf("a third ticket: %v, want ErrTooMany", err)
	}
	got, err := s.TakeTicket(t.Context(), []byte("a"))
	if err != nil || got.Person != "p" || got.Session != "s" || got.Project != "f" || !got.Expires.Equal(now.Add(time.Minute)) {
		t.Errorf("TakeTicket = %+v, %v", got, err)
	}
	if _, err := s.TakeTicket(t.Context(), []byte("a")); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("taken again: %v, want ErrNotFound", err)
	}
	later := now.Add(2 * time.Minute) // b is over by then
	if err := errors.Join(add("d", later), add("e", later)); err != nil {
		t.Error(err)
	}
	if _, err := s.TakeTicket(t.Context(), []byte("b")); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("one that was over: %v, want ErrNotFound", err)
	}
}

func sharing(t *testing.T, s auth.Store) {
	now := time.UnixMilli(1_000_000).UTC()
	if err := errors.Join(
		s.CreateAccount(t.Context(), auth.Account{ID: "p", Email: "p", Name: "Ada"}, auth.Workspace{ID: "w"}),
		s.CreateProject(t.Context(), auth.Project{ID: "film", Workspace: "w", Name: "Film"}),
	); err != nil {
		t.Fatal(err)
	}
	share := func(id string) auth.Share {
		return auth.Share{ID: id, Project: "film", Hash: []byte(id), Comment: true, Person: "p", Created: now, Expires: now.Add(time.Hour)}
	}
	if err := errors.Join(s.CreateShare(t.Context(), share("a"), 2), s.CreateShare(t.Context(), share("b"), 2)); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateShare(t.Context(), share("c"), 2); !errors.Is(err, auth.ErrTooMany) {
		t.Errorf("a third link: %v, want ErrTooMany", err)
	}
	for i := range 3 {
		g := auth.Guest{ID: fmt.Sprint("guest", i), Share: "a", Name: "G", Hash: []byte("h"), Created: now.Add(time.Duration(i))}
		gone, err := s.CreateGuest(t.Context(), g, 2)
		if want := map[int]string{2: "guest0"}[i]; err != nil || gone != want {
			t.Errorf("guest %d lets %q go, %v, want %q", i, gone, err, want)
		}
	}
	for i := range 4 {
		v := auth.View{ID: fmt.Sprint("v", i), Guest: "guest1", At: now.Add(time.Duration(i) * time.Second)}
		if err := s.AddView(t.Context(), "a", v, 3); err != nil {
			t.Fatal(err)
		}
	}
	views, err := s.Views(t.Context(), "a", auth.Page{Limit: 10})
	if err != nil || len(views) != 3 || views[0].ID != "v1" {
		t.Errorf("Views = %+v, %v, want the newest three", views, err)
	}
	if err := s.RevokeShare(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	if err := s.RevokeShare(t.Context(), "b"); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("revoked again: %v, want ErrNotFound", err)
	}
	list, err := s.Shares(t.Context(), "film", auth.Page{Limit: 10})
	if err != nil || len(list) != 1 || list[0].ID != "a" || list[0].Views != 3 || !list[0].Comment || list[0].Download || list[0].Crowded != 1 || list[0].Title != "Film" {
		t.Errorf("Shares = %+v, %v", list, err)
	}
	if got, err := s.ShareByHash(t.Context(), []byte("b")); err != nil || !got.Revoked || !got.Expires.Equal(now.Add(time.Hour)) {
		t.Errorf("ShareByHash of a revoked link = %+v, %v", got, err)
	}
	people, err := s.SharePeople(t.Context(), "a", []string{"p", "guest1", "nobody"})
	if err != nil || fmt.Sprint(people) != "[{guest1 G  true} {p Ada  false}]" {
		t.Errorf("SharePeople = %v, %v", people, err)
	}
	if people, err := s.SharePeople(t.Context(), "a", nil); err != nil || len(people) != 0 {
		t.Errorf("SharePeople of nobody = %v, %v", people, err)
	}
}

// Tries runs the contract of auth.Tries: what nodes count together.
func Tries(t *testing.T, open func(t *testing.T) []auth.Tries) {
	nodes := open(t)
	try := func(i int, key string, every time.Duration) bool {
		t.Helper()
		ok, err := nodes[i%len(nodes)].Try(t.Context(), key, 3, every)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	for i := range 5 {
		if got := try(i, "a", time.Hour); got != (i < 3) {
			t.Errorf("try %d of three: %t", i, got)
		}
	}
	if !try(0, "b", time.Hour) {
		t.Error("another key was counted along")
	}
	for i := range 3 {
		try(i, "c", time.Millisecond)
	}
	for end := time.Now().Add(10 * time.Second); !try(0, "c", time.Millisecond); {
		if time.Now().After(end) {
			t.Fatal("nothing comes back")
		}
	}
}
