package auth

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	sessionTime = 30 * 24 * time.Hour // a session lasts without a refresh
	ticketTime  = 30 * time.Second    // a ticket is good
	maxTickets  = 10_000              // open at once,
	ownTickets  = 100                 // of them one person's
	minAge      = 13

	signInTries  = 10  // for one email from one address, a minute
	accountTries = 100 // for one email from anywhere, a minute: guessing ends, its owner rarely notices
	addressTries = 60  // sign-ins from one address, a minute
	signUpTries  = 60  // sign-ups from one address, a minute

	// PolicyVersion is the privacy policy that a sign-up accepts.
	PolicyVersion = "2026-11"
)

// colors are what people are told apart by: twelve hues that stand out on dark
// and on light.
var colors = []string{
	"#e5484d", "#f76b15", "#ffb224", "#99d52a", "#30a46c", "#12a594",
	"#00a2c7", "#3e63dd", "#6e56cf", "#ab4aba", "#e93d82", "#ad7f58",
}

// colorStep is how many hues two sign-ups in a row are apart: people who come
// together are told apart, and all hues come before one comes again.
const colorStep = 5

func (s *Service) color() string { return colors[s.painted.Add(colorStep)%uint32(len(colors))] }

// Config is what a Service works with.
type Config struct {
	Store  Store
	Key    ed25519.PrivateKey // signs access tokens
	Issuer string             // of access tokens: the public URL
	Now    func() time.Time   // nil: time.Now
}

// Service signs people in and tells what they may do.
type Service struct {
	store     Store
	signer    *signer
	guests    *signer
	sharing   shareLimits
	passwords *passwords
	now       func() time.Time
	signIns   *limiter
	accounts  *limiter
	addresses *limiter
	signUps   *limiter

	painted atomic.Uint32 // sign-ups, from a random number on: see color

	mu      sync.Mutex // guards tickets
	tickets map[string]ticket
}

type ticket struct {
	person  string
	project string
	expires time.Time
}

// New makes a service.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Service{
		store: c.Store, signer: newSigner(c.Key, c.Issuer, audience, c.Now), guests: newSigner(c.Key, c.Issuer, guestsOnly, c.Now), sharing: newShareLimits(c.Now), passwords: newPasswords(), now: c.Now,
		signIns: newLimiter(signInTries, time.Minute, c.Now), accounts: newLimiter(accountTries, time.Minute, c.Now),
		addresses: newLimiter(addressTries, time.Minute, c.Now),
		signUps:   newLimiter(signUpTries, time.Minute, c.Now), tickets: map[string]ticket{},
	}
	s.painted.Store(mathrand.Uint32N(uint32(len(colors))))
	return s
}

// SignedIn is what somebody gets who has just shown who they are.
type SignedIn struct {
	Account       Account
	AccessToken   string
	AccessExpires time.Time
	Cookie        string // the session's secret, for the browser to keep
	CookieExpires time.Time
}

// SignUp is what somebody tells to get an account.
type SignUp struct {
	Name      string
	Email     string
	Password  string
	BirthYear int // looked at, never kept
	Accepted  bool
	Address   string // of the network, for the limit on tries
}

// NormalEmail is the form in which emails are compared and kept.
func NormalEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// SignUp makes an account with a workspace of its own, and signs it in. It ends
// with ErrTooYoung, ErrPolicy, ErrName, ErrWeakPassword, ErrTaken or ErrTooMany, and
// then nothing is kept.
func (s *Service) SignUp(ctx context.Context, in SignUp) (SignedIn, error) {
	switch {
	case !s.signUps.allow(in.Address):
		return SignedIn{}, ErrTooMany
	case s.now().Year()-in.BirthYear < minAge:
		return SignedIn{}, ErrTooYoung
	case !in.Accepted:
		return SignedIn{}, ErrPolicy
	}
	a, err := s.account(ctx, in)
	if err != nil {
		return SignedIn{}, err
	}
	first := Workspace{ID: NewID(), Name: a.Name + "’s workspace", Created: a.Created}
	if err := s.store.CreateAccount(ctx, a, first); err != nil {
		return SignedIn{}, err
	}
	return s.begin(ctx, a)
}

func (s *Service) account(ctx context.Context, in SignUp) (Account, error) {
	if err := s.passwords.check(in.Password); err != nil {
		return Account{}, err
	}
	name, err := NormalName(in.Name)
	if err != nil {
		return Account{}, err
	}
	hash, err := s.passwords.hash(ctx, in.Password)
	if err != nil {
		return Account{}, err
	}
	return Account{
		ID: NewID(), Name: name, Email: NormalEmail(in.Email),
		Color: s.color(), Password: hash, Policy: PolicyVersion, Created: s.now().UTC(),
	}, nil
}

// SignIn signs an account in by email and password, from a network address. It
// ends with ErrCredentials, whether the account exists or not, or ErrTooMany.
func (s *Service) SignIn(ctx context.Context, email, password, address string) (SignedIn, error) {
	email = NormalEmail(email)
	if !s.addresses.allow(address) || !s.signIns.allow(address+" "+email) || !s.accounts.allow(email) {
		return SignedIn{}, ErrTooMany
	}
	a, err := s.store.AccountByEmail(ctx, email)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return SignedIn{}, err
	}
	ok, err := s.passwords.matches(ctx, password, a.Password)
	if err != nil {
		return SignedIn{}, err
	}
	if !ok {
		return SignedIn{}, ErrCredentials
	}
	return s.begin(ctx, a)
}

// begin makes a session for an account.
func (s *Service) begin(ctx context.Context, a Account) (SignedIn, error) {
	cookie := newSecret()
	session := Session{ID: NewID(), Person: a.ID, Hash: hashSecret(cookie), Created: s.now(), Expires: s.now().Add(sessionTime)}
	if err := s.store.CreateSession(ctx, session); err != nil {
		return SignedIn{}, err
	}
	return s.signedIn(a, cookie, session.Expires)
}

func (s *Service) signedIn(a Account, cookie string, expires time.Time) (SignedIn, error) {
	token, until, err := s.signer.sign(a.ID)
	if err != nil {
		return SignedIn{}, fmt.Errorf("signing a token: %w", err)
	}
	return SignedIn{Account: a, AccessToken: token, AccessExpires: until, Cookie: cookie, CookieExpires: expires}, nil
}

// Refresh gives a session a new secret and a new end; the old secret is no
// longer good.
func (s *Service) Refresh(ctx context.Context, cookie string) (SignedIn, error) {
	a, _, err := s.session(ctx, cookie)
	if err != nil {
		return SignedIn{}, err
	}
	fresh, expires := newSecret(), s.now().Add(sessionTime)
	if err := s.store.RotateSession(ctx, hashSecret(cookie), hashSecret(fresh), expires); err != nil {
		return SignedIn{}, unauthenticated(err)
	}
	return s.signedIn(a, fresh, expires)
}

// SignOut ends the session of a cookie, if there is one.
func (s *Service) SignOut(ctx context.Context, cookie string) error {
	return s.store.DeleteSession(ctx, hashSecret(cookie))
}

// Cookie returns whose session a cookie is, or ErrUnauthenticated.
func (s *Service) Cookie(ctx context.Context, cookie string) (Principal, error) {
	a, expires, err := s.session(ctx, cookie)
	if err != nil {
		return Principal{}, err
	}
	return principal(a, expires), nil
}

func (s *Service) session(ctx context.Context, cookie string) (Account, time.Time, error) {
	session, err := s.store.SessionByHash(ctx, hashSecret(cookie))
	if err != nil {
		return Account{}, time.Time{}, unauthenticated(err)
	}
	if !s.now().Before(session.Expires) {
		return Account{}, time.Time{}, ErrUnauthenticated
	}
	a, err := s.store.Account(ctx, session.Person)
	return a, session.Expires, unauthenticated(err)
}

// Token returns whose access token it is, or ErrUnauthenticated.
func (s *Service) Token(ctx context.Context, token string) (Principal, error) {
	person, expires, err := s.signer.check(token)
	if err != nil {
		return Principal{}, err
	}
	a, err := s.store.Account(ctx, person)
	if err != nil {
		return Principal{}, unauthenticated(err)
	}
	return principal(a, expires), nil
}

// NewTicket makes a ticket: it stands for the person once, for 30 seconds and
// for one project, where a token may not be shown, as in an address.
func (s *Service) NewTicket(p Principal, project string) (secret string, expires time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	own := 0
	for key, t := range s.tickets {
		if t.person == p.Person {
			if own++; !now.Before(t.expires) {
				own--
				delete(s.tickets, key)
			}
		}
	}
	if own >= ownTickets {
		return "", time.Time{}, ErrTooMany
	}
	if len(s.tickets) >= maxTickets {
		for key, t := range s.tickets {
			if !now.Before(t.expires) {
				delete(s.tickets, key)
			}
		}
		if len(s.tickets) >= maxTickets {
			return "", time.Time{}, ErrTooMany
		}
	}
	secret, expires = newSecret(), now.Add(ticketTime)
	s.tickets[string(hashSecret(secret))] = ticket{p.Person, project, expires}
	return secret, expires, nil
}

// Ticket takes a ticket, which is then used up, and returns whose it is. One for
// another project is good for nothing.
func (s *Service) Ticket(ctx context.Context, secret, project string) (Principal, error) {
	key := string(hashSecret(secret))
	s.mu.Lock()
	t, ok := s.tickets[key]
	delete(s.tickets, key)
	s.mu.Unlock()
	if !ok || t.project != project || !s.now().Before(t.expires) {
		return Principal{}, ErrUnauthenticated
	}
	a, err := s.store.Account(ctx, t.person)
	if err != nil {
		return Principal{}, unauthenticated(err)
	}
	return principal(a, time.Time{}), nil
}

// Expire forgets sessions that are over.
func (s *Service) Expire(ctx context.Context) error { return s.store.DeleteExpired(ctx, s.now()) }

// Run forgets sessions that are over, once an hour until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	hourly := time.NewTicker(time.Hour)
	defer hourly.Stop()
	for {
		if err := s.Expire(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("forgetting sessions: %w", err)
		}
		select {
		case <-hourly.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func principal(a Account, expires time.Time) Principal {
	return Principal{Person: a.ID, Name: a.Name, Color: a.Color, Expires: expires}
}

// unauthenticated is what it means that a session or its account is not there.
func unauthenticated(err error) error {
	if errors.Is(err, ErrNotFound) {
		return ErrUnauthenticated
	}
	return err
}

// newSecret makes a secret of 256 bits.
func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// hashSecret is what is kept of a secret. Secrets are random, so they need no
// slow hash.
func hashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
