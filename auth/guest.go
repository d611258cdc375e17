package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"
)

// Opening is what somebody shows to come in by a share.
type Opening struct {
	Token    string
	Password string // "" when not asked for yet
	Name     string // as the guest wants to be called; "" when not asked yet
	Address  string // of the network, for the limits on tries

	// Cookie returns the secret that a share's cookie has, or "".
	Cookie func(share string) string
}

// Opened is what a guest gets.
type Opened struct {
	Guest         Guest
	Share         Share
	AccessToken   string
	AccessExpires time.Time
	Cookie        string // the guest's secret, for the browser to keep
	CookieExpires time.Time
	Gone          string // the guest who was let go for this one, "" for nobody
}

// OpenShare lets somebody in by a share's token: who has been here by it comes
// back as the same guest, others show the password and give a name. It ends
// with ErrNotFound, ErrShareEnded, ErrSharePassword, ErrName or ErrTooMany.
func (s *Service) OpenShare(ctx context.Context, in Opening) (Opened, error) {
	if !s.sharing.opens.allow(in.Address, "") {
		return Opened{}, ErrTooMany
	}
	share, err := s.shareOf(ctx, in.Token)
	if err != nil {
		return Opened{}, err
	}
	cookie := in.Cookie(share.ID)
	var gone string
	guest, err := s.returning(ctx, share, cookie)
	if errors.Is(err, ErrUnauthenticated) {
		guest, cookie, gone, err = s.newGuest(ctx, share, in)
	}
	if err != nil {
		return Opened{}, err
	}
	if err := s.store.AddView(ctx, share.ID, View{ID: NewID(), Guest: guest.ID, At: s.now().UTC()}, maxViews); err != nil {
		return Opened{}, err
	}
	out, err := s.opened(share, guest, cookie)
	out.Gone = gone
	return out, err
}

// ResumeShare gives who came by a share a new access token, by the cookie. It
// ends with ErrUnauthenticated or ErrShareEnded.
func (s *Service) ResumeShare(ctx context.Context, share, cookie string) (Opened, error) {
	if !ValidID(share) {
		return Opened{}, ErrUnauthenticated
	}
	found, err := s.store.Share(ctx, share)
	if err != nil {
		return Opened{}, unauthenticated(err)
	}
	guest, err := s.returning(ctx, found, cookie)
	if err != nil {
		return Opened{}, err
	}
	if err := s.live(found); err != nil {
		return Opened{}, err
	}
	return s.opened(found, guest, cookie)
}

func (s *Service) opened(share Share, guest Guest, cookie string) (Opened, error) {
	token, until, err := s.guests.sign(guest.ID, "")
	if err != nil {
		return Opened{}, fmt.Errorf("signing a guest's token: %w", err)
	}
	expires := guest.Created.Add(guestTime)
	if !share.Expires.IsZero() && share.Expires.Before(expires) {
		expires = share.Expires
	}
	return Opened{
		Guest: guest, Share: share, AccessToken: token, AccessExpires: until, Cookie: cookie, CookieExpires: expires,
	}, nil
}

// cookieOf is what a guest's cookie holds: the guest's id, which tells where to
// look, and a secret.
func cookieOf(guest, secret string) string { return guest + secret }

// returning is the guest whose cookie this is, or ErrUnauthenticated.
func (s *Service) returning(ctx context.Context, share Share, cookie string) (Guest, error) {
	if len(cookie) <= idLength || !ValidID(cookie[:idLength]) {
		return Guest{}, ErrUnauthenticated
	}
	guest, err := s.store.Guest(ctx, cookie[:idLength])
	if err != nil {
		return Guest{}, unauthenticated(err)
	}
	same := subtle.ConstantTimeCompare(guest.Hash, hashSecret(cookie)) == 1
	if !same || guest.Share != share.ID || !s.now().Before(guest.Created.Add(guestTime)) {
		return Guest{}, ErrUnauthenticated
	}
	return guest, nil
}

func (s *Service) newGuest(ctx context.Context, share Share, in Opening) (g Guest, cookie, gone string, err error) {
	if share.Password != "" {
		if in.Password == "" {
			return Guest{}, "", "", ErrSharePassword
		}
		if !s.sharing.guess(share.ID, in.Address) {
			return Guest{}, "", "", ErrTooMany
		}
		switch ok, err := s.passwords.matches(ctx, in.Password, share.Password); {
		case err != nil:
			return Guest{}, "", "", err
		case !ok:
			return Guest{}, "", "", ErrSharePassword
		}
	}
	name, err := NormalName(in.Name)
	if err != nil {
		return Guest{}, "", "", err
	}
	guest := Guest{ID: NewID(), Share: share.ID, Name: name, Color: s.color(), Created: s.now().UTC()}
	cookie = cookieOf(guest.ID, newSecret())
	guest.Hash = hashSecret(cookie)
	gone, err = s.store.CreateGuest(ctx, guest, s.maxGuests)
	return guest, cookie, gone, err
}

// Guest returns who came by a share, by their access token. It ends with ErrUnauthenticated or ErrShareEnded.
// No account's token is good here, and no guest's elsewhere.
func (s *Service) Guest(ctx context.Context, token string) (Principal, error) {
	holder, expires, err := s.guests.check(token)
	if err != nil {
		return Principal{}, err
	}
	guest, err := s.store.Guest(ctx, holder.person)
	if err != nil {
		return Principal{}, unauthenticated(err)
	}
	share, err := s.store.Share(ctx, guest.Share)
	if err != nil {
		return Principal{}, unauthenticated(err)
	}
	return guestPrincipal(guest, share, expires), s.live(share)
}

// GuestByCookie returns who came by a share, by its cookie.
func (s *Service) GuestByCookie(ctx context.Context, share, cookie string) (Principal, error) {
	in, err := s.ResumeShare(ctx, share, cookie)
	if err != nil {
		return Principal{}, err
	}
	return guestPrincipal(in.Guest, in.Share, in.CookieExpires), nil
}

func guestPrincipal(g Guest, share Share, expires time.Time) Principal {
	return Principal{
		Person: g.ID, Name: g.Name, Color: g.Color, Expires: expires,
		Share: share.ID, Project: share.Project, Version: share.Version, Download: share.Download, Ends: share.Expires,
	}
}

// Anyone returns whose access token it is, an account's or a guest's, for
// documents.
func (s *Service) Anyone(ctx context.Context, token string) (Principal, error) {
	p, err := s.Token(ctx, token)
	if errors.Is(err, ErrUnauthenticated) {
		return s.Guest(ctx, token)
	}
	return p, err
}

// Beside lists those of ids whom a guest meets: the people of the project and
// its guests.
func (s *Service) Beside(ctx context.Context, p Principal, ids []string) ([]Person, error) {
	return s.store.SharePeople(ctx, p.Share, ids)
}

// guestShare is the share of a guest, while it is good and leads to a project.
func (s *Service) guestShare(ctx context.Context, p Principal, project string) (Share, error) {
	share, err := s.store.Share(ctx, p.Share)
	if err != nil {
		return Share{}, err
	}
	if share.Project != project {
		return Share{}, ErrNotFound
	}
	return share, s.live(share)
}

// guestProject is a project as guests see it: as viewers do.
func (s *Service) guestProject(ctx context.Context, p Principal, id string) (Project, error) {
	share, err := s.guestShare(ctx, p, id)
	return Project{ID: share.Project, Name: share.Title, Role: RoleViewer}, err
}

// guestDocument tells what a guest may do with a document of a project. Who was
// shown one version does not see how the cut goes on.
func (s *Service) guestDocument(ctx context.Context, p Principal, project, kind string) (Access, error) {
	share, err := s.guestShare(ctx, p, project)
	if err != nil {
		return AccessNone, err
	}
	if share.Version != "" && kind == "timeline" {
		return AccessNone, ErrForbidden
	}
	return share.access(), nil
}
