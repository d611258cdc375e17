package server_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/crdt"
	"github.com/soratoo/soratoo/crdt/wire"
	"github.com/soratoo/soratoo/rooms"
	"github.com/soratoo/soratoo/rooms/review"
	"github.com/soratoo/soratoo/rooms/timeline"
)

// share makes a link and returns its id and token.
func (s *site) share(by, project string, wanted map[string]any) (id, token string) {
	s.t.Helper()
	a := s.do("POST", "/api/v1/projects/"+project+"/shares", by, wanted)
	_, token, _ = strings.Cut(a.text("url"), "/s/")
	if a.status != http.StatusCreated || len(token) != 22 {
		s.t.Fatalf("making a share: %d %s", a.status, a.raw)
	}
	return a.text("id"), token
}

// knock opens a link.
func (s *site) knock(body map[string]any, edit ...func(*http.Request)) answer {
	s.t.Helper()
	return s.do("POST", "/api/v1/shares/open", "", body, edit...)
}

// withCookie sends what an answer set.
func withCookie(a answer) func(*http.Request) {
	cookie, _, _ := strings.Cut(a.header.Get("Set-Cookie"), ";")
	return func(r *http.Request) { r.Header.Set("Cookie", cookie) }
}

func from(address string) func(*http.Request) {
	return func(r *http.Request) { r.RemoteAddr = address + ":4711" }
}

func TestAGuestComesInByALinkAndComesBackAsTheSame(t *testing.T) {
	s := newSite(t, "https://video.example.org")
	ada, studio := s.join("Ada")
	project := s.do("POST", "/api/v1/workspaces/"+studio+"/projects", ada, map[string]any{"name": "Harbour"}).text("id")
	id, token := s.share(ada, project, map[string]any{"capabilities": []string{"comment"}, "password": "gull gull"})
	body := map[string]any{"token": token}
	if a := s.knock(body); a.problem() != "share-password" || strings.Contains(a.raw, "Harbour") {
		t.Errorf("without the password = %d %s", a.status, a.raw)
	}
	body["password"] = "gull gull gull"
	if a := s.knock(body); a.problem() != "share-password" {
		t.Errorf("with another password = %d %s", a.status, a.raw)
	}
	body["password"] = "gull gull"
	if a := s.knock(body); a.problem() != "bad-name" {
		t.Errorf("without a name = %d %s", a.status, a.raw)
	}
	body["display_name"] = "Client Cleo"
	in := s.knock(body)
	if in.status != http.StatusOK || in.text("project", "id") != project || in.text("project", "name") != "Harbour" ||
		fmt.Sprint(in.body["capabilities"]) != "[view comment]" || in.text("guest", "name") != "Client Cleo" {
		t.Fatalf("opening = %d %s", in.status, in.raw)
	}
	cookie := in.header.Get("Set-Cookie")
	for _, part := range []string{"__Host-soratoo_guest_" + id + "=", "HttpOnly", "Secure", "SameSite=Lax"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("cookie %q has no %s", cookie, part)
		}
	}
	again := s.knock(map[string]any{"token": token}, withCookie(in))
	resumed := s.do("POST", "/api/v1/shares/"+id+"/resume", "", nil, withCookie(in))
	for how, a := range map[string]answer{"by the link": again, "by the cookie": resumed} {
		if a.status != http.StatusOK || a.text("guest", "id") != in.text("guest", "id") {
			t.Errorf("coming back %s = %d %s", how, a.status, a.raw)
		}
	}
	views := s.do("GET", "/api/v1/shares/"+id+"/views", ada, nil)
	if strings.Count(views.raw, `"Client Cleo"`) != 2 {
		t.Errorf("views = %s", views.raw)
	}
	list := s.do("GET", "/api/v1/projects/"+project+"/shares", ada, nil)
	if !strings.Contains(list.raw, `"views":2`) || strings.Contains(list.raw, token) {
		t.Errorf("list = %s", list.raw)
	}
	for who, a := range map[string]answer{
		"the team":  s.do("GET", "/api/v1/people?ids="+in.text("guest", "id"), ada, nil),
		"the guest": s.do("GET", "/api/v1/shares/"+id+"/people?ids="+in.text("guest", "id"), "", nil, withCookie(in)),
	} {
		if !strings.Contains(a.raw, `"guest":true`) {
			t.Errorf("%s is not told who is a guest: %s", who, a.raw)
		}
	}
	names := s.do("GET", "/api/v1/people?ids="+in.text("guest", "id"), ada, nil)
	if !strings.Contains(names.raw, "Client Cleo") {
		t.Errorf("the team knows %s", names.raw)
	}
	me := s.do("GET", "/api/v1/me", ada, nil).text("id")
	beside := s.do("GET", "/api/v1/shares/"+id+"/people?ids="+me+","+in.text("guest", "id"), "", nil, withCookie(in))
	if !strings.Contains(beside.raw, `"Ada"`) || !strings.Contains(beside.raw, "Client Cleo") {
		t.Errorf("the guest knows %d %s", beside.status, beside.raw)
	}
	if logs := s.logs.String(); strings.Contains(logs, token) || strings.Contains(logs, "gull") {
		t.Errorf("the log has a secret:\n%s", logs)
	}
}

func TestALinkThatIsOverOpensNothing(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	ada, studio := s.join("Ada")
	project := s.do("POST", "/api/v1/workspaces/"+studio+"/projects", ada, map[string]any{"name": "Harbour"}).text("id")
	id, token := s.share(ada, project, map[string]any{})
	in := s.knock(map[string]any{"token": token, "display_name": "Cleo"})
	if a := s.do("DELETE", "/api/v1/shares/"+id, ada, nil); a.status >= 300 {
		t.Fatalf("revoking = %d %s", a.status, a.raw)
	}
	for how, a := range map[string]answer{
		"by the token":  s.knock(map[string]any{"token": token, "display_name": "Cleo"}),
		"as before":     s.knock(map[string]any{"token": token}, withCookie(in)),
		"by the cookie": s.do("POST", "/api/v1/shares/"+id+"/resume", "", nil, withCookie(in)),
		"for names":     s.do("GET", "/api/v1/shares/"+id+"/people?ids=x", "", nil, withCookie(in)),
		"for media":     s.do("GET", "/api/v1/shares/"+id+"/assets", "", nil, withCookie(in)),
	} {
		if a.problem() != "share-ended" {
			t.Errorf("%s = %d %s", how, a.status, a.raw)
		}
	}
	past := time.Now().Add(-time.Second).Format(time.RFC3339)
	if a := s.do("POST", "/api/v1/projects/"+project+"/shares", ada, map[string]any{"expires_at": past}); a.problem() != "past-expiry" {
		t.Errorf("an end in the past = %d %s", a.status, a.raw)
	}
	if a := s.knock(map[string]any{"token": "AAAAAAAAAAAAAAAAAAAAAA", "display_name": "Cleo"}); a.problem() != "not-found" {
		t.Errorf("an unknown token = %d %s", a.status, a.raw)
	}
}

func TestOneLinksCookieIsNoOthers(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	ada, studio := s.join("Ada")
	project := s.do("POST", "/api/v1/workspaces/"+studio+"/projects", ada, map[string]any{"name": "Harbour"}).text("id")
	_, token := s.share(ada, project, map[string]any{})
	other, _ := s.share(ada, project, map[string]any{"password": "gull gull"})
	in := s.knock(map[string]any{"token": token, "display_name": "Cleo"})
	_, secret, _ := strings.Cut(strings.Split(in.header.Get("Set-Cookie"), ";")[0], "=")
	a := s.do("POST", "/api/v1/shares/"+other+"/resume", "", nil, func(r *http.Request) {
		r.Header.Set("Cookie", "soratoo_guest_"+other+"="+secret)
	})
	if a.problem() != "unauthenticated" {
		t.Errorf("the cookie of another link = %d %s", a.status, a.raw)
	}
}

func TestGuessingALinksPasswordDoesNotKeepTheHonestOut(t *testing.T) {
	s := newSite(t, "http://localhost:8080")
	s.frozen.Store(true) // or tries come back while it goes on
	ada, studio := s.join("Ada")
	project := s.do("POST", "/api/v1/workspaces/"+studio+"/projects", ada, map[string]any{"name": "Harbour"}).text("id")
	_, token := s.share(ada, project, map[string]any{"password": "gull gull"})
	wrong := map[string]any{"token": token, "password": "not the gull", "display_name": "Eve"}
	refused := 0
	for host := range 8 {
		for range 12 {
			if a := s.knock(wrong, from(fmt.Sprintf("192.0.2.%d", host))); a.problem() == "too-many" {
				refused++
			} else if a.problem() != "share-password" {
				t.Fatalf("a wrong password = %d %s", a.status, a.raw)
			}
		}
	}
	// Each host has ten tries, the first of which is its own; the rest share fifty.
	if tries := 8*12 - refused; tries < 50 || tries > 75 {
		t.Errorf("%d passwords were tried", tries)
	}
	right := map[string]any{"token": token, "password": "gull gull", "display_name": "Cleo"}
	if a := s.knock(right, from("198.51.100.7")); a.status != http.StatusOK {
		t.Errorf("meanwhile the right one from elsewhere = %d %s", a.status, a.raw)
	}
	if a := s.knock(right, from("192.0.2.3")); a.problem() != "too-many" {
		t.Errorf("the right one from where it was guessed = %d %s", a.status, a.raw)
	}
}

// commentBy is an update that opens a thread in somebody's name.
func commentBy(client uint64, person string) []byte {
	d := crdt.New(crdt.Options{ClientID: client})
	id := auth.NewID()
	return d.Transact(func(tx *crdt.Tx) {
		d.Map("threads").Set(tx, id, crdt.NewMap(map[string]any{
			"author": person, "created": float64(time.Now().UnixMilli()),
			"anchor": map[string]any{"on": "timeline", "start": 3, "end": 3},
			"state":  map[string]any{"status": "open", "by": person, "at": float64(time.Now().UnixMilli())},
			"messages": crdt.NewMap(map[string]any{auth.NewID(): crdt.NewMap(map[string]any{
				"author": person, "created": float64(time.Now().UnixMilli()), "body": crdt.NewText("too dark"),
			})}),
			"reactions": crdt.NewMap(nil),
		}))
	})
}

// guarded is the guard of review documents.
func guarded(d *crdt.Doc, p *crdt.Preview, by rooms.Author) error {
	if !strings.HasSuffix(by.Doc, "/review") {
		return nil
	}
	return review.Guard(d, p, review.Writer{Person: by.Person, Of: by.Of, Moderates: by.Moderate, Now: time.Now()})
}

// visit opens a link and a document on a socket, and waits until it is in.
func (e *edge) visit(link, doc string) (*client, answer) {
	e.t.Helper()
	in := e.knock(map[string]any{"token": link, "display_name": "Cleo"})
	c := e.open("/collab")
	c.say(doc, wire.Token, []byte(in.text("access_token")))
	c.say(doc, wire.SyncStep1, empty)
	if got := c.kinds(doc); !slices.Contains(got, wire.Authenticated) {
		e.t.Fatalf("a guest of %s was answered %v", doc, got)
	}
	return c, in
}

// status is what came of the last update on a document: 1 taken, 0 refused.
func (c *client) status(doc string) (last string) {
	for _, m := range c.settle() {
		if m.address == doc && m.Kind == wire.SyncStatus {
			last = fmt.Sprint(m.Payload)
		}
	}
	return last
}

func TestAGuestWritesCommentsAndNothingElse(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		e.guard = guarded
		ada, studio := e.join("Ada")
		project, other := e.project(ada, studio), e.project(ada, studio)
		hers := e.open("/collab")
		hers.say(project+"/timeline", wire.Token, []byte(ada))
		hers.say(project+"/timeline", wire.Update, update(5, "clip", 1))
		hers.settle()
		before := e.state(ada, project+"/timeline")
		_, link := e.share(ada, project, map[string]any{"capabilities": []string{"comment"}})
		guest, in := e.visit(link, project+"/review")
		guest.say(project+"/review", wire.Update, commentBy(77, in.text("guest", "id")))
		if got := guest.status(project + "/review"); guest.code() != 0 || got == "" {
			t.Fatalf("a guest's comment: status %s, code %d", got, guest.code())
		}
		if !bytes.Contains(e.state(ada, project+"/review"), []byte("too dark")) {
			t.Error("the team does not see the comment")
		}
		guest.say(other+"/review", wire.Token, []byte(in.text("access_token")))
		if got := guest.kinds(other + "/review"); len(got) != 1 || got[0] != wire.PermissionDenied {
			t.Errorf("another project's document: %v", got)
		}
		guest.say(project+"/timeline", wire.Token, []byte(in.text("access_token")))
		guest.say(project+"/timeline", wire.Update, update(6, "clip", 2))
		guest.settle()
		forger, _ := e.visit(link, project+"/review")
		forger.say(project+"/review", wire.Update, commentBy(78, e.do("GET", "/api/v1/me", ada, nil).text("id")))
		if forger.code() != 4409 {
			t.Errorf("a comment in Ada's name: code %d", forger.code())
		}
		if after := e.state(ada, project+"/timeline"); !bytes.Equal(before, after) {
			t.Errorf("the timeline was %x, is %x", before, after)
		}
		guest.leave()
	})
}

// state is a document as a member gets it.
func (e *edge) state(token, doc string) []byte {
	e.t.Helper()
	c := e.open("/collab")
	c.say(doc, wire.Token, []byte(token))
	c.say(doc, wire.SyncStep1, empty)
	defer c.leave()
	for _, m := range c.settle() {
		if m.Kind == wire.SyncStep2 {
			return m.Payload
		}
	}
	e.t.Fatalf("no state of %s", doc)
	return nil
}

func TestAViewingGuestWritesNothing(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		ada, studio := e.join("Ada")
		project := e.project(ada, studio)
		_, link := e.share(ada, project, map[string]any{})
		guest, in := e.visit(link, project+"/review")
		before := e.state(ada, project+"/review")
		guest.say(project+"/review", wire.Update, commentBy(77, in.text("guest", "id")))
		guest.settle()
		if after := e.state(ada, project+"/review"); !bytes.Equal(before, after) {
			t.Errorf("the review was %x, is %x", before, after)
		}
		guest.leave()
	})
}

func TestRevokingAndExpiryThrowGuestsOutWithinASecond(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		ada, studio := e.join("Ada")
		project := e.project(ada, studio)
		doc := project + "/review"
		id, revoked := e.share(ada, project, map[string]any{})
		_, ending := e.share(ada, project, map[string]any{"expires_at": time.Now().Add(2 * time.Minute)})
		_, lasting := e.share(ada, project, map[string]any{})
		first, in := e.visit(revoked, doc)
		second, _ := e.visit(ending, doc)
		third, _ := e.visit(lasting, doc)
		if a := e.do("DELETE", "/api/v1/shares/"+id, ada, nil); a.status >= 300 {
			t.Fatal(a.raw)
		}
		if first.code() != 4403 || second.code() != 0 || third.code() != 0 {
			t.Errorf("after the revocation codes are %d, %d, %d", first.code(), second.code(), third.code())
		}
		back := e.open("/collab")
		back.say(doc, wire.Token, []byte(in.text("access_token")))
		if got := back.kinds(doc); len(got) != 1 || got[0] != wire.PermissionDenied {
			t.Errorf("a revoked link's token: %v", got)
		}
		time.Sleep(2*time.Minute - time.Second)
		if second.code() != 0 {
			t.Errorf("before its end a link's socket closed with %d", second.code())
		}
		time.Sleep(2 * time.Second)
		if second.code() != 4403 || third.code() != 0 {
			t.Errorf("after the end codes are %d, %d", second.code(), third.code())
		}
		for _, c := range []*client{back, third} {
			c.leave()
		}
	})
}

// Ending a link does not wait for a document that loads, and who is on the way in
// by it does not get in.
func TestALinkEndsWhileItsDocumentLoads(t *testing.T) {
	onEdge(t, func(t *testing.T, e *edge) {
		ada, studio := e.join("Ada")
		project := e.project(ada, studio)
		id, link := e.share(ada, project, map[string]any{})
		doc := project + "/review"
		in := e.knock(map[string]any{"token": link, "display_name": "Cleo"})
		gate := make(chan struct{})
		e.gate = gate
		guest := e.open("/collab")
		guest.say(doc, wire.Token, []byte(in.text("access_token")))
		guest.settle()
		start := time.Now()
		a := e.do("DELETE", "/api/v1/shares/"+id, ada, nil)
		if waited := time.Since(start); a.status >= 300 || waited != 0 {
			t.Errorf("the link ended with %d after %v", a.status, waited)
		}
		close(gate)
		if got := guest.kinds(doc); guest.code() == 0 && (len(got) == 0 || got[len(got)-1] != wire.PermissionDenied) {
			t.Errorf("the guest got %v", got)
		}
		guest.say(doc, wire.SyncStep1, empty)
		for _, m := range guest.settle() {
			if m.Kind == wire.SyncStep2 {
				t.Error("the guest got the document")
			}
		}
		guest.leave()
	})
}

// Many openings do not use a link up: the oldest guests who wrote nothing go, and
// who made the link sees that.
func TestManyOpeningsDoNotUseALinkUp(t *testing.T) {
	s := newSite(t, "http://localhost")
	ada, studio := s.join("Ada")
	project := s.do("POST", "/api/v1/workspaces/"+studio+"/projects", ada, map[string]any{"name": "Harbour"}).text("id")
	id, token := s.share(ada, project, map[string]any{"capabilities": []string{"comment"}})
	var guests []answer
	for i := range shareGuests + 2 {
		in := s.knock(map[string]any{"token": token, "display_name": fmt.Sprint("Guest ", i)})
		if in.status != http.StatusOK {
			t.Fatalf("opening %d = %d %s", i, in.status, in.raw)
		}
		guests = append(guests, in)
		if i == 0 { // the first of all writes
			comment := commentBy(77, in.text("guest", "id"))
			if err := s.hub.Edit(t.Context(), project+"/review", in.text("guest", "id"), func([]byte) ([]byte, error) { return comment, nil }); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, want := range map[int]int{0: http.StatusOK, 1: http.StatusUnauthorized, 2: http.StatusUnauthorized, 3: http.StatusOK, shareGuests + 1: http.StatusOK} {
		if a := s.do("POST", "/api/v1/shares/"+id+"/resume", "", nil, withCookie(guests[i])); a.status != want {
			t.Errorf("guest %d comes back with %d, want %d", i, a.status, want)
		}
	}
	if a := s.do("GET", "/api/v1/projects/"+project+"/shares", ada, nil); !strings.Contains(a.raw, `"crowded":2`) {
		t.Errorf("the list of links = %s", a.raw)
	}
}

// use has a scene of a project refer to a file.
func (s *site) use(project, asset string) {
	s.t.Helper()
	d := crdt.New(crdt.Options{ClientID: 41})
	update := d.Transact(func(tx *crdt.Tx) {
		d.Map(timeline.RootScenes).Set(tx, "s1", crdt.NewMap(map[string]any{
			"title": "Gulls", "order": "a0", "length": 24, "render": crdt.NewMap(nil),
			"refs": crdt.NewMap(map[string]any{asset: crdt.NewMap(map[string]any{"role": "style", "order": "a0"})}),
		}))
	})
	if err := s.hub.Edit(s.t.Context(), project+"/timeline", "ada", func([]byte) ([]byte, error) { return update, nil }); err != nil {
		s.t.Fatal(err)
	}
}

func TestALinkToAVersionShowsItsMediaOnly(t *testing.T) {
	s, ada, _, project := studio(t)
	shown := s.upload(ada, project, "shown.wav", wav(100)).text("id")
	hidden := s.upload(ada, project, "hidden.wav", wav(200)).text("id")
	s.use(project, shown)
	version := s.do("POST", "/api/v1/projects/"+project+"/versions", ada, map[string]any{"name": "Cut"}).text("id")
	for _, c := range []struct {
		wanted map[string]any
		hidden int
	}{
		{map[string]any{"version": version}, http.StatusNotFound},
		{map[string]any{}, http.StatusOK},
	} {
		id, token := s.share(ada, project, c.wanted)
		in := s.knock(map[string]any{"token": token, "display_name": "Cleo"})
		at := "/api/v1/shares/" + id + "/assets"
		all := s.do("GET", at, "", nil, withCookie(in))
		if all.status != http.StatusOK || !strings.Contains(all.raw, shown) || strings.Contains(all.raw, hidden) != (c.hidden == http.StatusOK) {
			t.Errorf("%v: media = %d %s", c.wanted, all.status, all.raw)
		}
		for asset, want := range map[string]int{shown: http.StatusOK, hidden: c.hidden} {
			if a := s.do("GET", at+"/"+asset+"/content", "", nil, withCookie(in)); a.status != want {
				t.Errorf("%v: a file = %d, want %d", c.wanted, a.status, want)
			}
		}
	}
}
