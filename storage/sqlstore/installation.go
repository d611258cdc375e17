package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Installation is which installation a database is of. The zero value is none.
type Installation struct {
	Name  string
	Epoch string // changes with each start of who has the database for itself
	Next  string // what the epoch is about to be
}

// Installation returns which installation the database is of.
func (s *Store) Installation(ctx context.Context) (i Installation, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT name, epoch, next FROM installation WHERE id = 1`).Scan(&i.Name, &i.Epoch, &i.Next)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return i, fmt.Errorf("reading which installation this is: %w", err)
	}
	return i, nil
}

// SetInstallation replaces what Installation returns, and tells whether it was old still.
func (s *Store) SetInstallation(ctx context.Context, old, fresh Installation) (ok bool, err error) {
	err = s.tx(ctx, func(tx transaction) error {
		if old == (Installation{}) {
			result, err := tx.ExecContext(ctx, `INSERT INTO installation (id, name, epoch, next) VALUES (1, $1, $2, $3) ON CONFLICT DO NOTHING`, fresh.Name, fresh.Epoch, fresh.Next)
			ok, err = changed(result, err)
			return err
		}
		result, err := tx.ExecContext(ctx, `UPDATE installation SET name = $1, epoch = $2, next = $3 WHERE id = 1 AND name = $4 AND epoch = $5 AND next = $6`,
			fresh.Name, fresh.Epoch, fresh.Next, old.Name, old.Epoch, old.Next)
		ok, err = changed(result, err)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("storing which installation this is: %w", err)
	}
	return ok, nil
}

// changed tells whether a statement changed a row.
func changed(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}
