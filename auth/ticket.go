package auth

import (
	"context"
	"time"
)

const (
	ticketTime = 30 * time.Second // a ticket is good
	maxTickets = 10_000           // open at once,
	ownTickets = 100              // of them one person's
)

type ticket struct {
	holder
	project string
	expires time.Time
}

// NewTicket makes a ticket: it stands for the person once, for 30 seconds and
// for one project, where a token may not be shown, as in an address.
func (s *Service) NewTicket(p Principal, project string) (secret string, expires time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	own := 0
	for key, t := range s.tickets {
		if t.person != p.Person {
			continue
		}
		if own++; !now.Before(t.expires) {
			own--
			delete(s.tickets, key)
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
	s.tickets[string(hashSecret(secret))] = ticket{holder{p.Person, p.Session}, project, expires}
	return secret, expires, nil
}

// Ticket takes a ticket, which is then used up, and returns whose it is, as long as
// their session is not over. One for another project is good for nothing.
func (s *Service) Ticket(ctx context.Context, secret, project string) (Principal, error) {
	key := string(hashSecret(secret))
	s.mu.Lock()
	t, ok := s.tickets[key]
	delete(s.tickets, key)
	s.mu.Unlock()
	if !ok || t.project != project || !s.now().Before(t.expires) {
		return Principal{}, ErrUnauthenticated
	}
	return s.bySession(ctx, t.holder, time.Time{})
}
