package auth_test

import (
	"fmt"
	"testing"

	"github.com/soratoo/soratoo/auth"
)

// Who comes from 10,001 addresses does not win back the tries of another.
func TestALimiterForgetsTheOldestOnly(t *testing.T) {
	h := newHouse(t)
	ada, project := h.studio(t)
	_, token, err := h.CreateShare(t.Context(), ada, auth.NewShare{Project: project.ID})
	if err != nil {
		t.Fatal(err)
	}
	knock := func(address string) error {
		_, err := h.OpenShare(t.Context(), auth.Opening{Token: token, Address: address, Cookie: func(string) string { return "" }})
		return err
	}
	for range 60 {
		wantErr(t, "an opening", knock("192.0.2.1"), auth.ErrName)
	}
	for i := range 11_000 {
		if i%1000 == 0 {
			wantErr(t, "the 61st opening", knock("192.0.2.1"), auth.ErrTooMany)
		}
		_ = knock(fmt.Sprintf("10.%d.%d.1", i/250, i%250))
	}
	wantErr(t, "an opening after all others", knock("192.0.2.1"), auth.ErrTooMany)
}

func TestAWholeNetworkHasALimit(t *testing.T) {
	h := newHouse(t)
	h.signUp(t, "Ada", "ada@auth.example")
	guess := func(address string) error {
		_, err := h.SignIn(t.Context(), "ada@auth.example", "not the password", auth.Origin{Address: address})
		return err
	}
	for i := range 80 {
		wantErr(t, "a guess", guess(fmt.Sprintf("2001:db8:7:%x::/64", i/8)), auth.ErrCredentials)
	}
	wantErr(t, "the 81st guess", guess("2001:db8:7:ffff::/64"), auth.ErrTooMany)
	wantErr(t, "a guess from another network", guess("2001:db8:8:1::/64"), auth.ErrCredentials)
}

// 100 wrong passwords a minute from ten addresses do not keep an account's owner out.
func TestGuessersLockNobodyOut(t *testing.T) {
	h := newHouse(t)
	in := h.signUp(t, "Ada", "ada@auth.example")
	h.signUp(t, "Eve", "eve@auth.example")
	try := func(from auth.Origin, password string) error {
		_, err := h.SignIn(t.Context(), "ada@auth.example", password, from)
		return err
	}
	for i := range 110 {
		wantErr(t, "a guess", try(auth.Origin{Address: fmt.Sprintf("198.51.100.%d", i/10)}, "not the password"), auth.ErrCredentials)
		if i >= 100 {
			break
		}
	}
	wantErr(t, "one more guess from there", try(auth.Origin{Address: "198.51.100.10"}, "not the password"), auth.ErrTooMany)
	wantErr(t, "the owner at a new place", try(auth.Origin{Address: "203.0.113.1"}, password), nil)
	for range 5 {
		wantErr(t, "the owner's device", try(auth.Origin{Address: "198.51.100.1", Known: in.Device}, password), nil)
	}
	other, err := h.SignIn(t.Context(), "eve@auth.example", password, here)
	if err != nil {
		t.Fatal(err)
	}
	for _, known := range []string{other.Device, "x", in.Device + "x"} {
		wantErr(t, "a device of another", try(auth.Origin{Address: "198.51.100.1", Known: known}, password), auth.ErrTooMany)
	}
}
