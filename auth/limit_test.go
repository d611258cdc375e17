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
