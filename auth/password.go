package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

const (
	minPassword = 10  // characters
	maxPassword = 200 // characters; hashing costs by the byte

	// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
	argonMemory  = 19 << 10 // KiB
	argonTime    = 2
	argonLanes   = 1
	argonKey     = 32 // bytes
	argonSalt    = 16 // bytes
	argonVersion = argon2.Version
)

//go:embed common.txt
var commonPasswords string

// passwords hashes, a few at a time: each hash takes 19 MiB and 20 ms.
type passwords struct {
	slots   chan struct{}
	common  map[string]bool
	dummy   string // compared with when there is no account, so that it takes as long
	stretch func(password, salt []byte) []byte
}

// argon is how passwords are stretched.
func argon(password, salt []byte) []byte {
	return argon2.IDKey(password, salt, argonTime, argonMemory, argonLanes, argonKey)
}

func newPasswords(stretch func(password, salt []byte) []byte) *passwords {
	if stretch == nil {
		stretch = argon
	}
	p := &passwords{stretch: stretch, slots: make(chan struct{}, 2*runtime.GOMAXPROCS(0)), common: map[string]bool{}}
	for word := range strings.FieldsSeq(commonPasswords) {
		p.common[word] = true
	}
	p.dummy = encodeHash(make([]byte, argonSalt), make([]byte, argonKey))
	return p
}

// check tells whether somebody may choose a password, who is known by an email and
// a name.
func (p *passwords) check(password, email, name string) error {
	n, low := utf8.RuneCountInString(password), strings.ToLower(strings.TrimSpace(password))
	local, _, _ := strings.Cut(email, "@")
	if n < minPassword || n > maxPassword || p.common[low] || low == email || low == local || low == strings.ToLower(name) {
		return ErrWeakPassword
	}
	return nil
}

// hash makes what is stored of a password.
func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt) // never fails
	key, err := p.derive(ctx, password, salt)
	if err != nil {
		return "", err
	}
	return encodeHash(salt, key), nil
}

// matches tells whether a password belongs to a hash. With hash "" it takes as
// long and says no.
func (p *passwords) matches(ctx context.Context, password, hash string) (bool, error) {
	known := hash != ""
	if !known {
		hash = p.dummy
	}
	salt, want, err := decodeHash(hash)
	if err != nil {
		return false, err
	}
	if len(password) > maxPassword*utf8.UTFMax {
		password, known = "", false
	}
	got, err := p.derive(ctx, password, salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && known, nil
}

func (p *passwords) derive(ctx context.Context, password string, salt []byte) ([]byte, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting to hash a password: %w", context.Cause(ctx))
	}
	return p.stretch([]byte(password), salt), nil
}

// encodeHash writes the PHC string of a hash.
func encodeHash(salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argonVersion, argonMemory, argonTime, argonLanes,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

func decodeHash(s string) (salt, key []byte, err error) {
	parts := strings.Split(s, "$")
	parameters := fmt.Sprintf("m=%d,t=%d,p=%d", argonMemory, argonTime, argonLanes)
	if len(parts) != 6 || parts[1] != "argon2id" || parts[3] != parameters {
		return nil, nil, fmt.Errorf("stored password hash is of an unknown form")
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return nil, nil, fmt.Errorf("reading a stored salt: %w", err)
	}
	if key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return nil, nil, fmt.Errorf("reading a stored hash: %w", err)
	}
	return salt, key, nil
}
