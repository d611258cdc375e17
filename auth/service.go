package auth

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	minAge = 13

	signInTries  = 10  // for one email from one address, a minute
	accountTries = 100 // for one email from anywhere, a minute: then each address has one
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

	// Tries counts tries for all nodes; nil when there is one.
	Tries Tries
	// Ended tells other nodes of sessions that have ended, see Service.EndedElsewhere.
	// It must not block. Nil when there is one.
	Ended func(sessions []string)

	// Stretch makes 32 bytes of a password and a salt; nil is argon2id, as it is to be
	// wherever passwords are real. Tests that are of something else are quicker without.
	Stretch func(password, salt []byte) []byte

	// ShareGuests is how many guests a share has at once; 0 for the usual.
	ShareGuests int
}

// Service signs people in and tells what they may do.
type Service struct {
	store     Store
	maxGuests int // of a share
	signer    *signer
	guests    *signer
	sharing   shareLimits
	passwords *passwords
	now       func() time.Time
	signIns   netLimiter
	accounts  *limiter
	addresses netLimiter
	signUps   netLimiter
	devices   *limiter   // sign-ins from a known device
	slow      netLimiter // sign-ins to an account that is being guessed at
	changes   *limiter   // of passwords, by person
	inviters  *limiter   // by person
	invited   *limiter   // by workspace

	successors []byte // the key of what follows a secret: see successor

	painted atomic.Uint32 // sign-ups, from a random number on: see color

	told func(sessions []string) // other nodes of sessions that have ended; or nil

	mu   sync.Mutex           // guards what follows
	over map[string]time.Time // sessions that have just ended, and when
}

// New makes a service.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	l := limits{c.Now, c.Tries, successorKey(c.Key)}
	s := &Service{
		store: c.Store, maxGuests: cmp.Or(c.ShareGuests, maxGuests), passwords: newPasswords(c.Stretch), now: c.Now, told: c.Ended,
		signer: newSigner(c.Key, c.Issuer, audience, c.Now), guests: newSigner(c.Key, c.Issuer, guestsOnly, c.Now),
		sharing: newShareLimits(l),
		signIns: l.net("sign-in", signInTries, time.Minute), accounts: l.of("account", accountTries, time.Minute),
		addresses: l.net("address", addressTries, time.Minute), signUps: l.net("sign-up", signUpTries, time.Minute),
		devices: l.of("device", signInTries, time.Minute), slow: l.net("slow sign-in", 1, time.Minute),
		changes:  l.of("password", signInTries, time.Minute),
		inviters: l.of("inviter", inviterTries, inviterTries*time.Minute), invited: l.of("invited", teamTries, teamTries*time.Minute),
		over: map[string]time.Time{}, successors: successorKey(c.Key),
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
	Device        string // for the browser to keep, so that it is known next time
}

// SignUp is what somebody tells to get an account.
type SignUp struct {
	Name      string
	Email     string
	Password  string
	BirthYear int // looked at, never kept
	Accepted  bool
	From      Origin
}

// Origin is from where somebody signs in.
type Origin struct {
	Address string // of the network, for the limits on tries
	Device  string // in words, for the list of sessions
	Known   string // what SignedIn.Device was when somebody last signed in there
}

// checkEmail refuses what is no address, and all that can look like another one: a
// normalised email has letters, digits and marks of ASCII only.
func checkEmail(email string) error {
	local, domain, ok := strings.Cut(email, "@")
	if !ok || local == "" || domain == "" || len(email) > maxEmail ||
		strings.Trim(local, "abcdefghijklmnopqrstuvwxyz0123456789.!#$%&'*+-/=?^_`{|}~") != "" ||
		strings.Trim(domain, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
		return ErrEmail
	}
	return nil
}

const maxEmail = 254 // characters

// NormalEmail is the form in which emails are compared and kept.
func NormalEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// SignUp makes an account with a workspace of its own, and signs it in. It ends
// with ErrTooYoung, ErrPolicy, ErrName, ErrWeakPassword, ErrTaken or ErrTooMany, and
// then nothing is kept.
func (s *Service) SignUp(ctx context.Context, in SignUp) (SignedIn, error) {
	switch {
	case !s.signUps.allow(in.From.Address, ""):
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
	return s.begin(ctx, a, in.From)
}

func (s *Service) account(ctx context.Context, in SignUp) (Account, error) {
	email := NormalEmail(in.Email)
	if err := checkEmail(email); err != nil {
		return Account{}, err
	}
	name, err := NormalName(in.Name)
	if err != nil {
		return Account{}, err
	}
	if err := s.passwords.check(in.Password, email, name); err != nil {
		return Account{}, err
	}
	hash, err := s.passwords.hash(ctx, in.Password)
	if err != nil {
		return Account{}, err
	}
	return Account{
		ID: NewID(), Name: name, Email: email,
		Color: s.color(), Password: hash, Policy: PolicyVersion, Created: s.now().UTC(),
	}, nil
}

// SignIn signs an account in by email and password. It ends with ErrCredentials,
// whether the account exists or not, or ErrTooMany.
func (s *Service) SignIn(ctx context.Context, email, password string, from Origin) (SignedIn, error) {
	email = NormalEmail(email)
	if !s.addresses.allow(from.Address, "") {
		return SignedIn{}, ErrTooMany
	}
	a, err := s.store.AccountByEmail(ctx, email)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return SignedIn{}, err
	}
	if !s.mayTry(a, email, from) {
		return SignedIn{}, ErrTooMany
	}
	ok, err := s.passwords.matches(ctx, password, a.Password)
	if err != nil {
		return SignedIn{}, err
	}
	if !ok {
		return SignedIn{}, ErrCredentials
	}
	return s.begin(ctx, a, from)
}

// Expire forgets sessions that are over.
func (s *Service) Expire(ctx context.Context) error { return s.store.DeleteExpired(ctx, s.now()) }

// Run forgets sessions that are over, once an hour until ctx ends. What the store
// does not do now, as its disk is full, it does another time: nobody is let in by
// what is over.
func (s *Service) Run(ctx context.Context) error {
	hourly := time.NewTicker(time.Hour)
	defer hourly.Stop()
	for {
		_ = s.Expire(ctx)
		select {
		case <-hourly.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// unauthenticated is what it means that a session or its account is not there.
func unauthenticated(err error) error {
	if errors.Is(err, ErrNotFound) {
		return ErrUnauthenticated
	}
	return err
}
