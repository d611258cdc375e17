package auth_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/soratoo/soratoo/auth"
)

func TestSignUpIsSignedIn(t *testing.T) {
	h := newHouse(t)
	in := h.signUp(t, " Ada ", " Ada@Auth.EXAMPLE ")
	if in.Account.Name != "Ada" || in.Account.Email != "ada@auth.example" || !strings.HasPrefix(in.Account.Color, "#") {
		t.Errorf("account = %+v", in.Account)
	}
	p, err := h.Token(t.Context(), in.AccessToken)
	if err != nil || p.Person != in.Account.ID || p.Name != "Ada" || !p.Expires.Equal(h.now.Add(10*time.Minute)) {
		t.Errorf("Token = %+v, %v", p, err)
	}
	if w := h.own(t, h.principal(t, in)); w.Role != auth.RoleOwner {
		t.Errorf("first workspace = %+v", w)
	}
}

func TestNothingIsKeptOfARefusedSignUp(t *testing.T) {
	year := 2027 // of the tests' clock
	for name, c := range map[string]struct {
		change func(*auth.SignUp)
		want   error
	}{
		"child":           {func(s *auth.SignUp) { s.BirthYear = year - 12 }, auth.ErrTooYoung},
		"not born":        {func(s *auth.SignUp) { s.BirthYear = year + 1 }, auth.ErrTooYoung},
		"no name":         {func(s *auth.SignUp) { s.Name = " \u202e\u200b\t" }, auth.ErrName},
		"no policy":       {func(s *auth.SignUp) { s.Accepted = false }, auth.ErrPolicy},
		"short password":  {func(s *auth.SignUp) { s.Password = "nine char" }, auth.ErrWeakPassword},
		"long password":   {func(s *auth.SignUp) { s.Password = strings.Repeat("x", 201) }, auth.ErrWeakPassword},
		"common password": {func(s *auth.SignUp) { s.Password = "Password123" }, auth.ErrWeakPassword},
		"common digits":   {func(s *auth.SignUp) { s.Password = "1234567890" }, auth.ErrWeakPassword},
	} {
		h := newHouse(t)
		in := adult("Ada", "ada@auth.example")
		c.change(&in)
		_, err := h.SignUp(t.Context(), in)
		wantErr(t, "SignUp of "+name, err, c.want)
		_, err = h.store.AccountByEmail(t.Context(), "ada@auth.example")
		wantErr(t, "AccountByEmail after "+name, err, auth.ErrNotFound)
	}
}

func TestThirteenIsOldEnough(t *testing.T) {
	h := newHouse(t)
	in := adult("Ada", "ada@auth.example")
	in.BirthYear = 2027 - 13
	if _, err := h.SignUp(t.Context(), in); err != nil {
		t.Errorf("SignUp = %v", err)
	}
}

func TestAnEmailHasOneAccountHoweverItIsWritten(t *testing.T) {
	h := newHouse(t)
	h.signUp(t, "Ada", "ada@auth.example")
	_, err := h.SignUp(t.Context(), adult("Eve", "ADA@auth.example "))
	wantErr(t, "SignUp", err, auth.ErrTaken)
}

func TestSignInTakesTheRightPasswordOnly(t *testing.T) {
	h := newHouse(t)
	h.signUp(t, "Ada", "ada@auth.example")
	if in, err := h.SignIn(t.Context(), "ADA@auth.example", password, here); err != nil || in.Account.Name != "Ada" {
		t.Errorf("SignIn = %+v, %v", in.Account, err)
	}
	for _, c := range [][2]string{
		{"ada@auth.example", "a lamp on the coasT"},
		{"ada@auth.example", ""},
		{"ada@auth.example", strings.Repeat("x", 100_000)},
		{"nobody@auth.example", password},
		{"", ""},
	} {
		_, err := h.SignIn(t.Context(), c[0], c[1], here)
		wantErr(t, "SignIn as "+c[0], err, auth.ErrCredentials)
	}
}

func TestPasswordsOfManyBytesWork(t *testing.T) {
	h := newHouse(t)
	in := adult("Ada", "ada@auth.example")
	in.Password = strings.Repeat("🗼", 200)
	if _, err := h.SignUp(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if _, err := h.SignIn(t.Context(), "ada@auth.example", in.Password, here); err != nil {
		t.Errorf("SignIn = %v", err)
	}
}

func TestGuessingIsLimitedByAccountAndAddress(t *testing.T) {
	h := newHouse(t)
	h.signUp(t, "Ada", "ada@auth.example")
	guess := func() error {
		_, err := h.SignIn(t.Context(), "ada@auth.example", "not the password", here)
		return err
	}
	for range 10 {
		wantErr(t, "a guess", guess(), auth.ErrCredentials)
	}
	wantErr(t, "the eleventh guess", guess(), auth.ErrTooMany)
	if _, err := h.SignIn(t.Context(), "ada@auth.example", password, auth.Origin{Address: "198.51.100.7"}); err != nil {
		t.Errorf("SignIn of the owner from elsewhere = %v", err)
	}
	_, err := h.SignIn(t.Context(), "ben@auth.example", password, here)
	wantErr(t, "another account from the same address", err, auth.ErrCredentials)
	h.pass(time.Minute)
	wantErr(t, "a guess a minute later", guess(), auth.ErrCredentials)
}

func TestOneAddressTriesSoManyAccounts(t *testing.T) {
	h := newHouse(t)
	refused := 0
	for i := range 70 {
		_, err := h.SignIn(t.Context(), strings.Repeat("a", i+1)+"@auth.example", password, here)
		if err == nil {
			t.Fatal("signed in as nobody")
		}
		if strings.Contains(err.Error(), auth.ErrTooMany.Error()) {
			refused++
		}
	}
	if refused != 10 {
		t.Errorf("%d of 70 tries refused, want 10", refused)
	}
}

func TestANameIsChanged(t *testing.T) {
	h := newHouse(t)
	p := h.principal(t, h.signUp(t, "Ada", "ada@auth.example"))
	if a, err := h.Rename(t.Context(), p, " Ada L. "); err != nil || a.Name != "Ada L." {
		t.Errorf("Rename = %+v, %v", a, err)
	}
}

func TestNamesShowWhatTheyAre(t *testing.T) {
	for in, want := range map[string]string{
		" Ada ": "Ada", "Ada\u202eneB": "AdaneB", "A\x00d\na": "Ada", "Zoë 王 👩\u200d🚀": "Zoë 王 👩\u200d🚀", "\u200eBen\u200f": "Ben",
	} {
		if got, err := auth.NormalName(in); err != nil || got != want {
			t.Errorf("NormalName(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", " \t\n", "\u200b", "\u200d", "\u2066\u2069", "\xff",
		"\u3164", "\u2800", "\u115f\u1160", "\uffa0", "\u3164 \u3164", "\ufe0f", "\u034f\u0301", "\U0001d159", "\U000e0100",
	} {
		if got, err := auth.NormalName(in); !errors.Is(err, auth.ErrName) {
			t.Errorf("NormalName(%q) = %q, %v, want ErrName", in, got, err)
		}
	}
}

func TestPeopleWhoComeTogetherAreToldApart(t *testing.T) {
	h := newHouse(t)
	seen := map[string]bool{}
	for i := range 12 {
		in := h.signUp(t, "Ada", fmt.Sprintf("ada%d@auth.example", i))
		if seen[in.Account.Color] {
			t.Errorf("the %dth colour, %s, is there already", i, in.Account.Color)
		}
		seen[in.Account.Color] = true
	}
}
