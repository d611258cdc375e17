package auth

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"
)

const (
	sessionTime = 30 * 24 * time.Hour // a session lasts without a refresh
	graceTime   = 30 * time.Second    // a secret is good after its successor was made
	usedEvery   = 5 * time.Minute     // how exactly it is known when a session was used
	overTime    = 2 * time.Minute     // a session's end is remembered: longer than any socket takes to open
	maxSessions = 200                 // that one person is shown
)

// begin makes a session for an account.
func (s *Service) begin(ctx context.Context, a Account, from Origin) (SignedIn, error) {
	cookie, now := newSecret(), s.now()
	session := Session{
		ID: NewID(), Person: a.ID, Hash: hashSecret(cookie), Device: from.Device,
		Created: now, Used: now, Expires: now.Add(sessionTime),
	}
	if err := s.store.CreateSession(ctx, session); err != nil {
		return SignedIn{}, err
	}
	in, err := s.signedIn(a, session, cookie)
	in.Device = s.deviceOf(a)
	return in, err
}

func (s *Service) signedIn(a Account, session Session, cookie string) (SignedIn, error) {
	token, until, err := s.signer.sign(a.ID, session.ID)
	if err != nil {
		return SignedIn{}, fmt.Errorf("signing a token: %w", err)
	}
	return SignedIn{Account: a, AccessToken: token, AccessExpires: until, Cookie: cookie, CookieExpires: session.Expires}, nil
}

// Refresh gives a session a new secret and a new end. Whoever asks with the old
// secret within graceTime, as a second tab does or who has not got the answer, gets
// the same new one; so does who asks again with the new one.
func (s *Service) Refresh(ctx context.Context, cookie string) (SignedIn, error) {
	session, a, err := s.session(ctx, cookie)
	if err != nil {
		return SignedIn{}, err
	}
	now, hash := s.now(), hashSecret(cookie)
	if bytes.Equal(session.Hash, hash) && now.Sub(session.Rotated) < graceTime {
		return s.signedIn(a, session, cookie)
	}
	fresh := s.successor(cookie)
	if bytes.Equal(session.Hash, hash) {
		err := s.store.RotateSession(ctx, Rotation{Old: hash, Fresh: hashSecret(fresh), At: now, Expires: now.Add(sessionTime)})
		if err != nil && !errors.Is(err, ErrNotFound) {
			return SignedIn{}, err
		}
		// If another was first, this is what that one has made.
		if session, err = s.store.SessionByHash(ctx, hashSecret(fresh)); err != nil {
			return SignedIn{}, unauthenticated(err)
		}
	}
	if !bytes.Equal(session.Hash, hashSecret(fresh)) {
		return SignedIn{}, ErrUnauthenticated
	}
	return s.signedIn(a, session, fresh)
}

// successor is the secret that follows another: always the same one, which nobody
// can tell who has not both the other and the installation's key.
func (s *Service) successor(secret string) string {
	mac := hmac.New(sha256.New, s.successors)
	mac.Write([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func successorKey(key ed25519.PrivateKey) []byte {
	mac := hmac.New(sha256.New, key.Seed())
	mac.Write([]byte("what follows a session's secret"))
	return mac.Sum(nil)
}

// SignOut ends the session of a cookie, if there is one.
func (s *Service) SignOut(ctx context.Context, cookie string) error {
	session, _, err := s.session(ctx, cookie)
	if errors.Is(err, ErrUnauthenticated) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.end(ctx, session)
}

// Leave ends the session by which somebody is signed in.
func (s *Service) Leave(ctx context.Context, p Principal) error {
	return s.end(ctx, Session{ID: p.Session, Person: p.Person})
}

// end ends a session. That it is gone already does not matter.
func (s *Service) end(ctx context.Context, session Session) error {
	err := s.store.EndSession(ctx, session.Person, session.ID)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	if err == nil {
		s.ended(session.ID)
	}
	return err
}

// ended has what was opened by sessions end, on all nodes.
func (s *Service) ended(sessions ...string) {
	s.EndedElsewhere(sessions...)
	if s.told != nil && len(sessions) > 0 {
		s.told(sessions)
	}
}

// EndedElsewhere remembers that sessions are over, for what was opened by them: another
// node has ended them.
func (s *Service) EndedElsewhere(sessions ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for id, at := range s.over {
		if now.Sub(at) > overTime {
			delete(s.over, id)
		}
	}
	for _, id := range sessions {
		s.over[id] = now
	}
}

// Over tells whether a session has ended before its time within the last two
// minutes. What stays open asks for it every second.
func (s *Service) Over(session string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, over := s.over[session]
	return over
}

// Cookie returns whose session a cookie is, or ErrUnauthenticated.
func (s *Service) Cookie(ctx context.Context, cookie string) (Principal, error) {
	session, a, err := s.session(ctx, cookie)
	if err != nil {
		return Principal{}, err
	}
	return principal(a, session, session.Expires), nil
}

// session is a cookie's session and whose it is. A secret that has a successor
// since longer than graceTime is not in the hands of the browser that got the
// successor, or that one was stolen: the session ends.
func (s *Service) session(ctx context.Context, cookie string) (Session, Account, error) {
	hash := hashSecret(cookie)
	session, err := s.store.SessionByHash(ctx, hash)
	if errors.Is(err, ErrNotFound) {
		var spent time.Time
		session, spent, err = s.store.SpentSession(ctx, hash)
		if err == nil && s.now().Sub(spent) > graceTime {
			err = s.reused(ctx, session)
		}
	}
	if err != nil {
		return Session{}, Account{}, unauthenticated(err)
	}
	return s.current(ctx, session)
}

// reused ends a session whose secret has been in two hands, and leaves word for
// its owner.
func (s *Service) reused(ctx context.Context, session Session) error {
	if err := s.store.Alarm(ctx, session.Person, s.now()); err != nil {
		return err
	}
	if err := s.end(ctx, session); err != nil {
		return err
	}
	return ErrUnauthenticated
}

// current returns a session with whose it is, if it is not over, and notes its use.
func (s *Service) current(ctx context.Context, session Session) (Session, Account, error) {
	now := s.now()
	if !now.Before(session.Expires) {
		return Session{}, Account{}, ErrUnauthenticated
	}
	if now.Sub(session.Used) > usedEvery {
		if err := s.store.UseSession(ctx, session.ID, now); err != nil {
			return Session{}, Account{}, unauthenticated(err)
		}
	}
	a, err := s.store.Account(ctx, session.Person)
	return session, a, unauthenticated(err)
}

// Token returns whose access token it is, or ErrUnauthenticated: also when the
// session has ended that it was made for.
func (s *Service) Token(ctx context.Context, token string) (Principal, error) {
	holder, expires, err := s.signer.check(token)
	if err != nil {
		return Principal{}, err
	}
	return s.bySession(ctx, holder, expires)
}

// bySession is somebody by the session that they showed something of.
func (s *Service) bySession(ctx context.Context, h holder, expires time.Time) (Principal, error) {
	session, err := s.store.Session(ctx, h.session)
	if err != nil {
		return Principal{}, unauthenticated(err)
	}
	if session.Person != h.person {
		return Principal{}, ErrUnauthenticated
	}
	session, a, err := s.current(ctx, session)
	if err != nil {
		return Principal{}, err
	}
	if session.Expires.Before(expires) || expires.IsZero() {
		expires = session.Expires
	}
	return principal(a, session, expires), nil
}

func principal(a Account, session Session, expires time.Time) Principal {
	return Principal{Person: a.ID, Name: a.Name, Color: a.Color, Session: session.ID, Expires: expires}
}

// Sessions lists where somebody is signed in, the newest first.
func (s *Service) Sessions(ctx context.Context, p Principal) ([]Session, error) {
	return s.store.SessionsOf(ctx, p.Person, Page{Limit: maxSessions})
}

// EndSession ends one of somebody's own sessions. Others' are not found.
func (s *Service) EndSession(ctx context.Context, p Principal, id string) error {
	if err := s.store.EndSession(ctx, p.Person, id); err != nil {
		return err
	}
	s.ended(id)
	return nil
}

// ChangePassword gives somebody who knows their password another, and ends all
// their other sessions. It ends with ErrCredentials, ErrWeakPassword or ErrTooMany.
func (s *Service) ChangePassword(ctx context.Context, p Principal, current, wanted string) error {
	if !s.changes.allow(p.Person) {
		return ErrTooMany
	}
	a, err := s.Me(ctx, p)
	if err != nil {
		return err
	}
	switch ok, err := s.passwords.matches(ctx, current, a.Password); {
	case err != nil:
		return err
	case !ok:
		return ErrCredentials
	}
	if err := s.passwords.check(wanted, a.Email, a.Name); err != nil {
		return err
	}
	hash, err := s.passwords.hash(ctx, wanted)
	if err != nil {
		return err
	}
	others, err := s.store.SetPassword(ctx, p.Person, hash, p.Session)
	s.ended(others...)
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
