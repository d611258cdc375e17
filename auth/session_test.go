package auth_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/soratoo/soratoo/auth"
)

const month = 30 * 24 * time.Hour // a session without a refresh

func TestSessionsOutliveTheProcess(t *testing.T) {
	h := newHouse(t)
	in := h.signUp(t, "Ada", "ada@auth.example")
	p, err := h.service().Cookie(t.Context(), in.Cookie)
	if err != nil || p.Person != in.Account.ID || !p.Expires.Equal(in.CookieExpires) {
		t.Errorf("Cookie = %+v, %v", p, err)
	}
}

func TestSessionsEnd(t *testing.T) {
	h := newHouse(t)
	in := h.signUp(t, "Ada", "ada@auth.example")
	h.pass(month - time.Second)
	if _, err := h.Cookie(t.Context(), in.Cookie); err != nil {
		t.Errorf("Cookie before the end = %v", err)
	}
	h.pass(time.Second)
	_, err := h.Cookie(t.Context(), in.Cookie)
	wantErr(t, "Cookie at the end", err, auth.ErrUnauthenticated)
	_, err = h.Refresh(t.Context(), in.Cookie)
	wantErr(t, "Refresh at the end", err, auth.ErrUnauthenticated)
	if err := h.Expire(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRefreshRotatesTheSecret(t *testing.T) {
	h := newHouse(t)
	in := h.signUp(t, "Ada", "ada@auth.example")
	h.pass(time.Hour)
	fresh, err := h.Refresh(t.Context(), in.Cookie)
	if err != nil || fresh.Cookie == in.Cookie || fresh.AccessToken == in.AccessToken || !fresh.CookieExpires.Equal(h.now.Add(month)) {
		t.Fatalf("Refresh = %+v, %v", fresh, err)
	}
	if p, err := h.Cookie(t.Context(), fresh.Cookie); err != nil || p.Person != in.Account.ID {
		t.Errorf("Cookie = %+v, %v", p, err)
	}
}

func TestSignOutEndsOneSession(t *testing.T) {
	h := newHouse(t)
	in := h.signUp(t, "Ada", "ada@auth.example")
	other, err := h.SignIn(t.Context(), "ada@auth.example", password, here)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to do
		if err := h.SignOut(t.Context(), in.Cookie); err != nil {
			t.Errorf("SignOut = %v", err)
		}
	}
	_, err = h.Cookie(t.Context(), in.Cookie)
	wantErr(t, "Cookie after signing out", err, auth.ErrUnauthenticated)
	if _, err := h.Cookie(t.Context(), other.Cookie); err != nil {
		t.Errorf("Cookie of another session = %v", err)
	}
}

func TestSecretsAreStoredHashed(t *testing.T) {
	h := newHouse(t)
	in := h.signUp(t, "Ada", "ada@auth.example")
	if _, err := h.store.SessionByHash(t.Context(), []byte(in.Cookie)); err == nil {
		t.Error("a session is found by its secret")
	}
	if bytes.Contains([]byte(in.Account.Password), []byte(password)) {
		t.Errorf("stored password = %q", in.Account.Password)
	}
}

func TestATicketIsGoodOnce(t *testing.T) {
	h := newHouse(t)
	p := h.principal(t, h.signUp(t, "Ada", "ada@auth.example"))
	ticket, expires, err := h.NewTicket(t.Context(), p, "film")
	if err != nil || !expires.Equal(h.now.Add(30*time.Second)) {
		t.Fatalf("NewTicket = %v, %v", expires, err)
	}
	h.pass(29 * time.Second)
	if got, err := h.Ticket(t.Context(), ticket, "film"); err != nil || got.Person != p.Person {
		t.Errorf("Ticket = %+v, %v", got, err)
	}
	_, err = h.Ticket(t.Context(), ticket, "film")
	wantErr(t, "Ticket the second time", err, auth.ErrUnauthenticated)
	late, _, err := h.NewTicket(t.Context(), p, "film")
	if err != nil {
		t.Fatal(err)
	}
	h.pass(30 * time.Second)
	_, err = h.Ticket(t.Context(), late, "film")
	wantErr(t, "Ticket too late", err, auth.ErrUnauthenticated)
	_, err = h.Ticket(t.Context(), "", "")
	wantErr(t, "Ticket of nothing", err, auth.ErrUnauthenticated)
}

func TestATicketIsForOneProject(t *testing.T) {
	h := newHouse(t)
	ticket, _, err := h.NewTicket(t.Context(), h.principal(t, h.signUp(t, "Ada", "ada@auth.example")), "film")
	if err != nil {
		t.Fatal(err)
	}
	for _, project := range []string{"another", "film"} { // it is used up by the first
		_, err = h.Ticket(t.Context(), ticket, project)
		wantErr(t, "Ticket for "+project, err, auth.ErrUnauthenticated)
	}
}
