package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/soratoo/soratoo/crdt/wire"
)

// id is the account of who has joined.
func (s *site) id(name string) string {
	s.t.Helper()
	return s.do("GET", "/api/v1/me", s.tokens[name], nil).text("id")
}

// asked makes an invitation.
func (s *site) asked(by, workspace, email, role string) answer {
	s.t.Helper()
	return s.do("POST", "/api/v1/workspaces/"+workspace+"/invitations", by, map[string]any{"email": email, "role": role})
}

func (s *site) accept(who string, invitation answer) answer {
	s.t.Helper()
	return s.do("POST", "/api/v1/invitations/accept", who, map[string]any{"token": invitation.text("token")})
}

// invite brings somebody who has joined into a workspace, or gives them another role
// there.
func (s *site) invite(by, workspace, name, role string) {
	s.t.Helper()
	if a := s.accept(s.tokens[name], s.asked(by, workspace, "", role)); a.status != http.StatusOK {
		s.t.Fatalf("inviting %s: %d %s", name, a.status, a.raw)
	}
	if a := s.become(by, workspace, name, role); a.text("role") != role {
		s.t.Fatalf("%s becomes %s: %d %s", name, role, a.status, a.raw)
	}
}

// become changes a role.
func (s *site) become(by, workspace, name, role string) answer {
	s.t.Helper()
	return s.do("PATCH", "/api/v1/workspaces/"+workspace+"/members/"+s.id(name), by, map[string]any{"role": role})
}

func (s *site) remove(by, workspace, name string) answer {
	s.t.Helper()
	return s.do("DELETE", "/api/v1/workspaces/"+workspace+"/members/"+s.id(name), by, nil)
}

func TestWhoIsRemovedIsOut(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		ada, studio := e.join("Ada")
		ben, _ := e.join("Ben")
		e.invite(ada, studio, "Ben", "admin")
		kept := e.asked(ben, studio, "", "admin") // a way back that he keeps
		doc := e.project(ada, studio) + "/timeline"
		project, _, _ := strings.Cut(doc, "/")
		ticket := e.ticket(ben, project)
		hers, his, yjs := e.open("/collab"), e.open("/collab"), e.open("/yjs/"+doc+"?ticket="+e.ticket(ben, project))
		hers.say(doc, wire.Token, []byte(ada))
		his.say(doc, wire.Token, []byte(ben))
		if his.code() != 0 || yjs.code() != 0 {
			t.Fatalf("codes %d and %d before", his.code(), yjs.code())
		}
		if a := e.remove(ada, studio, "Ben"); a.status != http.StatusNoContent {
			t.Fatalf("removing = %d %s", a.status, a.raw)
		}
		if his.code() != 4403 || yjs.code() != 4403 || hers.code() != 0 {
			t.Errorf("codes %d, %d and %d, want 4403, 4403 and 0", his.code(), yjs.code(), hers.code())
		}
		if code := e.open("/yjs/" + doc + "?ticket=" + ticket).code(); code != 4404 {
			t.Errorf("a ticket from before: code %d, want 4404", code)
		}
		if a := e.do("GET", "/api/v1/projects/"+project, ben, nil); a.status != http.StatusNotFound {
			t.Errorf("the project = %d %s", a.status, a.raw)
		}
		if a := e.accept(ben, kept); a.problem() != "invitation-ended" {
			t.Errorf("his own invitation = %d %s", a.status, a.raw)
		}
	})
}

func TestRolesAreGivenByWhoHasThem(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	ada, studio := s.join("Ada")
	ben, _ := s.join("Ben")
	cleo, _ := s.join("Cleo")
	s.invite(ada, studio, "Ben", "admin")
	s.invite(ben, studio, "Cleo", "editor")
	for _, c := range []struct {
		doing string
		got   answer
		want  string
	}{
		{"an editor promotes herself", s.become(cleo, studio, "Cleo", "admin"), "forbidden"},
		{"an editor removes an admin", s.remove(cleo, studio, "Ben"), "forbidden"},
		{"an editor invites", s.asked(cleo, studio, "", "viewer"), "forbidden"},
		{"an admin demotes an owner", s.become(ben, studio, "Ada", "viewer"), "forbidden"},
		{"an admin removes an owner", s.remove(ben, studio, "Ada"), "forbidden"},
		{"an admin makes an owner", s.become(ben, studio, "Cleo", "owner"), "forbidden"},
		{"an admin promotes himself", s.become(ben, studio, "Ben", "owner"), "forbidden"},
		{"an admin makes an admin", s.become(ben, studio, "Cleo", "admin"), ""},
		{"the last owner demotes herself", s.become(ada, studio, "Ada", "admin"), "last-owner"},
		{"the last owner leaves", s.remove(ada, studio, "Ada"), "last-owner"},
		{"an unknown role", s.become(ada, studio, "Cleo", "emperor"), "invalid-request"},
		{"an owner makes another", s.become(ada, studio, "Ben", "owner"), ""},
		{"an owner leaves another", s.remove(ada, studio, "Ada"), ""},
		{"who has left is a stranger", s.become(ada, studio, "Ada", "owner"), "not-found"},
		{"one leaves oneself", s.remove(cleo, studio, "Cleo"), ""},
		{"one leaves twice", s.remove(cleo, studio, "Cleo"), "not-found"},
	} {
		if c.got.problem() != c.want || c.want == "" && c.got.status >= 300 {
			t.Errorf("%s = %d %s, want %q", c.doing, c.got.status, c.got.raw, c.want)
		}
	}
}

func TestAnInvitationIsForOneWhoAcceptsIt(t *testing.T) {
	s := newSite(t, "https://video.example.org")
	ada, studio := s.join("Ada")
	ben, _ := s.join("Ben")
	eve, _ := s.join("Eve")
	known, unknown := s.asked(ada, studio, "Ben@example.org", "editor"), s.asked(ada, studio, "nobody@example.org", "editor")
	if known.status != http.StatusCreated || unknown.status != known.status || fmt.Sprint(known.names()) != fmt.Sprint(unknown.names()) {
		t.Errorf("for an email with an account %d %s, without %d %s", known.status, known.raw, unknown.status, unknown.raw)
	}
	if url := known.text("url"); url != "https://video.example.org/invite/"+known.text("token") || len(known.text("token")) != 22 {
		t.Errorf("url = %q", url)
	}
	if a := s.do("GET", "/api/v1/workspaces/"+studio+"/projects", ben, nil); a.status != http.StatusNotFound {
		t.Errorf("who was only asked gets %d %s", a.status, a.raw)
	}
	if list := s.do("GET", "/api/v1/workspaces/"+studio+"/invitations", ada, nil); strings.Contains(list.raw, known.text("token")) || !strings.Contains(list.raw, "ben@example.org") {
		t.Errorf("invitations = %s", list.raw)
	}
	if a := s.accept(eve, known); a.problem() != "invitation-email" || strings.Contains(a.raw, "ben@") {
		t.Errorf("another's invitation = %d %s", a.status, a.raw)
	}
	if a := s.accept(ben, known); a.text("role") != "editor" || a.text("workspace") != studio {
		t.Errorf("accepting = %d %s", a.status, a.raw)
	}
	if a := s.accept(ben, known); a.problem() != "invitation-ended" {
		t.Errorf("accepting again = %d %s", a.status, a.raw)
	}
	if a := s.accept(ben, s.asked(ada, studio, "", "viewer")); a.text("role") != "editor" {
		t.Errorf("an invitation takes a role away: %s", a.raw)
	}
	open := s.asked(ada, studio, "", "viewer")
	for _, want := range []int{http.StatusNoContent, http.StatusNotFound} {
		if a := s.do("DELETE", "/api/v1/workspaces/"+studio+"/invitations/"+open.text("id"), ada, nil); a.status != want {
			t.Errorf("revoking = %d %s, want %d", a.status, a.raw, want)
		}
	}
	if a := s.accept(eve, open); a.problem() != "invitation-ended" {
		t.Errorf("a revoked invitation = %d %s", a.status, a.raw)
	}
	if a := s.asked(ada, studio, "b\u0435n@example.org", "viewer"); a.problem() != "bad-email" {
		t.Errorf("a letter that looks like another = %d %s", a.status, a.raw)
	}
}

func TestAnInvitationIsGoodForAWeek(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		ada, studio := e.join("Ada")
		_, _ = e.join("Ben")
		good, late := e.asked(ada, studio, "", "viewer"), e.asked(ada, studio, "", "viewer")
		waits(e, 7*24*3600-1)
		_, ben, _ := e.browse("Ben")
		if a := e.accept(ben, good); a.status != http.StatusOK {
			t.Errorf("in time = %d %s", a.status, a.raw)
		}
		waits(e, 1)
		if a := e.accept(ben, late); a.problem() != "invitation-ended" {
			t.Errorf("late = %d %s", a.status, a.raw)
		}
	})
}

func TestInvitationsAreLimited(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	s.frozen.Store(true) // or tries come back while it goes on
	ada, studio := s.join("Ada")
	for i := range 30 {
		if a := s.asked(ada, studio, fmt.Sprintf("p%d@example.org", i), "viewer"); a.status != http.StatusCreated {
			t.Fatalf("invitation %d = %d %s", i, a.status, a.raw)
		}
	}
	if a := s.asked(ada, studio, "one@example.org", "viewer"); a.problem() != "too-many" || a.header.Get("Retry-After") != "60" {
		t.Errorf("one more = %d %s %v", a.status, a.raw, a.header)
	}
}
