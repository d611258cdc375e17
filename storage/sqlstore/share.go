package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/soratoo/soratoo/auth"
)

const shareColumns = `s.id, s.project, p.name, s.hash, s.comment, s.download, s.password, s.version, s.person,
	s.created, s.expires, s.revoked, s.crowded`

// CreateShare stores a share if its project has room for it; see auth.Shares.
func (s *Store) CreateShare(ctx context.Context, a auth.Share, most int) error {
	return s.tx(ctx, func(tx transaction) error {
		result, err := tx.ExecContext(ctx, `INSERT INTO shares
			(id, project, hash, comment, download, password, version, person, created, expires)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 WHERE (SELECT count(*) FROM shares WHERE project = $2 AND NOT revoked) < $11 ON CONFLICT (hash) DO NOTHING`,
			a.ID, a.Project, a.Hash, a.Comment, a.Download, a.Password, a.Version, a.Person, a.Created.UnixMilli(), until(a.Expires), most)
		if err := one(result, err, auth.ErrTooMany); err != nil {
			return fmt.Errorf("storing a share: %w", err)
		}
		return nil
	})
}

// until is an end as it is stored: 0 for none.
func until(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// ended is until, read.
func ended(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return millis(ms)
}

func readShare(scan scanner, more ...any) (a auth.Share, err error) {
	var created, expires int64
	err = scan(append([]any{
		&a.ID, &a.Project, &a.Title, &a.Hash, &a.Comment, &a.Download, &a.Password, &a.Version, &a.Person,
		&created, &expires, &a.Revoked, &a.Crowded,
	}, more...)...)
	a.Created, a.Expires = millis(created), ended(expires)
	return a, err
}

// Share returns a share, also a revoked one.
func (s *Store) Share(ctx context.Context, id string) (auth.Share, error) {
	a, err := readShare(s.read.QueryRowContext(ctx, `SELECT `+shareColumns+` FROM shares s
		JOIN projects p ON p.id = s.project WHERE s.id = $1`, id).Scan)
	return a, found(err, "reading a share")
}

// ShareByHash returns the share whose token has this hash, also a revoked one.
func (s *Store) ShareByHash(ctx context.Context, hash []byte) (auth.Share, error) {
	a, err := readShare(s.read.QueryRowContext(ctx, `SELECT `+shareColumns+` FROM shares s
		JOIN projects p ON p.id = s.project WHERE s.hash = $1`, hash).Scan)
	return a, found(err, "reading a share")
}

// Shares lists the shares of a project that are not revoked.
func (s *Store) Shares(ctx context.Context, project string, p auth.Page) ([]auth.Share, error) {
	created, id := p.Position()
	rows, err := s.read.QueryContext(ctx, `SELECT `+shareColumns+`,
			(SELECT count(*) FROM share_views v WHERE v.share = s.id),
			(SELECT coalesce(max(v.at), 0) FROM share_views v WHERE v.share = s.id)
		FROM shares s JOIN projects p ON p.id = s.project
		WHERE s.project = $1 AND NOT s.revoked AND (s.created, s.id) > ($2, $3) ORDER BY s.created, s.id LIMIT $4`,
		project, created, id, p.Limit)
	return collect(rows, err, "listing shares", func(scan scanner) (auth.Share, error) {
		var views int
		var viewed int64
		a, err := readShare(scan, &views, &viewed)
		a.Views, a.Viewed = views, ended(viewed)
		return a, err
	})
}

// RevokeShare ends a share.
func (s *Store) RevokeShare(ctx context.Context, id string) error {
	return s.exec(ctx, "revoking a share", `UPDATE shares SET revoked = TRUE WHERE id = $1 AND NOT revoked`, id)
}

// CreateGuest stores a guest, in place of one who wrote nothing when the share has
// so many; see auth.Guests.
func (s *Store) CreateGuest(ctx context.Context, g auth.Guest, most int) (gone string, err error) {
	err = s.tx(ctx, func(tx transaction) error {
		gone = ""
		var here int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM guests WHERE share = $1`, g.Share).Scan(&here); err != nil {
			return err
		}
		if here >= most {
			if err := makeRoom(ctx, tx, g.Share, &gone); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO guests (id, share, name, color, hash, created) VALUES ($1, $2, $3, $4, $5, $6)`,
			g.ID, g.Share, g.Name, g.Color, g.Hash, g.Created.UnixMilli())
		return err
	})
	if err != nil {
		return "", fmt.Errorf("storing a guest: %w", err)
	}
	return gone, nil
}

// makeRoom forgets the oldest guest of a share who wrote nothing.
func makeRoom(ctx context.Context, tx transaction, share string, gone *string) error {
	err := tx.QueryRowContext(ctx, `DELETE FROM guests WHERE id = (SELECT g.id FROM guests g WHERE g.share = $1
		AND NOT EXISTS (SELECT 1 FROM document_writers w WHERE w.person = g.id) ORDER BY g.created, g.id LIMIT 1) RETURNING id`, share).Scan(gone)
	if errors.Is(err, sql.ErrNoRows) {
		return auth.ErrTooMany
	}
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE shares SET crowded = crowded + 1 WHERE id = $1`, share)
	return err
}

// Guest returns a guest.
func (s *Store) Guest(ctx context.Context, id string) (auth.Guest, error) {
	var g auth.Guest
	var created int64
	err := s.read.QueryRowContext(ctx, `SELECT id, share, name, color, hash, created FROM guests WHERE id = $1`, id).
		Scan(&g.ID, &g.Share, &g.Name, &g.Color, &g.Hash, &created)
	g.Created = millis(created)
	return g, found(err, "reading a guest")
}

// SharePeople lists those of ids who belong to the project of a share.
func (s *Store) SharePeople(ctx context.Context, share string, ids []string) ([]auth.Person, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := s.read.QueryContext(ctx, `WITH here AS (SELECT p.id, p.workspace FROM shares s JOIN projects p ON p.id = s.project WHERE s.id = $1)
		SELECT a.id, a.name, a.color, FALSE FROM accounts a JOIN members m ON m.person = a.id JOIN here ON here.workspace = m.workspace
			WHERE a.id IN (`+params(2, len(ids))+`)
		UNION SELECT g.id, g.name, g.color, TRUE FROM guests g JOIN shares s ON s.id = g.share JOIN here ON here.id = s.project
			WHERE g.id IN (`+params(2, len(ids))+`) ORDER BY 1`, append([]any{share}, anys(ids)...)...)
	return collect(rows, err, "listing people", readPerson)
}

func readPerson(scan scanner) (p auth.Person, err error) {
	return p, scan(&p.ID, &p.Name, &p.Color, &p.Guest)
}

// AddView notes an opening and forgets the oldest beyond so many.
func (s *Store) AddView(ctx context.Context, share string, v auth.View, most int) error {
	return s.tx(ctx, func(tx transaction) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO share_views (id, share, guest, at) VALUES ($1, $2, $3, $4)`, v.ID, share, v.Guest, v.At.UnixMilli())
		if err != nil {
			return fmt.Errorf("storing a view: %w", err)
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM share_views WHERE share = $1 AND id NOT IN (
			SELECT id FROM share_views WHERE share = $1 ORDER BY at DESC, id DESC LIMIT $2)`, share, most)
		if err != nil {
			return fmt.Errorf("forgetting views: %w", err)
		}
		return nil
	})
}

// Views lists the openings of a share that are kept.
func (s *Store) Views(ctx context.Context, share string, p auth.Page) ([]auth.View, error) {
	at, id := p.Position()
	rows, err := s.read.QueryContext(ctx, `SELECT v.id, g.id, g.name, g.color, v.at FROM share_views v JOIN guests g ON g.id = v.guest
		WHERE v.share = $1 AND (v.at, v.id) > ($2, $3) ORDER BY v.at, v.id LIMIT $4`, share, at, id, p.Limit)
	return collect(rows, err, "listing views", func(scan scanner) (v auth.View, err error) {
		var at int64
		err = scan(&v.ID, &v.Guest, &v.Name, &v.Color, &at)
		v.At = millis(at)
		return v, err
	})
}
