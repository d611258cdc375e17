package auth_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"

	"github.com/soratoo/soratoo/auth"
)

// Unless a test says otherwise, what is stored of a password is argon2id of it, by OWASP's
// first choice of parameters.
func TestPasswordsAreStretchedByArgon2id(t *testing.T) {
	h := newHouse(t)
	s := auth.New(auth.Config{Store: h.store, Key: h.key, Issuer: issuer})
	if _, err := s.SignUp(t.Context(), adult("Ada", "ada@stretch.example")); err != nil {
		t.Fatal(err)
	}
	a, err := h.store.AccountByEmail(t.Context(), "ada@stretch.example")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(a.Password, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[3] != "m=19456,t=2,p=1" {
		t.Fatalf("stored is %q", a.Password)
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		t.Fatal(err)
	}
	key, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(salt) != 16 || !bytes.Equal(key, argon2.IDKey([]byte(password), salt, 2, 19456, 1, 32)) {
		t.Errorf("stored is another hash, or a salt of %d bytes (%v)", len(salt), err)
	}
}
