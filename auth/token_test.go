package auth_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/soratoo/soratoo/auth"
)

// forgery is an access token of ours, taken apart to be changed.
type forgery struct {
	header map[string]any
	claims jwt.MapClaims
	method jwt.SigningMethod
	key    any
}

// forge takes a true token apart; what is changed is signed again.
func (h *house) forge(t *testing.T, token string, change func(*forgery)) string {
	t.Helper()
	f := forgery{claims: jwt.MapClaims{}, method: jwt.SigningMethodEdDSA, key: h.key}
	parsed, _, err := jwt.NewParser().ParseUnverified(token, f.claims)
	if err != nil {
		t.Fatal(err)
	}
	f.header = parsed.Header
	change(&f)
	forged := jwt.NewWithClaims(f.method, f.claims)
	for name, value := range f.header {
		if name != "alg" {
			forged.Header[name] = value
		}
	}
	signed, err := forged.SignedString(f.key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestForgedTokensAreRefused(t *testing.T) {
	h := newHouse(t)
	in := h.signUp(t, "Ada", "ada@auth.example")
	_, other, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	at := func(d time.Duration) float64 { return float64(h.now.Add(d).Unix()) }
	if _, err := h.Token(t.Context(), h.forge(t, in.AccessToken, func(*forgery) {})); err != nil {
		t.Fatalf("an unchanged token = %v: the forger is broken", err)
	}
	for name, change := range map[string]func(*forgery){
		"no signature":        func(f *forgery) { f.method, f.key = jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType },
		"public key as HMAC":  func(f *forgery) { f.method, f.key = jwt.SigningMethodHS256, []byte(h.key.Public().(ed25519.PublicKey)) },
		"another key":         func(f *forgery) { f.key = other },
		"expired":             func(f *forgery) { f.claims["exp"] = at(-31 * time.Second) },
		"no expiry":           func(f *forgery) { delete(f.claims, "exp") },
		"not yet":             func(f *forgery) { f.claims["nbf"] = at(31 * time.Second) },
		"no beginning":        func(f *forgery) { delete(f.claims, "nbf") },
		"another audience":    func(f *forgery) { f.claims["aud"] = "render" },
		"no audience":         func(f *forgery) { delete(f.claims, "aud") },
		"another issuer":      func(f *forgery) { f.claims["iss"] = "https://evil.example" },
		"no issuer":           func(f *forgery) { delete(f.claims, "iss") },
		"another type":        func(f *forgery) { f.header["typ"] = "JWT" },
		"no type":             func(f *forgery) { delete(f.header, "typ"); f.header["typ"] = nil },
		"another key id":      func(f *forgery) { f.header["kid"] = "../../../etc/passwd" },
		"nobody":              func(f *forgery) { delete(f.claims, "sub") },
		"somebody who is not": func(f *forgery) { f.claims["sub"] = auth.NewID() },
		"too long":            func(f *forgery) { f.claims["x"] = strings.Repeat("x", 5000) },
	} {
		_, err := h.Token(t.Context(), h.forge(t, in.AccessToken, change))
		wantErr(t, "Token with "+name, err, auth.ErrUnauthenticated)
	}
}

func TestGarbageIsNoToken(t *testing.T) {
	h := newHouse(t)
	token := h.signUp(t, "Ada", "ada@auth.example").AccessToken
	parts := strings.Split(token, ".")
	for _, s := range []string{
		"", ".", "..", "...", strings.Repeat(".", 1_000_000), "cookie", token + ".", "." + token, token[:len(token)-1],
		token + "=", parts[0] + "." + parts[1] + ".", strings.ToUpper(token),
	} {
		_, err := h.Token(t.Context(), s)
		wantErr(t, "Token("+s[:min(len(s), 20)]+")", err, auth.ErrUnauthenticated)
	}
}

func TestATokenTellsNothingOfThePerson(t *testing.T) {
	h := newHouse(t)
	in := h.signUp(t, "Ada", "ada@auth.example")
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(in.AccessToken, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	for name, value := range claims {
		if text, _ := value.(string); strings.Contains(strings.ToLower(text), "ada@") || text == "Ada" {
			t.Errorf("claim %s = %q", name, text)
		}
	}
	if claims["sub"] != in.Account.ID || claims["iss"] != issuer {
		t.Errorf("claims = %v", claims)
	}
}

func TestATokenEnds(t *testing.T) {
	h := newHouse(t)
	in := h.signUp(t, "Ada", "ada@auth.example")
	h.pass(10 * time.Minute)
	if _, err := h.Token(t.Context(), in.AccessToken); err != nil {
		t.Errorf("Token within the leeway of clocks = %v", err)
	}
	h.pass(31 * time.Second)
	_, err := h.Token(t.Context(), in.AccessToken)
	wantErr(t, "Token after its end", err, auth.ErrUnauthenticated)
}

func TestTheKeyOfEarlierVersionsIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.key")
	fresh, err := auth.ReadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading a key that is not there made a file (%v)", err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "SORATOO ED25519 SEED", Bytes: fresh.Seed()})
	if err := os.WriteFile(path, block, 0o600); err != nil {
		t.Fatal(err)
	}
	if key, err := auth.ReadKey(path); err != nil || !key.Equal(fresh) {
		t.Errorf("ReadKey: %v, equal: %t", err, key.Equal(fresh))
	}
	if key, err := auth.KeyOf(fresh.Seed()); err != nil || !key.Equal(fresh) {
		t.Errorf("KeyOf: %v, equal: %t", err, key.Equal(fresh))
	}
	if _, err := auth.KeyOf([]byte("short")); err == nil {
		t.Error("a key of five bytes is one")
	}
	if err := os.WriteFile(path, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := auth.ReadKey(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("ReadKey of garbage = %v, want an error that names the file", err)
	}
}
