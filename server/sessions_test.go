package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/soratoo/soratoo/crdt/wire"
)

// browse signs somebody in whom join has signed up, and returns the session's cookie,
// its access token and its id.
func (s *site) browse(name string) (cookie, token, id string) {
	s.t.Helper()
	a := s.do("POST", "/api/v1/sessions", "", map[string]any{"email": person(name)["email"], "password": person(name)["password"]}, func(r *http.Request) {
		r.Header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0")
	})
	if a.status != http.StatusCreated {
		s.t.Fatalf("signing %s in: %d %s", name, a.status, a.raw)
	}
	token = a.text("access_token")
	for _, one := range s.items("/api/v1/me/sessions", token) {
		if one["current"] == true {
			id, _ = one["id"].(string)
		}
	}
	cookie, _, _ = strings.Cut(a.header.Get("Set-Cookie"), ";")
	return cookie, token, id
}

// items is the first page of a list.
func (s *site) items(path, token string) (out []map[string]any) {
	s.t.Helper()
	items, _ := s.do("GET", path, token, nil).body["items"].([]any)
	for _, item := range items {
		m, _ := item.(map[string]any)
		out = append(out, m)
	}
	return out
}

func cookied(cookie string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Cookie", cookie) }
}

func TestEverythingOfASessionEndsWithIt(t *testing.T) {
	for how, end := range map[string]func(e *edge, cookie, token, id, other string) answer{
		"signing out by cookie": func(e *edge, cookie, _, _, _ string) answer {
			return e.do("DELETE", "/api/v1/sessions/current", "", nil, cookied(cookie))
		},
		"signing out by token": func(e *edge, _, token, _, _ string) answer {
			return e.do("DELETE", "/api/v1/sessions/current", token, nil)
		},
		"ending it from another": func(e *edge, _, _, id, other string) answer {
			return e.do("DELETE", "/api/v1/me/sessions/"+id, other, nil)
		},
		"another password": func(e *edge, _, _, _, other string) answer {
			return e.do("PUT", "/api/v1/me/password", other, map[string]any{
				"current_password": person("Ada")["password"], "new_password": "a harbour at dusk",
			})
		},
	} {
		t.Run(how, func(t *testing.T) {
			onEdge(t, func(t *testing.T, e *edge) {
				other, studio := e.join("Ada")
				doc := e.project(other, studio) + "/timeline"
				project, _, _ := strings.Cut(doc, "/")
				cookie, token, id := e.browse("Ada")
				header := http.Header{"Cookie": {cookie}}
				ticket := e.ticket(token, project)
				byTicket := e.open("/yjs/" + doc + "?ticket=" + e.ticket(token, project))
				byCookie, _ := e.connect("/yjs/"+doc, header)
				providers, _ := e.connect("/collab", header)
				providers.say(doc, wire.Token, []byte("cookie"))
				tokens, stays := e.open("/collab"), e.open("/collab")
				tokens.say(doc, wire.Token, []byte(token))
				stays.say(doc, wire.Token, []byte(other))
				sockets := map[string]*client{"ticket": byTicket, "cookie": byCookie, "provider by cookie": providers, "provider by token": tokens}
				for by, c := range sockets {
					if code := c.code(); code != 0 {
						t.Fatalf("a socket by %s was closed with %d", by, code)
					}
				}
				if a := end(e, cookie, token, id, other); a.status >= 300 {
					t.Fatalf("%d %s", a.status, a.raw)
				}
				for by, c := range sockets {
					if code := c.code(); code != 4401 {
						t.Errorf("a socket by %s: code %d, want 4401", by, code)
					}
				}
				if code := stays.code(); code != 0 {
					t.Errorf("another session's socket: code %d", code)
				}
				if code := e.open("/yjs/" + doc + "?ticket=" + ticket).code(); code != 4401 {
					t.Errorf("a ticket from before: code %d, want 4401", code)
				}
				if a := e.do("GET", "/api/v1/me", token, nil); a.status != http.StatusUnauthorized {
					t.Errorf("an access token from before = %d", a.status)
				}
				if a := e.do("GET", "/api/v1/me", "", nil, cookied(cookie)); a.status != http.StatusUnauthorized {
					t.Errorf("the cookie = %d", a.status)
				}
				if a := e.do("GET", "/api/v1/me", other, nil); a.status != http.StatusOK {
					t.Errorf("another session = %d %s", a.status, a.raw)
				}
			})
		})
	}
}

// The document of a socket may still be loading when its session ends.
func TestASocketThatIsJustOpeningEndsWithItsSession(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		other, studio := e.join("Ada")
		doc := e.project(other, studio) + "/timeline"
		_, token, _ := e.browse("Ada")
		c := e.open("/collab")
		c.say(doc, wire.Token, []byte(token))
		e.do("DELETE", "/api/v1/sessions/current", token, nil)
		passes(e)
		if code := c.code(); code != 4401 && !c.denied(doc) {
			t.Errorf("code %d, want 4401", code)
		}
	})
}

func TestSessionsAreListedAndOnlyOnesOwnAreEnded(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	s.join("Ada")
	eve, _ := s.join("Eve")
	_, token, id := s.browse("Ada")
	list := s.items("/api/v1/me/sessions", token)
	if len(list) != 2 || list[0]["device"] != "Firefox on Windows" && list[1]["device"] != "Firefox on Windows" {
		t.Errorf("sessions = %v", list)
	}
	for _, who := range []string{eve, token} {
		path := "/api/v1/me/sessions/" + id
		want := http.StatusNotFound
		if who == token {
			want = http.StatusNoContent
		}
		if a := s.do("DELETE", path, who, nil); a.status != want {
			t.Errorf("ending a session = %d %s, want %d", a.status, a.raw, want)
		}
	}
}

func TestAPasswordIsChangedByWhoKnowsIt(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	s.frozen.Store(true) // or tries come back while it goes on
	ada, _ := s.join("Ada")
	change := func(current, wanted string) string {
		return s.do("PUT", "/api/v1/me/password", ada, map[string]any{"current_password": current, "new_password": wanted}).problem()
	}
	now, _ := person("Ada")["password"].(string)
	for _, c := range [][3]string{
		{"a harbour at noon", "a harbour at dusk", "wrong-credentials"},
		{now, "short", "weak-password"},
		{now, "ADA@example.org", "weak-password"},
		{now, "a harbour at dusk", ""},
		{now, "a harbour at night", "wrong-credentials"},
		{"a harbour at dusk", now, ""},
	} {
		if got := change(c[0], c[1]); got != c[2] {
			t.Errorf("from %q to %q = %q, want %q", c[0], c[1], got, c[2])
		}
	}
	for range 10 {
		change("a guess at it", "a harbour at dusk")
	}
	if got := change("a guess at it", "a harbour at dusk"); got != "too-many" {
		t.Errorf("after many guesses = %q", got)
	}
}

func TestEmailsLookLikeNoOther(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	for email, want := range map[string]string{
		"ada@example.org": "", "ada.l+film@mail.example.org": "", "\u0430da@example.org": "bad-email", "ada\u202e@example.org": "bad-email",
		"ada@ex\u0430mple.org": "bad-email", "Ada <eve@example.org>": "bad-email",
	} {
		in := person("Ada")
		in["email"] = email
		if a := s.do("POST", "/api/v1/accounts", "", in); a.problem() != want && a.problem() != "invalid-request" {
			t.Errorf("%q = %d %s, want %q", email, a.status, a.raw, want)
		}
	}
	for _, password := range []string{"lighthouse.keeper@example.org", "Lighthouse.Keeper"} {
		in := person("Ben")
		in["email"], in["password"] = "lighthouse.keeper@example.org", password
		if a := s.do("POST", "/api/v1/accounts", "", in); a.problem() != "weak-password" {
			t.Errorf("the password %q = %d %s", password, a.status, a.raw)
		}
	}
}

// Five tabs refresh at once; a copy of the old cookie that comes later ends the
// session, and what was opened by it.
func TestARefreshIsSharedAndALateOneEndsTheSession(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		other, studio := e.join("Ada")
		doc := e.project(other, studio) + "/timeline"
		old, _, _ := e.browse("Ada")
		waits(e, 40)
		refresh := func(cookie string) (string, int) {
			a := e.do("POST", "/api/v1/sessions/refresh", "", nil, cookied(cookie))
			fresh, _, _ := strings.Cut(a.header.Get("Set-Cookie"), ";")
			return fresh, a.status
		}
		type got struct {
			cookie string
			status int
		}
		answers := make(chan got, 5)
		for range 5 {
			go func() {
				cookie, status := refresh(old)
				answers <- got{cookie, status}
			}()
		}
		first := <-answers
		for range 4 {
			if next := <-answers; next != first || next.status != http.StatusOK || next.cookie == old {
				t.Errorf("refreshes at once: %v and %v", first, next)
			}
		}
		c, _ := e.connect("/yjs/"+doc, http.Header{"Cookie": {first.cookie}})
		waits(e, 29)
		if a := e.do("GET", "/api/v1/me", "", nil, cookied(old)); a.status != http.StatusOK || c.code() != 0 {
			t.Errorf("within the grace: %d, code %d", a.status, c.code())
		}
		waits(e, 2)
		if fresh, status := refresh(old); status != http.StatusUnauthorized || fresh != "" || c.code() != 4401 {
			t.Errorf("after the grace: %d %q, code %d", status, fresh, c.code())
		}
		if _, status := refresh(first.cookie); status != http.StatusUnauthorized {
			t.Errorf("the successor still gets %d", status)
		}
		if a := e.do("GET", "/api/v1/me/sessions", other, nil); a.text("reused_at") == "" {
			t.Errorf("the owner is not told: %s", a.raw)
		}
	})
}

// waits lets so many seconds pass.
func waits(_ *edge, seconds int) { time.Sleep(time.Duration(seconds) * time.Second) }

// passes lets the watch look at sockets.
func passes(e *edge) { waits(e, 1) }

// denied tells whether a document was refused to the client.
func (c *client) denied(doc string) bool {
	kinds := c.kinds(doc)
	return len(kinds) > 0 && kinds[len(kinds)-1] == wire.PermissionDenied
}
