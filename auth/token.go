package auth

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	accessTime = 10 * time.Minute // an access token is good
	leeway     = 30 * time.Second // clocks may differ
	audience   = "soratoo"
	guestsOnly = "soratoo-guest" // the audience of guests' tokens
	tokenType  = "at+jwt"        // RFC 9068: never to be taken for another kind of token
	maxToken   = 4 << 10         // bytes, looked at before anything else
)

// signer makes and checks access tokens: JWTs signed with Ed25519.
type signer struct {
	key      ed25519.PrivateKey
	id       string
	issuer   string
	audience string // who has an account and guests are told apart by it
	now      func() time.Time
	parser   *jwt.Parser
}

func newSigner(key ed25519.PrivateKey, issuer, audience string, now func() time.Time) *signer {
	sum := sha256.Sum256(key.Public().(ed25519.PublicKey))
	return &signer{
		key: key, id: base64.RawURLEncoding.EncodeToString(sum[:8]), issuer: issuer, audience: audience, now: now,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithAudience(audience), jwt.WithIssuer(issuer),
			jwt.WithExpirationRequired(), jwt.WithNotBeforeRequired(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(now), jwt.WithStrictDecoding(),
		),
	}
}

// holder is whose token it is, and the session that it was made for; guests have
// none.
type holder struct{ person, session string }

// claims are what a token says.
type claims struct {
	jwt.RegisteredClaims
	Session string `json:"sid,omitempty"`
}

// sign makes an access token for a person's session.
func (s *signer) sign(person, session string) (token string, expires time.Time, err error) {
	now := s.now()
	expires = now.Add(accessTime)
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{Session: session, RegisteredClaims: jwt.RegisteredClaims{
		Subject: person, Issuer: s.issuer, Audience: jwt.ClaimStrings{s.audience}, ID: NewID(),
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(expires),
	}})
	t.Header["kid"], t.Header["typ"] = s.id, tokenType
	token, err = t.SignedString(s.key)
	return token, expires, err
}

// check returns whose access token it is. Whatever is wrong with it, the
// answer is ErrUnauthenticated.
func (s *signer) check(token string) (h holder, expires time.Time, err error) {
	if len(token) > maxToken {
		return holder{}, time.Time{}, ErrUnauthenticated
	}
	var said claims
	_, err = s.parser.ParseWithClaims(token, &said, func(t *jwt.Token) (any, error) {
		if t.Header["kid"] != s.id || t.Header["typ"] != tokenType {
			return nil, errors.New("token of another kind")
		}
		return s.key.Public(), nil
	})
	if err != nil || said.Subject == "" {
		return holder{}, time.Time{}, ErrUnauthenticated
	}
	return holder{said.Subject, said.Session}, said.ExpiresAt.Time, nil
}

// ReadKey reads the signing key of an installation from a file, or makes one when there
// is none.
func ReadKey(path string) (ed25519.PrivateKey, error) {
	const kind = "SORATOO ED25519 SEED"
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("making a signing key: %w", err)
		}
		return key, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the signing key: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != kind || len(block.Bytes) != ed25519.SeedSize {
		return nil, fmt.Errorf("%s is not a signing key; restore it, or remove it to have everybody sign in again", path)
	}
	return ed25519.NewKeyFromSeed(block.Bytes), nil
}

// KeyOf is the signing key that a secret stands for.
func KeyOf(seed []byte) (ed25519.PrivateKey, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("the signing key has %d bytes, want %d", len(seed), ed25519.SeedSize)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}
