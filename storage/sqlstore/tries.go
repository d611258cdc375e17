package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/storage/seal"
)

// triesKept is how long counts are kept that nobody adds to: as long as the slowest limit
// takes to be full again.
const triesKept = 24 * time.Hour

// Try counts a try for all nodes; see auth.Tries.
func (s *Store) Try(ctx context.Context, key string, most int, every time.Duration) (ok bool, err error) {
	// What came back since the last one, by the database's clock.
	const left = `CASE WHEN tries.used > (excluded.at - tries.at) / CAST($2 AS DOUBLE PRECISION) THEN tries.used - (excluded.at - tries.at) / CAST($2 AS DOUBLE PRECISION) ELSE 0 END`
	err = s.locking(ctx, func(tx transaction) error {
		err := tx.QueryRowContext(ctx, `INSERT INTO tries (key, used, at) VALUES ($1, 1, `+tx.clock+`)
			ON CONFLICT (key) DO UPDATE SET used = `+left+` + 1, at = excluded.at WHERE `+left+` + 1 <= $3 RETURNING TRUE`,
			key, float64(every.Milliseconds()), float64(most)).Scan(&ok)
		if errors.Is(err, sql.ErrNoRows) {
			ok, err = false, nil
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("counting a try: %w", err)
	}
	return ok, nil
}

// AddTicket stores a ticket; see auth.Tickets.
func (s *Store) AddTicket(ctx context.Context, t auth.Ticket, most int, now time.Time) error {
	return s.tx(ctx, func(tx transaction) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM tickets WHERE expires <= $1`, now.UnixMilli()); err != nil {
			return fmt.Errorf("forgetting tickets: %w", err)
		}
		var open int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM tickets WHERE person = $1`, t.Person).Scan(&open); err != nil {
			return fmt.Errorf("counting tickets: %w", err)
		}
		if open >= most {
			return auth.ErrTooMany
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO tickets (hash, person, session, project, expires) VALUES ($1, $2, $3, $4, $5)`,
			t.Hash, t.Person, t.Session, t.Project, t.Expires.UnixMilli())
		if err != nil {
			return fmt.Errorf("storing a ticket: %w", err)
		}
		return nil
	})
}

// TakeTicket returns a ticket and forgets it; see auth.Tickets.
func (s *Store) TakeTicket(ctx context.Context, hash []byte) (t auth.Ticket, err error) {
	err = s.locking(ctx, func(tx transaction) error {
		var expires int64
		err := tx.QueryRowContext(ctx, `DELETE FROM tickets WHERE hash = $1 RETURNING hash, person, session, project, expires`, hash).
			Scan(&t.Hash, &t.Person, &t.Session, &t.Project, &expires)
		t.Expires = millis(expires)
		return found(err, "taking a ticket")
	})
	return t, err
}

// Secret returns what is stored under a name. When there is nothing it stores fresh, and
// returns that, or what another node has stored at the same moment.
func (s *Store) Secret(ctx context.Context, name string, fresh []byte) (value []byte, err error) {
	c, err := s.sealed(ctx, seal.Installation, "secret "+name, fresh)
	if err != nil {
		return nil, fmt.Errorf("sealing the secret %q: %w", name, err)
	}
	err = s.tx(ctx, func(tx transaction) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, c.bytes); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT value FROM secrets WHERE name = $1`, name).Scan(&value)
	})
	if err == nil {
		value, err = s.opened(ctx, seal.Installation, "secret "+name, content{value, c.sealed})
	}
	if err != nil {
		return nil, fmt.Errorf("reading the secret %q: %w", name, err)
	}
	return value, nil
}
