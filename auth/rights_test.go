package auth_test

import (
	"slices"
	"testing"

	"github.com/soratoo/soratoo/auth"
)

func TestRolesAllowWhatTheTableSays(t *testing.T) {
	actions := []auth.Action{auth.ActionRead, auth.ActionComment, auth.ActionEdit, auth.ActionDeleteProject, auth.ActionManageMembers}
	for _, c := range []struct {
		role   auth.Role
		allows []auth.Action
		access auth.Access
	}{
		{auth.RoleOwner, actions, auth.AccessWrite},
		{auth.RoleAdmin, actions, auth.AccessWrite},
		{auth.RoleEditor, actions[:3], auth.AccessWrite},
		{auth.RoleCommenter, actions[:2], auth.AccessComment},
		{auth.RoleViewer, actions[:1], auth.AccessRead},
		{"", nil, auth.AccessNone},
		{"Owner", nil, auth.AccessNone},
		{"emperor", nil, auth.AccessNone},
	} {
		for _, a := range actions {
			if got, want := c.role.Can(a), slices.Contains(c.allows, a); got != want {
				t.Errorf("%q can do %d: %t, want %t", c.role, a, got, want)
			}
		}
		if got := c.role.Access(); got != c.access {
			t.Errorf("access of %q = %d, want %d", c.role, got, c.access)
		}
		if c.role.Can(auth.Action(99)) {
			t.Errorf("%q can do what there is not", c.role)
		}
	}
}

func TestIDsAreRandomAndWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := auth.NewID()
		if !auth.ValidID(id) || seen[id] {
			t.Fatalf("NewID() = %q, seen before: %t", id, seen[id])
		}
		seen[id] = true
	}
	for _, s := range []string{
		"", "short", "0123456789012345678901x", "../../../../etc/passwd", "012345678901234567890\x00",
		"01234567890123456789é", "012345678901234567890/",
	} {
		if auth.ValidID(s) {
			t.Errorf("ValidID(%q) = true", s)
		}
	}
}

// For who is not in a workspace nothing of it is there.
func TestStrangersFindNothing(t *testing.T) {
	h := newHouse(t)
	ada := h.principal(t, h.signUp(t, "Ada", "ada@auth.example"))
	eve := h.principal(t, h.signUp(t, "Eve", "eve@auth.example"))
	w := h.own(t, ada)
	p := h.project(t, ada, w.ID)
	ctx := t.Context()
	for doing, try := range map[string]func() error{
		"Members": func() error { _, err := h.Members(ctx, eve, w.ID, auth.Page{Limit: 5}); return err },
		"Invite": func() error {
			_, _, err := h.Invite(ctx, eve, auth.NewInvitation{Workspace: w.ID, Email: "eve@auth.example", Role: auth.RoleAdmin})
			return err
		},
		"SetRole": func() error {
			_, err := h.SetRole(ctx, eve, auth.Membership{Workspace: w.ID, Person: eve.Person, Role: auth.RoleAdmin})
			return err
		},
		"RemoveMember": func() error { return h.RemoveMember(ctx, eve, w.ID, ada.Person) },
		"Projects":     func() error { _, err := h.Projects(ctx, eve, w.ID, auth.Page{Limit: 5}); return err },
		"CreateProject": func() error {
			_, err := h.CreateProject(ctx, eve, auth.NewProject{Workspace: w.ID, Name: "x", Prepare: func(auth.Project) error {
				t.Error("documents were made for a stranger")
				return nil
			}})
			return err
		},
		"Project":       func() error { _, err := h.Project(ctx, eve, p.ID); return err },
		"RenameProject": func() error { _, err := h.RenameProject(ctx, eve, p.ID, "x"); return err },
		"DeleteProject": func() error { return h.DeleteProject(ctx, eve, p.ID) },
		"Document":      func() error { _, err := h.Document(ctx, eve, p.ID, "timeline"); return err },
	} {
		wantErr(t, doing+" of a stranger", try(), auth.ErrNotFound)
	}
	people, err := h.People(ctx, eve, []string{ada.Person})
	if err != nil || len(people) != 0 {
		t.Errorf("People of a stranger = %v, %v", people, err)
	}
}

func TestRolesReachDocuments(t *testing.T) {
	h := newHouse(t)
	ada := h.principal(t, h.signUp(t, "Ada", "ada@auth.example"))
	ben := h.principal(t, h.signUp(t, "Ben", "ben@auth.example"))
	w := h.own(t, ada)
	p := h.project(t, ada, w.ID)
	for role, want := range map[auth.Role]auth.Access{
		auth.RoleViewer: auth.AccessRead, auth.RoleCommenter: auth.AccessComment,
		auth.RoleEditor: auth.AccessWrite, auth.RoleAdmin: auth.AccessWrite,
	} {
		if err := h.store.SetMember(t.Context(), w.ID, ben.Person, role); err != nil {
			t.Fatal(err)
		}
		for _, kind := range []string{"timeline", "review"} {
			if got, err := h.Document(t.Context(), ben, p.ID, kind); err != nil || got != want {
				t.Errorf("Document(%s) of %s = %d, %v, want %d", kind, role, got, err, want)
			}
		}
	}
	for _, kind := range []string{"", "Timeline", "timeline/review", "notes"} {
		_, err := h.Document(t.Context(), ada, p.ID, kind)
		wantErr(t, "Document of kind "+kind, err, auth.ErrNotFound)
	}
}

func TestRightsEndWhereTheRoleDoes(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	ada := h.principal(t, h.signUp(t, "Ada", "ada@auth.example"))
	ben := h.principal(t, h.signUp(t, "Ben", "ben@auth.example"))
	w := h.own(t, ada)
	p := h.project(t, ada, w.ID)
	as := func(role auth.Role) {
		t.Helper()
		if err := h.store.SetMember(ctx, w.ID, ben.Person, role); err != nil {
			t.Fatal(err)
		}
	}
	for _, role := range []auth.Role{auth.RoleViewer, auth.RoleCommenter} {
		as(role)
		_, err := h.RenameProject(ctx, ben, p.ID, "x")
		wantErr(t, "RenameProject of "+string(role), err, auth.ErrForbidden)
	}
	as(auth.RoleEditor)
	if renamed, err := h.RenameProject(ctx, ben, p.ID, " Tower "); err != nil || renamed.Name != "Tower" {
		t.Errorf("RenameProject of an editor = %+v, %v", renamed, err)
	}
	wantErr(t, "DeleteProject of an editor", h.DeleteProject(ctx, ben, p.ID), auth.ErrForbidden)
	as(auth.RoleAdmin)
	if err := h.DeleteProject(ctx, ben, p.ID); err != nil {
		t.Errorf("DeleteProject of an admin = %v", err)
	}
}
