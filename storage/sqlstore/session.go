package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/storage/seal"
)

// keepSpent is how long a session's former secrets are known, so that their use is
// noticed: as long as a session lasts that nobody refreshes.
const keepSpent = 30 * 24 * time.Hour

const sessionColumns = `s.id, s.person, s.hash, s.device, s.created, s.rotated, s.used, s.expires`

func readSession(scan scanner) (session auth.Session, err error) {
	var created, rotated, used, expires int64
	err = scan(&session.ID, &session.Person, &session.Hash, &session.Device, &created, &rotated, &used, &expires)
	session.Created, session.Rotated = millis(created), ended(rotated)
	session.Used, session.Expires = ended(used), millis(expires)
	return session, err
}

// CreateSession stores a session.
func (s *Store) CreateSession(ctx context.Context, session auth.Session) error {
	device, err := s.sealedText(ctx, seal.Person(session.Person), "device", session.Device)
	if err != nil {
		return fmt.Errorf("storing a session: %w", err)
	}
	return s.exec(ctx, "storing a session", `INSERT INTO sessions (id, person, hash, device, created, used, expires)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, session.ID, session.Person, session.Hash, device,
		session.Created.UnixMilli(), session.Used.UnixMilli(), session.Expires.UnixMilli())
}

// Session returns a session by its id.
func (s *Store) Session(ctx context.Context, id string) (auth.Session, error) {
	session, err := readSession(s.read.QueryRowContext(ctx, `SELECT `+sessionColumns+` FROM sessions s WHERE s.id = $1`, id).Scan)
	return s.openSession(ctx, session, found(err, "reading a session"))
}

// SessionByHash returns the session whose secret has this hash.
func (s *Store) SessionByHash(ctx context.Context, hash []byte) (auth.Session, error) {
	session, err := readSession(s.read.QueryRowContext(ctx, `SELECT `+sessionColumns+` FROM sessions s WHERE s.hash = $1`, hash).Scan)
	return s.openSession(ctx, session, found(err, "reading a session"))
}

// SpentSession returns the session whose secret had this hash, and until when.
func (s *Store) SpentSession(ctx context.Context, hash []byte) (auth.Session, time.Time, error) {
	var spent int64
	row := s.read.QueryRowContext(ctx, `SELECT `+sessionColumns+`, p.spent FROM session_past p
		JOIN sessions s ON s.id = p.session WHERE p.hash = $1`, hash)
	session, err := readSession(func(dst ...any) error { return row.Scan(append(dst, &spent)...) })
	session, err = s.openSession(ctx, session, found(err, "reading a former session"))
	return session, millis(spent), err
}

// SessionsOf lists sessions of a person, the newest first.
func (s *Store) SessionsOf(ctx context.Context, person string, p auth.Page) ([]auth.Session, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT `+sessionColumns+` FROM sessions s WHERE s.person = $1
		ORDER BY s.created DESC, s.id LIMIT $2`, person, p.Limit)
	sessions, err := collect(rows, err, "listing sessions", readSession)
	for i := 0; i < len(sessions) && err == nil; i++ {
		sessions[i], err = s.openSession(ctx, sessions[i], nil)
	}
	return sessions, err
}

// openSession opens what is sealed of a session, unless reading it failed.
func (s *Store) openSession(ctx context.Context, session auth.Session, err error) (auth.Session, error) {
	if err == nil {
		session.Device, err = s.openedText(ctx, seal.Person(session.Person), "device", session.Device)
	}
	return session, err
}

// UseSession notes when a session was used.
func (s *Store) UseSession(ctx context.Context, id string, at time.Time) error {
	return s.exec(ctx, "using a session", `UPDATE sessions SET used = $1 WHERE id = $2`, at.UnixMilli(), id)
}

// RotateSession gives a session a new hash and end, and remembers the old hash.
func (s *Store) RotateSession(ctx context.Context, r auth.Rotation) error {
	return s.tx(ctx, func(tx transaction) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO session_past (hash, session, spent) SELECT hash, id, $1 FROM sessions WHERE hash = $2`,
			r.At.UnixMilli(), r.Old); err != nil {
			return fmt.Errorf("rotating a session: %w", err)
		}
		result, err := tx.ExecContext(ctx, `UPDATE sessions SET hash = $1, rotated = $2, expires = $3 WHERE hash = $4`,
			r.Fresh, r.At.UnixMilli(), r.Expires.UnixMilli(), r.Old)
		if err := one(result, err, auth.ErrNotFound); err != nil {
			return fmt.Errorf("rotating a session: %w", err)
		}
		return nil
	})
}

// EndSession removes a session of a person.
func (s *Store) EndSession(ctx context.Context, person, id string) error {
	return s.exec(ctx, "ending a session", `DELETE FROM sessions WHERE id = $1 AND person = $2`, id, person)
}

// SetPassword changes a password and ends the person's sessions but one.
func (s *Store) SetPassword(ctx context.Context, person, hash, keep string) (others []string, err error) {
	err = s.tx(ctx, func(tx transaction) error {
		result, err := tx.ExecContext(ctx, `UPDATE accounts SET password = $1, alarmed = 0 WHERE id = $2`, hash, person)
		if err := one(result, err, auth.ErrNotFound); err != nil {
			return fmt.Errorf("changing a password: %w", err)
		}
		rows, err := tx.QueryContext(ctx, `DELETE FROM sessions WHERE person = $1 AND id <> $2 RETURNING id`, person, keep)
		others, err = collect(rows, err, "ending sessions", func(scan scanner) (id string, err error) { return id, scan(&id) })
		return err
	})
	return others, err
}

// Alarm notes when a session of a person was used by two.
func (s *Store) Alarm(ctx context.Context, person string, at time.Time) error {
	return s.exec(ctx, "noting a stolen session", `UPDATE accounts SET alarmed = $1 WHERE id = $2`, at.UnixMilli(), person)
}

// DeleteExpired removes sessions that are over, and what they had for secrets.
func (s *Store) DeleteExpired(ctx context.Context, now time.Time) error {
	return s.tx(ctx, func(tx transaction) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE expires <= $1`, now.UnixMilli()); err != nil {
			return fmt.Errorf("removing sessions: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM session_past WHERE spent <= $1`, now.Add(-keepSpent).UnixMilli()); err != nil {
			return fmt.Errorf("removing former secrets: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM tries WHERE at <= $1`, now.Add(-triesKept).UnixMilli()); err != nil {
			return fmt.Errorf("forgetting tries: %w", err)
		}
		return nil
	})
}
