package auth_test

import (
	"errors"
	"testing"
	"time"

	"github.com/soratoo/soratoo/auth"
)

// studio is a project of Ada's.
func (h *house) studio(t *testing.T) (auth.Principal, auth.Project) {
	t.Helper()
	ada := auth.Principal{Person: h.signUp(t, "Ada", "ada@storage.example").Account.ID}
	spaces, err := h.Workspaces(t.Context(), ada, auth.Page{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	project, err := h.CreateProject(t.Context(), ada, auth.NewProject{
		Workspace: spaces[0].ID, Name: "Harbour", Prepare: func(auth.Project) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return ada, project
}

// visit makes a link and comes in by it.
func (h *house) visit(t *testing.T, by auth.Principal, wanted auth.NewShare) (auth.Opened, string) {
	t.Helper()
	_, token, err := h.CreateShare(t.Context(), by, wanted)
	if err != nil {
		t.Fatal(err)
	}
	in, err := h.OpenShare(t.Context(), auth.Opening{
		Token: token, Password: wanted.Password, Name: "Cleo", Address: address,
		Cookie: func(string) string { return "" },
	})
	if err != nil {
		t.Fatal(err)
	}
	return in, token
}

func TestAGuestsTokenIsOfItsOwnKind(t *testing.T) {
	h := newHouse(t)
	ada, project := h.studio(t)
	in, _ := h.visit(t, ada, auth.NewShare{Project: project.ID})
	if _, err := h.Token(t.Context(), in.AccessToken); !errors.Is(err, auth.ErrUnauthenticated) {
		t.Errorf("a guest's token where an account's is due: %v", err)
	}
	mine, err := h.SignIn(t.Context(), "ada@storage.example", password, here)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Guest(t.Context(), mine.AccessToken); !errors.Is(err, auth.ErrUnauthenticated) {
		t.Errorf("an account's token where a guest's is due: %v", err)
	}
	for token, want := range map[string]string{in.AccessToken: in.Guest.ID, mine.AccessToken: ada.Person} {
		if p, err := h.Anyone(t.Context(), token); err != nil || p.Person != want {
			t.Errorf("Anyone = %v, %v, want %s", p, err, want)
		}
	}
}

func TestWhatALinkAllows(t *testing.T) {
	h := newHouse(t)
	ada, project := h.studio(t)
	tests := []struct {
		name             string
		wanted           auth.NewShare
		timeline, review auth.Access
		refused          error // of the timeline
	}{
		{"to view", auth.NewShare{}, auth.AccessRead, auth.AccessRead, nil},
		{"to comment", auth.NewShare{Comment: true}, auth.AccessComment, auth.AccessComment, nil},
		{"one version", auth.NewShare{Comment: true, Version: auth.NewID()}, auth.AccessNone, auth.AccessComment, auth.ErrForbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.wanted.Project = project.ID
			in, _ := h.visit(t, ada, tt.wanted)
			p, err := h.Guest(t.Context(), in.AccessToken)
			if err != nil {
				t.Fatal(err)
			}
			if a, err := h.Document(t.Context(), p, project.ID, "timeline"); a != tt.timeline || !errors.Is(err, tt.refused) {
				t.Errorf("the timeline: %v, %v", a, err)
			}
			if a, err := h.Document(t.Context(), p, project.ID, "review"); a != tt.review || err != nil {
				t.Errorf("the review: %v, %v", a, err)
			}
			if a, err := h.Document(t.Context(), p, auth.NewID(), "review"); !errors.Is(err, auth.ErrNotFound) {
				t.Errorf("another project: %v, %v", a, err)
			}
		})
	}
}

func TestALinkEndsWhenItShould(t *testing.T) {
	h := newHouse(t)
	ada, project := h.studio(t)
	in, token := h.visit(t, ada, auth.NewShare{Project: project.ID, Expires: h.now.Add(5 * time.Minute)})
	p, err := h.Guest(t.Context(), in.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	h.pass(5 * time.Minute)
	_, byToken := h.Guest(t.Context(), in.AccessToken)
	_, byCookie := h.ResumeShare(t.Context(), in.Share.ID, in.Cookie)
	_, anew := h.OpenShare(t.Context(), auth.Opening{Token: token, Name: "Cleo", Address: address, Cookie: func(string) string { return in.Cookie }})
	_, document := h.Document(t.Context(), p, project.ID, "review")
	for how, err := range map[string]error{"by token": byToken, "by cookie": byCookie, "anew": anew, "for a document": document} {
		if !errors.Is(err, auth.ErrShareEnded) {
			t.Errorf("%s: %v", how, err)
		}
	}
}
