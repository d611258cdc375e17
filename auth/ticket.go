package auth

import (
	"context"
	"errors"
	"time"
)

const (
	ticketTime = 30 * time.Second // a ticket is good
	ownTickets = 100              // open at once of one person
)

// Ticket stands for a person, once.
type Ticket struct {
	Hash    []byte // SHA-256 of the secret
	Person  string
	Session string
	Project string
	Expires time.Time
}

// Tickets keeps tickets.
type Tickets interface {
	// AddTicket stores a ticket if the person has fewer than so many, or else ends with
	// ErrTooMany. It forgets those that are over by then.
	AddTicket(ctx context.Context, t Ticket, most int, now time.Time) error
	// TakeTicket returns a ticket and forgets it. What is not there is ErrNotFound.
	TakeTicket(ctx context.Context, hash []byte) (Ticket, error)
}

// NewTicket makes a ticket: it stands for the person once, for 30 seconds and
// for one project, where a token may not be shown, as in an address.
func (s *Service) NewTicket(ctx context.Context, p Principal, project string) (secret string, expires time.Time, err error) {
	now := s.now()
	secret, expires = newSecret(), now.Add(ticketTime)
	t := Ticket{Hash: hashSecret(secret), Person: p.Person, Session: p.Session, Project: project, Expires: expires}
	if err := s.store.AddTicket(ctx, t, ownTickets, now); err != nil {
		return "", time.Time{}, err
	}
	return secret, expires, nil
}

// Ticket takes a ticket, which is then used up, and returns whose it is, as long as
// their session is not over. One for another project is good for nothing.
func (s *Service) Ticket(ctx context.Context, secret, project string) (Principal, error) {
	t, err := s.store.TakeTicket(ctx, hashSecret(secret))
	if errors.Is(err, ErrNotFound) || err == nil && (t.Project != project || !s.now().Before(t.Expires)) {
		return Principal{}, ErrUnauthenticated
	}
	if err != nil {
		return Principal{}, err
	}
	return s.bySession(ctx, holder{t.Person, t.Session}, time.Time{})
}
