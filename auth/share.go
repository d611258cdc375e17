package auth

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"time"
	"unicode/utf8"
)

// Share is a link by which people without an account come to one project.
type Share struct {
	ID       string
	Project  string
	Title    string // of the project, when read
	Hash     []byte // SHA-256 of the token
	Comment  bool   // who comes by it may write in the review
	Download bool   // and may take media along
	Password string // the hash, "" for none; see hashPassword
	Version  string // that it shows, "" for what is there now
	Person   string // who made it
	Created  time.Time
	Expires  time.Time // zero: never
	Revoked  bool
	Crowded  int // guests who wrote nothing and were let go for new ones

	Views  int       // openings, when listed
	Viewed time.Time // the last of them, zero for none
}

// Guest is somebody who came by a share. Guests are people of their own kind:
// their ids look like those of accounts and are none.
type Guest struct {
	ID      string
	Share   string
	Name    string
	Color   string
	Hash    []byte // SHA-256 of the cookie
	Created time.Time
}

// View is an opening of a share.
type View struct {
	ID    string
	Guest string
	Name  string // of the guest, when read
	Color string
	At    time.Time
}

// Shares keeps shares. Reads of what is not there end with ErrNotFound.
type Shares interface {
	// CreateShare stores a share, unless its project has so many, or one has this
	// hash: ErrTooMany.
	CreateShare(ctx context.Context, s Share, most int) error
	Share(ctx context.Context, id string) (Share, error)
	ShareByHash(ctx context.Context, hash []byte) (Share, error)
	// Shares lists the shares of a project that are not revoked.
	Shares(ctx context.Context, project string, p Page) ([]Share, error)
	RevokeShare(ctx context.Context, id string) error
}

// Guests keeps guests, also those of revoked shares, whose names stay known.
// Reads of what is not there end with ErrNotFound.
type Guests interface {
	// CreateGuest stores a guest. If the share has so many, the oldest who wrote in
	// no document is gone for that; when all did it ends with ErrTooMany.
	CreateGuest(ctx context.Context, g Guest, most int) (gone string, err error)
	Guest(ctx context.Context, id string) (Guest, error)
	// SharePeople lists those of ids who are in the workspace of the share's
	// project, or came to that project as guests.
	SharePeople(ctx context.Context, share string, ids []string) ([]Person, error)
}

// Views keeps who opened shares.
type Views interface {
	// AddView notes an opening; of a share the newest so many are kept.
	AddView(ctx context.Context, share string, v View, most int) error
	Views(ctx context.Context, share string, p Page) ([]View, error)
}

const (
	maxShares  = 500    // of a project
	maxGuests  = 10_000 // of a share
	maxViews   = 1_000  // of a share that are kept
	minShared  = 6      // characters of a share's password
	guestTime  = 180 * 24 * time.Hour
	tokenBytes = 16 // of a share's token

	shareTries   = 10   // passwords for one share from one address, a minute
	sharedTries  = 50   // passwords for one share from addresses that have tried before, a minute
	openTries    = 60   // openings from one address, a minute
	unknownTries = 1000 // of tokens that open nothing, from anywhere, a minute
)

// NewShare says what link to make.
type NewShare struct {
	Project  string
	Comment  bool
	Download bool
	Password string // "" for none
	Version  string // "" for what is there at the time
	Expires  time.Time
	Token    string // "": a random one; others must be as hard to guess
}

// CreateShare makes a link to a project. The token is in the answer and nowhere
// else. It ends with ErrWeakPassword, ErrExpiry, or ErrTooMany.
func (s *Service) CreateShare(ctx context.Context, p Principal, in NewShare) (Share, string, error) {
	project, err := s.May(ctx, p, in.Project, ActionShare)
	if err != nil {
		return Share{}, "", err
	}
	now := s.now().UTC()
	if !in.Expires.IsZero() && !in.Expires.After(now) {
		return Share{}, "", ErrExpiry
	}
	share := Share{
		ID: NewID(), Project: project.ID, Title: project.Name, Comment: in.Comment, Download: in.Download,
		Version: in.Version, Person: p.Person, Created: now, Expires: in.Expires.UTC(),
	}
	if in.Password != "" {
		if n := utf8.RuneCountInString(in.Password); n < minShared || n > maxPassword {
			return Share{}, "", ErrSharePassword
		}
		if share.Password, err = s.passwords.hash(ctx, in.Password); err != nil {
			return Share{}, "", err
		}
	}
	token := in.Token
	if token == "" {
		token = newShareToken()
	}
	share.Hash = hashSecret(token)
	return share, token, s.store.CreateShare(ctx, share, maxShares)
}

func newShareToken() string {
	var b [tokenBytes]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Shares lists the links to a project, to who may make them.
func (s *Service) Shares(ctx context.Context, p Principal, project string, page Page) ([]Share, error) {
	if _, err := s.May(ctx, p, project, ActionShare); err != nil {
		return nil, err
	}
	return s.store.Shares(ctx, project, page)
}

// RevokeShare ends a link. Who came by it is out; what they wrote stays, with
// their names.
func (s *Service) RevokeShare(ctx context.Context, p Principal, id string) (Share, error) {
	share, err := s.manageShare(ctx, p, id)
	if err != nil {
		return Share{}, err
	}
	return share, s.store.RevokeShare(ctx, id)
}

// Views lists who opened a link, to who may make one.
func (s *Service) Views(ctx context.Context, p Principal, id string, page Page) ([]View, error) {
	if _, err := s.manageShare(ctx, p, id); err != nil {
		return nil, err
	}
	return s.store.Views(ctx, id, page)
}

func (s *Service) manageShare(ctx context.Context, p Principal, id string) (Share, error) {
	if !ValidID(id) {
		return Share{}, ErrNotFound
	}
	share, err := s.store.Share(ctx, id)
	if err != nil {
		return Share{}, err
	}
	if share.Revoked {
		return Share{}, ErrNotFound
	}
	_, err = s.May(ctx, p, share.Project, ActionShare)
	return share, err
}

// live tells whether a share is still good: nil or ErrShareEnded.
func (s *Service) live(share Share) error {
	if share.Revoked || !share.Expires.IsZero() && !s.now().Before(share.Expires) {
		return ErrShareEnded
	}
	return nil
}

// access is what who comes by a share may do with documents.
func (s Share) access() Access {
	if s.Comment {
		return AccessComment
	}
	return AccessRead
}

// shareLimits keep tokens and passwords of shares from being guessed.
type shareLimits struct {
	opens    netLimiter // by address
	unknown  *limiter   // of all
	password netLimiter // by share and address
	first    *limiter   // the same: the first of an hour is never refused for what others do
	all      *limiter   // by share
}

func newShareLimits(l limits) shareLimits {
	return shareLimits{
		opens: l.net("link", openTries, time.Minute), unknown: l.of("unknown link", unknownTries, time.Minute),
		password: l.net("link password", shareTries, time.Minute), first: l.of("first link password", 1, time.Hour),
		all: l.of("all link passwords", sharedTries, time.Minute),
	}
}

// guess counts a password that was sent for a share. Many who guess from many
// addresses slow down each other, and nobody who tries for the first time.
func (l *shareLimits) guess(share, address string) bool {
	key := share + " " + address
	return l.password.allow(address, share) && (l.first.allow(key) || l.all.allow(share))
}

// shareOf reads a share by its token.
func (s *Service) shareOf(ctx context.Context, token string) (Share, error) {
	share, err := s.store.ShareByHash(ctx, hashSecret(token))
	if errors.Is(err, ErrNotFound) && !s.sharing.unknown.allow("") {
		return Share{}, ErrTooMany
	}
	if err != nil {
		return Share{}, err
	}
	return share, s.live(share)
}
